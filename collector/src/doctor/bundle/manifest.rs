//! What a bundle says of itself: `manifest.json`.

use super::item::About;
use serde::{Deserialize, Serialize};
use weir_stages::checks::facts::TEXT_BYTES_MAX;
use weir_stages::checks::{Gap, Kind};

/// Its path in a bundle.
pub const PATH: &str = "manifest.json";
/// `format`
pub const FORMAT: &str = "weir-evidence";
/// `version`; a reader takes later ones too, as they only add.
pub const VERSION: u32 = 1;

/// The document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// The version of weir that wrote it.
    #[serde(default)]
    pub weir: String,
    /// When, RFC 3339.
    #[serde(default)]
    pub collected_at: String,
    /// The machine's name, where whoever collected lets it be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Whether whoever collected was elevated.
    #[serde(default)]
    pub elevated: Option<bool>,
    /// Files, in the order in which they were written.
    #[serde(default)]
    pub files: Vec<FileEntry>,
    /// What is missing.
    #[serde(default)]
    pub gaps: Vec<GapEntry>,
    /// What else there is to say of files that no check asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<NoteEntry>,
}

/// A file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path in the bundle, with `/`.
    pub path: String,
    /// [`Kind::id`]; none for files that no check reads.
    #[serde(default)]
    pub kind: Option<String>,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub bytes: u64,
    /// The command that printed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The exit code of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Milliseconds that it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// There was more of it, or may have been.
    #[serde(default)]
    pub cut: bool,
    /// It was there before anybody looked, and is not judged.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub old: bool,
    /// What the command said on standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr: Option<String>,
}

impl FileEntry {
    pub(super) fn of(about: About, sha256: String, bytes: u64) -> Self {
        let About { path, kind, command, exit_code, took_ms, is_cut: cut, is_old: old, stderr } =
            about;
        let kind = kind.map(|it| it.id().to_owned());
        Self { path, kind, sha256, bytes, command, exit_code, took_ms, cut, old, stderr }
    }

    pub(super) fn about(&self) -> About {
        About {
            path: self.path.clone(),
            kind: self.kind.as_deref().and_then(Kind::of),
            command: self.command.clone(),
            exit_code: self.exit_code,
            took_ms: self.took_ms,
            is_cut: self.cut,
            is_old: self.old,
            stderr: self.stderr.clone(),
        }
    }
}

/// Something that is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapEntry {
    /// [`Kind::id`].
    pub kind: String,
    /// Which of its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub which: Option<String>,
    /// Why.
    pub why: String,
    /// It was refused for want of rights.
    #[serde(default)]
    pub denied: bool,
}

/// Something about a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteEntry {
    /// Which.
    pub path: String,
    /// What.
    pub what: String,
}

impl From<Gap> for GapEntry {
    fn from(gap: Gap) -> Self {
        let kind = gap.kind.id().to_owned();
        Self { kind, which: gap.which, why: gap.why, denied: gap.is_denied }
    }
}

impl Manifest {
    /// What is missing, as the checks take it; kinds of a later version are left out.
    pub fn gaps(&self) -> impl Iterator<Item = Gap> {
        self.gaps.iter().filter_map(|it| {
            let (kind, which) = (Kind::of(&it.kind)?, it.which.as_deref().map(bounded));
            Some(Gap { kind, which, why: bounded(&it.why), is_denied: it.denied })
        })
    }

    /// What else there is to say: paths, and what of them.
    pub fn notes(&self) -> impl Iterator<Item = (String, String)> {
        self.notes.iter().map(|it| (bounded(&it.path), bounded(&it.what)))
    }
}

fn bounded(text: &str) -> String {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default().to_owned()
}
