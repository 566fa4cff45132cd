//! A collector that misses some of the events, and the books of what it missed.

use std::collections::{BTreeMap, BTreeSet};
use weir_abi::counters::Series;
use weir_abi::event::{Prefix, Record};
use weir_sim::machine::head_of;
use weir_sim_kernel::etw::Written;
use weir_stages::kinds::{KINDS, kind_label};
use weir_stages::snapshot::Value;
use weir_stages::{Aggregator, Options, Snapshot, SnapshotOptions};

/// The collector.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) state: Aggregator,
    /// Numbers of what it missed, by processor and kind.
    missed: BTreeMap<(u16, u16), BTreeSet<u32>>,
    /// Parts of sets that came, by number of the set.
    parts: BTreeMap<u32, BTreeSet<u16>>,
    /// Marks of those parts, and of the last whole set.
    pending: BTreeMap<u32, Vec<(u16, u16, u64)>>,
    marks: BTreeMap<(u16, u16), u64>,
}

/// What stands before an event's own fields.
pub(crate) fn prefix_of(event: &Written) -> Prefix {
    Record::decode(event.id, &event.payload).unwrap().0
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self::with_options(Options::default())
    }

    pub(crate) fn with_options(options: Options) -> Self {
        Self {
            state: Aggregator::with_options(options),
            missed: BTreeMap::new(),
            parts: BTreeMap::new(),
            pending: BTreeMap::new(),
            marks: BTreeMap::new(),
        }
    }

    /// An event comes; whether a set of counters is whole with it.
    pub(crate) fn takes(&mut self, event: &Written) -> bool {
        self.state.apply_event(&head_of(event), &event.payload);
        assert!(self.state.intake().is_balanced(), "received = aggregated + dropped");
        let Ok((_, Record::Counters(part))) = Record::decode(event.id, &event.payload) else {
            return false;
        };
        let number = part.header.number;
        let marks = part.entries().filter(|it| it.series == Series::MarkNumbered.number());
        let marks = marks.map(|it| (u16::try_from(it.scope).unwrap(), it.index, it.value));
        self.pending.entry(number).or_default().extend(marks);
        let parts = self.parts.entry(number).or_default();
        parts.insert(part.header.part);
        let is_whole = parts.len() == usize::from(part.header.parts);
        if is_whole {
            for (cpu, kind, mark) in self.pending.remove(&number).unwrap() {
                self.marks.insert((cpu, kind), mark);
            }
            self.parts.retain(|other, _| *other > number);
            self.pending.retain(|other, _| *other > number);
        }
        is_whole
    }

    /// An event does not come.
    pub(crate) fn misses(&mut self, event: &Written) {
        let prefix = prefix_of(event);
        self.missed.entry((prefix.cpu, event.id)).or_default().insert(prefix.sequence);
    }

    /// How many events of a kind were missed, up to the marks of the last whole set.
    fn missed_of(&self, kind: usize) -> u64 {
        let of_kind = self.missed.iter().filter(|((_, id), _)| usize::from(*id) == kind);
        let marked = of_kind.map(|(place, numbers)| {
            let mark = self.marks.get(place).copied().unwrap_or(0);
            numbers.iter().filter(|number| u64::from(**number) <= mark).count()
        });
        u64::try_from(marked.sum::<usize>()).unwrap()
    }

    /// How many events of all kinds were missed.
    pub(crate) fn missed(&self) -> usize {
        self.missed.values().map(BTreeSet::len).sum()
    }

    /// What it shows.
    pub(crate) fn snapshot(&self, now_ns: u64) -> Snapshot {
        self.state.snapshot(now_ns, &SnapshotOptions::default())
    }

    /// N events that were missed read N lost, kind by kind.
    pub(crate) fn assert_lost_is_missed(&self, shown: &Snapshot) {
        for kind in 1..KINDS {
            let shown = number(shown, "weir_etw_events_lost_total", kind_label(kind));
            assert_eq!(shown, i128::from(self.missed_of(kind)), "lost {}", kind_label(kind));
        }
    }
}

/// `weir_etw_unaccounted` is there and 0 for every kind.
pub(crate) fn assert_all_accounted(shown: &Snapshot) {
    for kind in 1..KINDS {
        let found = number(shown, "weir_etw_unaccounted", kind_label(kind));
        assert_eq!(found, 0, "unaccounted {}", kind_label(kind));
    }
}

/// The value of a series with one label.
pub(crate) fn number(of: &Snapshot, name: &str, label: &str) -> i128 {
    let labels: &[&str] = if label.is_empty() { &[] } else { &[label] };
    match of.value(name, labels) {
        Some(Value::Counter(value)) => i128::from(*value),
        Some(Value::Gauge(value)) => i128::from(*value),
        other => panic!("{name} {label} is {other:?}"),
    }
}
