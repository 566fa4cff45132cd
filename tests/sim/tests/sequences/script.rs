//! Programs that answer as the sequence says, and write down that they were asked.

use core::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use weir_abi::{Action, FlowState};
use weir_sim_kernel::ebpf::{Body, Reply, Seen};

/// What all programs of a stage share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script(Rc<RefCell<Pages>>);

#[derive(Debug, Default)]
struct Pages {
    /// Who is to be asked next, by number of the attachment.
    answers: VecDeque<(u8, FlowState, Action)>,
    /// Who was asked.
    asked: Vec<(u8, FlowState)>,
    wrong: Vec<String>,
}

impl Script {
    /// The program of an attachment.
    pub(crate) fn program(&self, id: u8) -> Body {
        let script = self.clone();
        Body::Script(Box::new(move |seen| script.0.borrow_mut().ask(id, seen)))
    }

    /// What is to be answered in the next step.
    pub(crate) fn set(&self, answers: impl Iterator<Item = (u8, FlowState, Action)>) {
        let mut pages = self.0.borrow_mut();
        pages.answers = answers.collect();
        pages.asked.clear();
    }

    /// Who was asked in this step.
    ///
    /// # Errors
    /// Somebody was asked whom the model does not ask, or was not asked.
    pub(crate) fn asked(&self) -> Result<Vec<(u8, FlowState)>, String> {
        let pages = self.0.borrow();
        if !pages.wrong.is_empty() || !pages.answers.is_empty() {
            return Err(format!("{:?}; not asked: {:?}", pages.wrong, pages.answers));
        }
        Ok(pages.asked.clone())
    }
}

impl Pages {
    fn ask(&mut self, id: u8, seen: &Seen) -> Reply {
        let state =
            u8::try_from(seen.context.state).map_or(FlowState::Unknown, FlowState::from_raw);
        self.asked.push((id, state));
        let answer = if state == FlowState::Deleted {
            // Ignored (S25), so any will do.
            let at = (self.asked.len() + usize::from(id)) % crate::ANSWERS.len();
            crate::ANSWERS[at]
        } else {
            match self.answers.pop_front() {
                Some((wanted, of, answer)) if (wanted, of) == (id, state) => answer,
                other => {
                    self.wrong.push(format!("{id} is asked at {state:?}, expected {other:?}"));
                    Action::NeedMoreData
                }
            }
        };
        match answer {
            Action::Allow => Reply::Answer(0),
            Action::Block => Reply::Answer(1),
            Action::NeedMoreData => Reply::Answer(2),
            Action::Invalid => Reply::Answer(3),
            Action::Error | Action::Unknown => Reply::Fail(17),
        }
    }
}
