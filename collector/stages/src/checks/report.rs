//! All checks on one machine's evidence: what works, what fails first, what follows from it.

use super::check::{Check, Privilege};
use super::components;
use super::evidence::{Evidence, Kind};
use super::table::CHECKS;
use super::verdict::{Judgement, Verdict};

/// What one check said.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The check.
    pub check: &'static Check,
    /// What it says. Where it follows from another, its verdict is unknown, and the rest is what it
    /// would say.
    pub judgement: Judgement,
    /// The failing check that explains this one.
    pub follows: Option<&'static str>,
}

impl Outcome {
    /// It is unknown for want of evidence that is collected on request only, and nobody asked.
    #[must_use]
    pub fn is_unasked(&self, evidence: &Evidence) -> bool {
        let missing = &self.judgement.missing;
        let unasked =
            |kind: &Kind| kind.is_on_request() && evidence.gaps_of(*kind).next().is_none();
        self.judgement.verdict == Verdict::Unknown
            && self.follows.is_none()
            && missing.iter().any(unasked)
            && missing.iter().all(|kind| unasked(kind) || evidence.has(*kind))
    }
}

/// What all checks said, in the order of the table.
#[derive(Clone, Debug)]
pub struct Report {
    /// One for each check.
    pub outcomes: Vec<Outcome>,
    /// The worst of them, leaving out those that nobody asked for.
    pub verdict: Verdict,
}

impl Report {
    /// Judges evidence.
    #[must_use]
    pub fn of(evidence: &Evidence) -> Self {
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(CHECKS.len());
        for check in CHECKS {
            let judgement = judge(check, evidence);
            let outcome = explained(check, judgement, &outcomes);
            outcomes.push(outcome);
        }
        let asked = outcomes.iter().filter(|it| !it.is_unasked(evidence));
        let verdict = asked
            .map(|it| it.judgement.verdict)
            .fold(Verdict::Ok, |worst, verdict| worst.or_worse(verdict));
        Self { outcomes, verdict }
    }

    /// The outcome of a check.
    #[must_use]
    pub fn outcome(&self, id: &str) -> Option<&Outcome> {
        self.outcomes.iter().find(|it| it.check.id == id)
    }

    /// Outcomes of a verdict.
    pub fn with(&self, verdict: Verdict) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(move |it| it.judgement.verdict == verdict)
    }

    /// The first check that fails: what to mend first.
    #[must_use]
    pub fn first_failure(&self) -> Option<&Outcome> {
        self.with(Verdict::Fail).next()
    }

    /// What follows from a failing check.
    pub fn followers<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Outcome> {
        self.outcomes.iter().filter(move |it| it.follows == Some(id))
    }
}

fn judge(check: &Check, evidence: &Evidence) -> Judgement {
    let missing: Vec<Kind> =
        check.needs.iter().copied().filter(|kind| !evidence.has(*kind)).collect();
    if !missing.is_empty() {
        if check.needs == [Kind::Telemetry] && components::is_without_weir(evidence) {
            return Judgement::ok("nothing of Weir is installed, so nothing is expected");
        }
        return Judgement::without(evidence, &missing);
    }
    let judgement = (check.judge)(evidence);
    let by_system = evidence.system.as_ref().and_then(|it| it.is_elevated);
    let without = [by_system, evidence.is_elevated].contains(&Some(false));
    // Windows' tools leave out what the account may not see, and what is left looks well.
    if judgement.verdict == Verdict::Ok && check.privilege == Privilege::Elevated && without {
        let found =
            format!("was collected without {}, so it cannot be known", check.privilege.name());
        return Judgement::unknown(found, &[]);
    }
    judgement
}

/// A failure that another one explains is not one of its own: mended, it is judged again.
fn explained(check: &'static Check, mut judgement: Judgement, before: &[Outcome]) -> Outcome {
    let is_bad = matches!(judgement.verdict, Verdict::Fail | Verdict::Warn) && !judgement.stands;
    let cause = before.iter().filter(|_| is_bad).find_map(|it| {
        let is_named = check.after.contains(&it.check.id);
        match (is_named, it.judgement.verdict, it.follows) {
            (true, Verdict::Fail, _) => Some(it.check.id),
            // A warning explains a warning, and no failure.
            (true, Verdict::Warn, _) if judgement.verdict == Verdict::Warn => Some(it.check.id),
            // What follows from a consequence follows from its cause.
            (true, Verdict::Unknown, Some(first)) => Some(first),
            _ => None,
        }
    });
    if cause.is_some() {
        judgement.verdict = Verdict::Unknown;
    }
    Outcome { check, judgement, follows: cause }
}
