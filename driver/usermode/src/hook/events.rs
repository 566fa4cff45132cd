//! Numbering and writing of events, and the rate limit of Error events.

use weir_abi::counters::{Entry, Series};
use weir_abi::event::{
    Counters, CountersHeader, ERRORS_PER_SECOND, ErrorApi, ErrorEvent, KIND_LAST, Prefix,
};
use weir_abi::{Event, EventHead};

/// Where events go: their head and their payload.
pub type EventSink = Box<dyn FnMut(&EventHead, &[u8]) + Send>;

/// Kinds of errors whose rate is known at once; beyond it the oldest is forgotten, which can only
/// let an event more through.
const ERROR_KINDS_MAX: usize = 32;

/// The processor number of everything in user mode: all calls are serialised.
const CPU: u16 = 0;

struct ErrorRate {
    kind: (ErrorApi, u32),
    second: u64,
    written: u32,
    suppressed: u32,
}

/// Encodes events, numbers them by kind and hands them on.
pub(super) struct EventWriter {
    sink: EventSink,
    keywords: u64,
    epoch: u32,
    numbered: [u32; KIND_LAST as usize + 1],
    rates: Vec<ErrorRate>,
}

impl EventWriter {
    pub(super) const fn new(sink: EventSink, keywords: u64, epoch: u32) -> Self {
        let numbered = [0; KIND_LAST as usize + 1];
        Self { sink, keywords, epoch, numbered, rates: Vec::new() }
    }

    fn number(&mut self, id: u16) -> Prefix {
        let mut sequence = 0;
        if let Some(count) = self.numbered.get_mut(usize::from(id)) {
            *count = count.wrapping_add(1);
            sequence = *count;
        }
        Prefix { cpu: CPU, epoch: self.epoch, sequence }
    }

    /// Writes an event if its keyword is enabled: one branch where nobody listens.
    pub(super) fn write<E: Event>(&mut self, now_ns: u64, event: &E) {
        if self.keywords & E::KEYWORD == 0 {
            return;
        }
        let prefix = self.number(E::ID);
        // Fixed fields of every event plus one text of 63 bytes stay below this.
        let mut payload = [0_u8; 384];
        if let Some(payload) =
            event.encode(prefix, &mut payload).and_then(|length| payload.get(..length))
        {
            (self.sink)(&EventHead::of::<E>(now_ns), payload);
        }
    }

    /// Writes one part of a set of counters.
    pub(super) fn write_counters(&mut self, now_ns: u64, header: CountersHeader, part: &[Entry]) {
        let mut payload = [0_u8; weir_abi::event::EVENT_BYTES_MAX];
        let prefix = self.number(Counters::ID);
        let length = Counters::encode(header, part, prefix, &mut payload);
        if let Some(payload) = length.and_then(|length| payload.get(..length)) {
            let head = EventHead {
                id: Counters::ID,
                version: Counters::VERSION,
                level: Counters::LEVEL,
                keyword: Counters::KEYWORD,
                time_ns: now_ns,
            };
            (self.sink)(&head, payload);
        }
    }

    /// Whether Counters are enabled.
    pub(super) const fn counts(&self) -> bool {
        self.keywords & Counters::KEYWORD != 0
    }

    /// How many events of each kind were numbered so far.
    pub(super) fn marks(&self, out: &mut Vec<Entry>) {
        for (count, id) in self.numbered.iter().zip(0_u16..) {
            if *count != 0 {
                let (series, cpu) = (Series::MarkNumbered, u32::from(CPU));
                out.push(Entry::of(series, id, cpu, u64::from(*count)));
            }
        }
    }

    /// Writes an Error event, at most ten a second of a kind.
    pub(super) fn error(
        &mut self,
        now_ns: u64,
        api: ErrorApi,
        status: u32,
        (flow_serial, flow_id, attach_id): (u64, u64, u32),
    ) {
        let second = now_ns / 1_000_000_000;
        let Some(suppressed) = self.admit_error((api, status), second) else { return };
        let event = ErrorEvent { api, status, flow_serial, flow_id, attach_id, suppressed };
        self.write(now_ns, &event);
    }

    /// How many were suppressed before this one, or `None` where it is suppressed itself.
    fn admit_error(&mut self, kind: (ErrorApi, u32), second: u64) -> Option<u32> {
        if !self.rates.iter().any(|rate| rate.kind == kind) {
            if self.rates.len() == ERROR_KINDS_MAX {
                self.rates.remove(0);
            }
            self.rates.push(ErrorRate { kind, second, written: 0, suppressed: 0 });
        }
        let rate = self.rates.iter_mut().find(|rate| rate.kind == kind)?;
        if rate.second != second {
            rate.second = second;
            rate.written = 0;
        }
        if rate.written == ERRORS_PER_SECOND {
            rate.suppressed = rate.suppressed.saturating_add(1);
            return None;
        }
        rate.written += 1;
        Some(core::mem::take(&mut rate.suppressed))
    }
}
