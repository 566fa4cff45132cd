//! Places within the image where the thread that runs may lose its processor.
//!
//! At each a breakpoint takes the place of an instruction's first byte, or of a longer instruction a
//! jump. Both go on in a few bytes of code behind the image that make it a point
//! ([`crate::threads`]), run the instruction itself, moved there, and go back. Every instruction with a lock, and every exchange with memory,
//! has one; a seed adds others that reach memory outside the stack.

use crate::host::{Pages, die};
use crate::kernel::current;
use crate::stack::{HOST_STACK_SLOT, REGION_BYTES};
use crate::threads::random::Random;
use core::arch::naked_asm;
use core::cell::Cell;
use iced_x86::{
    Code, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register,
};

/// Which breakpoints an image gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breakpoints {
    /// Chooses among instructions without a lock.
    pub seed: u64,
    /// How many of them get one.
    pub others: usize,
}

/// Bytes of a jump with a distance of four bytes.
const JUMP_BYTES: usize = 5;

/// `int3`.
const BREAKPOINT: u8 = 0xCC;

/// Bytes of the code behind one breakpoint.
const STUB_BYTES: usize = 48;

/// An instruction that can get a breakpoint.
#[derive(Clone, Copy, Debug)]
struct Site {
    /// From the beginning of the image.
    at: usize,
    bytes: usize,
    /// Where in it a distance from its end stands, of four bytes, if one does.
    distance_at: Option<usize>,
    is_atomic: bool,
}

/// The breakpoints of a mapped image.
#[derive(Debug, Default)]
pub(crate) struct Stubs {
    /// In the order of their addresses.
    places: Vec<Place>,
}

/// One breakpoint.
#[derive(Debug)]
struct Place {
    at: usize,
    /// Where its code is.
    stub: usize,
    /// What it took the place of.
    original: Vec<u8>,
    is_atomic: bool,
    passed: Cell<u32>,
}

/// How often a breakpoint without a lock is passed before it goes: loops over all flows would do
/// nothing else.
const PASSED_MAX: u32 = 100;

impl Stubs {
    /// Where to go on from a breakpoint.
    pub(crate) fn of(&self, address: usize) -> Option<usize> {
        self.place(address).map(|place| place.stub)
    }

    fn place(&self, address: usize) -> Option<&Place> {
        let found = self.places.binary_search_by_key(&address, |place| place.at);
        found.ok().and_then(|index| self.places.get(index))
    }

    /// A breakpoint is passed once more.
    pub(crate) fn pass(&self, address: usize) {
        let Some(place) = self.place(address).filter(|place| !place.is_atomic) else { return };
        place.passed.set(place.passed.get() + 1);
        if place.passed.get() == PASSED_MAX {
            let at: *mut u8 = core::ptr::with_exposed_provenance_mut(place.at);
            // SAFETY: code with breakpoints can be written, and nobody runs it: this thread is in
            // the stub.
            unsafe { at.copy_from_nonoverlapping(place.original.as_ptr(), place.original.len()) };
        }
    }

    /// The breakpoint whose code an address lies in.
    pub(crate) fn site(&self, address: usize) -> Option<usize> {
        let is_in = |place: &&Place| (place.stub..place.stub + STUB_BYTES).contains(&address);
        self.places.iter().find(is_in).map(|place| place.at)
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.places.len()
    }
}

/// Sites of code that stands at an offset in the image.
fn sites(code: &[u8], offset: usize) -> Vec<Site> {
    let start = u64::try_from(offset).unwrap_or(0);
    let mut decoder = Decoder::with_ip(64, code, start, DecoderOptions::NONE);
    let mut found = Vec::new();
    let mut instruction = Instruction::default();
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        if !reaches_memory(&instruction) {
            continue;
        }
        let constants = decoder.get_constant_offsets(&instruction);
        let is_relative = instruction.is_ip_rel_memory_operand();
        found.push(Site {
            at: usize::try_from(instruction.ip()).unwrap_or(0),
            bytes: instruction.len(),
            distance_at: is_relative.then(|| constants.displacement_offset()),
            is_atomic: is_atomic(&instruction),
        });
    }
    found
}

fn is_atomic(instruction: &Instruction) -> bool {
    let is_exchange = instruction.mnemonic() == Mnemonic::Xchg;
    instruction.has_lock_prefix() || is_exchange
}

/// Whether an instruction can be moved and reads or writes memory: outside the stack, unless it has
/// a lock.
fn reaches_memory(instruction: &Instruction) -> bool {
    let has_memory =
        (0..instruction.op_count()).any(|operand| instruction.op_kind(operand) == OpKind::Memory);
    let is_own = instruction.memory_base() == Register::RSP;
    has_memory
        && instruction.code() != Code::INVALID
        && instruction.flow_control() == FlowControl::Next
        && !instruction.is_stack_instruction()
        && !matches!(instruction.mnemonic(), Mnemonic::Lea | Mnemonic::Nop)
        && (is_atomic(instruction) || !is_own)
}

/// Bytes that [`place`] needs behind an image, for its executable sections.
pub(crate) fn room(code: &[(usize, &[u8])], wanted: Breakpoints) -> usize {
    chosen(code, wanted).len() * STUB_BYTES + size_of::<usize>()
}

fn chosen(code: &[(usize, &[u8])], wanted: Breakpoints) -> Vec<Site> {
    let all: Vec<Site> = code.iter().flat_map(|(offset, code)| sites(code, *offset)).collect();
    let (mut taken, mut others): (Vec<Site>, Vec<Site>) =
        all.into_iter().partition(|site| site.is_atomic);
    let random = Random::new(wanted.seed);
    for _ in 0..wanted.others.min(others.len()) {
        taken.push(others.swap_remove(random.below(others.len())));
    }
    taken.sort_unstable_by_key(|site| site.at);
    taken
}

/// Puts breakpoints into an image that can be written, and their code behind it, at `behind`.
pub(crate) fn place(
    image: &Pages,
    behind: usize,
    code: &[(usize, &[u8])],
    wanted: Breakpoints,
) -> Stubs {
    let base = image.base().expose_provenance();
    let through = behind;
    write(image, through, &(at_point as *const () as usize).to_le_bytes());
    let mut places = Vec::new();
    for (index, site) in chosen(code, wanted).iter().enumerate() {
        let at = behind + size_of::<usize>() + index * STUB_BYTES;
        let original = read(image, site.at, site.bytes);
        write(image, at, &stub(site, &original, at, through, base));
        // A jump where it fits: a signal costs more than all else that happens at a point.
        if site.bytes >= JUMP_BYTES {
            let mut jump = vec![0xE9];
            jump.extend(distance(site.at + JUMP_BYTES, at).to_le_bytes());
            jump.resize(site.bytes, BREAKPOINT);
            write(image, site.at, &jump);
        } else {
            write(image, site.at, &[BREAKPOINT]);
        }
        places.push(Place {
            at: base + site.at,
            stub: base + at,
            original,
            is_atomic: site.is_atomic,
            passed: Cell::new(0),
        });
    }
    Stubs { places }
}

/// `push rax; mov rax, site; call [through]; pop rax`, the instruction, `jmp` back.
fn stub(site: &Site, original: &[u8], at: usize, through: usize, base: usize) -> Vec<u8> {
    let mut code = vec![0x50, 0x48, 0xB8];
    code.extend(site.at.to_le_bytes());
    code.extend([0xFF, 0x15]);
    let after_call = at + code.len() + 4;
    code.extend(distance(after_call, through).to_le_bytes());
    code.push(0x58);
    let moved_to = at + code.len();
    let mut moved = original.to_vec();
    if let Some(place) = site.distance_at {
        let mut old = [0; 4];
        old.copy_from_slice(&moved[place..place + 4]);
        let by = distance(moved_to, site.at);
        let new = i32::from_le_bytes(old).wrapping_add(by);
        moved[place..place + 4].copy_from_slice(&new.to_le_bytes());
    }
    code.extend(moved);
    code.extend([0xFF, 0x25, 0, 0, 0, 0]);
    code.extend((base + site.at + site.bytes).to_le_bytes());
    code
}

/// From one offset in the pages to another.
fn distance(from: usize, to: usize) -> i32 {
    let wide = |it: usize| i64::try_from(it).unwrap_or(0);
    i32::try_from(wide(to) - wide(from)).unwrap_or_else(|_| die("an image of more than 2 GB"))
}

fn write(pages: &Pages, at: usize, bytes: &[u8]) {
    assert!(at + bytes.len() <= pages.bytes(), "behind the pages");
    // SAFETY: the range lies within pages that can be written and that nobody else refers to.
    unsafe { pages.base().wrapping_add(at).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
}

fn read(pages: &Pages, at: usize, bytes: usize) -> Vec<u8> {
    assert!(at + bytes <= pages.bytes(), "behind the pages");
    // SAFETY: the range lies within pages that can be read.
    unsafe { core::slice::from_raw_parts(pages.base().wrapping_add(at), bytes) }.to_vec()
}

/// The point behind a breakpoint.
extern "win64" fn pass(site: usize) {
    let kernel = current();
    if kernel.threads.running().is_some() {
        kernel.point(u64::try_from(site).unwrap_or(0));
        kernel.passed_breakpoint(site);
    }
}

/// Calls [`pass`] with `rax` on the thread's own stack; every register and flag comes back.
///
/// # Safety
/// Called from a stub, which runs on a kernel stack as the driver does.
#[unsafe(naked)]
unsafe extern "win64" fn at_point() {
    naked_asm!(
        "pushfq",
        "push rbp",
        "push rbx",
        "push rcx",
        "push rdx",
        "push r8",
        "push r9",
        "push r10",
        "push r11",
        "mov rbx, rsp",
        "mov rcx, rsp",
        "or rcx, {last}",
        "mov rsp, [rcx - {slot} + 1]",
        // Registers that a function of this convention need not keep, then its own room.
        "sub rsp, 0x80",
        "movups [rsp + 0x20], xmm0",
        "movups [rsp + 0x30], xmm1",
        "movups [rsp + 0x40], xmm2",
        "movups [rsp + 0x50], xmm3",
        "movups [rsp + 0x60], xmm4",
        "movups [rsp + 0x70], xmm5",
        "mov rcx, rax",
        "cld",
        "call {pass}",
        "movups xmm0, [rsp + 0x20]",
        "movups xmm1, [rsp + 0x30]",
        "movups xmm2, [rsp + 0x40]",
        "movups xmm3, [rsp + 0x50]",
        "movups xmm4, [rsp + 0x60]",
        "movups xmm5, [rsp + 0x70]",
        "mov rsp, rbx",
        "pop r11",
        "pop r10",
        "pop r9",
        "pop r8",
        "pop rdx",
        "pop rcx",
        "pop rbx",
        "pop rbp",
        "popfq",
        "ret",
        pass = sym pass,
        last = const REGION_BYTES - 1,
        slot = const HOST_STACK_SLOT,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `lock inc [rbp]`, `xchg [rsp+8], rax`, `mov rax, [rip+0x10]`, `mov rax, [rsp]`, `lea`,
    /// `push [rax]`, `mov rax, rbx`, `lock cmpxchg [rbx], rcx`.
    const CODE: [u8; 36] = [
        0xF0, 0xFF, 0x45, 0x00, 0x48, 0x87, 0x44, 0x24, 0x08, 0x48, 0x8B, 0x05, 0x10, 0, 0, 0,
        0x48, 0x8B, 0x04, 0x24, 0x48, 0x8D, 0x03, 0xFF, 0x30, 0x48, 0x89, 0xD8, 0xF0, 0x48, 0x0F,
        0xB1, 0x0B, 0x90, 0x90, 0x90,
    ];

    #[test]
    fn every_atomic_instruction_is_a_site_and_others_that_reach_memory_outside_the_stack() {
        let found: Vec<(usize, bool)> =
            sites(&CODE, 0).iter().map(|site| (site.at, site.is_atomic)).collect();
        assert_eq!(found, [(0, true), (4, true), (9, false), (28, true)]);
    }

    #[test]
    fn a_seed_adds_others_and_leaves_no_atomic_out() {
        let atomics = |wanted: &[Site]| wanted.iter().filter(|site| site.is_atomic).count();
        for others in [0, 1, 50] {
            let wanted = chosen(&[(0, &CODE)], Breakpoints { seed: 3, others });
            assert_eq!((atomics(&wanted), wanted.len()), (3, 3 + others.min(1)));
        }
    }

    #[test]
    fn a_distance_from_the_instruction_is_moved_with_it() {
        let all = sites(&CODE, 0x100);
        let site = all.iter().find(|site| !site.is_atomic).unwrap();
        let code = stub(site, &CODE[9..16], 0x1000, 0x900, 0x40_0000);
        let moved = code.windows(3).position(|it| it == [0x48, 0x8B, 0x05]).unwrap();
        let new = i32::from_le_bytes(code[moved + 3..moved + 7].try_into().unwrap());
        let target = 0x1000 + i32::try_from(moved).unwrap() + 7 + new;
        assert_eq!(target, 0x109 + 7 + 0x10);
    }
}
