//! Pool memory: every block has a tag, guards around it and an end.
//!
//! A freed block is poisoned and kept for a while, so that a write after the free shows.

use crate::calls::enter_import;
use crate::kernel::{APC_LEVEL, DISPATCH_LEVEL, Import};
use core::alloc::Layout;
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr::null_mut;
use std::alloc::{alloc, dealloc};
use std::collections::{BTreeMap, VecDeque};

/// Source of the flags: learn.microsoft.com/windows-hardware/drivers/kernel/pool_flags (read
/// 2026-11)
const UNINITIALIZED: u64 = 0x2;
const CACHE_ALIGNED: u64 = 0x8;
const NON_PAGED: u64 = 0x40;
const NON_PAGED_EXECUTE: u64 = 0x80;
const PAGED: u64 = 0x100;

/// Bytes before and after a block that nobody may write.
const GUARD_BYTES: usize = 64;
const GUARD: u8 = 0xFD;
const FRESH: u8 = 0xA5;
const FREED: u8 = 0xDD;

/// Freed blocks that are kept; enough that a late write of the same test is seen.
const KEPT_MAX: usize = 256;
/// Larger ones are given back at once.
const KEPT_BYTES_MAX: usize = 65_536;

/// The pool of a machine.
#[derive(Debug, Default)]
pub struct Pool {
    blocks: RefCell<BTreeMap<usize, Block>>,
    freed: RefCell<VecDeque<(usize, Block)>>,
    allocations: Cell<u64>,
    live_bytes: Cell<usize>,
    peak_bytes: Cell<usize>,
    /// Live bytes beyond which there is no memory.
    limit_bytes: Cell<Option<usize>>,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    bytes: usize,
    tag: u32,
    /// Of the memory with its guards.
    layout: Layout,
}

impl Pool {
    /// Successful allocations so far.
    #[must_use]
    pub const fn allocations(&self) -> u64 {
        self.allocations.get()
    }

    /// Blocks that are allocated.
    #[must_use]
    pub fn live_blocks(&self) -> usize {
        self.blocks.borrow().len()
    }

    /// Bytes that are allocated.
    #[must_use]
    pub const fn live_bytes(&self) -> usize {
        self.live_bytes.get()
    }

    /// The most bytes that ever were.
    #[must_use]
    pub const fn peak_bytes(&self) -> usize {
        self.peak_bytes.get()
    }

    /// Bytes that are allocated, by tag.
    #[must_use]
    pub fn bytes_by_tag(&self) -> BTreeMap<String, usize> {
        let mut bytes = BTreeMap::new();
        for block in self.blocks.borrow().values() {
            *bytes.entry(tag_text(block.tag)).or_insert(0) += block.bytes;
        }
        bytes
    }

    /// Lets allocations fail that would go beyond so many live bytes.
    pub fn limit(&self, bytes: Option<usize>) {
        self.limit_bytes.set(bytes);
    }

    /// Whether an address lies in an allocated block.
    #[must_use]
    pub fn contains(&self, address: usize) -> bool {
        let blocks = self.blocks.borrow();
        let found = blocks.range(..=address).next_back();
        found.is_some_and(|(base, block)| address - base < block.bytes.max(1))
    }

    pub(crate) fn leftovers(&self) -> Vec<String> {
        let told = self.bytes_by_tag();
        told.into_iter().map(|(tag, bytes)| format!("{bytes} bytes of pool `{tag}` leak")).collect()
    }

    /// Gives back what was kept after its free; says where it was written.
    pub(crate) fn release(&self) -> Vec<String> {
        let freed = self.freed.take();
        freed.into_iter().filter_map(|(base, block)| give_back(base, block)).collect()
    }

    fn allocate(&self, flags: u64, bytes: usize, tag: u32) -> *mut c_void {
        let align = if flags & CACHE_ALIGNED == 0 { 16 } else { 64 };
        let total = bytes.checked_add(2 * GUARD_BYTES);
        let layout = total.and_then(|total| Layout::from_size_align(total, align).ok());
        let live = self.live_bytes.get().saturating_add(bytes);
        let is_allowed = self.limit_bytes.get().is_none_or(|limit| live <= limit);
        let Some(layout) = layout.filter(|_| is_allowed) else { return null_mut() };
        // SAFETY: the size is not zero: the guards are part of it.
        let memory = unsafe { alloc(layout) };
        if memory.is_null() {
            return null_mut();
        }
        let base = memory.wrapping_add(GUARD_BYTES);
        let content = if flags & UNINITIALIZED == 0 { 0 } else { FRESH };
        fill(memory, GUARD, GUARD_BYTES);
        fill(base, content, bytes);
        fill(base.wrapping_add(bytes), GUARD, GUARD_BYTES);
        self.blocks.borrow_mut().insert(base.expose_provenance(), Block { bytes, tag, layout });
        self.allocations.set(self.allocations.get() + 1);
        self.live_bytes.set(live);
        self.peak_bytes.set(self.peak_bytes.get().max(live));
        base.cast()
    }

    /// Frees a block; says what is wrong with it.
    fn free(&self, base: usize, tag: u32) -> Vec<String> {
        let Some(block) = self.blocks.borrow_mut().remove(&base) else {
            let is_second = self.freed.borrow().iter().any(|(freed, _)| *freed == base);
            let what = if is_second { "is freed already" } else { "is no pool block" };
            return vec![format!("ExFreePoolWithTag: {base:#x} {what}")];
        };
        let mut told = Vec::new();
        if tag != block.tag {
            let (given, known) = (tag_text(tag), tag_text(block.tag));
            told.push(format!("ExFreePoolWithTag with `{given}`, the block's tag is `{known}`"));
        }
        let is_whole = |at: usize| bytes_of(at, GUARD_BYTES).iter().all(|byte| *byte == GUARD);
        if !is_whole(base - GUARD_BYTES) || !is_whole(base + block.bytes) {
            let (bytes, tag) = (block.bytes, tag_text(block.tag));
            told.push(format!("a pool block `{tag}` of {bytes} bytes was written outside"));
        }
        fill(core::ptr::with_exposed_provenance_mut(base), FREED, block.bytes);
        self.live_bytes.set(self.live_bytes.get() - block.bytes);
        let mut freed = self.freed.borrow_mut();
        freed.push_back((base, block));
        if freed.len() > KEPT_MAX || block.bytes > KEPT_BYTES_MAX {
            let oldest =
                if block.bytes > KEPT_BYTES_MAX { freed.pop_back() } else { freed.pop_front() };
            told.extend(oldest.and_then(|(base, block)| give_back(base, block)));
        }
        told
    }
}

/// A tag as debuggers print it.
fn tag_text(tag: u32) -> String {
    String::from_utf8_lossy(&tag.to_le_bytes()).into_owned()
}

fn give_back(base: usize, block: Block) -> Option<String> {
    let is_written = bytes_of(base, block.bytes).iter().any(|byte| *byte != FREED);
    let memory = core::ptr::with_exposed_provenance_mut::<u8>(base - GUARD_BYTES);
    // SAFETY: the memory came from `alloc` with this layout, and a block is given back once.
    unsafe { dealloc(memory, block.layout) };
    let (bytes, tag) = (block.bytes, tag_text(block.tag));
    is_written.then(|| format!("a pool block `{tag}` of {bytes} bytes was written after its free"))
}

fn fill(at: *mut u8, byte: u8, bytes: usize) {
    // SAFETY: all callers name a part of one block with its guards.
    unsafe { at.write_bytes(byte, bytes) };
}

fn bytes_of<'a>(at: usize, bytes: usize) -> &'a [u8] {
    let at = core::ptr::with_exposed_provenance::<u8>(at);
    // SAFETY: all callers name a part of one block with its guards, and drop the slice before the
    // block is given back.
    unsafe { core::slice::from_raw_parts(at, bytes) }
}

pub(crate) fn imports() -> Vec<Import> {
    let module = "ntoskrnl.exe";
    let import = |name, address| Import { module, name, address };
    vec![
        import("ExAllocatePool2", allocate as *const () as usize),
        import("ExFreePoolWithTag", free as *const () as usize),
    ]
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exallocatepool2 (read
/// 2026-11)
extern "win64" fn allocate(flags: u64, bytes: usize, tag: u32) -> *mut c_void {
    let max = if flags & PAGED == 0 { DISPATCH_LEVEL } else { APC_LEVEL };
    let kernel = enter_import("ExAllocatePool2", max);
    if flags & PAGED != 0 {
        kernel.require_no_locks("ExAllocatePool2 of paged memory");
    }
    if (flags & (NON_PAGED | NON_PAGED_EXECUTE | PAGED)).count_ones() != 1 {
        kernel.violation(format!("ExAllocatePool2 with flags {flags:#x}: not one kind of pool"));
        return null_mut();
    }
    if flags & NON_PAGED_EXECUTE != 0 {
        kernel.violation("ExAllocatePool2 of memory that can be executed".to_owned());
    }
    if tag == 0 || bytes == 0 {
        kernel.violation(format!("ExAllocatePool2 of {bytes} bytes with tag {tag:#x}"));
        return null_mut();
    }
    if kernel.faults.take("ExAllocatePool2").is_some() {
        return null_mut();
    }
    kernel.pool.allocate(flags, bytes, tag)
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exfreepoolwithtag (read
/// 2026-11)
extern "win64" fn free(block: *mut c_void, tag: u32) {
    let kernel = enter_import("ExFreePoolWithTag", DISPATCH_LEVEL);
    let base = block.addr();
    let bytes = kernel.pool.blocks.borrow().get(&base).map_or(0, |block| block.bytes);
    let memory = base..base.saturating_add(bytes);
    if kernel.locks.is_held_in(&memory) || kernel.timers.are_active_in(&memory) {
        kernel.violation("a pool block with an active lock, timer or DPC is freed".to_owned());
    }
    for told in kernel.pool.free(base, tag) {
        kernel.violation(told);
    }
}
