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
    if path.as_os_str() == "-" {
        return print(bytes, out);
    }
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let write = || {
        // A device or pipe cannot be replaced by a rename.
        if path.exists() && !path.is_file() {
            return std::fs::write(path, bytes);
        }
        let mut builder = tempfile::Builder::new();
        let mut file = builder.prefix(".weir-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        open_to_readers(file.as_file())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| failure(path, &error))
}

/// Temporary files are made for their owner alone; an output is for whoever reads such files.
#[cfg(unix)]
fn open_to_readers(file: &std::fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_to_readers(_file: &std::fs::File) -> io::Result<()> {
    Ok(())
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
