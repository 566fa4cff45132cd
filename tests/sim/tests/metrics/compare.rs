//! Two expositions, and the complete list of what may differ between them.
//!
//! Everything else is equal byte for byte, help and types included.

use crate::run::Driven;
use core::ops::AddAssign;
use std::collections::{BTreeMap, BTreeSet};

/// What may differ, by how a line begins, and why. What is held instead is in [`Books::hold`].
const DIFFERENT: [(&str, &str); 5] = [
    ("weir_program_run_seconds", "a replay times nothing; counts are those of the invocations"),
    ("weir_classify_seconds", "the same; counts are those of the kernel's calls"),
    ("weir_driver_info{", "its clock: the performance counter, where a replay has none"),
    (
        "weir_etw_events_received_total{event=\"counters\"}",
        "a replay has a set of counters when traffic begins, and no part of its own for marks",
    ),
    (
        "weir_etw_events_received_total{event=\"detached\"}",
        "the driver detaches every program when it is unloaded; a replay just ends",
    ),
];

/// What unload takes away; compared as it was just before.
const UNTIL_UNLOAD: [&str; 5] = [
    "weir_attachments ",
    "weir_program_info{",
    "# HELP weir_program_info ",
    "# TYPE weir_program_info ",
    "weir_series_active{metric=\"weir_program_info\"}",
];

/// How much was compared.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Compared {
    pub(crate) cases: u64,
    pub(crate) samples: u64,
    pub(crate) flows: u64,
    pub(crate) blocked: u64,
    pub(crate) missed_bytes: u64,
    /// Captures whose clock goes back.
    pub(crate) skipped: u64,
}

impl AddAssign for Compared {
    fn add_assign(&mut self, other: Self) {
        self.cases += other.cases;
        self.samples += other.samples;
        self.flows += other.flows;
        self.blocked += other.blocked;
        self.missed_bytes += other.missed_bytes;
        self.skipped += other.skipped;
    }
}

/// Compares what the driver's events came to with what a replay's did.
///
/// # Errors
/// Every line that differs, and every book that does not balance.
pub(crate) fn compare(driven: &Driven, replayed: &str) -> Result<Compared, String> {
    let is_until_unload = |line: &&str| UNTIL_UNLOAD.iter().any(|begin| line.starts_with(begin));
    let is_different = |line: &&str| DIFFERENT.iter().any(|(begin, _)| line.starts_with(begin));
    let stays = |line: &&str| !is_until_unload(line) && !is_different(line);
    let mut told = Vec::new();
    let ours = driven.text.lines().filter(stays);
    differences(&ours.collect::<Vec<_>>(), &replayed.lines().filter(stays).collect(), &mut told);
    let ours = driven.before_unload.lines().filter(is_until_unload);
    let theirs = replayed.lines().filter(is_until_unload).collect();
    differences(&ours.collect::<Vec<_>>(), &theirs, &mut told);
    let (books, theirs) = (Books::read(&driven.text), Books::read(replayed));
    books.hold(driven, &theirs, &mut told);
    if !told.is_empty() {
        return Err(told.join("\n"));
    }
    let sum = |begin: &str| books.sum(|key| key.starts_with(begin));
    Ok(Compared {
        cases: 1,
        samples: u64::try_from(books.0.len()).unwrap(),
        flows: driven.opened,
        blocked: sum("weir_flow_verdicts_total{verdict=\"block\""),
        missed_bytes: sum("weir_stream_missed_bytes_total"),
        skipped: 0,
    })
}

fn differences(ours: &[&str], theirs: &Vec<&str>, told: &mut Vec<String>) {
    if ours == theirs {
        return;
    }
    let (a, b): (BTreeSet<_>, BTreeSet<_>) = (ours.iter().collect(), theirs.iter().collect());
    told.extend(a.difference(&b).map(|line| format!("driver: {line}")));
    told.extend(b.difference(&a).map(|line| format!("replay: {line}")));
    told.push("the two have other lines, or another order".to_owned());
}

/// Samples by name and labels.
struct Books<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Books<'a> {
    fn read(text: &'a str) -> Self {
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        Self(samples.filter_map(|line| line.rsplit_once(' ')).collect())
    }

    fn sum(&self, is_wanted: impl Fn(&str) -> bool) -> u64 {
        let wanted = self.0.iter().filter(|(key, _)| is_wanted(key));
        wanted.map(|(_, value)| value.parse::<u64>().unwrap()).sum()
    }

    /// Holds what differs against what the kernel knows.
    fn hold(&self, driven: &Driven, replayed: &Self, told: &mut Vec<String>) {
        let mut hold = |what: &str, found: u64, expected: u64| {
            if found != expected {
                told.push(format!("{what}: {found}, expected {expected}"));
            }
        };
        for (key, value) in &self.0 {
            // The figures differ, the series do not.
            hold(key, u64::from(replayed.0.contains_key(key) || is_info(key)), 1);
            if let Some(labels) = key.strip_prefix("weir_program_run_seconds_count") {
                let (program, state) = program_and_state(labels);
                let invoked = self.sum(|key| {
                    key.starts_with("weir_program_invocations_total{")
                        && key.contains(program)
                        && key.contains(state)
                });
                hold(key, value.parse().unwrap(), invoked);
            }
        }
        let classified = |layer: &str| {
            self.sum(|key| key.starts_with("weir_classify_seconds_count") && key.contains(layer))
        };
        hold("calls at flow established", classified("flow_established"), driven.opened);
        hold("calls at stream", classified("stream"), driven.indicated);
        let received = |kind: &str| {
            let key = format!("weir_etw_events_received_total{{event=\"{kind}\"}}");
            self.sum(|it| it == key)
        };
        hold("Counters", received("counters"), driven.counters);
        hold("Detached", received("detached"), driven.attached);
        let missed = self.sum(|key| key.starts_with("weir_stream_missed_bytes_total"));
        hold("missed bytes", missed, driven.missed_bytes);
        let clock = "clock=\"performance_counter\",resolution_ns=\"1\"";
        let infos = self.sum(|key| key.starts_with("weir_driver_info{") && key.contains(clock));
        hold("driver_info with the exact clock", infos, 1);
    }
}

/// Samples whose labels differ, so that they are other series.
fn is_info(key: &str) -> bool {
    key.starts_with("weir_driver_info{")
}

/// The labels `program="…"` and `state="…"` of a sample.
fn program_and_state(labels: &str) -> (&str, &str) {
    let labels = labels.trim_matches(['{', '}']);
    labels.split_once(',').unwrap_or((labels, ""))
}
