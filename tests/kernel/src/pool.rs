//! Pool memory: every block has a tag, guards around it and an end.
//!
//! A freed block is poisoned and kept for a while, so that a write after the free shows. A machine
//! that has the driver's image goes further: its blocks lie at pages that cannot be touched
//! (`fenced`), freed ones included, and what imports are given is looked at by `memory`.

use crate::calls::enter_import;
use crate::fenced::Fenced;
pub use crate::fenced::Guards;
use crate::kernel::{APC_LEVEL, DISPATCH_LEVEL, Import, Kernel};
use crate::memory;
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
/// What this driver may ask for: quotas, sessions and exceptions are for others.
const KNOWN: u64 = UNINITIALIZED | CACHE_ALIGNED | NON_PAGED | NON_PAGED_EXECUTE | PAGED;

/// Bytes before and after a block that nobody may write.
const GUARD_BYTES: usize = 64;
const GUARD: u8 = 0xFD;
const FRESH: u8 = 0xA5;
const FREED: u8 = 0xDD;

/// Freed blocks that are kept; enough that a late write of the same test is seen.
const KEPT_MAX: usize = 256;
/// Larger ones are given back at once.
const KEPT_BYTES_MAX: usize = 65_536;

/// Live blocks that have pages of their own; a process may have 65,530 mappings.
const FENCED_MAX: usize = 16_384;

/// The pool of a machine.
#[derive(Debug, Default)]
pub struct Pool {
    blocks: RefCell<BTreeMap<usize, Block>>,
    freed: RefCell<VecDeque<(usize, Block)>>,
    /// The same by address: how long each was.
    freed_bytes: RefCell<BTreeMap<usize, usize>>,
    allocations: Cell<u64>,
    live_bytes: Cell<usize>,
    peak_bytes: Cell<usize>,
    /// Live bytes beyond which there is no memory.
    limit_bytes: Cell<Option<usize>>,
    /// What a test chose; else the machine's image decides.
    guards: Cell<Option<Guards>>,
}

#[derive(Debug)]
struct Block {
    bytes: usize,
    tag: u32,
    is_paged: bool,
    memory: Memory,
}

/// Where a block's memory comes from.
#[derive(Debug)]
enum Memory {
    /// The heap; the layout is that of the memory with its guards.
    Heap(Layout),
    Fenced(Fenced),
}

/// What is known of memory that an import was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// No block.
    Nothing,
    /// A block that is freed.
    Freed,
    /// A block in which so many bytes follow.
    Live { left: usize, is_paged: bool },
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

    /// Chooses where blocks lie from now on. Without this, [`Guards::After`] for an image on a
    /// virtual clock and [`Guards::Off`] elsewhere: what is measured lies where Windows puts it.
    pub fn guard(&self, guards: Guards) {
        self.guards.set(Some(guards));
    }

    /// What an address lies in.
    pub(crate) fn known(&self, address: usize) -> Known {
        let blocks = self.blocks.borrow();
        if let Some((base, block)) = blocks.range(..=address).next_back()
            && let Some(left) = block.bytes.checked_sub(address - base).filter(|left| *left > 0)
        {
            return Known::Live { left, is_paged: block.is_paged };
        }
        let freed = self.freed_bytes.borrow();
        let below = freed.range(..=address).next_back();
        let is_in = below.is_some_and(|(base, bytes)| address - base < *bytes);
        if is_in { Known::Freed } else { Known::Nothing }
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
        self.freed_bytes.take();
        let freed = self.freed.take();
        freed.into_iter().filter_map(|(base, block)| give_back(base, &block)).collect()
    }

    fn guards(&self, kernel: &Kernel) -> Guards {
        let is_checked = kernel.image().is_some() && kernel.time.is_virtual();
        let default = if is_checked { Guards::After } else { Guards::Off };
        let chosen = self.guards.get().unwrap_or(default);
        if self.live_blocks() < FENCED_MAX { chosen } else { Guards::Off }
    }

    fn allocate(&self, flags: u64, bytes: usize, tag: u32, guards: Guards) -> *mut c_void {
        let live = self.live_bytes.get().saturating_add(bytes);
        if self.limit_bytes.get().is_some_and(|limit| live > limit) {
            return null_mut();
        }
        let align = if flags & CACHE_ALIGNED == 0 { 16 } else { 64 };
        let memory = match guards {
            Guards::Off => heap(bytes, align),
            Guards::After | Guards::Before => {
                let fenced = Fenced::new(bytes, align, guards);
                Some((fenced.base(), Memory::Fenced(fenced)))
            }
        };
        let Some((base, memory)) = memory else { return null_mut() };
        let block = Block { bytes, tag, is_paged: flags & PAGED != 0, memory };
        for (at, length) in block.around(base) {
            fill(at, GUARD, length);
        }
        fill(base, if flags & UNINITIALIZED == 0 { 0 } else { FRESH }, bytes);
        self.blocks.borrow_mut().insert(base.expose_provenance(), block);
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
        let at = core::ptr::with_exposed_provenance_mut(base);
        let is_whole = |(at, length): (*mut u8, usize)| is_filled(at.addr(), GUARD, length);
        if !block.around(at).into_iter().all(is_whole) {
            let (bytes, tag) = (block.bytes, tag_text(block.tag));
            told.push(format!("a pool block `{tag}` of {bytes} bytes was written outside"));
        }
        self.live_bytes.set(self.live_bytes.get() - block.bytes);
        match &block.memory {
            Memory::Heap(_) => fill(at, FREED, block.bytes),
            Memory::Fenced(fenced) => fenced.close(),
        }
        let is_large = block.bytes > KEPT_BYTES_MAX;
        self.freed_bytes.borrow_mut().insert(base, block.bytes);
        let mut freed = self.freed.borrow_mut();
        freed.push_back((base, block));
        if freed.len() > KEPT_MAX || is_large {
            let gone = if is_large { freed.pop_back() } else { freed.pop_front() };
            if let Some((base, block)) = gone {
                self.freed_bytes.borrow_mut().remove(&base);
                told.extend(give_back(base, &block));
            }
        }
        told
    }
}

impl Block {
    /// The bytes before and behind it that nobody may write.
    fn around(&self, base: *mut u8) -> [(*mut u8, usize); 2] {
        match &self.memory {
            Memory::Heap(_) => [
                (base.wrapping_sub(GUARD_BYTES), GUARD_BYTES),
                (base.wrapping_add(self.bytes), GUARD_BYTES),
            ],
            Memory::Fenced(fenced) => fenced.around(self.bytes),
        }
    }
}

fn heap(bytes: usize, align: usize) -> Option<(*mut u8, Memory)> {
    let total = bytes.checked_add(2 * GUARD_BYTES)?;
    let layout = Layout::from_size_align(total, align).ok()?;
    // SAFETY: the size is not zero: the guards are part of it.
    let memory = unsafe { alloc(layout) };
    (!memory.is_null()).then(|| (memory.wrapping_add(GUARD_BYTES), Memory::Heap(layout)))
}

/// A tag as debuggers print it.
fn tag_text(tag: u32) -> String {
    String::from_utf8_lossy(&tag.to_le_bytes()).into_owned()
}

/// Whether a debugger can print a tag, and whether anybody chose it.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exallocatepool2, `Tag` (read
/// 2026-11)
fn is_tag(tag: u32) -> bool {
    let bytes = tag.to_le_bytes();
    bytes.iter().all(|byte| (0x20..=0x7e).contains(byte)) && ![*b"    ", *b"None"].contains(&bytes)
}

fn is_filled(at: usize, byte: u8, bytes: usize) -> bool {
    bytes_of(at, bytes).iter().all(|it| *it == byte)
}

fn give_back(base: usize, block: &Block) -> Option<String> {
    // Pages go with the block, and nobody could have written to them.
    let Memory::Heap(layout) = block.memory else { return None };
    let is_written = !is_filled(base, FREED, block.bytes);
    let memory = core::ptr::with_exposed_provenance_mut::<u8>(base - GUARD_BYTES);
    // SAFETY: the memory came from `alloc` with this layout, and a block is given back once.
    unsafe { dealloc(memory, layout) };
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
    if !is_tag(tag) {
        kernel.violation(format!("ExAllocatePool2 with tag {tag:#x}, which nobody can read"));
    }
    if flags & !KNOWN != 0 {
        kernel.violation(format!("ExAllocatePool2 with flags {flags:#x}"));
    }
    if kernel.faults.take("ExAllocatePool2").is_some() {
        return null_mut();
    }
    let guards = kernel.pool.guards(kernel);
    if guards != Guards::Off {
        memory::watch(kernel);
    }
    kernel.pool.allocate(flags, bytes, tag, guards)
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exfreepoolwithtag (read
/// 2026-11)
extern "win64" fn free(block: *mut c_void, tag: u32) {
    let kernel = enter_import("ExFreePoolWithTag", DISPATCH_LEVEL);
    let base = block.addr();
    let known = kernel.pool.blocks.borrow().get(&base).map(|it| (it.bytes, it.is_paged));
    let (bytes, is_paged) = known.unwrap_or_default();
    if is_paged {
        kernel.require_irql("ExFreePoolWithTag of paged memory", APC_LEVEL);
    }
    let memory = base..base.saturating_add(bytes);
    if kernel.locks.is_held_in(&memory) || kernel.timers.are_active_in(&memory) {
        kernel.violation("a pool block with an active lock, timer or DPC is freed".to_owned());
    }
    kernel.locks.forget_memory(&memory);
    for told in kernel.pool.free(base, tag) {
        kernel.violation(told);
    }
}
