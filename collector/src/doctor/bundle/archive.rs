//! Files of a zip: inflated one after the other, and only as far as bounds allow.

use super::digest::Digest;
use super::item::Note;
use super::limits::{Limits, MEMORY_BYTES_MAX};
use super::path;
use super::read::{Found, refused};
use crate::failure::Failure;
use crate::trace_file::unreadable;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use tempfile::SpooledTempFile;
use zip::ZipReadOptions;
use zip::read::Config;
use zip::read::ZipFileEntry;
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;

/// A zip.
pub(super) struct Archive {
    path: PathBuf,
    /// Reads its list; nothing of that is kept, so a long one costs no memory.
    zip: ZipIterable<File>,
    /// Reads its files.
    body: File,
    file_bytes_max: u64,
    /// Bytes that may still be inflated.
    budget_bytes: u64,
}

/// Why a file of it was not read.
enum Trouble {
    /// This one is left out.
    Left(String),
    /// Nothing more is read.
    Bomb,
}

impl Archive {
    /// Opens a zip and lists its files with their paths in the bundle.
    pub(super) fn list(
        path: &Path,
        file: File,
        limits: &Limits,
        notes: &mut Vec<Note>,
    ) -> Result<(Self, Vec<(String, usize)>), Failure> {
        let bytes = file.metadata().map_err(|error| unreadable(path, &error))?.len();
        let body = file.try_clone().map_err(|error| unreadable(path, &error))?;
        let zip = ZipIterable::try_new(file, Config::default()).map_err(|it| bad(path, &it))?;
        if zip.len() > limits.entries {
            let (files, most) = (zip.len(), limits.entries);
            return Err(refused(path, &format!("it has {files} files, where {most} are the most")));
        }
        let (budget_bytes, file_bytes_max) = (limits.of_zip(bytes), limits.file_bytes);
        let mut it = Self { path: path.to_owned(), zip, body, file_bytes_max, budget_bytes };
        let listed = it.names(notes)?;
        Ok((it, listed))
    }

    fn names(&mut self, notes: &mut Vec<Note>) -> Result<Vec<(String, usize)>, Failure> {
        let mut listed = Vec::new();
        let entries = self.zip.files().map_err(|it| bad(&self.path, &it))?;
        for (at, entry) in entries.enumerate() {
            let entry = entry.map_err(|it| bad(&self.path, &it))?;
            if entry.is_dir() {
                continue;
            }
            let raw = String::from_utf8_lossy(entry.name_raw());
            let name = entry.name().unwrap_or(raw).into_owned();
            match path::clean(&name) {
                Ok(_) if entry.is_symlink() => {
                    notes.push(Note::left_out(name, "it is a link, which leads anywhere"));
                }
                Ok(name) => listed.push((name, at)),
                Err(why) => notes.push(Note::left_out(name, why)),
            }
        }
        Ok(listed)
    }

    /// Inflates files that are wanted, in the zip's order; the caller says what to do with each.
    pub(super) fn each(
        &mut self,
        take: &mut dyn FnMut(usize, Result<Found, String>) -> Result<(), Failure>,
        is_wanted: &dyn Fn(usize) -> bool,
    ) -> Result<(), Failure> {
        let Self { path, zip, body, file_bytes_max, budget_bytes } = self;
        let entries = zip.files().map_err(|it| bad(path, &it))?;
        for (at, entry) in entries.enumerate() {
            let entry = entry.map_err(|it| bad(path, &it))?;
            if !is_wanted(at) {
                continue;
            }
            match inflate(entry, body, *file_bytes_max, budget_bytes) {
                Ok(found) => take(at, Ok(found))?,
                Err(Trouble::Left(why)) => take(at, Err(why))?,
                Err(Trouble::Bomb) => {
                    return Err(refused(path, "it becomes far larger than evidence is"));
                }
            }
        }
        Ok(())
    }
}

fn inflate(
    entry: ZipFileEntry<'static>,
    body: &mut File,
    file_bytes_max: u64,
    budget_bytes: &mut u64,
) -> Result<Found, Trouble> {
    if entry.encrypted() {
        return Err(Trouble::Left("it is encrypted".to_owned()));
    }
    let damaged =
        |error: &dyn core::fmt::Display| Trouble::Left(format!("it cannot be inflated ({error})"));
    let mut from = entry.with_reader(body, ZipReadOptions::new()).map_err(|it| damaged(&it))?;
    let mut spooled = SpooledTempFile::new(MEMORY_BYTES_MAX);
    let mut digest = Digest::new();
    let bytes_max = file_bytes_max.min(*budget_bytes);
    // What the list says of a file's size is not believed.
    let copied = digest.copy(&mut from.by_ref().take(bytes_max), &mut spooled);
    *budget_bytes -= digest.bytes();
    copied.map_err(|it| damaged(&it))?;
    let is_more = digest.bytes() == bytes_max && from.read(&mut [0]).is_ok_and(|it| it > 0);
    if is_more && *budget_bytes == 0 {
        return Err(Trouble::Bomb);
    }
    if is_more {
        return Err(Trouble::Left(format!("it has more than {file_bytes_max} bytes")));
    }
    spooled.seek(SeekFrom::Start(0)).map_err(|it| damaged(&it))?;
    Ok(Found { content: Box::new(spooled), hashed: Some(digest.finish()) })
}

fn bad(path: &Path, error: &ZipError) -> Failure {
    if let ZipError::Io(error) = error
        && error.kind() != io::ErrorKind::UnexpectedEof
    {
        return unreadable(path, error);
    }
    refused(path, &error.to_string())
}
