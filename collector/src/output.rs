//! Outputs that are whole or not there.

use crate::failure::{ExitCode, Failure};
use std::io::{self, Write};
use std::path::Path;

fn failure(path: &Path, error: &io::Error) -> Failure {
    let message = format!("write `{}`: {error}", path.display());
    Failure::new(ExitCode::OutputUnwritable, message, "check the folder, its permissions and space")
}

/// Writes a file by way of a temporary one beside it; `-` is `out`.
///
/// # Errors
/// The folder is missing, not writable or full.
pub fn write_whole(path: &Path, bytes: &[u8], out: &mut impl Write) -> Result<(), Failure> {
    if is_standard(path) {
        return print(bytes, out);
    }
    // A link stays a link: what it leads to is written.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let write = || {
        // A device or pipe cannot be replaced by a rename.
        if path.exists() && !path.is_file() {
            return std::fs::write(path, bytes);
        }
        let mut builder = tempfile::Builder::new();
        let mut file = open_to_readers(&mut builder).prefix(".weir-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| failure(path, &error))
}

/// Temporary files are made for their owner alone; an output is for whoever the umask lets read.
#[cfg(unix)]
fn open_to_readers<'a, 'b, 'c>(
    builder: &'a mut tempfile::Builder<'b, 'c>,
) -> &'a mut tempfile::Builder<'b, 'c> {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(std::fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn open_to_readers<'a, 'b, 'c>(
    builder: &'a mut tempfile::Builder<'b, 'c>,
) -> &'a mut tempfile::Builder<'b, 'c> {
    builder
}

/// Whether a path means standard output.
#[must_use]
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Says something on standard error that is no failure.
pub fn warn(message: &str) {
    let line = format!("weir: warning: {}\n", crate::failure::one_line(message));
    let _nowhere_else_to_say_it = io::stderr().write_all(line.as_bytes());
}

/// Prints to standard output; a reader that went away is no failure.
///
/// # Errors
/// Any other failure to write.
pub fn print(bytes: &[u8], out: &mut impl Write) -> Result<(), Failure> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(failure(Path::new("standard output"), &error))
        }
        _ => Ok(()),
    }
}
