//! The one table of metrics: exposition, OTLP and the docs are read from it.
//!
//! A new metric is one entry of [`METRICS`] and one function that fills it.

mod table;

pub use table::{METRICS, RESERVED};

use weir_abi::buckets::{BYTES, DECISION_TIME, RUN_TIME, Range, SEGMENTS};

/// Type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows while the collector runs.
    Counter,
    /// Goes both ways.
    Gauge,
    /// Always 1; its labels say something.
    Info,
    /// Counts by size.
    Histogram(Scale),
}

impl Kind {
    /// The name in the docs and in exposition formats.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Info => "info",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// What a histogram measures and which classic buckets it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Octaves that have buckets.
    pub range: Range,
    /// One in the metric's unit is 2 to this power in the driver's.
    pub unit_exponent: u32,
    /// Exponent of the lowest classic bound, in the driver's unit.
    pub classic_first: u32,
    /// Exponent of the highest classic bound.
    pub classic_last: u32,
    /// Octaves from one classic bound to the next.
    pub classic_step: usize,
}

impl Scale {
    /// Run times: classic bounds from 2^-23 s to 2^-3 s.
    pub const RUN_TIME: Self = Self {
        range: RUN_TIME,
        unit_exponent: 32,
        classic_first: 9,
        classic_last: 29,
        classic_step: 1,
    };

    /// Decision times: classic bounds from 2^-10 s to 2^12 s.
    pub const DECISION_TIME: Self = Self {
        range: DECISION_TIME,
        unit_exponent: 32,
        classic_first: 22,
        classic_last: 44,
        classic_step: 1,
    };

    /// Bytes: classic bounds from 64 B to 1 GiB, each four times the last.
    pub const BYTES: Self = Self {
        range: BYTES,
        unit_exponent: 0,
        classic_first: 6,
        classic_last: 30,
        classic_step: 2,
    };

    /// Segments: classic bounds from 1 to 1,024.
    pub const SEGMENTS: Self = Self {
        range: SEGMENTS,
        unit_exponent: 0,
        classic_first: 0,
        classic_last: 10,
        classic_step: 1,
    };

    /// Exponents of the classic bounds in the driver's unit, ascending.
    pub fn classic(self) -> impl Iterator<Item = u32> {
        (self.classic_first..=self.classic_last).step_by(self.classic_step)
    }

    /// A power of two of the driver's unit in the metric's.
    #[must_use]
    pub fn bound(self, exponent: u32) -> f64 {
        2_f64.powi(signed(exponent) - signed(self.unit_exponent))
    }

    /// A sum in the driver's unit in the metric's.
    #[must_use]
    pub fn sum(self, raw: u64) -> f64 {
        as_float(raw) / 2_f64.powi(signed(self.unit_exponent))
    }
}

/// A count as a float; exact up to 2^53.
#[must_use]
pub const fn as_float(value: u64) -> f64 {
    value as f64
}

fn signed(exponent: u32) -> i32 {
    i32::try_from(exponent).unwrap_or(i32::MAX)
}

/// Where a metric's values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The driver's sets of counters: exact after the next whole set, whatever was lost.
    Counters,
    /// The driver's events: current while nothing is lost.
    Events,
    /// The collector itself.
    Collector,
    /// The driver's counters and the collector's own.
    Both,
}

impl Source {
    /// The name in the docs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counters => "counters",
            Self::Events => "events",
            Self::Collector => "collector",
            Self::Both => "counters and collector",
        }
    }
}

/// Values of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Exactly these.
    Fixed(&'static [&'static str]),
    /// Others; this says which, and what bounds them.
    Open(&'static str),
}

/// A label of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Its values.
    pub values: Values,
}

/// Unit of a metric's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Plain numbers.
    None,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// The name's suffix without the underscore; empty for plain numbers.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
        }
    }
}

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Name of its samples in Prometheus text 0.0.4.
    pub name: &'static str,
    /// Type.
    pub kind: Kind,
    /// Unit.
    pub unit: Unit,
    /// What it means, in one sentence without a full stop.
    pub help: &'static str,
    /// Labels, in their order.
    pub labels: &'static [Label],
    /// Where its values come from.
    pub source: Source,
    /// Name in OTLP.
    pub otel_name: &'static str,
    /// UCUM unit in OTLP.
    pub otel_unit: &'static str,
}

impl Metric {
    /// The name without what the type and the unit add to it: `weir_x` of `weir_x_seconds_total`.
    #[must_use]
    pub fn stem(&self) -> &'static str {
        let ending = match self.kind {
            Kind::Counter => "_total",
            Kind::Info => "_info",
            Kind::Gauge | Kind::Histogram(_) => "",
        };
        let stem = self.name.strip_suffix(ending).unwrap_or(self.name);
        let bare = stem.strip_suffix(self.unit.suffix()).unwrap_or(stem);
        bare.strip_suffix('_').unwrap_or(bare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is exposed, and what will be.
    fn all() -> Vec<Metric> {
        METRICS.iter().chain(RESERVED).copied().collect()
    }

    #[test]
    fn names_follow_the_rules() {
        for metric in all() {
            let ending = match metric.kind {
                Kind::Counter => "_total",
                Kind::Info => "_info",
                Kind::Gauge | Kind::Histogram(_) => metric.unit.suffix(),
            };
            // What every process has, everybody calls alike.
            let area = if metric.name.starts_with("process_") { "process" } else { "weir" };
            assert!(metric.name.starts_with(&format!("{area}_")), "{}", metric.name);
            assert!(metric.name.ends_with(ending), "{}", metric.name);
            assert!(metric.stem().len() >= 5 && !metric.stem().ends_with('_'));
            assert!(metric.otel_name.starts_with(&format!("{area}.")), "{}", metric.name);
            assert!(!metric.otel_name.contains("total"), "{}", metric.name);
        }
    }

    #[test]
    fn help_needs_no_escape_and_labels_are_distinct() {
        for metric in all() {
            assert!(!metric.help.contains(['\\', '\n', '"']), "{}", metric.name);
            assert!(!metric.help.ends_with('.'), "{}", metric.name);
            for (place, label) in metric.labels.iter().enumerate() {
                assert!(metric.labels[..place].iter().all(|other| other.name != label.name));
                assert!(!["le", "quantile"].contains(&label.name));
            }
        }
    }

    #[test]
    fn every_metric_stands_once() {
        for (place, metric) in all().iter().enumerate() {
            for other in &all()[..place] {
                assert_ne!(metric.name, other.name);
                assert_ne!(metric.otel_name, other.otel_name, "{}", metric.name);
            }
        }
    }

    #[test]
    fn classic_bounds_are_those_of_the_contract() {
        let bounds = |scale: Scale| scale.classic().map(|e| scale.bound(e)).collect::<Vec<_>>();
        let run_time = bounds(Scale::RUN_TIME);
        assert_eq!(run_time.first(), Some(&2_f64.powi(-23)));
        assert_eq!((run_time.len(), run_time.last()), (21, Some(&0.125)));
        let decision = bounds(Scale::DECISION_TIME);
        assert_eq!((decision.first(), decision.last()), (Some(&2_f64.powi(-10)), Some(&4_096.0)));
        assert_eq!(bounds(Scale::SEGMENTS)[..3], [1.0, 2.0, 4.0]);
        assert_eq!(bounds(Scale::BYTES).len(), 13);
    }
}
