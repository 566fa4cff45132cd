//! The report as one document: what `--json` prints, and what terminal and page are made from.
//!
//! `docs/doctor-report.schema.json` describes it, and a test holds it to that.

use serde::Serialize;
use std::collections::BTreeMap;
use weir_stages::checks::facts::Quote;
use weir_stages::checks::{Evidence, Gap, Outcome, Report, Step, Verdict};

/// The layout's number; raised where a reader would stumble.
pub(super) const VERSION: u32 = 1;

/// The schema of the document, as `docs/doctor-report.schema.json` has it.
///
/// # Errors
/// None that is known: the schema is made of the types below.
#[cfg(feature = "schema")]
pub fn schema() -> serde_json::Result<String> {
    let schema = schemars::schema_for!(View<'_>);
    serde_json::to_string_pretty(&schema).map(|text| format!("{text}\n"))
}

/// What was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// What else there is to say of files: they count, but are not as the manifest says; or nobody
    /// asked for them.
    pub(super) notes: Vec<NoteView>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct FileView {
    /// Path in the bundle.
    pub(super) path: String,
    /// What it holds, by the names that `missing` has.
    pub(super) holds: Vec<&'static str>,
    /// Why it was taken along and not judged; `null` where it was judged.
    pub(super) not_judged: Option<&'static str>,
}

/// Something about a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct NoteView {
    /// Path in the bundle, or on the machine where it was left there.
    pub(super) path: String,
    /// What there is to say of it.
    pub(super) what: String,
}

/// A file that was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct UnreadView {
    /// Path in the bundle.
    pub(super) path: String,
    /// Why, and where in it.
    pub(super) why: String,
}

/// What `weir doctor --json` prints.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(title = "Report of weir doctor"))]
pub(super) struct View<'a> {
    /// Always `weir-doctor`.
    pub(super) format: &'static str,
    /// The layout's number, raised where a reader would stumble.
    pub(super) version: u32,
    /// The version of weir that judged.
    pub(super) weir: &'static str,
    /// `ok`, `warn`, `fail` or `unknown`: the worst of all checks but those that nobody asked for.
    pub(super) verdict: &'static str,
    /// How many checks have each verdict.
    pub(super) counts: BTreeMap<&'static str, usize>,
    /// The id of the check to look at first.
    pub(super) first_failure: Option<&'static str>,
    /// What was judged.
    pub(super) source: &'a Source,
    /// What could not be collected, and why.
    pub(super) gaps: Vec<GapView<'a>>,
    /// Every check, in the order in which an expert looks.
    pub(super) checks: Vec<CheckView<'a>>,
}

/// Evidence that is missing.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct GapView<'a> {
    /// What it would have been.
    pub(super) kind: &'static str,
    /// Of several of a kind, which.
    pub(super) which: Option<&'a str>,
    /// Why it is missing.
    pub(super) why: &'a str,
    /// It was refused for want of rights.
    pub(super) denied: bool,
    /// Other evidence of the kind is there.
    #[serde(skip)]
    pub(super) is_part: bool,
}

/// What one check says.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct CheckView<'a> {
    /// Stable for good, as `WD0101`.
    pub(super) id: &'static str,
    /// The part of the report that it is in.
    pub(super) group: &'static str,
    /// What holds where it is ok.
    pub(super) title: &'static str,
    /// `ok`, `warn`, `fail` or `unknown`.
    pub(super) verdict: &'static str,
    /// What was found; a line.
    pub(super) found: &'a str,
    /// The id of the failing check that explains this one.
    pub(super) follows_from: Option<&'static str>,
    /// Unknown, and needs evidence that is collected on request only.
    pub(super) on_request: bool,
    /// Kinds of evidence that were missing.
    pub(super) missing: Vec<&'static str>,
    /// Where it stands, in the evidence's own words.
    pub(super) evidence: Vec<QuoteView<'a>>,
    /// Places that were left out.
    pub(super) evidence_left_out: usize,
    /// Why it is so, and what it does.
    pub(super) cause: Option<&'a str>,
    /// What to do, in order.
    pub(super) remedy: Vec<StepView<'a>>,
    /// What whoever collects must be allowed for the check to know anything.
    pub(super) privilege: &'static str,
    /// Where the rule comes from, or where to read on.
    pub(super) docs: &'static str,
}

/// A place, and what stands there.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct QuoteView<'a> {
    /// The file.
    pub(super) file: &'a str,
    /// From 1; 0 where there is none.
    pub(super) line: u64,
    /// What stands there.
    pub(super) text: &'a str,
}

/// A step of a remedy.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct StepView<'a> {
    /// `run` a command, `say` something, `careful` before what comes next.
    pub(super) kind: &'static str,
    /// The command, or the words.
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
            gaps: gaps(evidence),
            checks: report.outcomes.iter().map(|it| check(it, evidence)).collect(),
        }
    }

    /// Checks of a verdict.
    pub(super) fn with(&self, verdict: Verdict) -> impl Iterator<Item = &CheckView<'a>> {
        self.checks.iter().filter(move |it| it.verdict == verdict.name())
    }
}

/// Each once: of several bundles, or several files, many lack alike.
fn gaps(evidence: &Evidence) -> Vec<GapView<'_>> {
    let mut gaps: Vec<&Gap> = Vec::new();
    for gap in &evidence.gaps {
        if !gaps.contains(&gap) {
            gaps.push(gap);
        }
    }
    let views = gaps.into_iter().map(|gap| GapView {
        kind: gap.kind.name(),
        which: gap.which.as_deref(),
        why: &gap.why,
        denied: gap.is_denied,
        is_part: evidence.has(gap.kind),
    });
    views.collect()
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
