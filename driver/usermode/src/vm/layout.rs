//! Where everything lies in a program's address space.
//!
//! The upper half of an address names a window of 4 GiB and each window holds one region at its
//! start, so a pointer that leaves its region by less than 4 GiB hits nothing. Window 0 stays
//! empty: the null pointer and everything near it are invalid.

/// Bytes of one window; solana-sbpf fixes the number (`ebpf::MM_REGION_SIZE`).
pub(super) const WINDOW_BYTES: u64 = 1 << 32;

/// Stack frames; solana-sbpf fixes the address (`ebpf::MM_STACK_START`).
pub(super) const STACK_START: u64 = 2 * WINDOW_BYTES;

/// The scratch copy of the context.
pub(super) const CONTEXT_START: u64 = 3 * WINDOW_BYTES;

/// Window of the segment's bytes, which is also the position of its region in the mapping.
pub(super) const DATA_WINDOW: u8 = 4;

/// The segment's bytes.
pub(super) const DATA_START: u64 = DATA_WINDOW as u64 * WINDOW_BYTES;

/// First window given to a map's values or to a section of global data.
pub(super) const FIRST_FREE_WINDOW: u64 = 5;

/// First window of the handles that stand for maps in helper calls; nothing is mapped there.
pub(super) const HANDLE_WINDOW: u64 = 0x4000_0000;

/// Bytes of stack that a function may use, from r10 downwards.
///
/// Source: microsoft/ebpf-for-windows and vbpf/prevail (`EBPF_SUBPROGRAM_STACK_SIZE` 512).
pub(super) const STACK_BYTES: i16 = 512;

/// Bytes of one mapped or unmapped piece of the stack. Each frame is four such pieces, in
/// ascending order: unmapped, translator's spill slots, unmapped, the function's own 512 bytes
/// that end at r10. So a dynamic index that runs off a function's stack faults.
pub(super) const STACK_GAP_BYTES: u64 = 512;

/// Address of the first mapped piece.
pub(super) const STACK_MAPPED_START: u64 = STACK_START + STACK_GAP_BYTES;

/// Distance between the r10 of a caller and that of its callee.
pub(super) const FRAME_STRIDE_BYTES: usize = 2048;

/// Bytes of host memory behind one frame: its two mapped pieces.
pub(super) const FRAME_MAPPED_BYTES: usize = 1024;

/// Spill slots of the translator, as offsets from r10; they lie in the frame's lower mapped piece.
pub(super) const SPILL: [i16; 3] = [-1032, -1040, -1048];

/// Most nested bpf-to-bpf calls, the program's own frame included (Linux: `MAX_CALL_FRAMES`).
pub(super) const CALL_FRAMES_MAX: usize = 8;
