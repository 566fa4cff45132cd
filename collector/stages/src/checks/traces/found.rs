//! Failures of all traces, and what it is worth that there are none of a kind.

use crate::checks::evidence::{Evidence, Kind};
use crate::checks::facts::{FailedCall, Incident, KnownFailure, TraceFacts};
use crate::checks::verdict::Judgement;

/// Who tells of loading and attaching: ebpfapi.dll, ebpfcore and ebpfsvc.
const EBPF: &str = "EbpfForWindowsProvider";

pub(super) fn known(
    evidence: &Evidence,
    (cause, what): (KnownFailure, &str),
    explain: fn(Judgement, &Evidence) -> Judgement,
) -> Judgement {
    let found: Vec<_> = incidents(evidence, cause).collect();
    let Some((_, first)) = found.first() else { return none(evidence, "nothing of the kind") };
    let count: u64 = found.iter().map(|(_, it)| it.count).sum();
    let judgement = Judgement::fail(format!("{what}, {}; first: {}", times(count), told(first)));
    quoted(explain(judgement, evidence), &found)
}

/// Calls that failed for a reason that no other check tells, or for one that another tells: then it
/// follows from that one.
pub(super) fn of_call(
    evidence: &Evidence,
    call: FailedCall,
    (cause, what): (KnownFailure, &str),
    explain: fn(Judgement, &Evidence) -> Judgement,
) -> Judgement {
    let all = || evidence.traces.iter().flat_map(|it| &it.incidents);
    let is_told = all().any(|it| it.cause == cause);
    let others: Vec<&Incident> =
        all().filter(|it| it.cause != cause && it.calls.contains(&call)).collect();
    let Some(first) = others.first().filter(|_| !is_told) else {
        return known(evidence, (cause, what), explain);
    };
    let count: u64 = others.iter().map(|it| it.count).sum();
    let found = format!("{what}, {}; why, {} tells", times(count), check_of(first.cause));
    // What is judged later than this cannot be what this follows from.
    let follows = others.iter().all(|it| it.cause < cause);
    if follows { Judgement::warn(found) } else { Judgement::unknown(found, &[]) }
}

/// The check that tells a cause.
const fn check_of(cause: KnownFailure) -> &'static str {
    match cause {
        KnownFailure::AccessDenied => "WD0501",
        KnownFailure::FileNotFound => "WD0502",
        KnownFailure::ZeroProgramType => "WD0503",
        KnownFailure::ZeroAttachType => "WD0504",
        KnownFailure::NmrAttach => "WD0505",
        KnownFailure::Verification => "WD0506",
        KnownFailure::AttachLimit => "WD0507",
        KnownFailure::Open => "WD0508",
        KnownFailure::Load => "WD0509",
        KnownFailure::Attach => "WD0510",
        KnownFailure::Ioctl => "WD0511",
        KnownFailure::Other => "WD0512",
        KnownFailure::Policy => "WD0514",
    }
}

/// Codes of a cause's failures, without what stands behind the number, in lower case.
pub(super) fn codes(evidence: &Evidence, cause: KnownFailure) -> impl Iterator<Item = String> {
    let number = |code: &str| -> String {
        code.chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_lowercase()
    };
    incidents(evidence, cause).filter_map(move |(_, it)| it.code.as_deref().map(number))
}

pub(super) fn incidents(
    evidence: &Evidence,
    cause: KnownFailure,
) -> impl Iterator<Item = (&TraceFacts, &Incident)> {
    evidence
        .traces
        .iter()
        .flat_map(|trace| trace.incidents.iter().map(move |it| (trace, it)))
        .filter(move |(_, it)| it.cause == cause)
}

pub(super) fn quoted(judgement: Judgement, found: &[(&TraceFacts, &Incident)]) -> Judgement {
    let quotes = found.iter().flat_map(|(_, it)| &it.quotes);
    quotes.fold(judgement, |it, quote| it.quote(&quote.place, quote.text.clone()))
}

pub(super) fn told(incident: &Incident) -> String {
    let mut parts = Vec::new();
    if let Some(subject) = &incident.subject {
        parts.push(format!("`{subject}`"));
    }
    if let Some(code) = &incident.code {
        parts.push(code.clone());
    }
    if let Some(time) = &incident.first_time {
        parts.push(format!("at {time}"));
    }
    if let Some((process, _)) = incident.process {
        parts.push(format!("process {process}"));
    }
    if parts.is_empty() { incident.cause.name().to_owned() } else { parts.join(", ") }
}

/// So many of something.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// Nothing was found. That is worth something where all was there to be found.
pub(super) fn none(evidence: &Evidence, what: &str) -> Judgement {
    let traces = &evidence.traces;
    let is_of_ebpf = |it: &TraceFacts| it.events.iter().any(|it| it.provider == EBPF);
    if !traces.iter().any(is_of_ebpf) {
        let found = format!("the trace has no event of {EBPF}");
        return Judgement::unknown(found, &[Kind::Traces]);
    }
    let events: u64 = traces.iter().flat_map(|it| &it.events).map(|it| it.count).sum();
    let found = format!("{what} in {}{}", counted(events, "event"), span(traces));
    if let Some(gap) = evidence.gaps_of(Kind::Traces).next() {
        let which = gap.which.as_ref().map_or_else(String::new, |it| format!("{it}: "));
        let found = format!("{found}, and a trace is missing: {which}{}", gap.why);
        return Judgement::unknown(found, &[Kind::Traces]);
    }
    let lost: u64 = traces.iter().map(|it| it.events_lost).sum();
    if lost > 0 {
        return Judgement::unknown(format!("{found}, and the session lost {lost}"), &[]);
    }
    let damage: u64 = traces.iter().map(|it| it.damage_total).sum();
    if damage > 0 {
        let found = format!("{found}, and {damage} more could not be read");
        let quotes = traces.iter().flat_map(|it| &it.damage);
        let judgement = Judgement::unknown(found, &[]);
        return quotes.fold(judgement, |it, quote| it.quote(&quote.place, quote.text.clone()));
    }
    Judgement::ok(found)
}

/// From when to when traces are; their times are all of one form.
fn span(traces: &[TraceFacts]) -> String {
    let first = traces.iter().filter_map(|it| it.first_time.as_deref()).min();
    let last = traces.iter().filter_map(|it| it.last_time.as_deref()).max();
    match (first, last) {
        (Some(first), Some(last)) => format!(" from {first} to {last}"),
        _ => String::new(),
    }
}
