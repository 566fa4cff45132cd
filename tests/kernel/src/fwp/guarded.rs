//! Bytes that the driver is shown, and that end where readable memory ends: a driver that reads past
//! them, or writes to them, is caught in the act.

use crate::host::{PROT_NONE, PROT_READ, PROT_WRITE, Pages};
use core::ptr;

/// What fills memory that nobody may take for data.
pub(crate) const POISON: u8 = 0xa5;

const PAGE_BYTES: usize = 4096;

/// Bytes that end directly before a page that cannot be touched.
#[derive(Debug)]
pub(crate) struct Guarded {
    /// The last page is the guard.
    pages: Pages,
    length: usize,
}

impl Guarded {
    /// Room for `length` bytes that may be written, all [`POISON`].
    pub(crate) fn writable(length: usize) -> Self {
        let usable = length.div_ceil(PAGE_BYTES).max(1) * PAGE_BYTES;
        let pages = Pages::new(usable + PAGE_BYTES, PROT_READ | PROT_WRITE);
        pages.protect(usable, PAGE_BYTES, PROT_NONE);
        // SAFETY: these pages are mapped, writable and nobody else's.
        unsafe { pages.base().write_bytes(POISON, usable) };
        Self { pages, length }
    }

    /// The bytes, which can be read only.
    pub(crate) fn read_only(bytes: &[u8]) -> Self {
        let it = Self::writable(bytes.len());
        // SAFETY: the room is mapped and writable, as long as `bytes`, and new: not in `bytes`.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), it.start(), bytes.len()) };
        it.pages.protect(0, it.pages.bytes() - PAGE_BYTES, PROT_READ);
        it
    }

    /// Address of the first byte.
    pub(crate) fn start(&self) -> *mut u8 {
        self.end().wrapping_sub(self.length)
    }

    /// Address past the last byte, where the guard begins.
    pub(crate) fn end(&self) -> *mut u8 {
        self.pages.base().wrapping_add(self.pages.bytes() - PAGE_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::bytes_at;

    #[test]
    fn guarded_bytes_end_at_a_page() {
        let guarded = Guarded::read_only(b"abc");
        assert_eq!((guarded.start().addr() + 3) % PAGE_BYTES, 0);
        assert_eq!(bytes_at(guarded.start(), 3), b"abc");
        assert_eq!(Guarded::writable(PAGE_BYTES + 1).pages.bytes(), 3 * PAGE_BYTES);
    }
}
