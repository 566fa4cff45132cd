//! Records to bounded state.
//!
//! * [`Limits`], [`Options`]: bounds, and what the shell knows.
//! * totals: sets of counters, whole or not at all, over attachments, programs and restarts; doubt:
//!   sets that cannot be the driver's.
//! * ledger: which numbered events came, which were lost.
//! * flows: the live set of undecided flows; capture: whether it can be trusted.
//! * naming: which eBPF program is behind which attachment.
//! * driver: what the driver says of itself.
//!
//! The time of an event is its own; `now` comes with [`Aggregator::tick`] and with the snapshot.

mod apply;
mod attachments;
mod capture;
mod doubt;
mod driver;
mod flows;
mod label;
mod ledger;
mod limits;
mod naming;
mod programs;
mod sets;
mod table;
mod tombstones;
mod totals;
mod track;
mod window;

pub(crate) use attachments::SLOTS;
pub use driver::Driver;
pub(crate) use flows::{Flow, LiveSet};
pub use label::{OTHER, label_value};
pub use limits::{Limits, Options};
pub use naming::{Link, LoadedProgram, Look, Revision, VoidLook};
pub use table::RESULTS;
pub(crate) use table::SeriesTable;
pub(crate) use totals::Totals;
pub use track::Account;

use crate::batch::EventBatch;
use crate::decode::Intake;
use crate::kinds::{KINDS, KindSet};
use capture::Capture;
pub use capture::Last as LastCapture;
use flows::Segment;
use ledger::Ledger;
use naming::Naming;
use sets::SetAssembler;

/// Segments that are gathered before the flow table is touched.
///
/// 64 independent look-ups overlap their cache misses; one at a time would wait for each.
const SEGMENTS_GATHERED: usize = 64;

/// The state of the collector.
#[derive(Debug)]
pub struct Aggregator {
    pub(crate) limits: Limits,
    pub(crate) intake: Intake,
    pub(crate) totals: Totals,
    pub(crate) flows: LiveSet,
    pub(crate) driver: Driver,
    ledger: Ledger,
    sets: SetAssembler,
    capture: Capture,
    epoch: Option<u32>,
    activated_ns: u64,
    foreign: Foreign,
    naming: Naming,
    /// Events of the active load since it became so.
    admitted: [u64; KINDS],
    segments: [Segment; SEGMENTS_GATHERED],
    gathered: usize,
}

/// Events of a load of the driver that is not the active one.
#[derive(Clone, Copy, Debug, Default)]
struct Foreign {
    epoch: u32,
    counts: [u64; KINDS],
}

/// Oddities that no metric shows one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Sets of counters given up: a part never came, or a bound was reached.
    pub sets_given_up: u64,
    /// Whole sets that could not follow the one before them.
    pub sets_doubted: u64,
    /// Entries of counters that this version does not know.
    pub unknown_entries: u64,
    /// Attachments that found their bound reached.
    pub attachments_refused: u64,
    /// Programs that were put into `other`.
    pub programs_limited: u64,
    /// Flows that found their bound reached.
    pub flows_refused: u64,
}

impl Aggregator {
    /// An empty state with these bounds.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with_options(Options { limits, ..Options::default() })
    }

    /// An empty state.
    #[must_use]
    pub fn with_options(options: Options) -> Self {
        let limits = options.limits;
        Self {
            limits,
            intake: Intake::default(),
            totals: Totals::new(limits),
            flows: LiveSet::new(limits.flows, options.hash_seed),
            driver: Driver::default(),
            ledger: Ledger::new(limits.processors, options.listening, options.deferred),
            sets: SetAssembler::new(limits.pending_sets, limits.pending_entries),
            capture: Capture::default(),
            epoch: None,
            activated_ns: 0,
            foreign: Foreign::default(),
            naming: Naming::default(),
            admitted: [0; KINDS],
            segments: [Segment::default(); SEGMENTS_GATHERED],
            gathered: 0,
        }
    }

    /// Applies every event of a batch.
    pub fn apply(&mut self, batch: &EventBatch) {
        for (head, payload) in batch.iter() {
            self.gather(head, payload);
        }
        self.flush_segments();
    }

    /// Applies one event.
    pub fn apply_event(&mut self, head: &weir_abi::EventHead, payload: &[u8]) {
        self.gather(head, payload);
        self.flush_segments();
    }

    /// Counts events of one kind that a queue outside had no room for.
    ///
    /// They leave gaps in the sequence too, so they are among the lost as well.
    pub fn queue_dropped(&mut self, id: u16, count: u64) {
        self.intake.queue_dropped(id, count);
    }

    /// Changes which kinds our sessions have enabled.
    pub fn listen(&mut self, kinds: KindSet) {
        self.ledger.listen(kinds);
    }

    /// Lets time pass: a capture state that does not end is given up.
    pub const fn tick(&mut self, now_ns: u64) {
        self.capture.tick(now_ns);
    }

    /// Closes the intervals that wait for another session's events: call at the end of a trace.
    pub fn finish(&mut self) {
        let losses = self.ledger.finish();
        self.note_losses(&losses);
        self.refuse_foreign();
    }

    /// Whether the driver should be asked for a capture state.
    #[must_use]
    pub const fn wants_capture(&self) -> bool {
        self.capture.is_wanted()
    }

    /// The last capture state that proved whole, of the active load of the driver.
    #[must_use]
    pub const fn last_capture(&self) -> Option<LastCapture> {
        self.capture.last()
    }

    /// Whether every undecided flow is known and nothing else is.
    #[must_use]
    pub const fn is_flow_set_complete(&self) -> bool {
        self.capture.is_complete()
    }

    /// What became of every event, by kind.
    #[must_use]
    pub const fn intake(&self) -> &Intake {
        &self.intake
    }

    /// The account of closed intervals, by kind.
    #[must_use]
    pub const fn accounts(&self) -> &[Account; KINDS] {
        self.ledger.accounts()
    }

    /// What the driver says of itself.
    #[must_use]
    pub const fn driver(&self) -> &Driver {
        &self.driver
    }

    /// Undecided flows in the live set.
    #[must_use]
    pub fn flows_live(&self) -> usize {
        self.flows.len()
    }

    /// Oddities that no metric shows one by one.
    #[must_use]
    pub fn oddities(&self) -> Oddities {
        Oddities {
            sets_given_up: self.sets.given_up(),
            sets_doubted: self.totals.doubted(),
            unknown_entries: self.totals.unknown_entries(),
            attachments_refused: self.totals.refused(),
            programs_limited: self.totals.programs.limited(),
            flows_refused: self.flows.refused(),
        }
    }
}
