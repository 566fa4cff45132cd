//! The series of a Counters event: cumulative since load, exact however many events were lost.
//!
//! A set is a list of entries (series, index, scope, value); zero values are left out.
//! Each series says what its index and its scope mean.

use crate::buckets::{BYTES, DECISION_TIME, RUN_TIME, Range, SEGMENTS};
use crate::wire::{Field, Reader, Writer};

/// Bytes of one entry.
pub const ENTRY_BYTES: usize = 16;

/// Most entries of one Counters event: keeps it under 3,800 bytes, so that it fits the smallest
/// ETW buffer that anybody uses (4 KiB).
pub const ENTRIES_MAX: usize = 230;

/// Sets in which a detached attachment's totals are repeated, marked final.
pub const FINAL_SETS: u8 = 10;

/// One value of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// Which series; the number of a [`Series`], kept raw so that newer ones pass through.
    pub series: u16,
    /// Place within the series.
    pub index: u16,
    /// Attach id, processor number, or 0 for the driver.
    pub scope: u32,
    /// The value.
    pub value: u64,
}

impl Entry {
    /// An entry of a known series.
    #[must_use]
    pub const fn of(series: Series, index: u16, scope: u32, value: u64) -> Self {
        Self { series: series.number(), index, scope, value }
    }

    /// Appends it.
    pub fn put(&self, out: &mut Writer<'_>) {
        self.series.put(out);
        self.index.put(out);
        self.scope.put(out);
        self.value.put(out);
    }

    /// Reads it.
    pub fn take(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            series: u16::take(from)?,
            index: u16::take(from)?,
            scope: u32::take(from)?,
            value: u64::take(from)?,
        })
    }
}

/// Whom a series belongs to: the meaning of an entry's scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// An attachment, by attach id.
    Attachment,
    /// The driver; scope 0.
    Driver,
    /// A processor, by its number.
    Processor,
}

macro_rules! series {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal, $scope:ident;)+) => {
        /// A series of the Counters event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Series {
            $($(#[doc = $doc])+ $name = $number,)+
        }

        impl Series {
            /// Every series.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $(Self::$name => $number,)+ }
            }

            /// The series of a number, if this version knows it.
            #[must_use]
            pub const fn from_number(number: u16) -> Option<Self> {
                match number { $($number => Some(Self::$name),)+ _ => None }
            }

            /// Its name in the docs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// Whose it is.
            #[must_use]
            pub const fn scope(self) -> Scope {
                match self { $(Self::$name => Scope::$scope,)+ }
            }

            /// What it counts and what its index means.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+),)+ }
            }
        }
    };
}

series! {
    /// Invocations; index = (state x 2 + direction) x 5 + answer.
    Invocations = 1, Attachment;
    /// Failed invocations; index = `ebpf_result_t`.
    Errors = 2, Attachment;
    /// Pairs begun.
    PairsBegun = 3, Attachment;
    /// Pairs ended; index = reason.
    PairsEnded = 4, Attachment;
    /// DELETED invocations, and those left out on detach; index = reason.
    Cleanups = 5, Attachment;
    /// Run time of timed invocations in 2^-32 s; index = state.
    RunTime = 6, Attachment;
    /// Histogram of run time at NEW; index = bucket.
    RunTimeNew = 7, Attachment;
    /// Histogram of run time at ESTABLISHED; index = bucket.
    RunTimeEstablished = 8, Attachment;
    /// Histogram of run time at DELETED; index = bucket.
    RunTimeDeleted = 9, Attachment;
    /// Time from flow established to a pair's end in 2^-32 s; index = the pair's last answer.
    DecisionTime = 10, Attachment;
    /// Histogram of that time for pairs that ended with ALLOW; index = bucket.
    DecisionTimeAllow = 11, Attachment;
    /// Histogram of that time for pairs that ended with BLOCK; index = bucket.
    DecisionTimeBlock = 12, Attachment;
    /// Histogram of that time for pairs that ended undecided; index = bucket.
    DecisionTimeUndecided = 13, Attachment;
    /// Bytes that ended pairs had been shown; index = the pair's last answer.
    InspectedBytes = 14, Attachment;
    /// Histogram of those bytes, ALLOW; index = bucket.
    InspectedBytesAllow = 15, Attachment;
    /// Histogram of those bytes, BLOCK; index = bucket.
    InspectedBytesBlock = 16, Attachment;
    /// Histogram of those bytes, undecided; index = bucket.
    InspectedBytesUndecided = 17, Attachment;
    /// Segments that ended pairs had been shown; index = the pair's last answer.
    InspectedSegments = 18, Attachment;
    /// Histogram of those segments, ALLOW; index = bucket.
    InspectedSegmentsAllow = 19, Attachment;
    /// Histogram of those segments, BLOCK; index = bucket.
    InspectedSegmentsBlock = 20, Attachment;
    /// Histogram of those segments, undecided; index = bucket.
    InspectedSegmentsUndecided = 21, Attachment;
    /// 1 in the last 10 sets of an attachment that is gone: its totals are final.
    Final = 22, Attachment;
    /// Settled flows; index = (fate x 2 + direction) x 2 + (1 for IPv6).
    Flows = 32, Driver;
    /// Flows that every attachment allowed at NEW.
    FlowsUninspected = 33, Driver;
    /// Contexts that live now; index 0 classifying, 1 blocked.
    Contexts = 34, Driver;
    /// Flows that found `MaxFlows` reached.
    FlowsRefused = 35, Driver;
    /// Flows that the failure policy decided; index = reason of the fate.
    PolicyFailures = 36, Driver;
    /// Segments that were copied; index = direction.
    Copies = 37, Driver;
    /// Bytes that were copied; index = direction.
    CopiedBytes = 38, Driver;
    /// Segments that could not be copied; index = direction.
    CopyFailures = 39, Driver;
    /// Segments of blocked flows that were absorbed; index = direction.
    AbsorbedSegments = 40, Driver;
    /// Bytes of blocked flows that were absorbed; index = direction.
    AbsorbedBytes = 41, Driver;
    /// Bytes that never reached the hook; index = direction.
    MissedBytes = 42, Driver;
    /// Time in callouts in 2^-32 s; index 0 flow established, 1 stream.
    CalloutTime = 43, Driver;
    /// Histogram of that time at flow established; index = bucket.
    CalloutTimeEstablished = 44, Driver;
    /// Histogram of that time at stream; index = bucket.
    CalloutTimeStream = 45, Driver;
    /// Blocked flows that were aborted; index 0 done, 1 failed.
    Aborts = 46, Driver;
    /// Events numbered so far on this processor; index = event id.
    MarkNumbered = 64, Processor;
    /// Events that could not be written on this processor; index = event id.
    MarkFailed = 65, Processor;
}

impl Series {
    /// The range of a histogram series; `None` for a plain counter.
    #[must_use]
    pub const fn histogram(self) -> Option<Range> {
        match self.number() {
            7..=9 | 44 | 45 => Some(RUN_TIME),
            11..=13 => Some(DECISION_TIME),
            15..=17 => Some(BYTES),
            19..=21 => Some(SEGMENTS),
            _ => None,
        }
    }
}

/// Index of [`Series::Invocations`] for known values; `None` where one is unknown.
#[must_use]
pub fn invocation_index(
    state: crate::FlowState,
    direction: crate::Direction,
    answer: crate::Action,
) -> Option<u16> {
    let (state, direction, answer) = (state.index(), direction.index(), answer.index());
    if state > 2 || direction > 1 || answer > 4 {
        return None;
    }
    let place = state.checked_mul(2)?.checked_add(direction)?;
    u16::try_from(place.checked_mul(5)?.checked_add(answer)?).ok()
}

/// Index of [`Series::Flows`] for known values; `None` where one is unknown.
#[must_use]
pub fn flow_index(
    fate: crate::event::Fate,
    direction: crate::Direction,
    is_v6: bool,
) -> Option<u16> {
    let (fate, direction) = (fate.index(), direction.index());
    if fate > 4 || direction > 1 {
        return None;
    }
    let place = fate.checked_mul(2)?.checked_add(direction)?;
    u16::try_from(place.checked_mul(2)?.checked_add(usize::from(is_v6))?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lead_back_to_their_series() {
        for series in Series::ALL {
            assert_eq!(Series::from_number(series.number()), Some(*series));
        }
        assert_eq!(Series::from_number(0), None);
    }

    #[test]
    fn indices_are_dense_and_distinct() {
        let mut seen = std::collections::BTreeSet::new();
        for state in crate::FlowState::ALL {
            for direction in crate::Direction::ALL {
                for answer in crate::Action::ALL {
                    seen.insert(invocation_index(*state, *direction, *answer).unwrap());
                }
            }
        }
        assert_eq!(
            seen.into_iter().collect::<std::vec::Vec<_>>(),
            (0..30).collect::<std::vec::Vec<_>>()
        );
        assert_eq!(
            invocation_index(
                crate::FlowState::Unknown,
                crate::Direction::Inbound,
                crate::Action::Allow
            ),
            None
        );
    }

    #[test]
    fn indices_are_those_that_the_docs_of_their_series_tell() {
        use crate::{Action, Direction, FlowState, event::Fate};
        let invocation = |state, direction, answer| invocation_index(state, direction, answer);
        let outbound = Direction::Outbound;
        assert_eq!(invocation(FlowState::New, outbound, Action::Allow), Some(5));
        assert_eq!(invocation(FlowState::Established, Direction::Inbound, Action::Block), Some(11));
        assert_eq!(flow_index(Fate::Block, Direction::Inbound, false), Some(4));
        assert_eq!(flow_index(Fate::Allow, outbound, true), Some(3));
    }

    #[test]
    fn histograms_have_the_range_of_what_they_count() {
        for series in Series::ALL {
            let name = series.name();
            let expected = match name {
                _ if name.ends_with("Time") => None,
                _ if name.starts_with("RunTime") || name.starts_with("CalloutTime") => {
                    Some((8, 32))
                }
                _ if name.starts_with("DecisionTime") => Some((22, 44)),
                "InspectedBytes" | "InspectedSegments" => None,
                _ if name.starts_with("InspectedBytes") => Some((0, 32)),
                _ if name.starts_with("InspectedSegments") => Some((0, 20)),
                _ => None,
            };
            assert_eq!(series.histogram().map(|it| (it.low, it.high)), expected, "{name}");
        }
    }
}
