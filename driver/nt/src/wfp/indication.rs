//! A piece of a stream: where its bytes lie, and reading them (S19 to S23).
//!
//! The bytes begin at an offset into an MDL of a buffer of a list, and go on over MDLs, buffers and
//! lists. A [`Part`] of them that lies in one mapped MDL is read in place; any other is copied.

use crate::NtStatus;
use crate::ebpf::Span;
use crate::ffi::fwps::{
    FWPS_STREAM_FLAG_RECEIVE, FwpsCopyStreamDataToBuffer0, FwpsStreamCalloutIoPacket0,
    FwpsStreamData0,
};
use crate::ffi::ndis::{MDL_MAPPED_TO_SYSTEM_VA, MDL_SOURCE_IS_NONPAGED_POOL, Mdl};
use crate::lock::AtDispatch;
use crate::pool::PoolSlice;
use crate::processors::PerProcessor;
use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ptr::null_mut;
use weir_abi::Direction;
use weir_abi::context::SEGMENT_BYTES_MAX;

/// MDLs, buffers and lists that are walked over for one part. An indication of 8 MB in pieces of 64
/// bytes has 131,072; what has more is not read, and counts as unreadable.
const STEPS_MAX: u32 = 262_144;

/// A piece of a stream that a callout was given.
#[derive(Debug)]
pub struct Indication<'a> {
    /// Way of the data.
    pub direction: Direction,
    /// Bytes of data.
    pub bytes: usize,
    /// Bytes before these that a callout above took away (S20).
    pub missed_bytes: usize,
    /// What is left: offset and length move on as parts are taken.
    rest: FwpsStreamData0,
    indicated: PhantomData<&'a FwpsStreamData0>,
}

/// How the next bytes can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where they are.
    InPlace(Span),
    /// They lie in several MDLs.
    Fragmented,
    /// Their MDL is not mapped.
    Unmapped,
    /// The chain ends before they do, or has no end.
    Broken,
}

/// The next bytes of an indication.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// How many.
    pub bytes: usize,
    /// Where.
    pub place: Place,
}

/// A place in the chain, and what is left of its MDL and buffer.
struct Cursor<'a> {
    data: &'a mut FwpsStreamData0,
    /// Bytes left in the buffer.
    in_buffer: usize,
    steps: u32,
}

impl<'a> Indication<'a> {
    /// Reads what a callout at the stream layer was given; `None` where there is no data structure.
    ///
    /// # Safety
    /// `packet` is null or the layer data of a stream classify that runs, and stays during `'a`.
    pub(super) unsafe fn read(packet: *const FwpsStreamCalloutIoPacket0) -> Option<Self> {
        // SAFETY: the caller's promise.
        let packet = unsafe { packet.as_ref() }?;
        // SAFETY: the engine's own structure, which lives during the classify.
        let rest = unsafe { packet.stream_data.as_ref() }?;
        let is_received = rest.flags & FWPS_STREAM_FLAG_RECEIVE != 0;
        Some(Self {
            direction: if is_received { Direction::Inbound } else { Direction::Outbound },
            bytes: rest.data_length,
            missed_bytes: packet.missed_bytes,
            rest: *rest,
            indicated: PhantomData,
        })
    }

    /// The next segment, of at most [`SEGMENT_BYTES_MAX`] bytes; `None` after the last.
    #[must_use]
    pub fn part(&self) -> Option<Part> {
        let bytes = self.rest.data_length.min(SEGMENT_BYTES_MAX);
        if bytes == 0 {
            return None;
        }
        let mut rest = self.rest;
        let place = Cursor::at(&mut rest).place(bytes);
        Some(Part { bytes, place })
    }

    /// Copies the next bytes into this processor's buffer.
    ///
    /// IRQL: `DISPATCH_LEVEL`, as the argument proves.
    ///
    /// # Errors
    /// `STATUS_UNSUCCESSFUL` where fewer bytes came than were asked for.
    pub fn copy(
        &self,
        bytes: usize,
        buffers: &CopyBuffers,
        level: &AtDispatch,
    ) -> Result<Span, NtStatus> {
        let buffer = buffers.0.here(level).ok_or(NtStatus::UNSUCCESSFUL)?;
        let bytes_room = buffer.bytes.len().min(bytes);
        let first = UnsafeCell::raw_get(buffer.bytes.as_ptr());
        let mut copied = 0;
        // SAFETY: the data structure is the engine's, moved on within its chain; the buffer has the
        // room, and is this processor's, which this code does not leave.
        unsafe {
            FwpsCopyStreamDataToBuffer0(
                &raw const self.rest,
                first.cast(),
                bytes_room,
                &raw mut copied,
            );
        }
        if copied != bytes {
            return Err(NtStatus::UNSUCCESSFUL);
        }
        let start = u64::try_from(first.expose_provenance()).unwrap_or(0);
        let length = u64::try_from(bytes).unwrap_or(0);
        Ok(Span { start, end: start.saturating_add(length) })
    }

    /// Goes on behind the next bytes.
    pub fn advance(&mut self, bytes: usize) {
        let mut moved = self.rest;
        let is_whole = Cursor::at(&mut moved).skip(bytes);
        // A chain that ends too early has no more parts.
        moved.data_length = if is_whole { self.rest.data_length.saturating_sub(bytes) } else { 0 };
        self.rest = moved;
    }
}

/// A buffer for each processor that takes what cannot be read in place (S22).
#[derive(Debug)]
pub struct CopyBuffers(PerProcessor<CopyBuffer>);

#[derive(Debug)]
struct CopyBuffer {
    bytes: PoolSlice<UnsafeCell<u8>>,
}

// SAFETY: a processor's buffer is written at DISPATCH_LEVEL on that processor only.
unsafe impl Sync for CopyBuffer {}

impl CopyBuffers {
    /// Makes them: 64 KB for each processor.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn new() -> Result<Self, NtStatus> {
        let buffer = || {
            let bytes = PoolSlice::from_fn(SEGMENT_BYTES_MAX, |_| UnsafeCell::new(0))?;
            Ok(CopyBuffer { bytes })
        };
        Ok(Self(PerProcessor::new(buffer)?))
    }
}

impl<'a> Cursor<'a> {
    fn at(data: &'a mut FwpsStreamData0) -> Self {
        let offset = &data.data_offset;
        // SAFETY: the chain is the engine's, and lives during the classify.
        let buffer = unsafe { offset.net_buffer.as_ref() };
        let consumed = usize::try_from(offset.net_buffer_offset).unwrap_or(0);
        // Without a buffer the MDL chain alone says where the data is.
        let in_buffer = buffer.map_or(usize::MAX, |buffer| {
            usize::try_from(buffer.data_length).unwrap_or(0).saturating_sub(consumed)
        });
        Self { data, in_buffer, steps: 0 }
    }

    /// The MDL as it is now: somebody else may be mapping it.
    fn mdl(&self) -> Option<Mdl> {
        let mdl = self.data.data_offset.mdl;
        // SAFETY: the chain is the engine's, and lives during the classify.
        (!mdl.is_null()).then(|| unsafe { mdl.read_volatile() })
    }

    /// Bytes left in the MDL that belong to the buffer.
    fn here(&self) -> usize {
        let offset = self.data.data_offset.mdl_offset;
        let in_mdl = self.mdl().map_or(0, |mdl| mdl.byte_count.saturating_sub(offset));
        usize::try_from(in_mdl).unwrap_or(0).min(self.in_buffer)
    }

    /// Goes to the next MDL with bytes, if this one has none left; whether there is one.
    fn settle(&mut self) -> bool {
        while self.here() == 0 {
            self.steps = self.steps.saturating_add(1);
            if self.steps > STEPS_MAX || !self.next_mdl() {
                return false;
            }
        }
        true
    }

    fn next_mdl(&mut self) -> bool {
        let next = self.mdl().map_or(null_mut(), |mdl| mdl.next);
        if self.in_buffer != 0 && !next.is_null() {
            self.data.data_offset.mdl = next;
            self.data.data_offset.mdl_offset = 0;
            return true;
        }
        self.next_buffer()
    }

    fn next_buffer(&mut self) -> bool {
        let offset = &mut self.data.data_offset;
        // SAFETY: the chain is the engine's, and lives during the classify.
        let buffer = unsafe { offset.net_buffer.as_ref() };
        let mut next = buffer.map_or(null_mut(), |buffer| buffer.next);
        while next.is_null() {
            // SAFETY: as above.
            let list = unsafe { offset.net_buffer_list.as_ref() };
            // SAFETY: as above.
            let list = list.and_then(|list| unsafe { list.next.as_ref() });
            let Some(list) = list else { return false };
            self.steps = self.steps.saturating_add(1);
            if self.steps > STEPS_MAX {
                return false;
            }
            offset.net_buffer_list = (&raw const *list).cast_mut();
            next = list.first_net_buffer;
        }
        // SAFETY: as above.
        let Some(buffer) = (unsafe { next.as_ref() }) else { return false };
        offset.net_buffer = next;
        offset.net_buffer_offset = 0;
        offset.mdl = buffer.current_mdl;
        offset.mdl_offset = buffer.current_mdl_offset;
        self.in_buffer = usize::try_from(buffer.data_length).unwrap_or(0);
        true
    }

    fn place(mut self, bytes: usize) -> Place {
        if !self.settle() {
            return Place::Broken;
        }
        if self.here() < bytes {
            return if self.skip(bytes) { Place::Fragmented } else { Place::Broken };
        }
        let Some(mdl) = self.mdl() else { return Place::Broken };
        let mapped = MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL;
        if mdl.mdl_flags & mapped == 0 || mdl.mapped_system_va.is_null() {
            return Place::Unmapped;
        }
        let base = u64::try_from(mdl.mapped_system_va.addr()).unwrap_or(0);
        let start = base.saturating_add(u64::from(self.data.data_offset.mdl_offset));
        let length = u64::try_from(bytes).unwrap_or(0);
        Place::InPlace(Span { start, end: start.saturating_add(length) })
    }

    /// Goes on by so many bytes; whether there are so many.
    fn skip(mut self, bytes: usize) -> bool {
        let mut left = bytes;
        while left != 0 {
            if !self.settle() {
                return false;
            }
            let step = self.here().min(left);
            // A step lies within an MDL, whose length has 32 bits.
            let step_u32 = u32::try_from(step).unwrap_or(0);
            let offset = &mut self.data.data_offset;
            offset.mdl_offset = offset.mdl_offset.saturating_add(step_u32);
            offset.net_buffer_offset = offset.net_buffer_offset.saturating_add(step_u32);
            offset.stream_data_offset = offset.stream_data_offset.saturating_add(step);
            self.in_buffer = self.in_buffer.saturating_sub(step);
            left = left.saturating_sub(step);
        }
        true
    }
}
