//! Files of a folder, or one file: opened in place.

use super::item::Note;
use super::limits::{DEPTH_MAX, Limits};
use super::path;
use super::read::{Found, refused};
use crate::failure::Failure;
use crate::trace_file::unreadable;
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};

/// A folder's files.
pub(super) struct Folder {
    files: Vec<PathBuf>,
    bytes_max: u64,
}

impl Folder {
    /// One file that is no zip, which then is all there is.
    pub(super) fn of_one(file: &Path, limits: &Limits) -> (Self, Vec<(String, usize)>) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let name = path::clean(&name).unwrap_or_else(|_| "file".to_owned());
        let files = vec![file.to_owned()];
        (Self { files, bytes_max: limits.file_bytes }, vec![(name, 0)])
    }

    /// Lists files with their paths in the bundle, sorted; links are not followed.
    pub(super) fn list(
        root: &Path,
        limits: &Limits,
        notes: &mut Vec<Note>,
    ) -> Result<(Self, Vec<(String, usize)>), Failure> {
        let mut walk = Walk { root, notes, files: Vec::new(), seen: 0, seen_max: limits.entries };
        walk.folder(root, 0)?;
        walk.files.sort_unstable();
        let listed = walk.files.iter().enumerate().map(|(at, (name, _))| (name.clone(), at));
        let listed = listed.collect();
        let files = walk.files.into_iter().map(|(_, file)| file).collect();
        Ok((Self { files, bytes_max: limits.file_bytes }, listed))
    }

    /// Opens a file; the error says why it is left out.
    pub(super) fn open(&self, at: usize) -> Result<Found, String> {
        let file = self.files.get(at).map(File::open);
        let file = match file {
            Some(Ok(file)) => file,
            Some(Err(error)) => return Err(format!("it cannot be opened ({error})")),
            None => return Err("it went away".to_owned()),
        };
        let bytes = file.metadata().map_or(0, |it| it.len());
        if bytes > self.bytes_max {
            return Err(format!("it has {bytes} bytes, where {} are the most", self.bytes_max));
        }
        Ok(Found { content: Box::new(file), hashed: None })
    }
}

struct Walk<'a> {
    root: &'a Path,
    notes: &'a mut Vec<Note>,
    files: Vec<(String, PathBuf)>,
    seen: usize,
    seen_max: usize,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), Failure> {
        let entries = folder.read_dir().map_err(|error| unreadable(folder, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(folder, &error))?.path();
            self.seen += 1;
            if self.seen > self.seen_max {
                let why = format!("it has more than {} entries", self.seen_max);
                return Err(refused(self.root, &why));
            }
            let name = entry.strip_prefix(self.root).unwrap_or(&entry).to_string_lossy();
            let name = name.into_owned();
            match entry.symlink_metadata() {
                Ok(it) if it.is_dir() && depth < DEPTH_MAX => self.folder(&entry, depth + 1)?,
                Ok(it) => self.file(name, entry, &it),
                Err(error) => self.note(name, &format!("it cannot be looked at ({error})")),
            }
        }
        Ok(())
    }

    fn file(&mut self, name: String, entry: PathBuf, about: &Metadata) {
        if about.is_symlink() {
            return self.note(name, "it is a link, which leads anywhere");
        }
        if !about.is_file() {
            return self.note(name, "it is no file, or lies too deep");
        }
        match path::clean(&name) {
            Ok(clean) => self.files.push((clean, entry)),
            Err(why) => self.note(name, why),
        }
    }

    fn note(&mut self, path: String, why: &str) {
        self.notes.push(Note::left_out(path, why));
    }
}
