//! Writes a bundle: a folder that was not there or is empty, or a zip that is whole or not there.

use super::digest::Digest;
use super::item::{About, Content, Sink};
use super::manifest::{FORMAT, FileEntry, GapEntry, Manifest, NoteEntry, PATH, VERSION};
use super::path;
use crate::failure::{ExitCode, Failure};
use crate::output::WholeFile;
use std::fs::File;
use std::io::{self, Cursor, SeekFrom};
use std::path::{Path, PathBuf};
use weir_stages::checks::Gap;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// What stands above the list of files.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// When, RFC 3339.
    pub collected_at: String,
    /// The machine's name, unless it is to be left out.
    pub host: Option<String>,
    /// Whether whoever collects is elevated; `None` where nobody knows.
    pub is_elevated: Option<bool>,
}

/// A bundle that is being written.
pub struct Writer {
    path: PathBuf,
    target: Target,
    manifest: Manifest,
}

/// Hash and size of what was written.
type Hashed = (String, u64);

enum Target {
    Folder,
    Zip(Box<ZipWriter<WholeFile>>),
}

impl Writer {
    /// Begins a bundle: a zip where the path ends in `.zip`, else a folder.
    ///
    /// # Errors
    /// The folder has something in it; neither can be made there.
    pub fn create(path: &Path, head: Head) -> Result<Self, Failure> {
        let is_zip = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("zip"));
        let target = if is_zip { zip(path)? } else { folder(path)? };
        let Head { collected_at, host, is_elevated } = head;
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            weir: env!("CARGO_PKG_VERSION").to_owned(),
            collected_at,
            host,
            elevated: is_elevated,
            ..Manifest::default()
        };
        Ok(Self { path: path.to_owned(), target, manifest })
    }

    /// Writes the manifest; a zip appears under its name now.
    ///
    /// # Errors
    /// That cannot be written.
    pub fn finish(mut self) -> Result<(), Failure> {
        let mut text = serde_json::to_vec_pretty(&self.manifest)
            .map_err(|error| unwritable(PATH, &io::Error::other(error)))?;
        text.push(b'\n');
        let bytes = text.len() as u64;
        self.write(PATH, bytes, &mut Cursor::new(text)).map_err(|it| unwritable(PATH, &it))?;
        match self.target {
            Target::Folder => Ok(()),
            Target::Zip(zip) => zip
                .finish()
                .map_err(io::Error::from)
                .and_then(WholeFile::keep)
                .map_err(|error| unwritable(&self.path.display().to_string(), &error)),
        }
    }

    fn write(&mut self, name: &str, bytes: u64, from: &mut dyn Content) -> io::Result<Hashed> {
        let mut digest = Digest::new();
        match &mut self.target {
            Target::Folder => {
                let path = self.path.join(name);
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder)?;
                }
                digest.copy(from, &mut File::create_new(path)?)?;
            }
            Target::Zip(zip) => {
                let options = SimpleFileOptions::default()
                    .compression_method(CompressionMethod::Deflated)
                    .large_file(bytes >= u64::from(u32::MAX));
                zip.start_file(name, options)?;
                digest.copy(from, zip)?;
            }
        }
        Ok(digest.finish())
    }
}

impl Sink for Writer {
    fn add(&mut self, about: About, content: &mut dyn Content) -> Result<(), Failure> {
        let name = path::clean(&about.path)
            .map_err(|why| unwritable(&about.path, &io::Error::other(why)))?;
        let fail = |error: io::Error| unwritable(&name, &error);
        let expected_bytes = size(content).map_err(fail)?;
        let (sha256, bytes) = self.write(&name, expected_bytes, content).map_err(fail)?;
        // A copy may be ended before its file is.
        let is_cut = about.is_cut || bytes < expected_bytes;
        self.manifest.files.push(FileEntry::of(
            About { path: name, is_cut, ..about },
            sha256,
            bytes,
        ));
        Ok(())
    }

    fn gap(&mut self, gap: Gap) {
        self.manifest.gaps.push(GapEntry::from(gap));
    }

    fn note(&mut self, path: String, what: String) {
        self.manifest.notes.push(NoteEntry { path, what });
    }
}

/// How long it is; it is then at its beginning.
fn size(content: &mut dyn Content) -> io::Result<u64> {
    let bytes = content.seek(SeekFrom::End(0))?;
    content.seek(SeekFrom::Start(0))?;
    Ok(bytes)
}

fn zip(path: &Path) -> Result<Target, Failure> {
    // A pipe or device is refused here: the list of a zip is written last, and read first.
    let file = WholeFile::create(path).map_err(|error| {
        let message = format!("write `{}`: {error}", path.display());
        let hint = "name a new file that ends in .zip, in a folder that you may write to";
        Failure::new(ExitCode::OutputUnwritable, message, hint)
    })?;
    Ok(Target::Zip(Box::new(ZipWriter::new(file))))
}

fn folder(path: &Path) -> Result<Target, Failure> {
    let shown = path.display();
    let fail = |why: String| {
        let hint = "name a folder that is new or empty, or a file that ends in .zip";
        Failure::new(ExitCode::OutputUnwritable, format!("collect into `{shown}`: {why}"), hint)
    };
    std::fs::create_dir_all(path).map_err(|error| fail(error.to_string()))?;
    let mut entries = path.read_dir().map_err(|error| fail(error.to_string()))?;
    if entries.next().is_some() {
        return Err(fail("there is something in it".to_owned()));
    }
    Ok(Target::Folder)
}

/// A file of the bundle that cannot be written.
pub(super) fn unwritable(name: &str, error: &io::Error) -> Failure {
    let message = format!("write `{name}` of the bundle: {error}");
    Failure::new(ExitCode::OutputUnwritable, message, "check the folder, its permissions and space")
}
