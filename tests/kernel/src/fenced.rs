//! Memory of one pool block with a page on one side that nobody may touch.
//!
//! A step beyond the block, or into a block that is freed, ends the process where it happens, with
//! the place in the driver. `pool` uses this for a driver's image; the bytes between the block and
//! the other end of its pages hold a pattern, which `pool` looks at when the block is freed.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/devtest/special-pool (read 2026-11)

use crate::host::{PROT_NONE, PROT_READ, PROT_WRITE, Pages};

const PAGE_BYTES: usize = 4096;

/// On which side of a block the page lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guards {
    /// On none: blocks lie in the process' own heap, with a pattern around them.
    Off,
    /// Behind it, as close as its alignment allows.
    After,
    /// Before it.
    Before,
}

/// A block's pages.
#[derive(Debug)]
pub(crate) struct Fenced {
    pages: Pages,
    /// Of the block, from the start of the pages.
    offset: usize,
    /// Where the pages begin that may be touched, and how many bytes of them there are.
    usable: (usize, usize),
}

impl Fenced {
    /// Pages for a block, all bytes zero.
    pub(crate) fn new(bytes: usize, align: usize, guards: Guards) -> Self {
        let length = bytes.max(1).div_ceil(PAGE_BYTES) * PAGE_BYTES;
        let pages = Pages::new(length + PAGE_BYTES, PROT_READ | PROT_WRITE);
        let (fence, start) = if guards == Guards::Before { (0, PAGE_BYTES) } else { (length, 0) };
        pages.protect(fence, PAGE_BYTES, PROT_NONE);
        let slack = if guards == Guards::Before { 0 } else { (length - bytes) / align * align };
        Self { pages, offset: start + slack, usable: (start, length) }
    }

    /// The block.
    pub(crate) fn base(&self) -> *mut u8 {
        self.pages.base().wrapping_add(self.offset)
    }

    /// The bytes before a block of this length and those behind it, up to the ends of the pages.
    pub(crate) fn around(&self, bytes: usize) -> [(*mut u8, usize); 2] {
        let (start, length) = self.usable;
        let end = self.offset + bytes;
        [
            (self.pages.base().wrapping_add(start), self.offset - start),
            (self.pages.base().wrapping_add(end), start + length - end),
        ]
    }

    /// Takes all access away.
    pub(crate) fn close(&self) {
        self.pages.protect(0, self.pages.bytes(), PROT_NONE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_lies_at_the_fence_as_close_as_its_alignment_allows() {
        for (bytes, behind) in [(1, 15), (16, 0), (24, 8), (4096, 0), (4097, 15)] {
            let fenced = Fenced::new(bytes, 16, Guards::After);
            assert_eq!((fenced.base().addr() + bytes + behind) % PAGE_BYTES, 0, "{bytes}");
            assert_eq!(fenced.around(bytes)[1].1, behind, "{bytes}");
            let fenced = Fenced::new(bytes, 64, Guards::Before);
            assert_eq!(fenced.base().addr() % PAGE_BYTES, 0, "{bytes}");
            assert_eq!(fenced.around(bytes)[0].1, 0, "{bytes}");
        }
    }

    #[test]
    fn the_bytes_around_a_block_fill_its_pages() {
        for guards in [Guards::After, Guards::Before] {
            let fenced = Fenced::new(100, 64, guards);
            let [(before, length), (behind, rest)] = fenced.around(100);
            assert_eq!(length + 100 + rest, PAGE_BYTES);
            assert_eq!(before.addr() + length, fenced.base().addr());
            assert_eq!(behind.addr(), fenced.base().addr() + 100);
        }
    }
}
