//! Lives of the driver, one for each thing that it does. Start and unload are part of all.

use crate::random;
use crate::world::{Phase, Setup, TICK_NS, World};
use weir_abi::attach::AttachParameter;
use weir_abi::wire::Text;
use weir_sim_kernel::ebpf::{Body, Params, Reply, TestRunInput};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::ndis::Shape;

const ALLOW: Reply = Reply::Answer(0);
const BLOCK: Reply = Reply::Answer(1);
const MORE: Reply = Reply::Answer(2);

/// A scenario.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) setup: Setup,
    pub(crate) run: fn(&World),
}

const PLAIN: Setup =
    Setup { is_closed: false, aborts: false, has_parameters: false, is_engine_late: false };
const ABORTS: Setup = Setup { aborts: true, ..PLAIN };

const fn scenario(name: &'static str, setup: Setup, run: fn(&World)) -> Scenario {
    Scenario { name, setup, run }
}

/// Every scenario.
pub(crate) const ALL: [Scenario; 19] = [
    scenario("start and unload", Setup { has_parameters: true, ..PLAIN }, |_| {}),
    scenario("an engine that comes late", Setup { is_engine_late: true, ..PLAIN }, late_engine),
    scenario("attach", PLAIN, attach),
    scenario("uninspected flows", PLAIN, uninspected),
    scenario("inspected flows", PLAIN, inspected),
    scenario("blocked flows", PLAIN, blocked),
    scenario("data of every shape", PLAIN, shapes),
    scenario("large data", PLAIN, large),
    scenario("allow, block and more, one after the other", PLAIN, verdicts),
    scenario("abort", ABORTS, blocked),
    scenario("flows that end late", PLAIN, late_ends),
    scenario("reauthorization", PLAIN, reauthorized),
    scenario("detach with flows", PLAIN, detach),
    scenario("engine stop and start with flows", PLAIN, engine),
    scenario("capture state and counters", PLAIN, capture),
    scenario("test run", PLAIN, test_run),
    scenario("a mix at random", ABORTS, random::mix),
    scenario("flows that go on within the association", PLAIN, races),
    scenario("detach within an invocation", PLAIN, detach_within),
];

fn late_engine(world: &World) {
    world.attach(&[MORE]);
    world.connect_v4();
    world.net.start_engine();
    world.work();
    let flow = world.connect_v4();
    world.send(flow, b"seen");
}

fn attach(world: &World) {
    let labelled = |compartment_id, label: &str| {
        let label = Text::new(label).unwrap_or_default();
        Params::data(&AttachParameter { compartment_id, label }.to_bytes())
    };
    world.attach(&[MORE]);
    let forms = [
        (Params::compartment(1), 1),
        (labelled(1, "a label"), 1),
        (labelled(0, ""), 0),
        (Params::data(b"garbage"), 0),
    ];
    for (params, compartment) in forms {
        // Garbage is refused; what else is refused was told.
        let _accepted = world.attach_with(&params, compartment, &[MORE, ALLOW]);
    }
    let flow = world.connect_v4();
    world.send(flow, b"seen by all");
}

fn uninspected(world: &World) {
    world.connect_v4();
    world.attach(&[ALLOW]);
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        let flow = world.connect(&spec);
        world.send(flow, b"nobody sees this");
        world.close(flow);
    }
}

fn inspected(world: &World) {
    world.attach(&[MORE]);
    world.attach(&[ALLOW]);
    world.attach(&[MORE]);
    for spec in [FlowSpec::default(), FlowSpec::v6(), FlowSpec::default().peer()] {
        let flow = world.connect(&spec);
        world.send(flow, b"request");
        world.receive(flow, b"response");
        world.close(flow);
    }
    world.connect_v4();
}

fn blocked(world: &World) {
    world.attach(&[MORE]);
    world.attach_with(&Params::compartment(2), 2, &[BLOCK]).ok();
    world.attach_with(&Params::compartment(3), 3, &[MORE, BLOCK]).ok();
    for base in [FlowSpec::default(), FlowSpec::v6()] {
        for compartment_id in [2, 3] {
            let flow = world.connect(&FlowSpec { compartment_id, ..base.clone() });
            world.send(flow, b"first");
            world.receive(flow, b"second");
            world.work();
            world.deliver();
            world.send(flow, b"third");
        }
    }
}

fn shapes(world: &World) {
    world.attach(&[MORE]);
    let bytes: Vec<u8> = (0..120_u8).collect();
    for shape in Shape::ALL {
        let flow = world.connect_v4();
        world.indicate(flow, &Indication::sent(&bytes).shaped(shape));
        world.receive(flow, b"more");
    }
}

fn large(world: &World) {
    world.attach(&[MORE]);
    world.attach(&[MORE, MORE, ALLOW]);
    let bytes = vec![7; 150_000];
    for shape in [Shape::Contiguous, Shape::ManyMdls, Shape::Unmapped] {
        let flow = world.connect_v4();
        world.indicate(flow, &Indication::sent(&bytes).shaped(shape));
    }
}

fn verdicts(world: &World) {
    world.attach(&[MORE, MORE, ALLOW]);
    world.attach(&[MORE, MORE, MORE, BLOCK]);
    world.attach(&[MORE]);
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        let flow = world.connect(&spec);
        for _ in 0..5 {
            world.send(flow, b"a segment");
        }
        world.close(flow);
    }
    world.attach(&[MORE, Reply::Scribble(0)]);
}

fn late_ends(world: &World) {
    world.kernel.fwp.set_deletes(weir_sim_kernel::fwp::Deletes::Later);
    world.attach(&[MORE, ALLOW]);
    world.attach(&[MORE]);
    let flows: Vec<usize> = (0..4).map(|_| world.connect_v4()).collect();
    for flow in &flows {
        world.send(*flow, b"x");
    }
    for flow in flows.iter().take(2) {
        world.close(*flow);
    }
    world.deliver();
    for flow in flows.iter().skip(2) {
        world.close(*flow);
    }
    world.deliver();
    world.kernel.fwp.set_deletes(weir_sim_kernel::fwp::Deletes::WithTime);
}

fn reauthorized(world: &World) {
    world.attach(&[MORE]);
    let flow = world.connect_v4();
    world.send(flow, b"before");
    world.connect(&FlowSpec { is_reauthorize: true, ..FlowSpec::default() });
    world.send(flow, b"after");
    // Once more without the flag, as of a flow that nobody knew.
    world.authorize_again(flow);
    world.close(flow);
}

fn detach(world: &World) {
    let first = world.attach(&[MORE]);
    let second = world.attach(&[MORE]);
    let flows: Vec<usize> = (0..3).map(|_| world.connect_v4()).collect();
    world.detach(first);
    for flow in &flows {
        world.send(*flow, b"the second sees this");
    }
    world.attach(&[MORE]);
    world.detach(second);
    for flow in &flows {
        world.send(*flow, b"nobody sees this");
    }
    let last = world.connect_v4();
    world.send(last, b"the third sees this");
}

fn engine(world: &World) {
    world.attach(&[MORE]);
    world.attach_with(&Params::compartment(2), 2, &[MORE, BLOCK]).ok();
    let inspected = world.connect_v4();
    let blocked = world.connect(&FlowSpec { compartment_id: 2, ..FlowSpec::default() });
    world.send(blocked, b"x");
    world.restart_engine();
    world.pass(2 * TICK_NS);
    for flow in [inspected, blocked] {
        world.send(flow, b"after the restart");
    }
    let flow = world.connect_v4();
    world.send(flow, b"seen");
}

fn capture(world: &World) {
    world.attach(&[MORE]);
    world.connect_v4();
    world.kernel.etw.capture_state();
    world.work();
    world.pass(TICK_NS);
    let flow = world.connect_v4();
    world.send(flow, b"seen");
    world.kernel.etw.enable_session("another", 0, 0);
    world.kernel.etw.capture_state();
    world.pass(3 * TICK_NS);
}

fn test_run(world: &World) {
    let mut context = vec![0; 104];
    context[0] = 2;
    let input = TestRunInput { data: vec![1; 9], context, data_room: 9, context_room: 104 };
    for reply in [ALLOW, BLOCK, Reply::Scribble(2)] {
        let Ok(loaded) = world.net.core().load(Body::Script(Box::new(move |_| reply))) else {
            return world.tell("a program cannot be loaded".to_owned());
        };
        let run = world.during(Phase::TestRun, || loaded.test_run(&input));
        let answer = match reply {
            Reply::Answer(answer) | Reply::Scribble(answer) => answer,
            Reply::Fail(_) => 0,
        };
        // Without memory there is no run, and so no answer.
        if run.result == 0 && run.answer != answer {
            world.tell(format!("a test run answered {}, not {answer}", run.answer));
        }
        loaded.unload();
    }
}

/// What another processor does to a flow before its association has returned.
fn races(world: &World) {
    world.attach(&[MORE, MORE, ALLOW]);
    world.attach_with(&Params::compartment(2), 2, &[MORE, BLOCK]).ok();
    let kernel = world.kernel;
    for (segments, ends, compartment_id) in
        [(1, false, 1), (2, false, 1), (0, true, 1), (1, true, 2), (1, false, 2)]
    {
        kernel.fwp.while_associating(move |flow| {
            kernel.on_processor(1, || {
                for _ in 0..segments {
                    kernel.fwp.stream(kernel, flow, &Indication::received(b"early"));
                }
                if ends {
                    kernel.fwp.close(kernel, flow);
                }
            });
        });
        let flow = world.connect(&FlowSpec { compartment_id, ..FlowSpec::default() });
        world.send(flow, b"later");
        world.receive(flow, b"last");
    }
}

/// A program is detached, and a flow ends, while the program looks at a segment: the detach is
/// pending until it has answered.
fn detach_within(world: &World) {
    world.attach(&[MORE]);
    for answers in [&[MORE, MORE] as &[Reply], &[MORE, ALLOW], &[MORE, BLOCK]] {
        let number = world.attach(answers);
        let flows = [world.connect_v4(), world.connect_v4()];
        let Some(leaving) = number.map(|it| world.programs.borrow()[it].attached) else { continue };
        let (kernel, ended) = (world.kernel, world.flows.borrow()[flows[1]].connection);
        world.meanwhile.replace(Some(Box::new(move |program, seen| {
            if Some(program) == number && seen.context.state == 1 && leaving.is_attached() {
                kernel.on_processor(1, || leaving.detach());
                kernel.on_processor(2, || ended.close());
            }
        })));
        world.send(flows[0], b"the last that it sees");
        world.meanwhile.replace(None);
        world.work();
        world.detach(number);
        world.send(flows[0], b"the first sees this");
    }
}
