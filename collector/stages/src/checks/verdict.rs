//! What a check says: verdict, what was found, where that stands, and what to type.

use super::evidence::{Evidence, Gap, Kind};
use super::facts::{Place, Quote};

/// How it stands with what a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, or may; somebody should look.
    Warn,
    /// It does not work.
    Fail,
    /// There is no evidence to say.
    Unknown,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Warn, Self::Fail, Self::Unknown];

    /// The value of `weir_doctor_check_status`, and the exit code of `weir doctor`.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warn => 1,
            Self::Fail => 2,
            Self::Unknown => 3,
        }
    }

    /// As JSON and tables have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }

    /// Of two, the one that counts for both: a failure before a warning before a doubt.
    #[must_use]
    pub const fn or_worse(self, other: Self) -> Self {
        if self.rank() >= other.rank() { self } else { other }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Unknown => 1,
            Self::Warn => 2,
            Self::Fail => 3,
        }
    }
}

/// A step of a remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something to know or to do by hand.
    Say(String),
    /// A command to type, at an elevated command prompt.
    Run(String),
    /// A warning that stands before commands.
    Careful(String),
}

/// Places that a verdict quotes; more are counted.
pub const QUOTES_MAX: usize = 12;

/// What a check says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How it stands.
    pub verdict: Verdict,
    /// What was found; a line.
    pub found: String,
    /// Where it stands, in the evidence's own words.
    pub quotes: Vec<Quote>,
    /// Quotes that were left out.
    pub quotes_left_out: usize,
    /// Why it is so, and what it does.
    pub cause: Option<String>,
    /// What to do, in order.
    pub remedy: Vec<Step>,
    /// Kinds of evidence that were missing.
    pub missing: Vec<Kind>,
    /// It does harm of its own, whatever else fails: it follows from nothing.
    pub stands: bool,
}

impl Judgement {
    fn new(verdict: Verdict, found: impl Into<String>) -> Self {
        Self {
            verdict,
            found: found.into(),
            quotes: Vec::new(),
            quotes_left_out: 0,
            cause: None,
            remedy: Vec::new(),
            missing: Vec::new(),
            stands: false,
        }
    }

    /// It is as it should be.
    #[must_use]
    pub fn ok(found: impl Into<String>) -> Self {
        Self::new(Verdict::Ok, found)
    }

    /// Somebody should look.
    #[must_use]
    pub fn warn(found: impl Into<String>) -> Self {
        Self::new(Verdict::Warn, found)
    }

    /// It does not work.
    #[must_use]
    pub fn fail(found: impl Into<String>) -> Self {
        Self::new(Verdict::Fail, found)
    }

    /// Evidence does not say; `missing` would.
    #[must_use]
    pub fn unknown(found: impl Into<String>, missing: &[Kind]) -> Self {
        Self { missing: missing.to_vec(), ..Self::new(Verdict::Unknown, found) }
    }

    /// There is no evidence of these kinds, and why, where that is known.
    #[must_use]
    pub fn without(evidence: &Evidence, missing: &[Kind]) -> Self {
        let names: Vec<&str> = missing.iter().map(|it| it.name()).collect();
        let mut why: Vec<String> = Vec::new();
        for gap in missing.iter().flat_map(|kind| evidence.gaps_of(*kind)) {
            let told = gap_line(gap);
            if why.len() < QUOTES_MAX && !why.contains(&told) {
                why.push(told);
            }
        }
        let found = format!("needs {}", names.join(" and "));
        Self::unknown(
            if why.is_empty() { found } else { format!("{found}: {}", why.join("; ")) },
            missing,
        )
    }

    /// Quotes a place.
    #[must_use]
    pub fn quote(mut self, place: &Place, text: impl Into<String>) -> Self {
        self.add_quote(place, text);
        self
    }

    /// Quotes a place.
    pub fn add_quote(&mut self, place: &Place, text: impl Into<String>) {
        if self.quotes.len() < QUOTES_MAX {
            self.quotes.push(Quote::new(place, text));
        } else {
            self.quotes_left_out += 1;
        }
    }

    /// Why it is so.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// It does harm of its own.
    #[must_use]
    pub fn standing(mut self) -> Self {
        self.stands = true;
        self
    }

    /// Something to do by hand.
    #[must_use]
    pub fn say(mut self, text: impl Into<String>) -> Self {
        self.remedy.push(Step::Say(text.into()));
        self
    }

    /// A command to type.
    #[must_use]
    pub fn run(mut self, command: impl Into<String>) -> Self {
        self.remedy.push(Step::Run(command.into()));
        self
    }

    /// Steps to take.
    #[must_use]
    pub fn steps(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.remedy.extend(steps);
        self
    }
}

/// A gap as a report tells it.
fn gap_line(gap: &Gap) -> String {
    match &gap.which {
        Some(which) => format!("{which}: {}", gap.why),
        None => gap.why.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_counts_before_a_warning_and_a_warning_before_a_doubt() {
        use Verdict::{Fail, Ok, Unknown, Warn};
        assert_eq!(Ok.or_worse(Unknown), Unknown);
        assert_eq!(Unknown.or_worse(Warn), Warn);
        assert_eq!(Warn.or_worse(Unknown), Warn);
        assert_eq!(Fail.or_worse(Warn).or_worse(Unknown), Fail);
        assert_eq!(Verdict::ALL.map(Verdict::number), [0, 1, 2, 3]);
    }

    #[test]
    fn quotes_are_bounded_and_what_is_left_out_is_counted() {
        let place = Place::new("x", 1);
        let many = (0..QUOTES_MAX + 5).fold(Judgement::ok(""), |it, _| it.quote(&place, "y"));
        assert_eq!((many.quotes.len(), many.quotes_left_out), (QUOTES_MAX, 5));
    }
}
