//! Finds `weir.sys`, and builds it where it is missing or older than its source.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// What the builder says where Debian's toolchain is not complete.
const NO_TOOLCHAIN: &str = "of which packages are missing";

/// The x64 release image: that of `WEIR_SYS`, else the one that `cargo xtask driver` builds.
///
/// # Errors
/// Why there is none.
pub fn built() -> Result<PathBuf, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BUILT
        .get_or_init(|| std::env::var_os("WEIR_SYS").map_or_else(build, |path| Ok(path.into())))
        .clone()
}

/// The image, or `None`, and a word on why, where this machine lacks the toolchain.
///
/// # Panics
/// If the driver does not build although the toolchain is there.
#[must_use]
#[expect(clippy::print_stderr, reason = "a test that does nothing has to say so")]
pub fn image_or_skip() -> Option<PathBuf> {
    match built() {
        Ok(path) => Some(path),
        Err(error) if error.contains(NO_TOOLCHAIN) => {
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn build() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let folder = root.join(target).join("weir-sys");
    let image = folder.join("x64-release/weir.sys");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    // Tests are many processes; one builds.
    let lock = File::create(folder.join("build.lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if is_current(&root, &image) {
        return Ok(image);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["xtask", "driver"])
        .current_dir(&root)
        .output()
        .map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo xtask driver: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(image)
}

/// Whether nothing that the image is made of is younger.
fn is_current(root: &Path, image: &Path) -> bool {
    let Ok(built) = image.metadata().and_then(|it| it.modified()) else { return false };
    let sources = ["driver", "Cargo.lock", "Cargo.toml"];
    sources.iter().all(|name| newest(&root.join(name)) <= built)
}

/// When a file, or the youngest file below a folder, was changed.
fn newest(path: &Path) -> SystemTime {
    let Ok(entries) = std::fs::read_dir(path) else {
        let changed = path.metadata().and_then(|it| it.modified());
        return changed.unwrap_or(SystemTime::UNIX_EPOCH);
    };
    let entries = entries.filter_map(Result::ok).map(|entry| newest(&entry.path()));
    entries.max().unwrap_or(SystemTime::UNIX_EPOCH)
}
