//! What `bpftool.exe` prints: programs, links, maps, as JSON (`-p`, `-j`) or plain, and dumps of
//! maps.
//!
//! What a list is of is told from its rows' fields. An empty list has none; then the caller says.
//!
//! Source: dthaler/bpftool-1, branch windows, src/prog.c, src/link.c, src/map.c, src/common.c
//! `p_err`, src/main.c `do_help` (read 2026-11)

mod dump;
mod listed;
mod objects;
mod plain;
mod row;

use crate::ReadError;
use crate::text;
use weir_stages::checks::Piece;

/// Most programs, links and maps of one file; eBPF for Windows counts its objects in thousands.
pub const LISTED_MAX: usize = 65_536;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// `bpftool prog`
    Programs,
    /// `bpftool link`
    Links,
    /// `bpftool map`, `bpftool map show id N`
    Maps,
    /// `bpftool map dump id N`, of the map with this id.
    Dump(Option<u32>),
}

impl Asked {
    pub(crate) const fn map_id(asked: Option<Self>) -> Option<u32> {
        match asked {
            Some(Self::Dump(id)) => id,
            Some(Self::Programs | Self::Links | Self::Maps) | None => None,
        }
    }
}

/// What bpftool printed: JSON or plain text.
///
/// # Errors
/// It is cut off, is not bpftool's, says an error, or is an empty list of nobody knows what.
pub fn read(file: &str, bytes: &[u8], asked: Option<Asked>) -> Result<Vec<Piece>, ReadError> {
    parse(file, &text::decode(file, bytes)?, asked)
}

pub(crate) fn parse(file: &str, text: &str, asked: Option<Asked>) -> Result<Vec<Piece>, ReadError> {
    if text.trim_start().starts_with(['[', '{']) || text.trim() == "null" {
        return listed::read(file, text, asked);
    }
    if text.lines().any(dump::is_telling) {
        return Ok(vec![Piece::MapDump(dump::read(file, text, asked)?)]);
    }
    plain::read(file, text)
}

/// Whether a line is one that only bpftool prints, plainly.
pub(crate) fn is_telling(line: &str) -> bool {
    dump::is_telling(line) || plain::is_telling(line)
}

/// Whether a line is how bpftool tells an error, and other tools may too.
pub(crate) fn is_error(line: &str) -> bool {
    line.starts_with("Error: ")
}

/// Bpftool said an error in place of an answer.
fn told(file: &str, line: u64, error: &str) -> ReadError {
    ReadError::damaged(file, line, format!("bpftool says {}", text::quoted(error)))
}
