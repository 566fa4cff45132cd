//! A snapshot as plain numbers by name and labels, and the same numbers from the driver's totals.

use std::collections::BTreeMap;
use weir_abi::counters::Series;
use weir_abi::event::Fate;
use weir_abi::{Action, Direction, FlowState};
use weir_sim::sets::{Key, Values};
use weir_stages::Snapshot;
use weir_stages::catalogue::{Kind, Source};
use weir_stages::snapshot::Value;

/// Numbers by metric and labels; what is 0 is not there.
pub(crate) type Figures = BTreeMap<String, u64>;

/// Every metric whose source is the driver's counters.
///
/// A program whose Attached event was missed is `attach-<id>`; `labels` gives its label, as far as
/// it is to be forgiven.
pub(crate) fn counters(of: &Snapshot, labels: &BTreeMap<u32, String>) -> Figures {
    let mut figures = Figures::new();
    for family in of.families.iter().filter(|it| it.metric.source == Source::Counters) {
        for sample in &family.samples {
            let names = family.metric.labels.iter().zip(&sample.labels);
            let words = names.map(|(name, value)| {
                let value: &str = value.as_ref();
                let id = value.strip_prefix("attach-").filter(|_| name.name == "program");
                let label = id.and_then(|id| labels.get(&id.parse().ok()?));
                label.map_or(value, String::as_str).to_owned()
            });
            let name = series(family.metric.name, &words.collect::<Vec<_>>());
            match &sample.value {
                Value::Counter(value) => add(&mut figures, name, *value),
                Value::Gauge(value) => add(&mut figures, name, u64::try_from(*value).unwrap()),
                Value::Histogram(histogram) => {
                    add(&mut figures, format!("{name} sum"), histogram.sum);
                    for (bucket, count) in histogram.buckets.iter().enumerate() {
                        add(&mut figures, format!("{name} bucket {bucket}"), *count);
                    }
                }
                other @ (Value::CounterFloat(_) | Value::GaugeFloat(_) | Value::Info) => {
                    panic!("{name} is {other:?}")
                }
            }
        }
    }
    figures
}

/// Those of [`counters`] that only grow.
pub(crate) fn growing(of: &Snapshot) -> Figures {
    let mut figures = counters(of, &BTreeMap::new());
    let gauges: Vec<&str> = of
        .families
        .iter()
        .filter(|it| matches!(it.metric.kind, Kind::Gauge))
        .map(|it| it.metric.name)
        .collect();
    figures.retain(|name, _| !gauges.iter().any(|gauge| name.starts_with(&format!("{gauge}{{"))));
    figures
}

/// Metrics that [`told`] adds up.
const TOLD: [&str; 9] = [
    "weir_program_invocations_total",
    "weir_program_verdicts_total",
    "weir_flow_verdicts_total",
    "weir_flows_uninspected_total",
    "weir_flow_undecided",
    "weir_stream_copies_total",
    "weir_stream_copy_bytes_total",
    "weir_stream_missed_bytes_total",
    "weir_stream_absorbed_bytes_total",
];

/// Of any figures those that [`told`] adds up.
pub(crate) fn only_told(figures: &Figures) -> Figures {
    let is_told = |name: &str| TOLD.iter().any(|it| name.starts_with(&format!("{it}{{")));
    figures.iter().filter(|(name, _)| is_told(name)).map(|(k, v)| (k.clone(), *v)).collect()
}

/// The same from the driver's totals, with the meaning of series and indices written out again.
///
/// `values` holds the last value of every key that any set told: what is final stays.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is compared with the twin alone")]
pub(crate) fn told(values: &Values, labels: &BTreeMap<u32, String>) -> Figures {
    let mut figures = Figures::new();
    let mut pairs: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for (key, value) in values {
        let (series_of, index, scope): Key = *key;
        let index = usize::from(index);
        let label = labels.get(&scope).map_or("", String::as_str);
        let direction = |place: usize| Direction::ALL[place % 2].name();
        match series_of {
            Series::Invocations => {
                let state = FlowState::ALL[index / 10].name();
                let words = [label, state, direction(index / 5)];
                add(&mut figures, series("weir_program_invocations_total", &words), *value);
                let answer = Action::ALL[index % 5];
                if answer != Action::Error {
                    let words = [label, state, answer.name()];
                    add(&mut figures, series("weir_program_verdicts_total", &words), *value);
                }
            }
            Series::PairsBegun => pairs.entry(scope).or_default().0 += value,
            Series::PairsEnded => pairs.entry(scope).or_default().1 += value,
            Series::Flows => {
                let network = ["ipv4", "ipv6"][index % 2];
                let words = [Fate::ALL[index / 4].name(), direction(index / 2), network];
                add(&mut figures, series("weir_flow_verdicts_total", &words), *value);
            }
            Series::FlowsUninspected => {
                add(&mut figures, series::<&str>("weir_flows_uninspected_total", &[]), *value);
            }
            Series::Copies => by_direction(&mut figures, "weir_stream_copies_total", index, *value),
            Series::CopiedBytes => {
                by_direction(&mut figures, "weir_stream_copy_bytes_total", index, *value);
            }
            Series::MissedBytes => {
                by_direction(&mut figures, "weir_stream_missed_bytes_total", index, *value);
            }
            Series::AbsorbedBytes => {
                by_direction(&mut figures, "weir_stream_absorbed_bytes_total", index, *value);
            }
            _ => {}
        }
    }
    for (scope, (begun, ended)) in pairs {
        let label = labels.get(&scope).map_or("", String::as_str);
        add(&mut figures, series("weir_flow_undecided", &[label]), begun - ended);
    }
    figures
}

fn by_direction(figures: &mut Figures, name: &str, index: usize, value: u64) {
    add(figures, series(name, &[Direction::ALL[index].name()]), value);
}

fn series<T: AsRef<str>>(name: &str, words: &[T]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    format!("{name}{{{}}}", words.join(","))
}

fn add(figures: &mut Figures, name: String, value: u64) {
    if value > 0 {
        *figures.entry(name).or_default() += value;
    }
}

/// Every name whose numbers differ, with both.
pub(crate) fn differences(one: &Figures, other: &Figures) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let of = |figures: &Figures, name: &String| figures.get(name).copied().unwrap_or(0);
    names
        .into_iter()
        .filter(|name| of(one, name) != of(other, name))
        .map(|name| format!("{name}: {} and {}", of(one, name), of(other, name)))
        .collect()
}

/// Every name whose number is smaller than it was.
pub(crate) fn fallen(before: &Figures, now: &Figures) -> Vec<String> {
    let smaller = |(name, value): &(&String, &u64)| now.get(*name).copied().unwrap_or(0) < **value;
    before.iter().filter(smaller).map(|(name, value)| format!("{name} was {value}")).collect()
}
