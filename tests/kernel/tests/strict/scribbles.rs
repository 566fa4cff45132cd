//! Contexts that are written all over, header included, by the core or by programs: no later
//! decision, event or context of anybody differs from a run in which nobody did (S02).

use crate::scene::{ALLOW, Answers, BLOCK, MORE, Scene, Setup};
use weir_abi::event::{
    Cleanup, ErrorEvent, FlowClosed, FlowEstablished, FlowUninspected, Invocation, Verdict,
};
use weir_abi::wire::Ticks;
use weir_sim_kernel::ebpf::{Body, Params, Reply, TestRun, TestRunInput};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::ndis::Shape;

/// NEW and the segments that follow, for three programs: they go on, allow, block, each at another
/// place in the data.
const PROGRAMS: [[Reply; 5]; 3] = [
    [MORE, MORE, MORE, MORE, ALLOW],
    [MORE, MORE, ALLOW, ALLOW, ALLOW],
    [MORE, MORE, MORE, MORE, BLOCK],
];

/// Everything that came of a run, as text that two runs can be compared by.
#[derive(Debug, Default, PartialEq, Eq)]
struct Story {
    seen: Vec<String>,
    outcomes: Vec<String>,
    events: Vec<String>,
}

/// The answer of a program that writes all over its context, if `scribbles`.
fn as_asked(reply: Reply, scribbles: bool) -> Reply {
    match reply {
        Reply::Answer(answer) if scribbles => Reply::Scribble(answer),
        Reply::Answer(_) | Reply::Fail(_) | Reply::Scribble(_) => reply,
    }
}

/// One life with three programs, of which those of the mask scribble.
fn life(mask: u32, is_closed: bool) -> Option<Story> {
    let scene = Scene::boot(&Setup { is_closed, ..Setup::default() })?;
    for (program, answers) in PROGRAMS.iter().enumerate() {
        let scribbles = mask & 1 << program != 0;
        let answers = answers.map(|reply| as_asked(reply, scribbles));
        let deleted = as_asked(ALLOW, scribbles);
        scene.attach_with(&Params::default(), Answers { deleted, ..Answers::of(&answers) });
    }
    let mut story = Story::default();
    let specs = [FlowSpec::default(), FlowSpec::v6(), FlowSpec::default().peer()];
    let flows: Vec<_> = specs.iter().map(|spec| scene.net.connect(spec)).collect();
    for (round, shape) in (0..5_u8).zip(Shape::ALL) {
        // Flows take turns, so that one's context would be found in the next one's.
        for flow in &flows {
            let bytes = vec![round; 40 + usize::from(round)];
            let outcome = flow.indicate(&Indication::received(&bytes).shaped(shape));
            story.outcomes.push(format!("{outcome:?}"));
        }
        if round == 2 {
            let early = scene.connect();
            story.outcomes.push(format!("{:?}", early.established));
            early.close();
        }
    }
    story.outcomes.extend(flows.iter().map(|it| format!("{:?}", it.has_context())));
    flows.iter().for_each(weir_sim_kernel::net::Connection::close);
    for told in scene.take_told() {
        let mut seen = told.seen;
        // Where the bytes lie differs from run to run; which they are is in `data`.
        (seen.context.data_start, seen.context.data_end) = (0, 0);
        seen.bytes[88..].fill(0);
        story.seen.push(format!("{} {seen:?}", told.program));
    }
    story.events = events(&scene);
    Some(story)
}

/// What was told of flows and pairs, times left out.
fn events(scene: &Scene) -> Vec<String> {
    let invocations = scene.events::<Invocation>();
    let invocations =
        invocations.into_iter().map(|it| format!("{:?}", Invocation { duration: Ticks(0), ..it }));
    let mut all: Vec<String> = invocations.collect();
    all.extend(scene.events::<Verdict>().iter().map(|it| {
        format!("{:?} {:?} {} {}", it.fate, it.reason, it.flow_id, it.decider_chain_index)
    }));
    all.extend(
        scene
            .events::<Cleanup>()
            .iter()
            .map(|it| format!("{:?} {} {} {}", it.reason, it.flow_id, it.attach_id, it.omitted)),
    );
    all.extend(scene.events::<FlowEstablished>().iter().map(|it| format!("{it:?}")));
    all.extend(scene.events::<FlowUninspected>().iter().map(|it| format!("{it:?}")));
    all.extend(
        scene.events::<FlowClosed>().iter().map(|it| format!("{:?} {}", it.reason, it.flow_id)),
    );
    all.extend(scene.events::<ErrorEvent>().iter().map(|it| format!("{it:?}")));
    all
}

#[test]
fn s02_nobodys_scribbling_changes_what_anybody_sees_decides_or_reads_of_it() {
    for is_closed in [false, true] {
        let Some(quiet) = life(0, is_closed) else { return };
        assert!(quiet.seen.len() > 40 && quiet.events.len() > 40, "{}", quiet.seen.len());
        for mask in 1..8 {
            let Some(scribbled) = life(mask, is_closed) else { return };
            assert_eq!(scribbled, quiet, "programs {mask:#05b} scribble");
        }
    }
}

/// The context of a test run, of which the core gets a copy back: an IPv4 flow.
fn context() -> Vec<u8> {
    let mut context = vec![0_u8; 104];
    context[0] = 2;
    context[44] = 6;
    context[80] = 1;
    context
}

#[test]
fn s02_a_test_run_takes_its_context_apart_whatever_was_written_over_it() {
    let Some(scene) = Scene::open() else { return };
    let input = TestRunInput {
        data: b"segment".to_vec(),
        context: context(),
        data_room: 16,
        context_room: 104,
    };
    let run = |reply: Reply| -> TestRun {
        let loaded = scene.net.core().load(Body::Script(Box::new(move |_| reply))).unwrap();
        let run = loaded.test_run(&input);
        loaded.unload();
        run
    };
    let blocks = scene.kernel.pool.live_blocks();
    let quiet = run(BLOCK);
    for _ in 0..3 {
        let scribbled = run(Reply::Scribble(1));
        assert_eq!((scribbled.result, scribbled.answer), (quiet.result, quiet.answer));
        // The data is the caller's own, not what a pointer in the context says it is.
        assert_eq!(scribbled.data, quiet.data);
        assert_eq!(run(BLOCK), quiet, "the next run begins anew");
        assert_eq!(scene.kernel.pool.live_blocks(), blocks);
    }
}
