//! What the engine and the reference model both write down about one call, and how the two
//! accounts are compared.
//!
//! Neighbours: `reference` writes the expected account, `subject` the engine's own.

use core::fmt;
use weir_abi::event::PairEnd;
use weir_abi::{Action, FlowState};
use weir_engine::Settled;

/// Number of a rule of the hook's semantics: 12 for S12.
pub(crate) type Rule = u8;

/// One attachment, as the walk meets it. The id is never reused, the slot may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) id: u8,
    pub(crate) slot: u8,
    pub(crate) compartment: u32,
}

/// One line of the log of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// An invocation and its answer; `Unknown` at DELETED, where it is ignored (S25).
    Invoked(u8, FlowState, Action),
    /// A pair's end.
    Ended(u8, PairEnd),
}

impl fmt::Debug for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invoked(slot, state, Action::Unknown) => {
                write!(out, "{}({slot})", state.name())
            }
            Self::Invoked(slot, state, answer) => {
                write!(out, "{}({slot})={}", state.name(), answer.name())
            }
            Self::Ended(slot, end) => write!(out, "end({slot}, {})", end.name()),
        }
    }
}

/// What the walk at NEW came to, without the fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walk {
    Ignored,
    Uninspected,
    Keep,
}

/// Everything that one call shows to the outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) log: Vec<Line>,
    pub(crate) walk: Option<Walk>,
    pub(crate) is_blocked: bool,
    pub(crate) is_released: bool,
    pub(crate) settled: Option<Settled>,
}

impl Account {
    /// Moves `detached` ends last, by slot: such a pair has no place in the attach order any more,
    /// so the text does not say when its end is told (S30).
    pub(crate) fn with_detached_last(mut self) -> Self {
        self.log.sort_by_key(|line| match line {
            Line::Ended(slot, PairEnd::Detached) => slot.saturating_add(1),
            Line::Ended(..) | Line::Invoked(..) => 0,
        });
        self
    }
}

/// The account that the text demands, with the rule behind each part.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    pub(crate) account: Account,
    /// The rule behind each line of the log.
    pub(crate) line_rules: Vec<Rule>,
    /// The rule behind permit, block and release.
    pub(crate) outcome_rule: Rule,
    /// The rule behind the fate.
    pub(crate) fate_rule: Rule,
}

impl Expected {
    pub(crate) fn line(&mut self, line: Line, rule: Rule) {
        self.account.log.push(line);
        self.line_rules.push(rule);
    }

    /// The rule that `seen` breaks, if any.
    pub(crate) fn broken_by(&self, seen: &Account) -> Option<Rule> {
        if self.account == *seen {
            return None;
        }
        let wanted = self.account.clone().with_detached_last();
        let seen = seen.clone().with_detached_last();
        let is_same_outcome = (wanted.walk, wanted.is_blocked, wanted.is_released)
            == (seen.walk, seen.is_blocked, seen.is_released);
        if wanted.log != seen.log {
            Some(self.first_line_broken(&wanted.log, &seen.log))
        } else if !is_same_outcome {
            Some(self.outcome_rule)
        } else if wanted.settled != seen.settled {
            Some(self.fate_rule)
        } else {
            None
        }
    }

    /// The rule of the first line that is missing or different; the outcome's where `seen` has
    /// lines too many.
    fn first_line_broken(&self, wanted: &[Line], seen: &[Line]) -> Rule {
        let same = wanted.iter().zip(seen).take_while(|(wanted, seen)| wanted == seen).count();
        let told =
            wanted.get(same).and_then(|line| self.account.log.iter().position(|own| own == line));
        told.and_then(|at| self.line_rules.get(at)).copied().unwrap_or(self.outcome_rule)
    }
}
