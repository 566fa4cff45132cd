//! The driver's life with everything in it, under all checks at once: it breaks no rule, whichever
//! side its pool blocks are guarded on, and it reaches every import that it has.

use weir_abi::Direction;
use weir_sim_kernel::ebpf::{Attached, Body, Params, Reply, Seen, TestRunInput};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::fwp::{Aborts, Deletes, status};
use weir_sim_kernel::image::image_or_skip;
use weir_sim_kernel::ndis::Shape;
use weir_sim_kernel::net::Net;
use weir_sim_kernel::pool::Guards;
use weir_sim_kernel::{Kernel, Options};

/// Imports that a life without a bug check does not reach, or that the compiler may leave out.
const NOT_REACHED: [&str; 5] = ["KeBugCheckEx", "memcmp", "memcpy", "memmove", "memset"];

const TICK_NS: u64 = 1_000_000_000;

/// Attaches a program that needs more data at first, then answers this.
fn attach(net: &Net, compartment: u32, then: Reply) -> Attached {
    let script = move |seen: &Seen| if seen.context.state == 0 { Reply::Answer(2) } else { then };
    net.core().attach_scripted(&Params::compartment(compartment), script).unwrap()
}

/// Flows of both families and three compartments, in every shape; half of them stay open.
fn traffic(net: &Net) {
    let bytes: Vec<u8> = (0..200_000_u32).map(|it| it.to_le_bytes()[1]).collect();
    for base in [FlowSpec::default(), FlowSpec::v6()] {
        for (compartment_id, shape) in (1..=3).flat_map(|it| Shape::ALL.map(|shape| (it, shape))) {
            let spec = FlowSpec { compartment_id, ..base.clone() };
            let connection = net.connect(&spec);
            connection.indicate(&Indication::received(&bytes[..500]).shaped(shape));
            connection.indicate(&Indication::sent(&bytes).shaped(shape));
            connection.authorize_again();
            connection.finish(Direction::Inbound);
            if shape.is_contiguous() {
                connection.close();
            }
        }
    }
}

/// The engine stops and returns, and refuses once before it takes the objects.
fn restart_engine(kernel: &Kernel, net: &Net) {
    net.stop_engine();
    kernel.run_work();
    kernel.faults.fail("FwpmFilterAdd0", 2, status::TIMEOUT);
    net.start_engine();
    kernel.run_work();
    kernel.advance(2 * TICK_NS);
    assert_eq!(kernel.fwp.filter_count(), 4);
}

fn test_run(net: &Net) {
    let loaded = net.core().load(Body::Constant(1)).unwrap();
    let mut context = vec![0; 104];
    context[0] = 2;
    let input = TestRunInput { data: vec![1; 9], context, data_room: 9, context_room: 104 };
    assert_eq!(loaded.test_run(&input).result, 0);
    loaded.unload();
}

#[expect(clippy::print_stdout, reason = "figures, for who reads a run")]
fn life(guards: Guards, is_closed: bool) {
    let Some(image) = image_or_skip() else { return };
    let kernel = Kernel::boot(Options { image: Some(image), ..Options::default() });
    kernel.pool.guard(guards);
    kernel.fwp.set_deletes(Deletes::WithTime);
    kernel.fwp.set_aborts(Aborts::AtOnce);
    kernel.registry.set_string("Parameters", "BlockAction", "abort");
    if is_closed {
        kernel.registry.set_string("Parameters", "FailurePolicy", "closed");
    }
    kernel.etw.enable(0, 0);
    assert_eq!(kernel.load_driver(), 0);
    kernel.run_work();
    let net = Net::new(kernel);
    for (compartment, then) in (1..).zip([Reply::Answer(2), Reply::Answer(1), Reply::Fail(17)]) {
        attach(&net, compartment, then);
    }
    let leaving = attach(&net, 1, Reply::Scribble(0));
    traffic(&net);
    leaving.detach();
    kernel.etw.capture_state();
    kernel.advance(3 * TICK_NS);
    assert!(leaving.is_detached());
    restart_engine(kernel, &net);
    traffic(&net);
    test_run(&net);
    kernel.etw.disable();
    kernel.etw.enable(0, 0);
    kernel.unload_driver();
    let reached = kernel.calls.snapshot();
    let missing = kernel.image().unwrap().imports().iter().filter(|it| reached.of(it) == 0);
    let missing: Vec<_> = missing.filter(|it| !NOT_REACHED.contains(&it.as_str())).collect();
    assert!(missing.is_empty(), "never called: {missing:?}");
    println!("{guards:?}: {} calls of {} imports", reached.total(), reached.iter().count());
    println!("{:?}", kernel.locks.longest_hold());
    kernel.finish();
}

#[test]
fn a_life_with_everything_in_it_breaks_no_rule_with_pool_guarded_behind() {
    life(Guards::After, false);
    life(Guards::After, true);
}

#[test]
fn a_life_with_everything_in_it_breaks_no_rule_with_pool_guarded_before() {
    life(Guards::Before, false);
    life(Guards::Before, true);
}
