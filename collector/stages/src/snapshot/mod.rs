//! State and `now` to sorted families of samples.
//!
//! A snapshot is plain data: text, protobuf and OTLP encoders read the same one, and the command
//! line reads its tables beside it.
//! Every series that can be known is there from 0: for each program every state, direction and
//! verdict; what the driver counts, once it has told its totals.

mod collector;
mod doctor;
mod driver;
mod family;
mod flows;
mod programs;
mod shell;
mod survey;
mod tables;
mod wfp;

pub use doctor::DoctorFacts;
pub use family::{Family, HistogramValue, LabelValue, Sample, Value};
pub use shell::{ExporterFacts, Lag, ProcessFacts, SessionFacts, Shell, WebFacts};
pub use tables::{FateRow, FlowRow, ProgramRow, Tables};
pub use wfp::{WfpFacts, WfpForeign, WfpFound, WfpObject};

use crate::aggregate::Aggregator;
use crate::catalogue::{METRICS, Metric, Source};
use family::Builder;
use survey::Survey;

/// How a snapshot is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotOptions {
    /// An undecided flow with a segment is stuck when it is older than this; 30 s.
    pub stuck_after_ns: u64,
    /// How many of the oldest undecided flows are shown one by one; 50, 0 for none.
    pub detail_flows: usize,
    /// Version of the collector, for `weir_build_info`.
    pub version: &'static str,
}

impl Default for SnapshotOptions {
    fn default() -> Self {
        Self {
            stuck_after_ns: 30_000_000_000,
            detail_flows: 50,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// Most flows that a snapshot shows one by one, whatever the options say: three series each.
pub const DETAIL_FLOWS_MAX: usize = 1_000;

/// Every family at one moment, in the order of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The moment.
    pub now_ns: u64,
    /// The families; samples are sorted by their labels.
    pub families: Vec<Family>,
    /// The same state as rows for people.
    pub tables: Tables,
    /// When the counts began whose source is the driver: the earliest load that they hold, in
    /// nanoseconds since 1970; `None` before the first whole set, and where no driver has said it.
    pub driver_since_ns: Option<u64>,
    /// Undecided flows that count as waiting although they are old enough to be stuck.
    ///
    /// Where nobody listens to invocations, segments are known as of the last capture state only:
    /// another one tells which of these flows have had data since.
    pub flows_doubtful: u64,
}

impl Snapshot {
    /// The family of a metric.
    #[must_use]
    pub fn family(&self, name: &str) -> Option<&Family> {
        self.families.iter().find(|family| family.metric.name == name)
    }

    /// One value; `None` where there is no such metric or no such series.
    #[must_use]
    pub fn value(&self, name: &str, labels: &[&str]) -> Option<&Value> {
        let samples = &self.family(name)?.samples;
        let wanted =
            |sample: &&Sample| sample.labels.iter().map(AsRef::as_ref).eq(labels.iter().copied());
        samples.iter().find(wanted).map(|sample| &sample.value)
    }
}

impl Aggregator {
    /// The state at `now_ns`, by itself.
    #[must_use]
    pub fn snapshot(&self, now_ns: u64, options: &SnapshotOptions) -> Snapshot {
        self.snapshot_within(now_ns, options, &Shell::default())
    }

    /// The state at `now_ns`, and what surrounds it.
    #[must_use]
    pub fn snapshot_within(
        &self,
        now_ns: u64,
        options: &SnapshotOptions,
        shell: &Shell,
    ) -> Snapshot {
        let survey = Survey::take(self, now_ns, options);
        let driver_totals = self.totals.driver();
        let programs = programs::ProgramTotals::of(&self.totals);
        let mut families: Vec<Family> = METRICS
            .iter()
            .map(|metric| {
                let mut out = Builder::new(metric);
                if metric.source == Source::Counters && !self.totals.is_told() {
                    // A 0 would be read as a reset, and the first set as all of it at once.
                    return out.finish();
                }
                let is_filled = programs::fill(&mut out, &programs)
                    || driver::fill(&mut out, &driver_totals)
                    || flows::fill(&mut out, &survey)
                    || shell::fill(&mut out, shell)
                    || collector::fill(&mut out, self, now_ns, options);
                debug_assert!(is_filled || metric.name == ACTIVE, "{} has no source", metric.name);
                out.finish()
            })
            .collect();
        count_series(&mut families);
        let flows_doubtful = survey.doubtful;
        let tables = Tables::of(&programs, &driver_totals, survey);
        let driver_since_ns = self.totals.since_ns();
        Snapshot { now_ns, families, tables, driver_since_ns, flows_doubtful }
    }
}

const ACTIVE: &str = "weir_series_active";

/// Fills in how many label sets each family with labels has, itself left out.
fn count_series(families: &mut [Family]) {
    let counts: Vec<(&'static Metric, u64)> = families
        .iter()
        .filter(|family| !family.metric.labels.is_empty() && family.metric.name != ACTIVE)
        .map(|family| (family.metric, family.samples.len() as u64))
        .collect();
    let Some(family) = families.iter_mut().find(|family| family.metric.name == ACTIVE) else {
        return;
    };
    let mut out = Builder::new(family.metric);
    for (metric, count) in counts {
        out.gauge([metric.name], count);
    }
    *family = out.finish();
}
