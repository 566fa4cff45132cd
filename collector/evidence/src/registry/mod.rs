//! Registry keys: program stores of eBPF for Windows, and what Windows was started with.
//!
//! One file may hold several keys, of both hives. A key that is not there cannot be told from here:
//! `reg query` then prints nothing but an error, in the machine's language, to its error output;
//! who collected knows, and says so with [`absent`].
//!
//! Source: learn.microsoft.com/windows-server/administration/windows-commands/reg-query and
//! reg-export, and outputs of both in public code (read 2026-11)

mod entries;
mod exported;
mod facts;
mod queried;

use crate::ReadError;
use crate::text;
use weir_stages::checks::Piece;
use weir_stages::checks::facts::{Place, ProgramStore, Scope};

/// What is known of a store that `reg query` did not find.
#[must_use]
pub fn absent(scope: Scope, file: &str) -> ProgramStore {
    let (types, sections, place) = (Vec::new(), Vec::new(), Place::new(file, 0));
    ProgramStore { scope, exists: false, types, sections, place }
}

/// Stores and boot state of a file: what `reg query` printed, or `reg export` wrote.
///
/// # Errors
/// It is neither, is cut off, or holds nothing that is known here.
pub fn read(file: &str, bytes: &[u8]) -> Result<Vec<Piece>, ReadError> {
    parse(file, &text::decode(file, bytes)?)
}

pub(crate) fn parse(file: &str, text: &str) -> Result<Vec<Piece>, ReadError> {
    let mut facts = facts::Facts::new(file);
    let is_export = text.lines().find(|it| !it.trim().is_empty()).is_some_and(is_export_head);
    if is_export {
        exported::read(file, text, &mut facts)
    } else {
        queried::read(file, text, &mut facts)
    }?;
    let pieces = facts.pieces();
    if pieces.is_empty() { Err(ReadError::Unknown { file: file.to_owned() }) } else { Ok(pieces) }
}

/// Whether a line begins a key, or a file of them.
pub(crate) fn is_telling(line: &str) -> bool {
    is_export_head(line) || line.starts_with("HKEY_") || line.starts_with("[HKEY_")
}

/// The first line of a file of `reg export`; it is not translated.
fn is_export_head(line: &str) -> bool {
    ["Windows Registry Editor Version 5.00", "REGEDIT4"].contains(&line.trim())
}
