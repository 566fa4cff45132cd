//! How large a session's buffers and its ring are, from the machine.
//!
//! ETW discards an event when no buffer is free in the moment it is written, and never frees one
//! while a session runs. So all buffers are there from the start (least = most): asking for more
//! memory in the middle of a burst is what loses events. They are nonpaged pool, so memory bounds
//! them. All numbers are chosen, none is measured on Windows.

use crate::SessionName;

const MIB: u64 = 1 << 20;

/// Size of a buffer. ETW's guidance: 64 to 128 KiB for a few MB/s, 256 KiB and more for hundreds.
/// 300,000 Invocation events a second are about 50 MB/s.
///
/// Source: learn.microsoft.com/windows/win32/api/evntrace/ns-evntrace-event_trace_properties,
/// `BufferSize` (read 2026-11)
const BUFFER_KIB: u32 = 256;

/// Where memory is short, buffers are made smaller down to this before there are fewer of them:
/// each processor writes into a buffer of its own, so number goes before size.
const BUFFER_KIB_MIN: u32 = 64;

/// Buffers of a session for each processor: one being written, one waiting, and the same again for
/// a burst.
const CONTROL_PER_PROCESSOR: u32 = 4;
/// Twice as many where every invocation is an event.
const DETAIL_PER_PROCESSOR: u32 = 8;

/// ETW's own least number for each processor; less is refused or raised.
///
/// Source: learn.microsoft.com/windows/win32/api/evntrace/ns-evntrace-event_trace_properties,
/// `MinimumBuffers` (read 2026-11)
const PER_PROCESSOR_MIN: u32 = 2;

/// Least and most buffers of `weir-control`: 8 to 32 MiB. A rundown writes 256 flows in a
/// millisecond, at worst some 40 MB/s: 8 MiB is 0.2 s of it.
const CONTROL_BUFFERS: (u32, u32) = (32, 128);
/// Least and most buffers of `weir-detail`: 16 to 64 MiB, at 50 MB/s 0.3 to 1.3 s.
const DETAIL_BUFFERS: (u32, u32) = (64, 256);

/// The share of physical memory that one session's buffers may take: 1 of 64, that is 32 MiB of
/// 2 GiB.
const BUFFER_SHARE: u64 = 64;

/// Most processors that a rule follows; Windows has up to 2,048. A larger number is a wrong answer.
const PROCESSORS_MAX: u32 = 2_048;

/// The ring holds what arrives while the aggregating thread is busy with something else: at 50 MB/s
/// these are 0.3 s and 0.6 s. Beyond, events are dropped and counted by kind.
const CONTROL_RING_BYTES: u64 = 16 * MIB;
const DETAIL_RING_BYTES: u64 = 32 * MIB;

/// Least ring, and the share of physical memory (pageable, unlike buffers) it may take.
const RING_BYTES_MIN: u64 = 4 * MIB;
const RING_SHARE: u64 = 128;

/// What the rule asks of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Active processors of all groups.
    pub processors: u32,
    /// Physical memory.
    pub memory_bytes: u64,
}

/// Sizes of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Size of an ETW buffer, in KiB as ETW has it.
    pub buffer_kib: u32,
    /// Number of buffers, least and most.
    pub buffers: u32,
    /// Size of the ring.
    pub ring_bytes: usize,
}

impl Sizes {
    /// The sizes for a session on a machine.
    #[must_use]
    pub fn of(name: SessionName, machine: Machine) -> Self {
        let processors = machine.processors.clamp(1, PROCESSORS_MAX);
        let (per_processor, (least, most), ring_bytes) = match name {
            SessionName::Control => (CONTROL_PER_PROCESSOR, CONTROL_BUFFERS, CONTROL_RING_BYTES),
            SessionName::Detail => (DETAIL_PER_PROCESSOR, DETAIL_BUFFERS, DETAIL_RING_BYTES),
        };
        // One more than ETW asks, so that a processor that takes its second finds one free.
        let needed = processors * PER_PROCESSOR_MIN + 1;
        let wanted = (processors * per_processor).clamp(least, most).max(needed);
        let (buffer_kib, buffers) = fit(wanted, needed, machine.memory_bytes / BUFFER_SHARE);
        let ring_bytes = ring_bytes.min(machine.memory_bytes / RING_SHARE).max(RING_BYTES_MIN);
        // At most 32 MiB.
        let ring_bytes = usize::try_from(ring_bytes).unwrap_or(crate::ring::RING_BYTES_MIN);
        Self { buffer_kib, buffers, ring_bytes }
    }

    /// Memory of the buffers.
    #[must_use]
    pub fn buffer_bytes(&self) -> u64 {
        u64::from(self.buffers) * u64::from(self.buffer_kib) * 1_024
    }
}

/// Size and number of buffers within `bytes`; never fewer than `needed`, even where that is more.
fn fit(wanted: u32, needed: u32, bytes: u64) -> (u32, u32) {
    let mut kib = BUFFER_KIB;
    while kib > BUFFER_KIB_MIN && u64::from(wanted) * u64::from(kib) * 1_024 > bytes {
        kib /= 2;
    }
    let affordable = bytes / (u64::from(kib) * 1_024);
    let buffers = u64::from(wanted).min(affordable).max(u64::from(needed));
    (kib, u32::try_from(buffers).unwrap_or(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn sizes_follow_processors_and_memory() {
        // Session, processors, memory in GiB: KiB of a buffer, number of buffers, MiB of the ring.
        let cases = [
            ((SessionName::Control, 4, 16), (256, 32, 16)),
            ((SessionName::Control, 16, 64), (256, 64, 16)),
            ((SessionName::Control, 64, 256), (256, 129, 16)),
            ((SessionName::Control, 256, 512), (256, 513, 16)),
            ((SessionName::Control, 1, 1), (256, 32, 8)),
            ((SessionName::Detail, 4, 16), (256, 64, 32)),
            ((SessionName::Detail, 16, 64), (256, 128, 32)),
            ((SessionName::Detail, 128, 512), (256, 257, 32)),
            ((SessionName::Detail, 8, 1), (256, 64, 8)),
            ((SessionName::Detail, 32, 2), (128, 256, 16)),
        ];
        for ((name, processors, gib), expected) in cases {
            let machine = Machine { processors, memory_bytes: gib * GIB };
            let sizes = Sizes::of(name, machine);
            let found = (sizes.buffer_kib, sizes.buffers, sizes.ring_bytes >> 20);
            assert_eq!(found, expected, "{name} {machine:?}");
        }
    }

    #[test]
    fn every_machine_gets_what_etw_needs_and_little_more_than_its_share() {
        for name in SessionName::ALL {
            for processors in [0, 1, 2, 3, 63, 64, 65, 2_048, u32::MAX] {
                for memory_bytes in [0, MIB, GIB / 2, 3 * GIB, 1 << 45, u64::MAX] {
                    let sizes = Sizes::of(name, Machine { processors, memory_bytes });
                    let processors = processors.clamp(1, PROCESSORS_MAX);
                    assert!(sizes.buffers > processors * PER_PROCESSOR_MIN, "{sizes:?}");
                    assert!((BUFFER_KIB_MIN..=BUFFER_KIB).contains(&sizes.buffer_kib));
                    let needed = u64::from(processors * PER_PROCESSOR_MIN + 1);
                    let least = needed * u64::from(BUFFER_KIB_MIN) * 1_024;
                    let share = (memory_bytes / BUFFER_SHARE).max(least);
                    assert!(sizes.buffer_bytes() <= share, "{sizes:?} of {memory_bytes}");
                    assert!(sizes.ring_bytes >= crate::ring::RING_BYTES_MIN);
                    assert!(sizes.ring_bytes as u64 <= DETAIL_RING_BYTES);
                }
            }
        }
    }
}
