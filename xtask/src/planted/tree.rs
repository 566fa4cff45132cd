//! A copy of the driver's workspace, and the one change that is made to it at a time.
//!
//! It is made once and brought up to date after: cargo then builds only what a change touches.

use super::table::Bug;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The profile that the copy is built with.
pub(super) const PROFILE: &str = "planted";

/// Near to what ships, but built in a second: nothing is optimized over crates.
const PROFILE_TEXT: &str = r#"
[profile.planted]
inherits = "release"
panic = "abort"
lto = "off"
opt-level = 2
codegen-units = 4
debug = false
incremental = true
"#;

/// What the image is made of, of the repository.
const SOURCES: [&str; 9] = [
    "Cargo.lock",
    "driver/Cargo.toml",
    "driver/src",
    "driver/abi/Cargo.toml",
    "driver/abi/src",
    "driver/engine/Cargo.toml",
    "driver/engine/src",
    "driver/nt/Cargo.toml",
    "driver/nt/src",
];

/// Members of the copy's workspace.
const MEMBERS: &str = r#"members = ["driver", "driver/abi", "driver/engine", "driver/nt"]"#;

/// The copy.
#[derive(Debug)]
pub(super) struct Tree {
    folder: PathBuf,
}

/// A bug in the copy.
#[derive(Debug)]
#[must_use = "stays until it is taken out"]
pub(super) struct Planted {
    file: PathBuf,
    before: String,
}

impl Tree {
    /// Makes the copy, or brings it up to date.
    pub(super) fn copy(root: &Path, folder: &Path) -> Result<Self, String> {
        let mut files = BTreeMap::new();
        for source in SOURCES {
            read(root, Path::new(source), &mut files)?;
        }
        let manifest = read_text(&root.join("Cargo.toml"))?;
        files.insert("Cargo.toml".into(), workspace(&manifest)?.into_bytes());
        remove_others(folder, Path::new("driver"), &files)?;
        for (path, bytes) in &files {
            let to = folder.join(path);
            // Cargo goes by the time of a file.
            if !std::fs::read(&to).is_ok_and(|there| there == *bytes) {
                to.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(told(&to))?;
                std::fs::write(&to, bytes).map_err(told(&to))?;
            }
        }
        Ok(Self { folder: folder.to_path_buf() })
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Plants a bug.
    pub(super) fn plant(&self, bug: &Bug) -> Result<Planted, String> {
        let file = self.folder.join(bug.file);
        let before = read_text(&file)?;
        let after = replace_once(&before, bug.from, bug.to)
            .map_err(|why| format!("{}: {why}", bug.file))?;
        std::fs::write(&file, after).map_err(told(&file))?;
        Ok(Planted { file, before })
    }
}

impl Planted {
    /// Takes the bug out again.
    pub(super) fn take_out(self) -> Result<(), String> {
        std::fs::write(&self.file, self.before).map_err(told(&self.file))
    }
}

/// The text with one part of it replaced, which has to be there once.
pub(super) fn replace_once(text: &str, from: &str, to: &str) -> Result<String, String> {
    let changed = "the code has changed, adapt the entry";
    match text.matches(from).count() {
        1 => Ok(text.replacen(from, to, 1)),
        0 => Err(format!("this is not there: {changed}\n{from}")),
        count => Err(format!("this is there {count} times: {changed}\n{from}")),
    }
}

/// The manifest of a workspace of the driver alone, with the profile of the copy.
pub(super) fn workspace(manifest: &str) -> Result<String, String> {
    let is_of =
        |line: &str, key: &str| line.strip_prefix(key).is_some_and(|it| it.starts_with(" ="));
    let members = manifest.lines().filter(|line| is_of(line, "members")).count();
    if members != 1 {
        return Err(format!("Cargo.toml has {members} lines of members"));
    }
    let lines = manifest.lines().filter(|line| !is_of(line, "default-members"));
    let lines = lines.map(|line| if is_of(line, "members") { MEMBERS } else { line });
    let mut text = lines.collect::<Vec<_>>().join("\n");
    text.push('\n');
    text.push_str(PROFILE_TEXT);
    Ok(text)
}

/// Reads a file, or every file below a folder.
fn read(root: &Path, path: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<(), String> {
    let full = root.join(path);
    if !full.is_dir() {
        files.insert(path.to_path_buf(), std::fs::read(&full).map_err(told(&full))?);
        return Ok(());
    }
    for entry in std::fs::read_dir(&full).map_err(told(&full))? {
        let entry = entry.map_err(told(&full))?;
        read(root, &path.join(entry.file_name()), files)?;
    }
    Ok(())
}

/// Removes files of the copy that the repository has no more.
fn remove_others(
    folder: &Path,
    below: &Path,
    files: &BTreeMap<PathBuf, Vec<u8>>,
) -> Result<(), String> {
    let mut there = BTreeMap::new();
    if folder.join(below).is_dir() {
        read(folder, below, &mut there)?;
    }
    for path in there.keys().filter(|path| !files.contains_key(*path)) {
        let gone = folder.join(path);
        std::fs::remove_file(&gone).map_err(told(&gone))?;
    }
    Ok(())
}

fn read_text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(told(path))
}

fn told(path: &Path) -> impl Fn(std::io::Error) -> String {
    let path = path.display().to_string();
    move |error| format!("{path}: {error}")
}
