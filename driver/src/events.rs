//! Numbering and writing of events (`weir_abi::event` says what they hold).

use core::sync::atomic::{AtomicU32, Ordering};
use weir_abi::Event;
use weir_abi::counters::Entry;
use weir_abi::event::{
    Counters, CountersHeader, EVENT_BYTES_MAX, Invocation, KEYWORD_SELF_DESCRIBING, KIND_LAST,
    Prefix,
};
use weir_abi::identifiers::PROVIDER_TRAITS;
use weir_abi::wire::FileTime;
use weir_nt::NtStatus;
use weir_nt::etw::{Head, Provider};
use weir_nt::lock::AtDispatch;
use weir_nt::pool::PoolSlice;
use weir_nt::processors::PerProcessor;
use weir_nt::time::system_100ns;

/// Bytes of the largest event but Counters: the fixed fields of any, a text, the MAC.
const PAYLOAD_BYTES: usize = 384;

/// Numbers of kinds of events, from 0.
const KINDS: usize = KIND_LAST as usize + 1;

/// The events of one processor.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// Of each kind: how many were numbered, how many of those could not be written.
    numbered: [AtomicU32; KINDS],
    failed: [AtomicU32; KINDS],
}

impl Numbers {
    const fn new() -> Self {
        Self {
            numbered: [const { AtomicU32::new(0) }; KINDS],
            failed: [const { AtomicU32::new(0) }; KINDS],
        }
    }

    /// The next number of a kind; there is one writer.
    fn next(&self, id: u16) -> u32 {
        let Some(count) = self.numbered.get(usize::from(id)) else { return 0 };
        let next = count.load(Ordering::Relaxed).wrapping_add(1);
        count.store(next, Ordering::Relaxed);
        next
    }

    fn count_failure(&self, id: u16) {
        if let Some(count) = self.failed.get(usize::from(id)) {
            count.store(count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        }
    }

    /// Of each kind: its id, how many were numbered, how many of those could not be written.
    pub(crate) fn marks(&self) -> impl Iterator<Item = (u16, u32, u32)> {
        let counts = self.numbered.iter().zip(&self.failed).zip(0_u16..);
        counts.map(|((numbered, failed), id)| {
            (id, numbered.load(Ordering::Relaxed), failed.load(Ordering::Relaxed))
        })
    }
}

/// The event provider, and where the numbers of this load stand.
#[derive(Debug)]
pub(crate) struct Events {
    pub(crate) provider: Provider,
    /// When this load began.
    loaded_at: FileTime,
    /// Random number of this load.
    epoch: u32,
    pub(crate) numbers: PerProcessor<Numbers>,
}

impl Events {
    pub(crate) fn new() -> Result<Self, NtStatus> {
        let loaded_at = system_100ns();
        Ok(Self {
            provider: Provider::new(PROVIDER_TRAITS),
            loaded_at: FileTime(loaded_at),
            epoch: epoch(loaded_at),
            numbers: PerProcessor::new(|| Ok(Numbers::new()))?,
        })
    }

    /// When this load began.
    pub(crate) const fn loaded_at(&self) -> FileTime {
        self.loaded_at
    }

    /// Whether somebody wants events of this kind.
    pub(crate) fn wants<E: Event>(&self) -> bool {
        self.provider.wants(E::KEYWORD, E::LEVEL)
    }

    /// Numbers and writes an event, on this processor.
    pub(crate) fn write<E: Event>(&self, level: &AtDispatch, event: &E) {
        if self.wants::<E>() {
            self.write_wanted(level, event);
        }
    }

    /// Out of line: the payload's place on the stack belongs to nobody else's frame.
    #[inline(never)]
    fn write_wanted<E: Event>(&self, level: &AtDispatch, event: &E) {
        let Some(numbers) = self.numbers.here(level) else { return };
        let prefix = self.prefix(level, numbers.next(E::ID));
        let mut payload = [0; PAYLOAD_BYTES];
        let written = event.encode(prefix, &mut payload);
        let Some(payload) = written.and_then(|bytes| payload.get(..bytes)) else { return };
        let is_plain = E::ID == Invocation::ID
            && !self.provider.wants(KEYWORD_SELF_DESCRIBING, Invocation::LEVEL);
        let head = Head {
            id: E::ID,
            version: E::VERSION,
            level: E::LEVEL,
            keyword: E::KEYWORD,
            metadata: if is_plain { None } else { Some(E::METADATA) },
        };
        if self.provider.write(&head, payload).is_err() {
            // It has taken its number: the reader sees a gap, and the marks say why.
            numbers.count_failure(E::ID);
        }
    }

    /// Whether somebody wants Counters.
    pub(crate) fn wants_counters(&self) -> bool {
        self.provider.wants(Counters::KEYWORD, Counters::LEVEL)
    }

    /// Numbers and writes one part of a set of counters.
    pub(crate) fn write_counters(
        &self,
        level: &AtDispatch,
        header: CountersHeader,
        part: &[Entry],
        payload: &mut PoolSlice<u8>,
    ) {
        let Some(numbers) = self.numbers.here(level) else { return };
        let prefix = self.prefix(level, numbers.next(Counters::ID));
        let written = Counters::encode(header, part, prefix, payload);
        let Some(payload) = written.and_then(|bytes| payload.get(..bytes)) else { return };
        let head = Head {
            id: Counters::ID,
            version: Counters::VERSION,
            level: Counters::LEVEL,
            keyword: Counters::KEYWORD,
            metadata: Some(Counters::METADATA),
        };
        if self.provider.write(&head, payload).is_err() {
            numbers.count_failure(Counters::ID);
        }
    }

    fn prefix(&self, level: &AtDispatch, sequence: u32) -> Prefix {
        // Windows runs on at most 2,048 processors.
        let cpu = u16::try_from(level.processor()).unwrap_or(u16::MAX);
        Prefix { cpu, epoch: self.epoch, sequence }
    }
}

/// Bytes that a part of a set needs at most.
pub(crate) const COUNTERS_BYTES: usize = EVENT_BYTES_MAX;

/// A number that two loads of the driver have in common once in four billion times: the time of
/// the load, mixed so that near times are far apart.
///
/// Source: the finalizer of `MurmurHash3` (aappleby/smhasher, public domain)
const fn epoch(time_100ns: u64) -> u32 {
    let mixed = (time_100ns ^ (time_100ns >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let [a, b, c, d, ..] = (mixed ^ (mixed >> 33)).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
