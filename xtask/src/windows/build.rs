//! One program: arguments for the compiler, and where the result goes.

use super::toolchain::{CARGO, LINKER, RUSTC};
use crate::run::{root, target_dir};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What rustc calls a machine with Windows whose programs mingw-w64 links.
const TARGET: &str = "x86_64-pc-windows-gnu";

/// What is built beside the program for tests: it reads live sessions alone.
const FOR_TESTS: [&str; 4] = ["--package", "weir-etw", "--example", "live"];

/// Builds `weir.exe`.
pub(super) fn build(is_debug: bool) -> Result<PathBuf, String> {
    let (profile, folder) = if is_debug { ("dev", "debug") } else { ("release", "release") };
    let target_dir = target_dir();
    let folders = folders(&target_dir);
    let output = Command::new(CARGO)
        .args(["build", "--quiet", "--locked", "--package", "weir", "--bin", "weir"])
        .args(FOR_TESTS.iter().filter(|_| is_debug))
        .args(["-Zbuild-std=std,panic_unwind", "--target", TARGET, "--profile", profile])
        .current_dir(root())
        .env("RUSTC", RUSTC)
        // Building the library is not an option of a stable compiler, which Debian's is.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", &target_dir)
        .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", LINKER)
        // Nobody debugs it with mingw's tools, and they triple its size.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env("CARGO_ENCODED_RUSTFLAGS", flags(&folders).join("\u{1f}"))
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .output()
        .map_err(|error| format!("`{CARGO}` cannot be run: {error}"))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{told}weir.exe was not built with profile {profile}"));
    }
    let program = target_dir.join(TARGET).join(folder).join("weir.exe");
    let bytes = std::fs::read(&program).map_err(|it| format!("{}: {it}", program.display()))?;
    match named(&bytes, &folders) {
        None => Ok(program),
        Some(name) => Err(format!("{} names a folder of this machine: {name}", program.display())),
    }
}

/// Folders of whoever builds, and what they are called in the program instead. That of the standard
/// library's source is the same wherever its package is installed.
fn folders(target_dir: &Path) -> Vec<(PathBuf, &'static str)> {
    let of_user = || std::env::home_dir().unwrap_or_default().join(".cargo");
    let cargo = std::env::var_os("CARGO_HOME").map_or_else(of_user, PathBuf::from);
    // The compiler takes the last that fits: a folder within another comes behind it.
    vec![(cargo, "cargo"), (root(), "weir"), (target_dir.to_owned(), "target")]
}

/// Arguments for all crates, the standard library's too: no folder of this machine in the program.
fn flags(folders: &[(PathBuf, &str)]) -> Vec<String> {
    let flag = |(folder, name): &(PathBuf, &str)| {
        format!("--remap-path-prefix={}={name}", folder.display())
    };
    folders.iter().map(flag).collect()
}

/// The first of the folders that the program names all the same.
fn named(program: &[u8], folders: &[(PathBuf, &str)]) -> Option<String> {
    let names = folders.iter().map(|(folder, _)| folder.display().to_string());
    // A separator behind it: a folder may be called as the beginning of something else.
    let is_in = |name: &String| {
        let name = format!("{name}/").into_bytes();
        program.windows(name.len()).any(|it| it == name)
    };
    names.into_iter().find(is_in)
}

#[cfg(test)]
mod tests {
    use super::{flags, named};
    use std::path::PathBuf;

    #[test]
    fn a_folder_of_this_machine_in_the_program_is_found() {
        let folders = [(PathBuf::from("/home/a"), "x"), (PathBuf::from("/home/b"), "y")];
        assert_eq!(named(b"MZ /home/ab/c /home/b x/home/c/", &folders), None);
        assert_eq!(named(b"MZ\0/home/b/src/lib.rs", &folders).as_deref(), Some("/home/b"));
        assert_eq!(flags(&folders)[1], "--remap-path-prefix=/home/b=y");
    }
}
