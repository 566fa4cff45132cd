//! Verbs that run other tools.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What a verb came to; the message names what failed.
pub(crate) type Outcome = Result<(), String>;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Where cargo builds, as an absolute path.
pub(crate) fn target_dir() -> PathBuf {
    let folder =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    root().join(folder)
}

fn cargo(arguments: &[&str]) -> Outcome {
    tool(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()), arguments)
}

/// Runs a tool in the root, its output shown.
pub(crate) fn tool(name: &str, arguments: &[&str]) -> Outcome {
    println!("$ {name} {}", arguments.join(" "));
    let status = Command::new(name).args(arguments).current_dir(root()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{name} {}` ended with {status}", arguments.join(" "))),
        Err(error) => Err(format!("`{name}` cannot be run: {error}")),
    }
}

/// Whether a tool is there.
pub(crate) fn has(name: &str) -> bool {
    Command::new(name).arg("--version").output().is_ok()
}

/// Format, lints, docs, generated docs, dependencies.
pub(crate) fn check() -> Outcome {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    cargo(&["doc", "--workspace", "--no-deps", "--document-private-items", "--locked", "--quiet"])?;
    crate::generate::run(true)?;
    if has("cargo-deny") {
        cargo(&["deny", "--workspace", "check", "licenses", "bans", "sources"])
    } else {
        println!("skipped: cargo-deny is not installed (cargo install cargo-deny --locked)");
        Ok(())
    }
}

/// The test command of the README.
pub(crate) fn test() -> Outcome {
    cargo(&["test", "--workspace", "--locked"])
}

/// Builds the sample programs.
pub(crate) fn programs() -> Outcome {
    tool("sh", &["driver/programs/build.sh"])
}
