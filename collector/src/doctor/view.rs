//! The report as one document: what `--json` prints, and what terminal and page are made from.
//!
//! `docs/doctor-report.schema.json` describes it, and a test holds it to that.

use serde::Serialize;
use std::collections::BTreeMap;
use weir_stages::checks::facts::Quote;
use weir_stages::checks::{Evidence, Gap, Outcome, Report, Step, Verdict};

/// The layout's number; raised where a reader would stumble.
pub(super) const VERSION: u32 = 1;

/// What was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Source {
    /// The bundle's path; `null` where the machine itself was looked at.
    pub(super) bundle: Option<String>,
    /// When it was collected, RFC 3339; `null` where nobody says.
    pub(super) collected_at: Option<String>,
    /// The machine's name, where it is told.
    pub(super) host: Option<String>,
    /// Windows' version, where it is told.
    pub(super) windows: Option<String>,
    /// Whether whoever collected was elevated.
    pub(super) elevated: Option<bool>,
    /// Files that were read, and what they hold.
    pub(super) files: Vec<FileView>,
    /// Files that could not be read, or were left out, and why.
    pub(super) unread: Vec<UnreadView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct FileView {
    pub(super) path: String,
    pub(super) holds: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct UnreadView {
    pub(super) path: String,
    pub(super) why: String,
}

/// The document.
#[derive(Debug, Serialize)]
pub(super) struct View<'a> {
    pub(super) format: &'static str,
    pub(super) version: u32,
    pub(super) weir: &'static str,
    pub(super) verdict: &'static str,
    pub(super) counts: BTreeMap<&'static str, usize>,
    /// The id of the check to look at first.
    pub(super) first_failure: Option<&'static str>,
    pub(super) source: &'a Source,
    pub(super) gaps: Vec<GapView<'a>>,
    pub(super) checks: Vec<CheckView<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct GapView<'a> {
    pub(super) kind: &'static str,
    pub(super) which: Option<&'a str>,
    pub(super) why: &'a str,
    pub(super) denied: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct CheckView<'a> {
    pub(super) id: &'static str,
    pub(super) group: &'static str,
    pub(super) title: &'static str,
    pub(super) verdict: &'static str,
    pub(super) found: &'a str,
    pub(super) follows_from: Option<&'static str>,
    /// Unknown, and needs evidence that is collected on request only.
    pub(super) on_request: bool,
    pub(super) missing: Vec<&'static str>,
    pub(super) evidence: Vec<QuoteView<'a>>,
    pub(super) evidence_left_out: usize,
    pub(super) cause: Option<&'a str>,
    pub(super) remedy: Vec<StepView<'a>>,
    pub(super) privilege: &'static str,
    pub(super) docs: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct QuoteView<'a> {
    pub(super) file: &'a str,
    /// From 1; 0 where there is none.
    pub(super) line: u64,
    pub(super) text: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct StepView<'a> {
    /// `run` a command, `say` something, `careful` before what comes next.
    pub(super) kind: &'static str,
    pub(super) text: &'a str,
}

impl<'a> View<'a> {
    /// The document of a report.
    pub(super) fn new(report: &'a Report, evidence: &'a Evidence, source: &'a Source) -> Self {
        let counts = Verdict::ALL.map(|it| (it.name(), report.with(it).count()));
        Self {
            format: "weir-doctor",
            version: VERSION,
            weir: env!("CARGO_PKG_VERSION"),
            verdict: report.verdict.name(),
            counts: counts.into(),
            first_failure: report.first_failure().map(|it| it.check.id),
            source,
            gaps: evidence.gaps.iter().map(gap).collect(),
            checks: report.outcomes.iter().map(|it| check(it, evidence)).collect(),
        }
    }

    /// Checks of a verdict.
    pub(super) fn with(&self, verdict: Verdict) -> impl Iterator<Item = &CheckView<'a>> {
        self.checks.iter().filter(move |it| it.verdict == verdict.name())
    }
}

fn gap(gap: &Gap) -> GapView<'_> {
    let which = gap.which.as_deref();
    GapView { kind: gap.kind.name(), which, why: &gap.why, denied: gap.is_denied }
}

fn check<'a>(outcome: &'a Outcome, evidence: &Evidence) -> CheckView<'a> {
    let (check, judgement) = (outcome.check, &outcome.judgement);
    CheckView {
        id: check.id,
        group: check.group.title(),
        title: check.title,
        verdict: judgement.verdict.name(),
        found: &judgement.found,
        follows_from: outcome.follows,
        on_request: outcome.is_unasked(evidence),
        missing: judgement.missing.iter().map(|it| it.name()).collect(),
        evidence: judgement.quotes.iter().map(quote).collect(),
        evidence_left_out: judgement.quotes_left_out,
        cause: judgement.cause.as_deref(),
        remedy: judgement.remedy.iter().map(step).collect(),
        privilege: check.privilege.name(),
        docs: check.docs,
    }
}

fn quote(quote: &Quote) -> QuoteView<'_> {
    QuoteView { file: &quote.place.file, line: quote.place.line, text: &quote.text }
}

fn step(step: &Step) -> StepView<'_> {
    let (kind, text) = match step {
        Step::Say(text) => ("say", text),
        Step::Run(text) => ("run", text),
        Step::Careful(text) => ("careful", text),
    };
    StepView { kind, text }
}
