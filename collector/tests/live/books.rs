//! What the substitute for ETW wrote down: sessions that run, and calls that were made.

use std::path::Path;

/// Places as `struct books` of `etw/etw.h` has them.
const SESSIONS_AT: usize = 8;
const SESSION_BYTES: usize = 344;
const SESSIONS_MAX: usize = 64;
const PROVIDERS_AT: usize = 56;
const PROVIDER_BYTES: usize = 40;
const PROVIDERS_MAX: usize = 4;
const NAME_AT: usize = 216;
const NAME_BYTES: usize = 128;

/// A session that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) name: String,
    /// Counts up over all sessions: another one under the same name has another.
    pub(crate) handle: u32,
    pub(crate) buffer_kib: u32,
    pub(crate) minimum: u32,
    pub(crate) maximum: u32,
    pub(crate) captures: u32,
    /// Level and keywords of providers that are enabled.
    pub(crate) enabled: Vec<(u32, u64)>,
}

/// The sessions that run.
pub(crate) fn sessions(folder: &Path) -> Vec<Session> {
    let Ok(bytes) = std::fs::read(folder.join("books")) else { return Vec::new() };
    let sessions = bytes.get(SESSIONS_AT..).unwrap_or_default().chunks_exact(SESSION_BYTES);
    sessions.take(SESSIONS_MAX).map(session).filter(|it| it.handle != 0).collect()
}

/// How many bytes of the feed sessions of this name have got, or missed.
pub(crate) fn played(folder: &Path, name: &str) -> u64 {
    let bytes = std::fs::read(folder.join("books")).unwrap_or_default();
    let positions = bytes.get(SESSIONS_AT + SESSIONS_MAX * SESSION_BYTES..).unwrap_or_default();
    let mut positions = positions.chunks_exact(NAME_BYTES + 8);
    let of_name = positions.find(|it| text(it) == name);
    of_name.map_or(0, |it| u64::from_le_bytes(it[NAME_BYTES..].try_into().unwrap()))
}

/// The name at the beginning of `bytes`.
fn text(bytes: &[u8]) -> String {
    let units = bytes[..NAME_BYTES].chunks_exact(2).map(|it| u16::from_le_bytes([it[0], it[1]]));
    String::from_utf16(&units.take_while(|it| *it != 0).collect::<Vec<_>>()).unwrap()
}

fn session(bytes: &[u8]) -> Session {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let providers = bytes[PROVIDERS_AT..].chunks_exact(PROVIDER_BYTES).take(PROVIDERS_MAX);
    let enabled = providers.filter(|it| it[36] == 1).map(|it| {
        let level = u32::from_le_bytes(it[32..36].try_into().unwrap());
        (level, u64::from_le_bytes(it[16..24].try_into().unwrap()))
    });
    Session {
        name: text(&bytes[NAME_AT..]),
        handle: number(0),
        buffer_kib: number(8),
        minimum: number(12),
        maximum: number(16),
        captures: number(52),
        enabled: enabled.collect(),
    }
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Process that made it.
    pub(crate) process: u32,
    /// Function, session, and what else it was about.
    pub(crate) text: String,
    /// What was answered.
    pub(crate) answer: u32,
}

/// What was written down so far: calls, and notes on what a session could have better.
pub(crate) fn calls(folder: &Path) -> (Vec<Call>, Vec<String>) {
    let (mut calls, mut notes) = (Vec::new(), Vec::new());
    for line in std::fs::read_to_string(folder.join("calls")).unwrap_or_default().lines() {
        let (process, text) = line.split_once(' ').unwrap();
        match text.strip_prefix("note ") {
            Some(note) => notes.push(note.to_owned()),
            None => {
                let (text, answer) = text.rsplit_once(" = ").unwrap();
                let (process, answer) = (process.parse().unwrap(), answer.parse().unwrap());
                calls.push(Call { process, text: text.to_owned(), answer });
            }
        }
    }
    (calls, notes)
}
