//! `--summary`: failures by cause, loads, redirections, counts.

use super::Reader;
use super::causes::words as cause_words;
use super::survey::Survey;
use super::words::place;
use crate::failure::one_line;
use crate::table::{number, table};
use comfy_table::{Cell, Table};
use core::fmt::Write as _;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use weir_evidence::trace::{Load, Outcome};
use weir_stages::checks::facts::{Incident, KnownFailure, Redirect};

/// Incidents of all files, the first ones; a file has at most some hundreds.
const INCIDENTS_MAX: usize = 4_096;

/// Kinds of events of all files; of more, the rest is one kind of no name.
const ROWS_MAX: usize = 8_192;

/// Rows of the table of loads; JSON has the same.
const LOAD_ROWS_MAX: usize = 100;

/// Redirections shown of all files.
const REDIRECTS_MAX: usize = 100;

/// A file, as JSON has it.
#[derive(Serialize)]
pub(super) struct FileFacts {
    file: String,
    kind: &'static str,
    events: u64,
    events_lost: u64,
    damage: u64,
}

/// Loads that are alike, as JSON has them.
#[derive(Serialize)]
pub(super) struct LoadRow {
    object: Option<String>,
    outcome: &'static str,
    cause: Option<&'static str>,
    loads: u64,
    first: u64,
    first_time: Option<String>,
}

type LoadKey = (Option<String>, Outcome, Option<KnownFailure>);

/// What all files hold.
#[derive(Default)]
pub(super) struct Summary {
    pub(super) files: Vec<FileFacts>,
    pub(super) incidents: Vec<(String, Incident)>,
    pub(super) noise: u64,
    loads: BTreeMap<LoadKey, (u64, u64, Option<String>)>,
    pub(super) loads_total: u64,
    pub(super) redirects: Vec<Redirect>,
    pub(super) redirects_total: u64,
    pub(super) events: u64,
    pub(super) shown: u64,
    pub(super) rows: BTreeMap<(String, String, u8), u64>,
}

impl Summary {
    /// Takes what a file holds.
    pub(super) fn add(&mut self, path: &Path, reader: &Reader, survey: Survey) {
        let file = path.display().to_string();
        self.files.push(FileFacts {
            file: file.clone(),
            kind: if reader.etl().is_some() { "etl" } else { "text" },
            events: survey.events,
            events_lost: reader.events_lost(),
            damage: reader.damage().total,
        });
        self.events += survey.events;
        self.shown += survey.shown;
        self.noise += survey.incidents.noise();
        for row in survey.counts.rows() {
            let key = (row.provider, row.event, row.level);
            let is_room = self.rows.len() < ROWS_MAX || self.rows.contains_key(&key);
            let key = if is_room { key } else { ("…".to_owned(), "…".to_owned(), 0) };
            *self.rows.entry(key).or_default() += row.count;
        }
        self.loads_total += survey.loads.total();
        for load in survey.loads.kept() {
            self.add_load(load, &survey);
        }
        self.redirects_total += survey.redirects_total;
        self.redirects.extend(survey.redirects.iter().cloned());
        let too_many = self.redirects.len().saturating_sub(REDIRECTS_MAX);
        self.redirects.drain(..too_many);
        let room = INCIDENTS_MAX.saturating_sub(self.incidents.len());
        let incidents = survey.into_incidents().into_iter().take(room);
        self.incidents.extend(incidents.map(|it| (file.clone(), it)));
    }

    fn add_load(&mut self, load: &Load, survey: &Survey) {
        let cause = load.failed_line.and_then(|line| survey.incidents.cause_at(line));
        let key = (load.object.clone(), load.outcome, cause);
        if self.loads.len() >= LOAD_ROWS_MAX && !self.loads.contains_key(&key) {
            return;
        }
        let row = self.loads.entry(key).or_insert_with(|| (0, load.number, load.time.clone()));
        row.0 += 1;
    }

    /// Loads by object and end, the first ones first.
    pub(super) fn load_rows(&self) -> Vec<LoadRow> {
        let row = |((object, outcome, cause), (loads, first, time)): (
            &LoadKey,
            &(u64, u64, Option<String>),
        )| LoadRow {
            object: object.clone(),
            outcome: outcome.name(),
            cause: cause.map(KnownFailure::name),
            loads: *loads,
            first: *first,
            first_time: time.clone(),
        };
        let mut rows: Vec<LoadRow> = self.loads.iter().map(row).collect();
        rows.sort_by_key(|row| row.first);
        rows
    }

    /// As tables.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        append("files", &self.file_table(), &mut out);
        if self.incidents.is_empty() {
            out.push_str("failures\nnone\n\n");
        } else {
            append("failures by cause", &self.failure_table(), &mut out);
        }
        if self.loads_total > 0 {
            append("loads", &self.load_table(), &mut out);
        }
        if self.redirects_total > 0 {
            let title = format!("redirections, the newest of {}", self.redirects_total);
            append(&title, &self.redirect_table(), &mut out);
        }
        append("events", &self.event_table(), &mut out);
        if self.noise > 0 {
            let _infallible = writeln!(
                out,
                "{} events are logged as errors and are none, as providers asked in vain",
                self.noise
            );
        }
        out
    }

    fn file_table(&self) -> Table {
        let mut rows = table(["file", "kind", "events", "events lost", "damage"]);
        for file in &self.files {
            rows.add_row([
                Cell::new(one_line(&file.file)),
                Cell::new(file.kind),
                number(file.events),
                number(file.events_lost),
                number(file.damage),
            ]);
        }
        rows
    }

    /// Failures, those of one cause together, the most frequent cause first.
    fn failure_table(&self) -> Table {
        let mut of_cause: BTreeMap<KnownFailure, u64> = BTreeMap::new();
        for (_, incident) in &self.incidents {
            *of_cause.entry(incident.cause).or_default() += incident.count;
        }
        let mut incidents: Vec<&Incident> = self.incidents.iter().map(|it| &it.1).collect();
        let total = |it: &Incident| of_cause.get(&it.cause).copied().unwrap_or(0);
        incidents.sort_by_key(|it| (u64::MAX - total(it), it.cause, u64::MAX - it.count));
        let mut rows = table(["cause", "count", "code", "object", "first", "meaning"]);
        for it in incidents {
            let thread = it.process.map_or_else(String::new, |it| format!("\n{}.{}", it.0, it.1));
            let time = it.first_time.as_deref().map(one_line);
            rows.add_row([
                Cell::new(it.cause.name()),
                number(it.count),
                Cell::new(it.code.as_deref().map_or_else(|| "-".to_owned(), one_line)),
                Cell::new(it.subject.as_deref().map_or_else(|| "-".to_owned(), one_line)),
                Cell::new(format!("{}{thread}", time.as_deref().unwrap_or("-"))),
                Cell::new(cause_words(it.cause, it.code.as_deref())),
            ]);
        }
        rows
    }

    fn load_table(&self) -> Table {
        let mut rows = table(["object", "end", "cause", "loads", "first", "at"]);
        for row in self.load_rows() {
            rows.add_row([
                Cell::new(row.object.as_deref().map_or_else(|| "-".to_owned(), one_line)),
                Cell::new(row.outcome),
                Cell::new(row.cause.unwrap_or("-")),
                number(row.loads),
                number(row.first),
                Cell::new(row.first_time.as_deref().map_or_else(|| "-".to_owned(), one_line)),
            ]);
        }
        rows
    }

    fn redirect_table(&self) -> Table {
        let mut rows = table(["time", "source", "destination", "redirected to", "verdict"]);
        for it in &self.redirects {
            let is_redirected = it.redirected != it.destination;
            rows.add_row([
                Cell::new(it.time.as_deref().map_or_else(|| "-".to_owned(), one_line)),
                Cell::new(one_line(&place(&it.source))),
                Cell::new(one_line(&place(&it.destination))),
                Cell::new(if is_redirected {
                    one_line(&place(&it.redirected))
                } else {
                    "-".to_owned()
                }),
                Cell::new(it.verdict.map_or_else(|| "-".to_owned(), |it| it.to_string())),
            ]);
        }
        rows
    }

    fn event_table(&self) -> Table {
        let mut rows = table(["provider", "event", "level", "events"]);
        let mut sorted: Vec<_> = self.rows.iter().collect();
        sorted.sort_by_key(|((provider, ..), events)| (provider.as_str(), u64::MAX - **events));
        for ((provider, event, level), events) in sorted {
            rows.add_row([
                Cell::new(one_line(provider)),
                Cell::new(one_line(event)),
                number((*level).into()),
                number(*events),
            ]);
        }
        rows
    }
}

fn append(title: &str, rows: &Table, out: &mut String) {
    // Writing to a string cannot fail.
    let _infallible = writeln!(out, "{title}\n{rows}\n");
}
