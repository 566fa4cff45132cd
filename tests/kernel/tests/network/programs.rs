//! Programs: what the core reads of an extension, and how it runs them.

use crate::provider::{
    CLIENTS, Client, Context, deregister, hook_data, program_data, register_hook,
    register_information, wait,
};
use crate::standin::Machine;
use core::cell::RefCell;
use core::ptr;
use std::rc::Rc;
use weir_sim_kernel::ebpf::layout::{Header, ProgramData};
use weir_sim_kernel::ebpf::{Attached, Body, Params, Refused, Reply, Seen, TestRunInput};
use weir_sim_kernel::fwp::status;

const BLOCK_ALL: &[u8] = include_bytes!("../../../../driver/programs/obj/block_all.o");
const NEVER_DECIDES: &[u8] = include_bytes!("../../../../driver/programs/obj/never_decides.o");

fn extension() -> (Machine, u64) {
    let machine = Machine::new();
    let information = register_information(program_data());
    register_hook(hook_data());
    (machine, information)
}

fn last() -> Client {
    CLIENTS.with_borrow(|all| all.last().unwrap().clone())
}

fn scripted(
    machine: &Machine,
    mut script: impl FnMut(&Seen) -> Reply + 'static,
) -> (Attached, Rc<RefCell<Option<Seen>>>) {
    let seen = Rc::new(RefCell::new(None));
    let kept = Rc::clone(&seen);
    let script = move |now: &Seen| {
        kept.replace(Some(now.clone()));
        script(now)
    };
    let core = machine.net.core();
    (core.attach_scripted(&Params::default(), script).unwrap(), seen)
}

#[test]
fn a_script_sees_the_context_and_the_segment() {
    let (machine, _) = extension();
    let (attached, seen) = scripted(&machine, |_| Reply::Answer(2));
    let mut context = Context::of(b"abc");
    assert_eq!(context.invoke(&last()), (0, 2));
    let now = seen.take().unwrap();
    assert_eq!((now.context.family, now.context.flow_id), (2, 0x1_0000_0010));
    assert_eq!((now.data.as_deref(), now.pid_tgid), (Some(b"abc".as_slice()), Some(0x1_0000_0010)));
    // The core used its part of the header.
    assert!(context.header[0] != 0 && context.header[1] != 0 && context.header[2] == 0);
    assert_eq!(Context::of(b"").invoke_batch(&last()), (0, 2));
    assert_eq!((seen.take().unwrap().data, attached.invocations()), (None, 2));
    machine.finish();
}

#[test]
fn a_failure_sets_the_answer_to_allow() {
    let (machine, information) = extension();
    let (_, _) = scripted(&machine, |_| Reply::Fail(17));
    assert_eq!(Context::of(b"").invoke(&last()), (17, 0));
    assert_eq!((deregister(information), wait(information)), (status::PENDING, 0));
    assert_eq!(Context::of(b"").invoke(&last()), (23, 0));
    machine.finish();
}

#[test]
fn header_and_context_may_be_written_all_over() {
    let (machine, _) = extension();
    scripted(&machine, |_| Reply::Scribble(1));
    let mut context = Context::of(b"");
    assert_eq!(context.invoke(&last()), (0, 1));
    assert_eq!(
        (context.header[7], context.words[12]),
        (0xcccc_cccc_cccc_cccc, 0xcccc_cccc_cccc_cccc)
    );
    machine.finish();
}

#[test]
fn compiled_programs_run_on_the_segment() {
    let (machine, _) = extension();
    let core = machine.net.core();
    core.attach_code(&Params::default(), BLOCK_ALL).unwrap();
    assert_eq!(Context::of(b"").invoke(&last()), (0, 1));
    let attached = core.attach_code(&Params::default(), NEVER_DECIDES).unwrap();
    assert_eq!(Context::of(b"GET /").invoke(&last()), (0, 2));
    assert!(attached.loaded().with_code(|code| code.name().to_owned()).is_some());
    assert!(attached.detach() && attached.loaded().unload());
    machine.finish();
}

#[test]
fn pointers_that_make_no_segment_are_told() {
    let (machine, _) = extension();
    let (_, seen) = scripted(&machine, |_| Reply::Answer(2));
    let mut context = Context::of(b"abc");
    context.words.swap(11, 12);
    context.invoke(&last());
    assert_eq!((seen.take().unwrap().data, machine.kernel.take_violations().len()), (None, 1));
    let kernel = machine.kernel;
    kernel.at_irql(15, || Context::of(b"").invoke(&last()));
    assert_eq!(kernel.take_violations().len(), 1);
    machine.finish();
}

#[test]
fn wrong_information_is_refused_and_told() {
    let good = program_data();
    let header = |size, total_size| Header { version: 1, size, total_size };
    let wrong = [
        ProgramData { header: header(71, 72), ..good },
        ProgramData { header: header(72, 80), ..good },
        ProgramData { header: Header { version: 2, ..good.header }, ..good },
        ProgramData { information: ptr::null(), ..good },
        ProgramData { global: ptr::null(), ..good },
        ProgramData { context_destroy: None, ..good },
        ProgramData { required_irql: 16, ..good },
        ProgramData { capabilities: 1, ..good },
    ];
    for data in wrong {
        let machine = Machine::new();
        register_information(data);
        let refused = machine.net.core().load(Body::Constant(0)).unwrap_err();
        assert_eq!(refused, Refused { result: 23, status: Some(status::INVALID_PARAMETER) });
        assert_eq!(machine.kernel.take_violations().len(), 1);
        machine.finish();
    }
}

#[test]
fn information_is_read_to_its_depth() {
    let (machine, _) = extension();
    let loaded = machine.net.core().load(Body::Constant(0)).unwrap();
    let information = loaded.information().unwrap();
    assert_eq!((information.name.as_str(), information.bpf_type), ("flow_classify", 7));
    assert_eq!((information.context.size, information.required_irql), (104, 2));
    assert_eq!(information.global[0].name, "bpf_get_current_pid_tgid");
    assert!(information.global[0].has_implicit_context && information.specific.is_empty());
    machine.finish();
}

#[test]
fn a_test_run_goes_through_the_extension() {
    let (machine, _) = extension();
    let script = |seen: &Seen| {
        assert_eq!((seen.irql, seen.data.as_deref()), (2, Some(b"bytes".as_slice())));
        Reply::Answer(2)
    };
    let loaded = machine.net.core().load(Body::Script(Box::new(script))).unwrap();
    let input = TestRunInput {
        data: b"bytes".to_vec(),
        context: vec![1; 104],
        data_room: 16,
        context_room: 8,
    };
    let run = loaded.test_run(&input);
    assert_eq!((run.result, run.answer, run.data.len()), (0, 2, 0));
    assert_eq!(run.context, [1; 8]);
    let short = TestRunInput { context: vec![1; 8], ..input };
    assert_eq!(loaded.test_run(&short).result, 6);
    machine.finish();
}
