//! `system.json`: what whoever collected saw of the machine itself.
//!
//! The collector writes it and the doctor reads it with this one type. Unknown fields are errors: a
//! bundle of a newer version is refused by its number, not misread.

use crate::ReadError;
use crate::text::{self, kept, reported};
use serde::{Deserialize, Serialize};
use weir_stages::checks::facts::{Place, System};

/// What the file calls itself.
pub const FORMAT: &str = "weir-system";
/// Its version here.
pub const VERSION: u32 = 1;
/// Most files whose versions are told.
pub const VERSIONS_MAX: usize = 256;

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemFile {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// When, RFC 3339.
    pub time: String,
    /// Windows' version, as `10.0.26100`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<String>,
    /// Whoever collected was elevated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_elevated: Option<bool>,
    /// Versions of files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<FileVersion>,
    /// Bytes free where Windows is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_free_bytes: Option<u64>,
    /// Bytes in all there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_bytes: Option<u64>,
    /// Milliseconds that the clock is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_offset_ms: Option<i64>,
    /// The collector's address answers: by Weir's (true), by somebody else (false), not (none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collector_answers: Option<bool>,
}

/// A file's version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileVersion {
    /// Its name, as `netebpfext.sys`.
    pub file: String,
    /// Its version, as Windows shows it.
    pub version: String,
}

impl SystemFile {
    /// The file of what was seen.
    #[must_use]
    pub fn new(system: &System) -> Self {
        let version = |(file, version): &(String, String)| FileVersion {
            file: file.clone(),
            version: version.clone(),
        };
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            time: system.time.clone(),
            windows: system.windows.clone(),
            is_elevated: system.is_elevated,
            versions: system.versions.iter().take(VERSIONS_MAX).map(version).collect(),
            disk_free_bytes: system.disk_free_bytes,
            disk_bytes: system.disk_bytes,
            clock_offset_ms: system.clock_offset_ms,
            collector_answers: system.collector_answers,
        }
    }

    /// As it is written.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings, numbers and lists of them always serialize.
        let mut json = serde_json::to_string_pretty(self).unwrap_or_default();
        json.push('\n');
        json
    }

    fn into_facts(self, file: &str) -> System {
        System {
            time: kept(&self.time),
            windows: self.windows.as_deref().map(kept),
            is_elevated: self.is_elevated,
            versions: self.versions.iter().map(|it| (kept(&it.file), kept(&it.version))).collect(),
            disk_free_bytes: self.disk_free_bytes,
            disk_bytes: self.disk_bytes,
            clock_offset_ms: self.clock_offset_ms,
            collector_answers: self.collector_answers,
            place: Place::new(file, 1),
        }
    }
}

/// Reads the file.
///
/// # Errors
/// It is cut off, of another version, or has fields that are not known.
pub fn read(file: &str, bytes: &[u8]) -> Result<System, ReadError> {
    parse(file, &text::decode(file, bytes)?)
}

pub(crate) fn parse(file: &str, text: &str) -> Result<System, ReadError> {
    let version = version(text);
    if let Some(version) = version.filter(|it| *it != VERSION) {
        let what = format!("version {version}; this program reads version {VERSION}");
        return Err(ReadError::damaged(file, 1, what));
    }
    let system: SystemFile = serde_json::from_str(text).map_err(|error| {
        ReadError::damaged(file, error.line() as u64, reported(&error.to_string()))
    })?;
    if system.format != FORMAT || system.versions.len() > VERSIONS_MAX {
        let what = format!("it is no `{FORMAT}` with at most {VERSIONS_MAX} versions");
        return Err(ReadError::damaged(file, 1, what));
    }
    Ok(system.into_facts(file))
}

/// The version, where the text is such a file of any version.
pub(crate) fn version(text: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Head {
        format: String,
        version: u32,
    }
    let head: Head = serde_json::from_str(text).ok()?;
    (head.format == FORMAT).then_some(head.version)
}
