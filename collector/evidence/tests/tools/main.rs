//! What tools print, as the doctor reads it: in five languages and more, whole and damaged.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stderr, reason = "says that nothing was tested")]

mod bpftool;
mod dump;
mod guide;
mod hostile;
mod registry;
mod samples;
mod service;
mod sessions;
mod system;
mod telemetry;
mod windows;

use std::io::Cursor;
use weir_evidence::ReadError;
use weir_stages::checks::Piece;

/// What a file says.
fn read(file: &str, bytes: impl AsRef<[u8]>) -> Result<Vec<Piece>, ReadError> {
    weir_evidence::read(file, Cursor::new(bytes.as_ref()))
}

/// What a file says that says one thing.
fn read_one(file: &str, bytes: impl AsRef<[u8]>) -> Piece {
    let pieces = read(file, bytes).unwrap();
    let [piece] = <[Piece; 1]>::try_from(pieces).unwrap();
    piece
}

/// Where a damaged file is damaged, and how.
fn damage(file: &str, bytes: impl AsRef<[u8]>) -> (u64, String) {
    match read(file, bytes) {
        Err(ReadError::Damaged { place, what }) => (place.line, what),
        other => panic!("not damaged: {other:?}"),
    }
}
