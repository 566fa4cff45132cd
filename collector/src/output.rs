//! Outputs that are whole or not there.

use crate::failure::{ExitCode, Failure};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::NamedTempFile;

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
    let write = || {
        // A device or pipe cannot be replaced by a rename.
        if is_in_place(path) {
            return std::fs::write(behind_links(path), bytes);
        }
        let mut file = WholeFile::create(path)?;
        file.write_all(bytes)?;
        file.keep()
    };
    write().map_err(|error| failure(path, &error))
}

/// Why an event trace cannot be written to a pipe or device.
pub(crate) const NO_FILE: &str = "it is no file, and a trace is written from both ends";

/// A file that appears under its name once it is whole; dropped before that, it leaves nothing.
pub struct WholeFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl WholeFile {
    /// Begins a file beside the one that it is to be.
    ///
    /// # Errors
    /// The folder is missing or not writable; the name is that of a device or pipe.
    pub fn create(path: &Path) -> io::Result<Self> {
        if is_standard(path) || is_in_place(path) {
            return Err(io::Error::other(NO_FILE));
        }
        let path = behind_links(path);
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        let mut builder = tempfile::Builder::new();
        let file = open_to_readers(&mut builder).prefix(".weir-").tempfile_in(folder)?;
        Ok(Self { file, path })
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// Something of that name cannot be replaced.
    pub fn keep(self) -> io::Result<()> {
        self.file.persist(&self.path).map(drop).map_err(|error| error.error)
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for WholeFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

fn is_in_place(path: &Path) -> bool {
    let path = behind_links(path);
    is_device(&path) || (path.exists() && !path.is_file())
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
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|it| Path::new(it) == path)
}

fn is_device(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
}

/// Links followed by hand where they lead nowhere yet; a chain is longer only by mistake.
const LINKS_MAX: usize = 16;

/// A link stays a link: what it leads to is written, there already or not.
fn behind_links(path: &Path) -> PathBuf {
    let mut path = path.to_path_buf();
    if is_device(&path) {
        return path;
    }
    for _ in 0..LINKS_MAX {
        let Ok(target) = path.read_link() else { break };
        path = path.parent().map_or_else(|| target.clone(), |folder| folder.join(&target));
    }
    path
}

/// Who else is told of warnings.
type Tell = Box<dyn Fn(&str) + Send + Sync>;

static ALSO_TELL: OnceLock<Tell> = OnceLock::new();

/// Has warnings told to somebody else too, from now to the end of the process; the first counts.
pub(crate) fn also_tell(tell: impl Fn(&str) + Send + Sync + 'static) {
    let _first_counts = ALSO_TELL.set(Box::new(tell));
}

/// Says something on standard error that is no failure, and tells whoever else wants to know.
pub fn warn(message: &str) {
    warn_here(message);
    if let Some(tell) = ALSO_TELL.get() {
        tell(message);
    }
}

/// Says on standard error what to do meanwhile; it is no warning.
pub(crate) fn say(message: &str) {
    let line = format!("weir: {}\n", crate::failure::one_line(message));
    let _nowhere_else_to_say_it = io::stderr().write_all(line.as_bytes());
}

/// Says something on standard error alone.
pub(crate) fn warn_here(message: &str) {
    let line = format!("weir: warning: {}\n", crate::failure::one_line(message));
    let _nowhere_else_to_say_it = io::stderr().write_all(line.as_bytes());
}

/// Prints to standard output; a reader that went away is no failure.
///
/// # Errors
/// Any other failure to write.
pub fn print(bytes: &[u8], out: &mut impl Write) -> Result<(), Failure> {
    print_on(bytes, out).map(|_is_read| ())
}

/// As [`print()`], for those that have more to print: whether anybody still reads.
///
/// # Errors
/// As [`print()`].
pub fn print_on(bytes: &[u8], out: &mut impl Write) -> Result<bool, Failure> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(failure(Path::new("standard output"), &error)),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_a_link_whether_or_not_it_leads_anywhere() {
        let folder = tempfile::TempDir::new().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        std::os::unix::fs::symlink("target", &link).unwrap();
        for text in ["first", "second"] {
            write_whole(&link, text.as_bytes(), &mut Vec::new()).unwrap();
            assert!(link.is_symlink() && !target.is_symlink());
            assert_eq!(std::fs::read_to_string(&target).unwrap(), text);
        }
    }

    #[test]
    fn standard_output_by_any_name_is_written_through() {
        let mut out = Vec::new();
        for name in ["-", "/dev/stdout", "/dev/fd/1"] {
            write_whole(Path::new(name), b"x", &mut out).unwrap();
        }
        assert_eq!(out, b"xxx");
    }
}
