//! What several programs answer, and what it comes to: F.4 3, P4 and P10 of `table`.

use crate::counted::{cleanups, fates};
use crate::kept::deleted;
use crate::scene::{ALLOW, Answers, BLOCK, ESTABLISHED, FAIL, MORE, NEW, Scene, Setup};
use core::cell::Cell;
use std::rc::Rc;
use weir_abi::Direction;
use weir_abi::event::{Fate, PairEnd};
use weir_sim_kernel::ebpf::{Params, Reply, Seen};
use weir_sim_kernel::fwp::layout::{CLASSIFY_OUT_FLAG_ABSORB, action};
use weir_sim_kernel::fwp::stream::{Indication, StreamOutcome};
use weir_sim_kernel::ndis::Shape;

/// What three programs answer to a new flow and to its first segment; to all later ones they
/// answer that they need more.
#[derive(Clone, Copy, Debug, Default)]
struct Case {
    new: [u32; 3],
    data: [u32; 3],
}

/// Words of the log, and whether the flow is blocked at the end.
#[derive(Debug, Default)]
struct Model {
    words: Vec<String>,
    classifying: Vec<usize>,
    is_blocked: bool,
}

impl Model {
    fn say(&mut self, word: &str, program: usize) {
        self.words.push(format!("{word}{program}"));
    }

    /// One walk over the programs of `asked`.
    fn walk(&mut self, word: &str, asked: &[usize], answers: [u32; 3]) {
        for program in asked.iter().copied() {
            self.say(word, program);
            self.classifying.retain(|it| *it != program);
            match answers[program] {
                0 => {}
                1 => {
                    self.is_blocked = true;
                    self.end();
                    return;
                }
                _ => self.classifying.push(program),
            }
        }
    }

    fn end(&mut self) {
        let mut left = core::mem::take(&mut self.classifying);
        left.sort_unstable();
        left.into_iter().for_each(|it| self.say("deleted", it));
    }

    /// A segment, and whether a context is there to be called with.
    fn data(&mut self, answers: [u32; 3]) -> bool {
        let asked = self.classifying.clone();
        let is_called = self.is_blocked || !asked.is_empty();
        self.walk("established", &asked, answers);
        is_called
    }
}

/// A block is told by the action, absorbs, and lets nothing pass; nothing else absorbs.
fn assert_consistent(outcome: &StreamOutcome, about: &str) {
    let is_blocked = outcome.action == action::BLOCK;
    let flags = if is_blocked { CLASSIFY_OUT_FLAG_ABSORB } else { 0 };
    let seen = (outcome.flags, outcome.is_absorbed, outcome.is_permitted);
    assert_eq!(seen, (flags, is_blocked, !is_blocked), "{about}");
    assert!(!outcome.is_called || is_blocked || outcome.action == action::PERMIT, "{about}");
    assert_eq!((outcome.stream_action, outcome.bytes_enforced), (0, 0), "{about}");
}

/// The 729 ways in which three programs answer.
fn cases() -> impl Iterator<Item = Case> {
    let digits = |number: u32| [number / 9 % 3, number / 3 % 3, number % 3];
    (0..729).map(move |number| Case { new: digits(number / 27), data: digits(number % 27) })
}

/// Three programs in attach order, every combination of answers: who is asked, who is told that
/// the flow is gone, and what becomes of the data. In the prototype the last verdict wins.
///
/// Source: github.com/mikeagun/ebpf-for-windows, branch `poc-flow-hook` (read 2026-11)
#[test]
fn f04_03_three_programs_answer_in_every_combination() {
    let Some(scene) = Scene::open() else { return };
    let case = Rc::new(Cell::new((Case::default(), false)));
    for program in 0..3 {
        let case = Rc::clone(&case);
        let script = move |seen: &Seen| {
            let (case, is_later) = case.get();
            Reply::Answer(match seen.context.state {
                NEW => case.new[program],
                ESTABLISHED if is_later => 2,
                ESTABLISHED => case.data[program],
                // What does most harm where it is taken for an answer.
                _ => 1,
            })
        };
        assert!(scene.try_attach(&Params::default(), script).is_ok());
    }
    let mut blocked = 0;
    for now in cases() {
        case.set((now, false));
        let mut model = Model::default();
        let connection = scene.connect();
        model.walk("new", &[0, 1, 2], now.new);
        assert_eq!(connection.established.action, action::CONTINUE, "{now:?}");
        for is_later in [false, true, true] {
            case.set((now, is_later));
            let outcome = connection.send(b"data");
            let is_called = model.data(if is_later { [2; 3] } else { now.data });
            assert_consistent(&outcome, &format!("{now:?}"));
            let seen = (outcome.is_called, outcome.is_absorbed);
            assert_eq!(seen, (is_called, model.is_blocked), "{now:?}");
        }
        connection.close();
        model.end();
        assert_eq!(scene.log(), model.words.join(" "), "{now:?}");
        blocked += u32::from(model.is_blocked);
    }
    // 19 of 27 with a block at NEW, and of the 8 others those where a classifying one blocks.
    assert!(blocked > 19 * 27, "{blocked}");
    let told = fates(&scene).iter().filter(|it| it.0 == Fate::Block).count();
    assert_eq!(u32::try_from(told).unwrap(), blocked);
}

/// An answer of every kind, at NEW and with the data.
const ANSWERS: [&[Reply]; 8] = [
    &[ALLOW],
    &[MORE],
    &[BLOCK],
    &[FAIL],
    &[MORE, ALLOW],
    &[MORE, BLOCK],
    &[MORE, FAIL],
    &[MORE, Reply::Answer(3)],
];

/// The prototype permits an allowed segment with the flag that absorbs it.
///
/// Source: github.com/mikeagun/ebpf-for-windows, branch `poc-flow-hook` (read 2026-11)
#[test]
fn p04_only_a_block_absorbs_whatever_the_answer_and_the_data_are() {
    let mut seen = [0, 0];
    for (is_closed, answers) in ANSWERS.into_iter().flat_map(|it| [(false, it), (true, it)]) {
        let Some(scene) = Scene::boot(&Setup { is_closed, ..Setup::default() }) else { return };
        scene.attach(answers);
        scene.attach(&[MORE]);
        for shape in Shape::ALL {
            let connection = scene.connect();
            let data = || Indication::received(&[1; 40]).shaped(shape);
            let hole = Indication { missed_bytes: 3, ..data() };
            let unreadable = Indication { declared_length: Some(41), ..data() };
            let end = Indication::end(Direction::Inbound);
            for indication in [data(), end, data(), hole, unreadable, data()] {
                let outcome = connection.indicate(&indication);
                assert_consistent(&outcome, &format!("{answers:?} {indication:?}"));
                seen[usize::from(outcome.is_absorbed)] += 1;
            }
        }
    }
    assert!(seen[0] > 100 && seen[1] > 100, "permitted and absorbed: {seen:?}");
}

/// The blocker is in the middle of the order and leaves: those that it ended were told once, its
/// block stays, and new flows are asked without it.
///
/// Source: github.com/mikeagun/ebpf-for-windows, branch `poc-flow-hook` (read 2026-11)
#[test]
fn p10_whoever_a_block_ended_is_told_once_and_not_again_when_the_blocker_leaves() {
    let Some(scene) = Scene::open() else { return };
    let all: Vec<_> = [&[MORE][..], &[MORE, ALLOW], &[MORE, BLOCK], &[MORE]]
        .map(|it| scene.attach_with(&Params::default(), Answers::of(it)))
        .to_vec();
    let (blocked, open) = (scene.connect(), scene.connect());
    assert!(blocked.send(b"x").is_absorbed);
    let told = scene.take_told();
    // Owed to those whose last answer was that they need more, in attach order.
    assert_eq!(deleted(&told), [(0, blocked.flow), (3, blocked.flow)]);
    scene.detach(&all[2]);
    scene.detach(&all[0]);
    assert!(blocked.send(b"x").is_absorbed && blocked.receive(b"y").is_absorbed);
    assert_eq!(scene.log(), "", "no DELETED by a detach, and none again");
    assert!(open.send(b"x").is_permitted);
    assert_eq!(scene.log(), "established1 established3");
    blocked.close();
    open.close();
    assert_eq!(scene.log(), "deleted3");
    let (other, left) = (PairEnd::BlockedByOther, PairEnd::Detached);
    let ends = cleanups(&scene);
    for wanted in [(1, other, false), (4, other, false), (3, left, true), (1, left, true)] {
        assert_eq!(ends.iter().filter(|it| **it == wanted).count(), 1, "{wanted:?}: {ends:?}");
    }
    scene.connect();
    assert_eq!(scene.log(), "new1 new3");
}
