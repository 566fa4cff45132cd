//! Answers, enumerated lazily: a string of decisions that grows as programs are asked.

use crate::record::{Account, Line};
use weir_abi::event::PairEnd;
use weir_abi::{Action, FlowState};
use weir_engine::{Host, Slot};

/// What an attachment can answer at NEW and ESTABLISHED.
pub(crate) const ANSWERS: &[Action] =
    &[Action::NeedMoreData, Action::Allow, Action::Block, Action::Invalid, Action::Error];

/// One run's decisions; [`Self::advance`] turns to the next run's.
#[derive(Clone, Debug)]
pub(crate) struct Odometer {
    answers: &'static [Action],
    digits: Vec<u8>,
    used: usize,
}

impl Odometer {
    /// The first run out of these answers.
    pub(crate) const fn new(answers: &'static [Action]) -> Self {
        Self { answers, digits: Vec::new(), used: 0 }
    }

    /// The next decision of this run.
    pub(crate) fn answer(&mut self) -> Action {
        if self.used == self.digits.len() {
            self.digits.push(0);
        }
        let digit = self.digits.get(self.used).copied().unwrap_or_default();
        self.used += 1;
        self.answers.get(usize::from(digit)).copied().unwrap_or_default()
    }

    /// Starts this run again, for the second of engine and model.
    pub(crate) const fn rewind(&mut self) {
        self.used = 0;
    }

    /// The next run; false after the last.
    pub(crate) fn advance(&mut self) -> bool {
        self.digits.truncate(self.used);
        self.used = 0;
        while let Some(digit) = self.digits.pop() {
            if usize::from(digit) + 1 < self.answers.len() {
                self.digits.push(digit + 1);
                return true;
            }
        }
        false
    }
}

/// Answers out of an odometer and writes down every call.
pub(crate) struct Recorder<'a> {
    pub(crate) odometer: &'a mut Odometer,
    pub(crate) account: Account,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(odometer: &'a mut Odometer) -> Self {
        odometer.rewind();
        Self { odometer, account: Account::default() }
    }
}

impl Host for Recorder<'_> {
    fn invoke(&mut self, slot: Slot, state: FlowState) -> Action {
        let slot = slot.number();
        if state == FlowState::Deleted {
            // The answer is ignored (S25), so any will do: it changes from line to line.
            let at = self.account.log.len() + usize::from(slot);
            self.account.log.push(Line::Invoked(slot, state, Action::Unknown));
            return ANSWERS.get(at % ANSWERS.len()).copied().unwrap_or_default();
        }
        let answer = self.odometer.answer();
        self.account.log.push(Line::Invoked(slot, state, answer));
        answer
    }

    fn ended(&mut self, slot: Slot, end: PairEnd) {
        self.account.log.push(Line::Ended(slot.number(), end));
    }
}
