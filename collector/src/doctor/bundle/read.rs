//! Reads a bundle: a folder or a zip of strangers, with a manifest or without.
//!
//! What is left out, and what is not as the manifest says, is noted; what cannot be a bundle at all
//! is an error.

use super::archive::Archive;
use super::digest::Digest;
use super::folder::Folder;
use super::item::{About, Content, Item, Note};
use super::limits::{Limits, MANIFEST_BYTES_MAX};
use super::manifest::{FORMAT, FileEntry, Manifest, PATH};
use crate::failure::{ExitCode, Failure};
use crate::input;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _, SeekFrom};
use std::path::Path;

/// The beginning of a zip: a file's header, or the end of the list where it has no files.
const ZIP_BEGINS: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// A bundle.
pub struct Bundle {
    source: Source,
    /// Path in the bundle, and the place in the source.
    files: Vec<(String, usize)>,
    manifest: Option<Manifest>,
    notes: Vec<Note>,
}

enum Source {
    Folder(Folder),
    Archive(Box<Archive>),
}

/// A file that was opened.
pub(super) struct Found {
    pub(super) content: Box<dyn Content>,
    /// Its hash and size, where reading it gave them already.
    pub(super) hashed: Option<(String, u64)>,
}

impl Bundle {
    /// Opens a folder, a zip, or a single file as all there is.
    ///
    /// # Errors
    /// It cannot be read; a zip is damaged or hostile; there are too many files.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        Self::open_within(path, &Limits::USUAL)
    }

    pub(super) fn open_within(path: &Path, limits: &Limits) -> Result<Self, Failure> {
        let mut notes = Vec::new();
        let (source, files) = if path.is_dir() {
            let (folder, files) = Folder::list(path, limits, &mut notes)?;
            (Source::Folder(folder), files)
        } else {
            open_file(path, limits, &mut notes)?
        };
        let mut bundle = Self { source, files, manifest: None, notes };
        bundle.take_prefix_off();
        bundle.leave_doubles_out();
        bundle.read_manifest()?;
        Ok(bundle)
    }

    /// What it says of itself, where it has a manifest that can be read.
    #[must_use]
    pub const fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// Hands each file on, one at a time; then what there is to say of the bundle.
    ///
    /// # Errors
    /// What the taker returns; a zip that is damaged as a whole, or hostile.
    pub fn each(
        mut self,
        take: &mut dyn FnMut(Item) -> Result<(), Failure>,
    ) -> Result<Vec<Note>, Failure> {
        let manifest = self.manifest.take();
        let told = manifest.iter().flat_map(|it| &it.files);
        let mut told: BTreeMap<&str, &FileEntry> = told.map(|it| (it.path.as_str(), it)).collect();
        let files: BTreeMap<usize, String> =
            self.files.into_iter().map(|(path, at)| (at, path)).collect();
        let notes = &mut self.notes;
        let mut hand_on = |at: usize, found: Result<Found, String>| {
            let Some(path) = files.get(&at).cloned() else { return Ok(()) };
            let entry = told.remove(path.as_str());
            let mut note =
                |what: String| notes.push(Note { path: path.clone(), what, is_read: true });
            if entry.is_none() && manifest.is_some() {
                note("the manifest does not name it".to_owned());
            }
            let content = match found.and_then(|it| looked_at(it, entry, &mut note)) {
                Ok(content) => content,
                Err(why) => {
                    notes.push(Note::left_out(path, &why));
                    return Ok(());
                }
            };
            let about = entry.map_or_else(About::default, FileEntry::about);
            take(Item { about: About { path, ..about }, content })
        };
        match &mut self.source {
            Source::Folder(folder) => {
                files.keys().try_for_each(|at| hand_on(*at, folder.open(*at)))?;
            }
            Source::Archive(it) => it.each(&mut hand_on, &|at| files.contains_key(&at))?,
        }
        let missing = told.into_keys().map(|path| Note {
            path: path.to_owned(),
            what: "the manifest names it, and it is not there".to_owned(),
            is_read: false,
        });
        self.notes.extend(missing);
        Ok(self.notes)
    }

    /// Whoever zips a folder has its name before each path.
    fn take_prefix_off(&mut self) {
        let is_first = |path: &str| {
            path.strip_suffix(PATH)
                .is_some_and(|it| it.ends_with('/') && it.matches('/').count() == 1)
        };
        if self.files.iter().any(|(path, _)| path == PATH) {
            return;
        }
        let mut firsts = self.files.iter().filter(|(path, _)| is_first(path));
        let (Some((first, _)), None) = (firsts.next(), firsts.next()) else { return };
        let prefix = first.strip_suffix(PATH).unwrap_or_default().to_owned();
        for (path, _) in &mut self.files {
            if let Some(rest) = path.strip_prefix(&prefix) {
                *path = rest.to_owned();
            }
        }
    }

    /// Of two files of one path the first counts.
    fn leave_doubles_out(&mut self) {
        let (mut seen, notes) = (BTreeSet::new(), &mut self.notes);
        self.files.retain(|(path, _)| {
            let is_new = seen.insert(path.clone());
            if !is_new {
                notes.push(Note::left_out(path.clone(), "there is one of this path"));
            }
            is_new
        });
    }

    /// A manifest that cannot be read is as none, and said.
    fn read_manifest(&mut self) -> Result<(), Failure> {
        let Some(place) = self.files.iter().position(|(path, _)| path == PATH) else {
            return Ok(());
        };
        let (path, wanted) = self.files.remove(place);
        let mut read = Err("it is not there".to_owned());
        match &mut self.source {
            Source::Folder(folder) => read = folder.open(wanted).and_then(parsed),
            Source::Archive(archive) => {
                let mut take = |_, found: Result<Found, String>| {
                    read = found.and_then(parsed);
                    Ok(())
                };
                archive.each(&mut take, &|at| at == wanted)?;
            }
        }
        match read {
            Ok(manifest) => self.manifest = Some(manifest),
            Err(why) => self.notes.push(Note::left_out(path, &why)),
        }
        Ok(())
    }
}

fn open_file(
    path: &Path,
    limits: &Limits,
    notes: &mut Vec<Note>,
) -> Result<(Source, Vec<(String, usize)>), Failure> {
    let (mut file, _) = input::open(path)?;
    let begin = beginning(&mut file).map_err(|it| crate::trace_file::unreadable(path, &it))?;
    if ZIP_BEGINS.contains(&begin.as_slice()) {
        let (archive, files) = Archive::list(path, file, limits, notes)?;
        return Ok((Source::Archive(Box::new(archive)), files));
    }
    if path.extension().is_some_and(|it| it.eq_ignore_ascii_case("zip")) {
        return Err(refused(path, "it does not begin as a zip does"));
    }
    let (folder, files) = Folder::of_one(path, limits);
    Ok((Source::Folder(folder), files))
}

fn beginning(content: &mut dyn Content) -> io::Result<Vec<u8>> {
    let mut begin = Vec::new();
    (&mut *content).take(4).read_to_end(&mut begin)?;
    content.seek(SeekFrom::Start(0))?;
    Ok(begin)
}

fn parsed(found: Found) -> Result<Manifest, String> {
    let mut text = Vec::new();
    let read = found.content.take(MANIFEST_BYTES_MAX + 1).read_to_end(&mut text);
    read.map_err(|error| error.to_string())?;
    if text.len() as u64 > MANIFEST_BYTES_MAX {
        return Err(format!("it has more than {MANIFEST_BYTES_MAX} bytes"));
    }
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    if manifest.format != FORMAT {
        return Err("it is the manifest of something else".to_owned());
    }
    Ok(manifest)
}

/// The content, if it is evidence at all; what the manifest says of it is compared.
fn looked_at(
    mut found: Found,
    entry: Option<&FileEntry>,
    note: &mut dyn FnMut(String),
) -> Result<Box<dyn Content>, String> {
    let unreadable = |error: io::Error| format!("it cannot be read ({error})");
    let begin = beginning(found.content.as_mut()).map_err(unreadable)?;
    if ZIP_BEGINS.contains(&begin.as_slice()) {
        return Err("a zip within is not looked into".to_owned());
    }
    if let Some(entry) = entry {
        let hashed = match found.hashed {
            Some(hashed) => hashed,
            None => hash(found.content.as_mut()).map_err(unreadable)?,
        };
        if !entry.sha256.eq_ignore_ascii_case(&hashed.0) {
            let (told, is) = (entry.bytes, hashed.1);
            note(format!("it is not as it was collected: {is} bytes, {told} then, another hash"));
        }
    }
    Ok(found.content)
}

fn hash(content: &mut dyn Content) -> io::Result<(String, u64)> {
    let mut digest = Digest::new();
    digest.copy(content, &mut io::sink())?;
    content.seek(SeekFrom::Start(0))?;
    Ok(digest.finish())
}

/// A bundle that is not read at all.
pub(super) fn refused(path: &Path, why: &str) -> Failure {
    let message = format!("read bundle `{}`: {why}", path.display());
    let hint = "name a folder or zip of `weir doctor --collect`, or of files that its tools \
                printed; a zip that broke on its way has to be sent again";
    Failure::new(ExitCode::InputDamaged, message, hint)
}
