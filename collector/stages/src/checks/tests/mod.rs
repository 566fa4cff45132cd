//! Checks on evidence that is made here: a machine on which all is well, with one thing changed.

mod broken;
mod healthy;
mod one_change;
mod rules;
mod told_once;
mod traced;

use super::{Evidence, Report, Verdict};
use healthy::healthy;

/// Ids of checks that say this of evidence.
fn with(report: &Report, verdict: Verdict) -> Vec<&'static str> {
    report.with(verdict).map(|it| it.check.id).collect()
}

/// Changes one thing of a healthy machine, and expects exactly one check to say so.
fn one(verdict: Verdict, id: &str, change: impl FnOnce(&mut Evidence)) -> Report {
    let mut evidence = healthy();
    change(&mut evidence);
    let report = Report::of(&evidence);
    let told = |it| with(&report, it);
    let (fails, warns) = (told(Verdict::Fail), told(Verdict::Warn));
    let expected: (&[&str], &[&str]) =
        if verdict == Verdict::Fail { (&[id], &[]) } else { (&[], &[id]) };
    assert_eq!((fails.as_slice(), warns.as_slice()), expected, "{:#?}", report.outcome(id));
    for outcome in &report.outcomes {
        let is_unknown = outcome.judgement.verdict == Verdict::Unknown;
        assert_eq!(is_unknown, outcome.follows.is_some(), "{:#?}", outcome);
        if let Some(cause) = outcome.follows {
            assert_eq!(cause, id);
        }
    }
    assert_eq!(report.verdict, verdict);
    report
}

fn fails(id: &str, change: impl FnOnce(&mut Evidence)) -> Report {
    one(Verdict::Fail, id, change)
}

fn warns(id: &str, change: impl FnOnce(&mut Evidence)) -> Report {
    one(Verdict::Warn, id, change)
}
