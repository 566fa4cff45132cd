//! Where another session begins in a file: files that were appended to each other.

use crate::buffer::{BufferHeader, HEADER_BYTES, kind};
use crate::header::LogHeader;

/// Bytes of a buffer that tell whether a session begins with it: its header, that of its first
/// record, and the description of the session up to its names.
pub(super) const SESSION_BYTES: usize = DESCRIPTION_AT + 280;

/// Where the description begins: after the headers of a buffer and of a record of the kernel.
const DESCRIPTION_AT: usize = HEADER_BYTES + 32;

/// Whether a record of this beginning is the kernel's hook 0, with which every session begins.
pub(super) fn is_hook_0(record: &[u8]) -> bool {
    matches!(record, [_, _, 1 | 2, 0xc0, _, _, 0, 0, ..])
}

/// Whether a buffer with this header may be the first of a session.
pub(super) fn may_begin(header: &BufferHeader) -> bool {
    let has_room = header.fill(header.stride).is_some_and(|fill| fill as usize >= SESSION_BYTES);
    header.kind == kind::HEADER && !header.is_compressed() && has_room
}

/// Whether a session begins with a buffer of this beginning.
///
/// Source: no other buffer of the recorded files has this type (12 files, 527 buffers).
pub(super) fn begins(buffer: &[u8]) -> bool {
    let is_first = BufferHeader::parse(buffer).is_some_and(|header| may_begin(&header));
    let record = buffer.get(HEADER_BYTES..).unwrap_or(&[]);
    let description = buffer.get(DESCRIPTION_AT..).and_then(LogHeader::parse);
    is_first && is_hook_0(record) && description.is_some_and(|it| is_plausible(&it))
}

fn is_plausible(header: &LogHeader) -> bool {
    BufferHeader::is_possible_size(header.buffer_bytes)
        && matches!(header.pointer_bytes, 4 | 8)
        && header.start_buffers == 1
        && header.processors > 0
}
