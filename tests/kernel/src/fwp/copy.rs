//! The stream copy: bytes of an indication, wherever they lie, into one buffer.
//!
//! It takes the position that it is given literally, and tells where that contradicts itself: a
//! driver that moved it forward must have moved all of it.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/
//! nf-fwpsk-fwpscopystreamdatatobuffer0 (read 2026-11)

use super::Export;
use super::layout::StreamData;
use crate::calls::enter_import;
use crate::kernel::{DISPATCH_LEVEL, Kernel};
use crate::memory;
use crate::ndis::{Mdl, NetBuffer, NetBufferList};
use core::ffi::c_void;
use core::ptr;

/// It may be called with a lock held: it calls nobody back. A failure that a test asks for is a
/// short copy, of as many bytes as its status is, or of none.
extern "win64" fn copy_stream_data(
    data: *const StreamData,
    buffer: *mut c_void,
    room: usize,
    copied: *mut usize,
) {
    const NAME: &str = "FwpsCopyStreamDataToBuffer0";
    let kernel = enter_import(NAME, DISPATCH_LEVEL);
    let mut done = 0;
    if let Some(data) = memory::fetch(data) {
        let short = kernel.faults.take(NAME).map(|status| usize::try_from(status).unwrap_or(0));
        let wanted = room.min(data.length).min(short.unwrap_or(usize::MAX));
        done = copy(kernel, &data, buffer.cast(), wanted);
        kernel.locks.copied(done);
    }
    memory::store(copied, done);
}

fn copy(kernel: &Kernel, data: &StreamData, into: *mut u8, wanted: usize) -> usize {
    if wanted == 0 {
        return 0;
    }
    let Some(mut at) = Position::of(kernel, data) else { return 0 };
    let mut done = 0;
    while done < wanted {
        let Some((from, length)) = at.piece() else { break };
        let length = length.min(wanted - done);
        // SAFETY: the position's own bounds say that so many bytes are there, in memory of a
        // chain; the caller vouches for the buffer, which is no chain's.
        unsafe { ptr::copy_nonoverlapping(from, into.wrapping_add(done), length) };
        done += length;
        at.advance(length);
    }
    done
}

/// Somewhere in a chain.
struct Position {
    list: *const NetBufferList,
    buffer: *const NetBuffer,
    mdl: *const Mdl,
    /// From the start of the MDL.
    offset: usize,
    /// Bytes of the buffer from here on.
    left: usize,
}

impl Position {
    /// The position that an indication names, unless it is none.
    fn of(kernel: &Kernel, data: &StreamData) -> Option<Self> {
        let (list, buffer) = (data.list.cast(), data.buffer.cast());
        let mut at =
            Self { list, buffer, mdl: data.mdl.cast(), offset: wide(data.mdl_offset), left: 0 };
        let wrong = |what: &str| kernel.violation(format!("FwpsCopyStreamDataToBuffer0: {what}"));
        if !is_in(list, buffer) {
            wrong("the NET_BUFFER is not in the NET_BUFFER_LIST");
            return None;
        }
        let it = memory::fetch(buffer)?;
        let (mut mdl, mut before) = (it.current_mdl, 0);
        let mut skipped = wide(it.current_mdl_offset);
        while mdl != at.mdl {
            let Some(passed) = memory::fetch(mdl) else {
                wrong("the MDL is not in the NET_BUFFER");
                return None;
            };
            before += wide(passed.count) - skipped;
            skipped = 0;
            mdl = passed.next;
        }
        let count = wide(memory::fetch(mdl)?.count);
        if at.offset < skipped || at.offset > count {
            wrong("mdlOffset is outside the MDL's data");
            return None;
        }
        before += at.offset - skipped;
        if before != wide(data.buffer_offset) {
            wrong("netBufferOffset is not where mdl and mdlOffset are");
        }
        at.left = wide(it.length).checked_sub(before)?;
        Some(at)
    }

    /// The bytes that follow in one piece; `None` at the end of the chain.
    fn piece(&mut self) -> Option<(*const u8, usize)> {
        loop {
            if self.left == 0 {
                self.next_buffer()?;
                continue;
            }
            let mdl = memory::fetch(self.mdl)?;
            let there = wide(mdl.count) - self.offset;
            if there > 0 {
                return Some((mdl.pages.wrapping_add(self.offset), there.min(self.left)));
            }
            (self.mdl, self.offset) = (mdl.next, 0);
        }
    }

    fn next_buffer(&mut self) -> Option<()> {
        self.buffer = memory::fetch(self.buffer)?.next;
        while self.buffer.is_null() {
            self.list = memory::fetch(self.list)?.next;
            self.buffer = memory::fetch(self.list)?.first;
        }
        let buffer = memory::fetch(self.buffer)?;
        (self.mdl, self.offset) = (buffer.current_mdl, wide(buffer.current_mdl_offset));
        self.left = wide(buffer.length);
        Some(())
    }

    const fn advance(&mut self, length: usize) {
        self.offset += length;
        self.left -= length;
    }
}

fn is_in(list: *const NetBufferList, buffer: *const NetBuffer) -> bool {
    let mut at = memory::fetch(list).map_or(ptr::null(), |list| list.first);
    while let Some(it) = memory::fetch(at) {
        if at == buffer {
            return true;
        }
        at = it.next;
    }
    false
}

fn wide(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

pub(super) fn imports() -> Vec<Export> {
    vec![export!("FwpsCopyStreamDataToBuffer0", copy_stream_data)]
}
