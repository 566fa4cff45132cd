//! Numbers that are no answers: P6 of `table`.

use crate::counted::{counted, fates};
use crate::scene::{DELETED, ESTABLISHED, MORE, NEW, Scene, Setup};
use core::cell::Cell;
use std::rc::Rc;
use weir_abi::counters::{Series, invocation_index};
use weir_abi::event::{Fate, FateReason};
use weir_abi::{Action, Direction, FlowState};
use weir_sim_kernel::ebpf::{Params, Reply, Seen};

/// Numbers that are none of the three answers; those whose low bits are one come first.
fn no_answers() -> Vec<u32> {
    let high = (8..32).map(|bit| 1_u32 << bit);
    let low_bits = high.flat_map(|bit| [bit, bit | 1, bit | 2]);
    low_bits.chain(3..300).chain([u32::MAX, u32::MAX - 1, u32::MAX - 2]).collect()
}

/// The prototype takes every other number for a permit that goes on classifying.
///
/// Source: github.com/mikeagun/ebpf-for-windows, branch `poc-flow-hook` (read 2026-11)
#[test]
fn p06_no_number_but_the_three_is_an_answer_and_each_is_counted() {
    for is_closed in [false, true] {
        let Some(scene) = Scene::boot(&Setup { is_closed, ..Setup::default() }) else { return };
        let answer = Rc::new(Cell::new((0, NEW)));
        let now = Rc::clone(&answer);
        let script = move |seen: &Seen| {
            let (number, state) = now.get();
            if seen.context.state == state { Reply::Answer(number) } else { MORE }
        };
        assert!(scene.try_attach(&Params::default(), script).is_ok());
        for (number, state) in
            no_answers().into_iter().flat_map(|it| [(it, NEW), (it, ESTABLISHED), (it, DELETED)])
        {
            answer.set((number, state));
            // Thousands of flows: what is not taken is looked through each time.
            drop(scene.kernel.etw.take_events());
            let connection = scene.connect();
            let is_absorbed = connection.send(b"x").is_absorbed;
            let is_failure = state != DELETED;
            assert_eq!(is_absorbed, is_closed && is_failure, "{number:#x} in state {state}");
            // At NEW its pair ends; within the data it goes on; neither is an ALLOW.
            let is_kept = is_closed || state != NEW;
            assert_eq!(connection.has_context(), is_kept, "{number:#x} in state {state}");
            connection.close();
            let fate = match (is_failure && is_closed, state) {
                (true, _) => (Fate::FailedClosed, FateReason::ProgramError),
                (false, NEW) => (Fate::FailedOpen, FateReason::ProgramError),
                (false, _) => (Fate::Undecided, FateReason::Closed),
            };
            assert_eq!(fates(&scene), [fate], "{number:#x} in state {state}");
        }
        let set = counted(&scene);
        let each = u64::try_from(no_answers().len()).unwrap();
        for state in [FlowState::New, FlowState::Established, FlowState::Deleted] {
            let index = |action| invocation_index(state, Direction::Outbound, action).unwrap();
            let count = |action| set.of(1, Series::Invocations, index(action));
            assert_eq!((count(Action::Invalid), count(Action::Allow)), (each, 0), "{state:?}");
        }
    }
}
