//! `weir-image IMAGE FOLDER`: holds an image of `weir.sys`, made here or by `cargo xtask driver`,
//! against the rules of the latter, and its imports against the import libraries in a folder.
//!
//! `driver`: the rules; `libraries`: what the libraries offer.

mod driver;
mod libraries;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What `driver`'s files ask of the crate they are in.
mod run {
    /// The root of the repository.
    pub(crate) fn root() -> std::path::PathBuf {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
    }
}

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [image, folder] = &arguments[..] else {
        eprintln!("weir-image IMAGE FOLDER, the folder with the kit's libraries (…\\km\\x64)");
        return ExitCode::FAILURE;
    };
    match judge(image, folder) {
        Ok(broken) if broken.is_empty() => {
            println!("every rule holds");
            ExitCode::SUCCESS
        }
        Ok(broken) => {
            eprintln!("{}:\n  {}", image.display(), broken.join("\n  "));
            ExitCode::FAILURE
        }
        Err(message) => {
            eprintln!("weir-image: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Everything that is wrong with an image.
fn judge(image: &Path, folder: &Path) -> Result<Vec<String>, String> {
    let bytes = std::fs::read(image).map_err(|error| format!("{}: {error}", image.display()))?;
    let judged = driver::judge(&bytes)?;
    print!("{}", judged.report);
    let offered = libraries::offered(folder)?;
    let mut broken = judged.broken;
    broken.extend(libraries::missing(&judged.imports, &offered));
    Ok(broken)
}
