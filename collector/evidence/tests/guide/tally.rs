//! What a change does to verdicts, and how many changes there were.

use crate::bundle::{Form, Read, read};
use crate::samples::{Sample, Samples, sources};
use weir_stages::checks::{Group, Report, Verdict};

/// The check that a change is told by; `None` where it makes no difference.
pub(crate) type Told = Option<(Verdict, &'static str)>;

/// A check fails.
pub(crate) const fn fail(id: &'static str) -> Told {
    Some((Verdict::Fail, id))
}

/// A check warns.
pub(crate) const fn warn(id: &'static str) -> Told {
    Some((Verdict::Warn, id))
}

/// A check does not know any more, and nothing else is different.
pub(crate) const fn doubt(id: &'static str) -> Told {
    Some((Verdict::Unknown, id))
}

/// Evidence of one source in one form, before anything is changed.
pub(crate) struct Case {
    pub(crate) samples: Samples,
    pub(crate) which: Vec<Sample>,
    pub(crate) form: Form,
    /// Somebody says what they expect, and gives the program's object.
    pub(crate) is_expecting: bool,
    base: Report,
}

impl Case {
    fn see(&self, samples: &Samples) -> Read {
        let mut read = read(samples, &self.which, self.form);
        if self.is_expecting {
            read.expect(&self.samples);
        }
        read
    }
}

/// The healthy machine, and these samples too, of every source and in every form.
pub(crate) fn cases(healthy: &[Sample], more: &[Sample]) -> Vec<Case> {
    let mut cases = Vec::new();
    for samples in sources() {
        for form in [Form::Parts, Form::Whole, Form::WholeUtf16] {
            for is_expecting in [false, true] {
                let mut of_base = Case {
                    samples: samples.clone(),
                    which: healthy.to_vec(),
                    form,
                    is_expecting,
                    base: Report::of(&read(&samples, &[], Form::Parts).evidence),
                };
                let read = of_base.see(&samples);
                assert!(read.unread.is_empty(), "{:?}", read.unread);
                of_base.base = Report::of(&read.evidence);
                assert_eq!(told(&of_base.base), [], "{} as {form:?}", samples.source);
                of_base.which.extend(more);
                cases.push(of_base);
            }
        }
    }
    cases
}

/// Checks that fail or warn.
pub(crate) fn told(report: &Report) -> Vec<(Verdict, &'static str)> {
    let is_bad = |it: &Verdict| matches!(it, Verdict::Fail | Verdict::Warn);
    let all = report.outcomes.iter().map(|it| (it.judgement.verdict, it.check.id));
    all.filter(|(verdict, _)| is_bad(verdict)).collect()
}

/// Changes, counted, and what was wrong with them.
#[derive(Default)]
pub(crate) struct Tally {
    count: usize,
    wrong: Vec<String>,
}

impl Tally {
    /// A change of a case is told by one check, or by none, and every other check says what it said
    /// before, or that it follows.
    pub(crate) fn judge(&mut self, case: &Case, what: &str, changed: &Samples, expected: Told) {
        self.count += 1;
        let read = case.see(changed);
        let report = Report::of(&read.evidence);
        let mut wrong: Vec<String> = read.unread.iter().map(ToString::to_string).collect();
        let bad: Vec<_> = expected.into_iter().filter(|it| it.0 != Verdict::Unknown).collect();
        if told(&report) != bad {
            wrong.push(format!("{:?} instead of {expected:?}", told(&report)));
        }
        let id = expected.map(|it| it.1);
        for (before, now) in case.base.outcomes.iter().zip(&report.outcomes) {
            let verdict = now.judgement.verdict;
            if Some(now.check.id) == id {
                if Some(verdict) != expected.map(|it| it.0) || now.follows.is_some() {
                    wrong.push(format!("{} is {verdict:?}", now.check.id));
                }
                if verdict != Verdict::Unknown && now.judgement.remedy.is_empty() {
                    wrong.push(format!("{} has no remedy", now.check.id));
                }
                if verdict == Verdict::Fail && now.judgement.quotes.is_empty() {
                    wrong.push(format!("{} quotes nothing", now.check.id));
                }
            } else if now.follows.is_some() {
                if now.follows != id {
                    wrong.push(format!("{} follows from {:?}", now.check.id, now.follows));
                }
            } else if before.judgement.verdict != verdict
                // A trace of a provider that had none makes known what was not.
                && !(now.check.group == Group::Traces
                    && (before.judgement.verdict, verdict) == (Verdict::Unknown, Verdict::Ok))
            {
                wrong.push(format!(
                    "{} was {:?} and is {verdict:?}: {}",
                    now.check.id, before.judgement.verdict, now.judgement.found
                ));
            }
        }
        self.note(case, what, &wrong);
    }

    /// A change makes a file unreadable, which is told with its place, and the rest is judged.
    pub(crate) fn unread(&mut self, case: &Case, what: &str, changed: &Samples) {
        self.count += 1;
        let read = case.see(changed);
        let report = Report::of(&read.evidence);
        let mut wrong = Vec::new();
        match read.unread.as_slice() {
            [error] if error.kind() == "damaged" => {}
            other => wrong.push(format!("unread: {other:?}")),
        }
        if told(&report).iter().any(|it| it.0 == Verdict::Fail) {
            wrong.push(format!("{:?}", told(&report)));
        }
        self.note(case, what, &wrong);
    }

    fn note(&mut self, case: &Case, what: &str, wrong: &[String]) {
        if !wrong.is_empty() {
            let Case { samples, form, is_expecting, .. } = case;
            let expecting = if *is_expecting { ", with expectations" } else { "" };
            let place = format!("{} as {form:?}{expecting}", samples.source);
            self.wrong.push(format!("{what} ({place}): {}", wrong.join("; ")));
        }
    }

    /// Every change was told as it should be, and there were so many of each source.
    pub(crate) fn end(self, least: usize) {
        assert!(self.wrong.is_empty(), "{} wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
        let least = least * sources().len();
        assert!(self.count >= least, "{} changes, of {least}", self.count);
    }
}
