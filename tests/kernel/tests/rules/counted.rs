//! What the driver counts: Counters sets put together from their parts, and the other events that
//! tests of failures and of the driver's life look at.

use crate::scene::Scene;
use std::collections::BTreeMap;
use weir_abi::counters::Series;
use weir_abi::event::{
    Cleanup, Counters, CountersHeader, DriverState, ErrorApi, ErrorEvent, Fate, FateReason,
    PairEnd, StateKind, Verdict,
};
use weir_sim_kernel::Kernel;

/// The default of `CountersIntervalMs`.
pub(crate) const INTERVAL_NS: u64 = 1_000_000_000;

/// A set of counters that came whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Set {
    pub(crate) number: u32,
    /// By series, scope and index.
    values: BTreeMap<(u16, u32, u16), u64>,
    /// The processor that each mark travelled from, by the processor it is of.
    pub(crate) marks_from: Vec<(u32, u32)>,
}

impl Set {
    /// A value of the driver.
    pub(crate) fn driver(&self, series: Series, index: u16) -> u64 {
        self.of(0, series, index)
    }

    /// A value of an attachment, or of a processor.
    pub(crate) fn of(&self, scope: u32, series: Series, index: u16) -> u64 {
        self.values.get(&(series.number(), scope, index)).copied().unwrap_or(0)
    }

    /// All values of a series of one scope.
    pub(crate) fn sum(&self, scope: u32, series: Series) -> u64 {
        let number = series.number();
        let values = self.values.range((number, scope, 0)..=(number, scope, u16::MAX));
        values.map(|(_, value)| *value).sum()
    }

    /// Whether anything is told of an attachment.
    pub(crate) fn tells(&self, attach_id: u32) -> bool {
        self.sum(attach_id, Series::PairsBegun) != 0 || self.is_final(attach_id)
    }

    pub(crate) fn is_final(&self, attach_id: u32) -> bool {
        self.of(attach_id, Series::Final, 0) == 1
    }

    /// Pairs of an attachment: begun, and ended by reason.
    pub(crate) fn pairs(&self, attach_id: u32) -> (u64, [u64; 8]) {
        let ended = |index| self.of(attach_id, Series::PairsEnded, index);
        let begun = self.of(attach_id, Series::PairsBegun, 0);
        (begun, core::array::from_fn(|index| ended(u16::try_from(index).unwrap())))
    }

    /// Flows of one fate, in both directions and families.
    pub(crate) fn flows(&self, fate: Fate) -> u64 {
        let first = u16::try_from(fate.index() * 4).unwrap();
        (first..first + 4).map(|index| self.driver(Series::Flows, index)).sum()
    }
}

/// Every set that was written so far, put together; a set that lacks a part, or has one twice,
/// fails the test, and so does a number that was left out.
pub(crate) fn sets(kernel: &Kernel) -> Vec<Set> {
    let mut sets: Vec<Set> = Vec::new();
    let mut expected: Option<CountersHeader> = None;
    for event in kernel.etw.events().iter().filter(|event| event.id == Counters::ID) {
        let (prefix, counters) = Counters::decode(&event.payload).unwrap();
        let header = counters.header;
        if let Some(expected) = expected {
            assert_eq!(header, expected, "a part is missing, or comes twice");
        } else {
            assert_eq!(header.part, 0, "a set begins with its first part");
            if let Some(last) = sets.last() {
                assert_eq!(header.number, last.number + 1, "a number is left out");
            }
            sets.push(Set { number: header.number, ..Set::default() });
        }
        let set = sets.last_mut().unwrap();
        for entry in counters.entries() {
            if entry.series == Series::MarkNumbered.number() {
                set.marks_from.push((entry.scope, u32::from(prefix.cpu)));
            }
            let key = (entry.series, entry.scope, entry.index);
            assert_eq!(set.values.insert(key, entry.value), None, "{entry:?} comes twice");
        }
        let next = CountersHeader { part: header.part + 1, ..header };
        expected = (next.part < header.parts).then_some(next);
    }
    assert_eq!(expected, None, "the last set is not whole");
    sets
}

/// Lets the driver tell a set, and returns it.
pub(crate) fn counted(scene: &Scene) -> Set {
    scene.kernel.advance(INTERVAL_NS);
    sets(scene.kernel).pop().unwrap()
}

/// API and status of each Error event.
pub(crate) fn errors(scene: &Scene) -> Vec<(ErrorApi, u32)> {
    scene.events::<ErrorEvent>().iter().map(|event| (event.api, event.status)).collect()
}

/// Kinds of the DriverState events.
pub(crate) fn states(scene: &Scene) -> Vec<StateKind> {
    scene.events::<DriverState>().iter().map(|event| event.kind).collect()
}

/// Fate and reason of each Verdict event.
pub(crate) fn fates(scene: &Scene) -> Vec<(Fate, FateReason)> {
    scene.events::<Verdict>().iter().map(|event| (event.fate, event.reason)).collect()
}

/// Attachment, reason, and whether the DELETED was left out, of each Cleanup event.
pub(crate) fn cleanups(scene: &Scene) -> Vec<(u32, PairEnd, bool)> {
    let events = scene.events::<Cleanup>();
    events.iter().map(|event| (event.attach_id, event.reason, event.omitted)).collect()
}
