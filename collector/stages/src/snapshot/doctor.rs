//! Families about what the doctor says of this machine.

use super::family::{Builder, LabelValue};
use crate::checks::{Report, Verdict};

const NONE: [LabelValue; 0] = [];

/// What looks of the doctor have found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DoctorFacts {
    /// Looks.
    pub looks: u64,
    /// What the last one said of each check, by its id; empty before the first.
    pub checks: Vec<(&'static str, Verdict)>,
}

impl DoctorFacts {
    /// Takes a look's report in.
    pub fn take(&mut self, report: &Report) {
        self.looks = self.looks.saturating_add(1);
        let outcomes = report.outcomes.iter();
        self.checks = outcomes.map(|it| (it.check.id, it.judgement.verdict)).collect();
    }

    /// A look that came to nothing: what was known is known no more.
    pub fn forget(&mut self) {
        self.looks = self.looks.saturating_add(1);
        self.checks.iter_mut().for_each(|(_, verdict)| *verdict = Verdict::Unknown);
    }
}

pub(super) fn fill(out: &mut Builder, it: &DoctorFacts) {
    if out.metric.name == "weir_doctor_looks_total" {
        return out.counter(NONE, it.looks);
    }
    for (id, verdict) in &it.checks {
        out.gauge([*id], u64::from(verdict.number()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::Evidence;
    use crate::checks::table::CHECKS;

    #[test]
    fn a_look_tells_each_check_and_one_that_fails_leaves_none_ok() {
        let mut facts = DoctorFacts::default();
        facts.take(&Report::of(&Evidence::default()));
        assert_eq!((facts.looks, facts.checks.len()), (1, CHECKS.len()));
        facts.checks[0].1 = Verdict::Ok;
        facts.forget();
        assert_eq!(facts.looks, 2);
        assert!(facts.checks.iter().all(|(_, it)| *it == Verdict::Unknown));
    }
}
