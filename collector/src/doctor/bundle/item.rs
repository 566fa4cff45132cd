//! A file of a bundle, wherever it is: on its way into one, out of one, or in memory.

use super::limits::MEMORY_BYTES_MAX;
use crate::failure::Failure;
use std::io::{self, Read, Seek, SeekFrom};
use tempfile::SpooledTempFile;
use weir_stages::checks::{Gap, Kind};

/// What a file's bytes are read from, from the beginning.
pub trait Content: Read + Seek + Send {}

impl<T: Read + Seek + Send> Content for T {}

/// What is known of a file besides its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Path in the bundle, with `/`.
    pub path: String,
    /// What it is evidence of; `None` where nobody said, or no check reads it.
    pub kind: Option<Kind>,
    /// The command that printed it.
    pub command: Option<String>,
    /// The exit code of that.
    pub exit_code: Option<i32>,
    /// How long that took.
    pub took_ms: Option<u64>,
    /// There was more of it, or may have been.
    pub is_cut: bool,
    /// It was there before anybody looked, and tells of any day.
    pub is_old: bool,
    /// What the command said on standard error; bounded.
    pub stderr: Option<String>,
}

impl About {
    /// A file of which only the path is known.
    #[must_use]
    pub fn path(path: impl Into<String>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }
}

/// A file.
pub struct Item {
    /// What is known of it.
    pub about: About,
    /// Its bytes.
    pub content: Box<dyn Content>,
}

/// Something of a bundle that is not as it should be, and was left out or is doubtful.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Which file.
    pub path: String,
    /// What is wrong with it, as in `it is a link, and was left out`.
    pub what: String,
    /// It was handed on all the same.
    pub is_read: bool,
}

impl Note {
    /// A file that was left out.
    pub(super) fn left_out(path: String, why: &str) -> Self {
        Self { path, what: format!("it was left out: {why}"), is_read: false }
    }
}

/// Where evidence goes.
pub trait Sink {
    /// Takes a file in.
    ///
    /// # Errors
    /// It cannot be written.
    fn add(&mut self, about: About, content: &mut dyn Content) -> Result<(), Failure>;

    /// Takes in that something is missing.
    fn gap(&mut self, gap: Gap);

    /// Takes in something about a file that no check asks for.
    fn note(&mut self, path: String, what: String);
}

/// Evidence for whoever judges it at once.
#[derive(Default)]
pub struct Memory {
    /// Files; large ones are temporary files without a name.
    pub items: Vec<Item>,
    /// What is missing.
    pub gaps: Vec<Gap>,
}

impl Sink for Memory {
    fn add(&mut self, about: About, content: &mut dyn Content) -> Result<(), Failure> {
        let kept = spool(content).map_err(|error| super::write::unwritable(&about.path, &error))?;
        self.items.push(Item { about, content: Box::new(kept) });
        Ok(())
    }

    fn gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }

    /// Nothing is kept here of what no check asks for.
    fn note(&mut self, _path: String, _what: String) {}
}

fn spool(content: &mut dyn Content) -> io::Result<SpooledTempFile> {
    content.seek(SeekFrom::Start(0))?;
    let mut spooled = SpooledTempFile::new(MEMORY_BYTES_MAX);
    io::copy(content, &mut spooled)?;
    spooled.seek(SeekFrom::Start(0))?;
    Ok(spooled)
}
