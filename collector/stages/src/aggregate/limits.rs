//! What bounds the aggregator's memory, and what it is told from outside.

use crate::kinds::KindSet;

/// Bounds of the state. A field's default is right unless a host is far from ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Attachments of one load of the driver that are kept apart.
    ///
    /// 64 can be attached at once (S28); the rest is room for those whose last totals are still
    /// on their way.
    /// At the bound the oldest detached one is added to its program's totals; where all are
    /// attached, the new one is left out and `weir_series_limited_total{metric="weir_program_info"}`
    /// moves.
    pub attachments: usize,
    /// Values of the label `program`.
    ///
    /// 256 programs are about 60,000 samples, what one scrape carries well.
    /// At the bound the oldest program without an attachment is added to `program="other"`; where
    /// all have one, the new one is; both move
    /// `weir_series_limited_total{metric="weir_program_invocations_total"}`.
    pub programs: usize,
    /// Undecided flows of the live set.
    ///
    /// The driver's own default bound (`MaxFlows`); 96 bytes each.
    /// At the bound a new flow is left out, `weir_flow_set_complete` falls to 0 and
    /// `weir_series_limited_total{metric="weir_flow_undecided_older"}` moves.
    pub flows: usize,
    /// Processors whose events are accounted for.
    ///
    /// Windows runs on up to 2,048.
    /// An event of a processor beyond is counted in `weir_etw_unaccounted`.
    pub processors: usize,
    /// Sets of counters that wait for parts.
    ///
    /// Sets come in order, a second apart; four bridge any reordering of buffers.
    /// At the bound the oldest is given up; the next whole set makes up for it.
    pub pending_sets: usize,
    /// Entries that all waiting sets hold together, 16 bytes each.
    ///
    /// A set of 64 attachments with every bucket used is 320,000 entries.
    /// At the bound the set that crosses it is given up.
    pub pending_entries: usize,
    /// Loads of the driver whose totals are kept apart.
    ///
    /// A driver restarts seldom; four bridge events that come late or are forged.
    /// At the bound the oldest load's totals are added to the programs' for good.
    pub epochs: usize,
    /// Bytes of a label value after escaping; longer ones are cut.
    ///
    /// The contract's labels have at most 63 bytes; escapes need room.
    pub label_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attachments: 256,
            programs: 256,
            flows: 1 << 20,
            processors: 2_048,
            pending_sets: 4,
            pending_entries: 1 << 19,
            epochs: 4,
            label_bytes: 128,
        }
    }
}

/// What the shell knows and the stages cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bounds.
    pub limits: Limits,
    /// Kinds that the collector's own sessions have enabled; only they can be lost.
    ///
    /// Another session may make the driver number kinds that nobody delivers to us.
    pub listening: KindSet,
    /// Kinds that come over another session than Counters.
    ///
    /// Their events may come after the mark that covers them, so their intervals are closed one
    /// whole set later.
    pub deferred: KindSet,
    /// Seed of the flow table, so that nobody can choose colliding keys.
    pub hash_seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            listening: KindSet::ALL,
            deferred: KindSet::NONE,
            hash_seed: 0,
        }
    }
}
