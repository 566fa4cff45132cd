//! Finds `weir.sys`, and builds it where it is missing or older than its source.

use core::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// The exit code of `cargo xtask driver` where the toolchain is incomplete.
const NO_TOOLCHAIN: i32 = 3;

/// What the image is made of, and with; not all of it has to be there.
const SOURCES: [&str; 7] = [
    "driver",
    "xtask/src/driver",
    "Cargo.lock",
    "Cargo.toml",
    "rust-toolchain.toml",
    "rust-toolchain",
    ".cargo",
];

/// Why there is no image.
#[derive(Clone, Debug)]
pub enum NoImage {
    /// This machine lacks the toolchain, or parts of it.
    NoToolchain(String),
    /// It was not built.
    NotBuilt(String),
}

impl fmt::Display for NoImage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::NoToolchain(told) | Self::NotBuilt(told)) = self;
        out.write_str(told)
    }
}

/// The image that `WEIR_SYS` names, whatever that is.
#[must_use]
pub fn named() -> Option<PathBuf> {
    std::env::var_os("WEIR_SYS").map(PathBuf::from)
}

/// The image of `WEIR_SYS`, else the x64 release image, which `cargo xtask driver` builds.
///
/// # Errors
/// Why there is none.
pub fn built() -> Result<PathBuf, NoImage> {
    static BUILT: OnceLock<Result<PathBuf, NoImage>> = OnceLock::new();
    BUILT.get_or_init(|| named().map_or_else(build, Ok)).clone()
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
        Err(NoImage::NoToolchain(told)) => {
            eprintln!("skipped: {told}");
            None
        }
        Err(NoImage::NotBuilt(told)) => panic!("{told}"),
    }
}

fn build() -> Result<PathBuf, NoImage> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let folder = root.join(target).join("weir-sys");
    let image = folder.join("x64-release/weir.sys");
    let told = |error: std::io::Error| NoImage::NotBuilt(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(&folder).map_err(told)?;
    // Tests are many processes; one builds.
    let lock = File::create(folder.join("build.lock")).map_err(told)?;
    lock.lock().map_err(told)?;
    if is_current(&root, &image) {
        return Ok(image);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["xtask", "driver"])
        .current_dir(&root)
        .output()
        .map_err(|error| NoImage::NotBuilt(format!("cargo cannot be run: {error}")))?;
    if output.status.success() {
        return Ok(image);
    }
    let told = format!("cargo xtask driver: {}", String::from_utf8_lossy(&output.stderr));
    Err(match output.status.code() {
        Some(NO_TOOLCHAIN) => NoImage::NoToolchain(told),
        _ => NoImage::NotBuilt(told),
    })
}

/// Whether nothing that the image is made of is younger.
fn is_current(root: &Path, image: &Path) -> bool {
    let Ok(built) = image.metadata().and_then(|it| it.modified()) else { return false };
    SOURCES.iter().all(|name| newest(&root.join(name)) <= built)
}

/// When a file was changed, or the youngest of a folder and all below it: the folder's own time
/// tells that a file is gone.
fn newest(path: &Path) -> SystemTime {
    let own = path.metadata().and_then(|it| it.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let Ok(entries) = std::fs::read_dir(path) else { return own };
    let entries = entries.filter_map(Result::ok).map(|entry| newest(&entry.path()));
    entries.max().map_or(own, |below| below.max(own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    fn at(path: &Path, seconds: u64) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        File::open(path).unwrap().set_modified(time).unwrap();
    }

    /// Sources of 100 s, an image of 200 s.
    fn repository() -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        for folder in ["driver/src", "xtask/src/driver", ".cargo"] {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        for file in [
            "driver/src/lib.rs",
            "xtask/src/driver/build.rs",
            ".cargo/config.toml",
            "rust-toolchain.toml",
            "Cargo.toml",
            "Cargo.lock",
        ] {
            std::fs::write(root.path().join(file), "").unwrap();
            at(&root.path().join(file), 100);
        }
        for folder in ["driver/src", "driver", "xtask/src/driver", ".cargo"] {
            at(&root.path().join(folder), 100);
        }
        let image = root.path().join("weir.sys");
        std::fs::write(&image, "").unwrap();
        at(&image, 200);
        (root, image)
    }

    #[test]
    fn an_image_is_current_unless_something_that_it_is_made_of_is_younger() {
        let (root, image) = repository();
        assert!(is_current(root.path(), &image));
        assert!(!is_current(root.path(), &root.path().join("none.sys")));
        for changed in [
            "driver/src/lib.rs",
            // A file that is gone shows in its folder alone.
            "driver/src",
            "driver",
            "xtask/src/driver/build.rs",
            ".cargo/config.toml",
            "rust-toolchain.toml",
            "Cargo.toml",
            "Cargo.lock",
        ] {
            let changed = root.path().join(changed);
            at(&changed, 300);
            assert!(!is_current(root.path(), &image), "{}", changed.display());
            at(&changed, 100);
        }
        assert!(is_current(root.path(), &image));
    }
}
