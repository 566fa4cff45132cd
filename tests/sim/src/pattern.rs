//! Programs that follow a pattern: answers drawn from all that they were shown.
//!
//! An answer depends on the context, on every byte of the segment and on all invocations before, so
//! two hooks that show different things soon get different answers.

use weir_abi::context::CONTEXT_BYTES;
use weir_sim_kernel::ebpf::{Reply, Seen};

/// Bytes of the context before the pointers to the data, which differ from host to host.
const COMPARED_BYTES: usize = 88;

/// How often each answer is given, in parts of their sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    /// NEED_MORE_DATA.
    pub more: u32,
    /// ALLOW.
    pub allow: u32,
    /// BLOCK.
    pub block: u32,
    /// A number outside the three.
    pub invalid: u32,
    /// The invocation fails.
    pub error: u32,
}

impl Mix {
    /// Mostly undecided; everything happens.
    pub const BUSY: Self = Self { more: 20, allow: 3, block: 2, invalid: 1, error: 1 };
    /// Failures in a row, so that pairs end by them.
    pub const FAILING: Self = Self { more: 2, allow: 1, block: 0, invalid: 6, error: 12 };
    /// Nearly always undecided, for many at once.
    pub const PATIENT: Self = Self { more: 600, allow: 20, block: 1, invalid: 1, error: 1 };
    /// Valid answers only.
    pub const SOUND: Self = Self { more: 12, allow: 4, block: 1, invalid: 0, error: 0 };
}

/// One program.
#[derive(Clone, Debug)]
pub struct Pattern {
    mix: Mix,
    state: u64,
}

/// `ebpf_result_t` values that invocations fail with, one of them beyond those that are told apart.
///
/// Source: microsoft/ebpf-for-windows, include/ebpf_result.h (read 2026-11)
const RESULTS: [u32; 4] = [6, 12, 17, 99];

impl Pattern {
    /// A program that answers so often so.
    #[must_use]
    pub const fn new(mix: Mix, seed: u64) -> Self {
        Self { mix, state: seed }
    }

    /// The answer, or the `ebpf_result_t` of the failure.
    ///
    /// # Errors
    /// The invocation fails.
    pub fn answer(
        &mut self,
        context: &[u8; CONTEXT_BYTES],
        data: Option<&[u8]>,
    ) -> Result<u32, u32> {
        let shown = context.iter().take(COMPARED_BYTES).chain(data.unwrap_or(&[]));
        let length = data.map_or(u64::MAX, |data| data.len().try_into().unwrap_or(u64::MAX));
        // FNV-1a, then the finalizer of SplitMix64 (prng.di.unimi.it/splitmix64.c, public domain).
        let hash = shown.fold(self.state ^ length, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        self.state = mixed ^ (mixed >> 27);
        let Mix { more, allow, block, invalid, error } = self.mix;
        let drawn = self.state >> 8;
        let mut place = drawn % u64::from(more + allow + block + invalid + error).max(1);
        for (parts, answer) in [(more, 2), (allow, 0), (block, 1), (invalid, 7)] {
            match place.checked_sub(u64::from(parts)) {
                None => return Ok(answer),
                Some(rest) => place = rest,
            }
        }
        let at = usize::try_from(drawn >> 32).unwrap_or(0) % RESULTS.len();
        Err(RESULTS.get(at).copied().unwrap_or(17))
    }

    /// The same for the kernel's core.
    pub fn reply(&mut self, seen: &Seen) -> Reply {
        match self.answer(&seen.bytes, seen.data.as_deref()) {
            Ok(answer) => Reply::Answer(answer),
            Err(result) => Reply::Fail(i32::try_from(result).unwrap_or(i32::MAX)),
        }
    }
}
