//! What the walk over a file found: how many buffers, whether all, in which order they are read.

use super::index::Place;
use super::stream::Stream;
use crate::buffer::flags;
use crate::damage::MissingBuffers;
use crate::header::{LogHeader, MODE_APPEND, MODE_ELSEWHERE, MODE_LAYOUT, MODE_SEQUENTIAL};
use core::cmp::Reverse;

/// What a file holds, before its records are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Buffers {
    /// Buffers.
    pub total: u64,
    /// Those that are compressed.
    pub compressed: u64,
    /// Processors that wrote them.
    pub processors: usize,
    /// Buffers before which events were lost.
    pub after_lost_events: u64,
    /// Buffers before which a buffer was lost.
    pub after_lost_buffers: u64,
}

/// Whether a session that was closed in order wrote more buffers than were found.
///
/// Only sequential files are held to it: one that is circular overwrites buffers that it counted,
/// and one that is appended to has those of an earlier session. Nor are sessions whose buffers may
/// go elsewhere: no recorded file says whether they are counted.
pub(super) fn missing(header: &LogHeader, found: usize) -> Option<MissingBuffers> {
    let is_sequential = header.log_file_mode & MODE_LAYOUT == MODE_SEQUENTIAL;
    let is_elsewhere = header.log_file_mode & MODE_ELSEWHERE != 0;
    let found = u64::try_from(found).unwrap_or(u64::MAX);
    let written = u64::from(header.buffers_written);
    let is_missing = header.is_closed() && is_sequential && !is_elsewhere && found < written;
    is_missing.then_some(MissingBuffers { found, written })
}

pub(super) fn summary(places: &[Place]) -> Buffers {
    let mut buffers = Buffers::default();
    let mut processors = [false; 1 << 11];
    for place in places {
        let flags = place.header.flags;
        buffers.total += 1;
        buffers.compressed += u64::from(place.header.is_compressed());
        buffers.after_lost_events += u64::from(flags & flags::EVENTS_LOST != 0);
        buffers.after_lost_buffers += u64::from(flags & flags::BUFFER_LOST != 0);
        if let Some(seen) = processors.get_mut(usize::from(place.header.cpu)) {
            *seen = true;
        }
    }
    buffers.processors = processors.iter().filter(|seen| **seen).count();
    buffers
}

/// One stream for each processor, and one for the file's first buffer: a session that stops
/// appends records to it, which are younger than all that its processor wrote meanwhile.
///
/// A processor's buffers come in the order of their numbers. Where a session was appended to a file,
/// the numbers may begin anew, and the order of the file is taken.
pub(super) fn streams(header: &LogHeader, mut places: Vec<Place>) -> Vec<Stream> {
    let Some((first, rest)) = places.split_first_mut() else { return Vec::new() };
    let is_appended = header.log_file_mode & MODE_APPEND != 0;
    // Taken from the end: the first of them last.
    let order = |place: &Place| {
        let number = if is_appended { 0 } else { place.header.sequence };
        (place.header.cpu, Reverse((number, place.at)))
    };
    rest.sort_unstable_by_key(order);
    let of_one = |one: &Place, other: &Place| one.header.cpu == other.header.cpu;
    core::iter::once(core::slice::from_ref(first))
        .chain(rest.chunk_by(of_one))
        .filter_map(|places| Some(Stream::new(places.first()?.header.cpu, places.to_vec())))
        .collect()
}
