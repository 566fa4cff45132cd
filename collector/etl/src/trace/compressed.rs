//! The walk over buffers that are compressed: each has a size of its own, so one that is damaged
//! hides where the next begins.
//!
//! A size is believed where a buffer follows it. Where none does, the next one is looked for byte by
//! byte, once over the file in all.

use super::index::{HEADER, Step, Walk, is_plausible};
use super::session::{self, SESSION_BYTES};
use crate::buffer::{BUFFER_BYTES_MAX, BufferHeader, HEADER_BYTES, kind};
use crate::damage::DamageKind;
use std::io::{self, Read, Seek};

impl<R: Read + Seek> Walk<'_, R> {
    pub(super) fn compressed_step(&mut self, at: u64, header: &BufferHeader) -> io::Result<Step> {
        let end = at.saturating_add(header.stride.into());
        let is_sound = is_plausible(header);
        if BufferHeader::is_possible_size(header.stride) && self.leads_on(header, end)? {
            return Ok(Step { bytes: Some(header.stride), next: end });
        }
        let found = self.find_buffer(at)?;
        let end = if is_sound { end } else { at };
        match found {
            Some(next) if at == 0 && (next < end || !is_sound) => Ok(self.first_ends_at(next)),
            Some(next) if next < end => {
                // The one that was found is within this one: its size is wrong.
                self.damage(DamageKind::NoBuffer, at, next - at);
                Ok(Step { bytes: None, next })
            }
            Some(next) => {
                self.damage(DamageKind::NoBuffer, end, next - end);
                Ok(Step { bytes: is_sound.then_some(header.stride), next })
            }
            None if end > self.file_bytes => Ok(self.cut_off(at, header)),
            None => {
                let bytes = is_sound.then_some(header.stride);
                // Less than a header is what is left of a buffer.
                let is_cut = is_sound && self.file_bytes - end < HEADER;
                if !is_cut {
                    self.rest(end)?;
                }
                Ok(Step { bytes, next: if is_cut { end } else { self.file_bytes } })
            }
        }
    }

    /// The file's first buffer, whose size is wrong: the session's description was read from it.
    fn first_ends_at(&mut self, next: u64) -> Step {
        let bytes = u32::try_from(next).ok().filter(|bytes| *bytes <= BUFFER_BYTES_MAX);
        let (kind, skipped) = if bytes.is_some() {
            (DamageKind::BufferSize, 0)
        } else {
            (DamageKind::NoBuffer, next)
        };
        self.damage(kind, 0, skipped);
        Step { bytes, next }
    }

    /// Whether a buffer or the end of the file follows the one with this header.
    ///
    /// A buffer has the session's number and the state of the one before, or one more behind it:
    /// within a header, 4 bytes further, the numbers look like another header.
    pub(super) fn leads_on(&mut self, header: &BufferHeader, end: u64) -> io::Result<bool> {
        let Some(next) = self.header_at(end)?.filter(is_plausible) else {
            return Ok(end == self.file_bytes);
        };
        if next.kind == kind::HEADER || is_sibling(header, &next) {
            return Ok(true);
        }
        self.is_buffer_or_end(end.saturating_add(next.stride.into()))
    }

    /// The next place after `from` where a buffer or another session begins.
    fn find_buffer(&mut self, from: u64) -> io::Result<Option<u64>> {
        let mut at = from + 1;
        while at.saturating_add(HEADER) <= self.file_bytes {
            let Self { window, reader, file_bytes, .. } = self;
            let bytes = window.view(*reader, *file_bytes, at, HEADER_BYTES)?;
            // Most bytes are none: the largest size there is leaves its last byte 0 or 1.
            if matches!(bytes, [_, _, _, 0 | 1, ..])
                && let Some(header) = BufferHeader::parse(bytes)
                && (self.is_session(at, &header)? || self.is_chained(at, &header)?)
            {
                return Ok(Some(at));
            }
            at += 1;
        }
        Ok(None)
    }

    fn is_session(&mut self, at: u64, header: &BufferHeader) -> io::Result<bool> {
        if !session::may_begin(header) {
            return Ok(false);
        }
        let Self { window, reader, file_bytes, .. } = self;
        Ok(session::begins(window.view(*reader, *file_bytes, at, SESSION_BYTES)?))
    }

    /// Whether this is a compressed buffer, and one more or the end of the file follows it.
    fn is_chained(&mut self, at: u64, header: &BufferHeader) -> io::Result<bool> {
        let fill_max = if BufferHeader::is_possible_size(self.session) {
            self.session
        } else {
            BUFFER_BYTES_MAX
        };
        let looks = header.is_compressed()
            && BufferHeader::is_possible_size(header.stride)
            && header.fill(fill_max).is_some()
            && header.logger == self.logger;
        let end = at.saturating_add(header.stride.into());
        if !looks || end >= self.file_bytes {
            return Ok(looks && end == self.file_bytes);
        }
        if !self.may_look_at(HEADER) {
            return Ok(false);
        }
        let next = self.header_at(end)?.filter(is_plausible);
        Ok(next.is_some_and(|next| next.kind == kind::HEADER || is_sibling(header, &next)))
    }
}

/// Whether they have in common what all buffers of the recorded files have.
fn is_sibling(one: &BufferHeader, other: &BufferHeader) -> bool {
    one.logger == other.logger && one.state == other.state
}
