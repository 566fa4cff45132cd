//! The folder that tools write to: new, with a name nobody can guess, and gone afterwards.

use crate::failure::{ExitCode, Failure};
use crate::output::warn_here;
use core::time::Duration;
use std::path::Path;
use tempfile::TempDir;

/// How often, and how far apart, deletion is tried: a tool that was just killed holds its files for
/// a moment.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// The folder.
pub(super) struct Private(Option<TempDir>);

impl Private {
    pub(super) fn new() -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("weir-doctor-").tempdir();
        folder.map(|it| Self(Some(it))).map_err(|error| {
            let message = format!("make a folder for temporary files: {error}");
            let hint = "check that TEMP names a folder that you may write to";
            Failure::new(ExitCode::OutputUnwritable, message, hint)
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.0.as_ref().map_or_else(|| Path::new("."), TempDir::path)
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let Some(folder) = self.0.take() else { return };
        let path = folder.keep();
        for _ in 0..TRIES {
            if std::fs::remove_dir_all(&path).is_ok() || !path.exists() {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        warn_here(&format!("`{}` could not be deleted: delete it", path.display()));
    }
}
