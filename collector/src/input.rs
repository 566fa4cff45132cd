//! Files from the command line, opened with errors that say what to do.

use crate::failure::{ExitCode, Failure};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// Opens a file for reading and tells its size.
///
/// # Errors
/// Missing, a directory, not permitted.
pub fn open(path: &Path) -> Result<(File, u64), Failure> {
    let shown = path.display();
    let fail = |error: &std::io::Error| {
        let hint = if error.kind() == ErrorKind::NotFound {
            "check the path: no such file"
        } else {
            "check that the path names a file that you may read"
        };
        Failure::new(ExitCode::InputUnreadable, format!("open `{shown}`: {error}"), hint)
    };
    let file = File::open(path).map_err(|error| fail(&error))?;
    let metadata = file.metadata().map_err(|error| fail(&error))?;
    if metadata.is_dir() {
        return Err(Failure::new(
            ExitCode::InputUnreadable,
            format!("open `{shown}`: it is a directory"),
            "name the files in it, as in DIR/*",
        ));
    }
    Ok((file, metadata.len()))
}

/// Reads a file of at most `bytes_max` bytes.
///
/// # Errors
/// As [`open`]; too large; a read that fails.
pub fn read_whole(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let (file, _) = open(path)?;
    let shown = path.display();
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| {
        let message = format!("read `{shown}`: {error}");
        Failure::new(ExitCode::InputUnreadable, message, "check that the file can be read")
    })?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > bytes_max {
        return Err(Failure::new(
            ExitCode::InputDamaged,
            format!("read `{shown}`: it has more than {bytes_max} bytes"),
            "check that this is the file you meant",
        ));
    }
    Ok(bytes)
}
