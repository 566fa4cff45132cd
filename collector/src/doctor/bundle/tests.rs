//! Bundles written and read, and what strangers make of them.

mod hostile;
mod whole;

use super::limits::Limits;
use super::{Bundle, Head, Item, Note, Writer};
use crate::failure::{ExitCode, Failure};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A folder for one test.
struct Stand {
    folder: TempDir,
}

impl Stand {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn writer(&self, name: &str) -> Writer {
        let head = Head {
            collected_at: "2026-11-22T07:08:41.0000000Z".to_owned(),
            host: Some("host".to_owned()),
            is_elevated: Some(false),
        };
        Writer::create(&self.path(name), head).unwrap()
    }

    /// A zip of these files, as any program may write it.
    fn zip(&self, files: &[(&str, &[u8])]) -> PathBuf {
        let path = self.path("made.zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        path
    }
}

/// What came out of a bundle: files with their bytes, and notes.
#[derive(Debug, Default)]
struct Told {
    files: Vec<(String, Vec<u8>)>,
    notes: Vec<(String, String)>,
}

impl Told {
    fn names(&self) -> Vec<&str> {
        self.files.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// What was noted of a file.
    fn of(&self, path: &str) -> &str {
        let mut of = self.notes.iter().filter(|(it, _)| it == path).map(|(_, what)| what.as_str());
        let told = of.next().unwrap_or_default();
        assert_eq!(of.next(), None, "{path} has one note");
        told
    }
}

fn read(path: &Path) -> Result<Told, Failure> {
    read_within(path, &Limits::USUAL)
}

fn read_within(path: &Path, limits: &Limits) -> Result<Told, Failure> {
    let mut files = Vec::new();
    let notes = Bundle::open_within(path, limits)?.each(&mut |mut item: Item| {
        let mut bytes = Vec::new();
        item.content.read_to_end(&mut bytes).unwrap();
        files.push((item.about.path, bytes));
        Ok(())
    })?;
    let notes = notes.into_iter().map(|Note { path, what, .. }| (path, what)).collect();
    Ok(Told { files, notes })
}

fn refused(path: &Path, limits: &Limits) -> String {
    let failure = read_within(path, limits).unwrap_err();
    assert_eq!(failure.code(), ExitCode::InputDamaged, "{failure}");
    failure.to_string()
}
