//! One program: arguments for the compiler, and where the result goes.

use super::toolchain::{CARGO, LINKER, RUSTC};
use crate::run::{root, target_dir};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What rustc calls a machine with Windows whose programs mingw-w64 links.
const TARGET: &str = "x86_64-pc-windows-gnu";

/// Builds `weir.exe`.
pub(super) fn build(is_debug: bool) -> Result<PathBuf, String> {
    let (profile, folder) = if is_debug { ("dev", "debug") } else { ("release", "release") };
    let target_dir = target_dir();
    let output = Command::new(CARGO)
        .args(["build", "--quiet", "--locked", "--package", "weir", "--bin", "weir"])
        .args(["-Zbuild-std=std,panic_abort", "--target", TARGET, "--profile", profile])
        .current_dir(root())
        .env("RUSTC", RUSTC)
        // Building the library is not an option of a stable compiler, which Debian's is.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", &target_dir)
        .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", LINKER)
        // Nobody debugs it with mingw's tools, and they triple its size.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env("CARGO_ENCODED_RUSTFLAGS", flags(&target_dir).join("\u{1f}"))
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .output()
        .map_err(|error| format!("`{CARGO}` cannot be run: {error}"))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{told}weir.exe was not built with profile {profile}"));
    }
    Ok(target_dir.join(TARGET).join(folder).join("weir.exe"))
}

/// Arguments for all crates, the standard library's too: no folder of this machine in the program.
fn flags(target_dir: &Path) -> [String; 2] {
    [
        format!("--remap-path-prefix={}=weir", root().display()),
        format!("--remap-path-prefix={}=target", target_dir.display()),
    ]
}
