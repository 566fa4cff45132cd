//! What the driver takes of pool and stack, and its image.

use super::machine::{ALLOW, BLOCK, Machine, NEED_MORE_DATA, Plan};
use super::{bytes, row, table};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use weir_abi::event::KIND_LAST;
use weir_sim_kernel::ebpf::{Params, Reply, TestRunInput};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::ndis::Shape;
use weir_sim_kernel::net::Net;
use weir_sim_kernel::stack::KERNEL_STACK_BYTES;
use weir_sim_kernel::{Kernel, Options};

/// Live flows over which the pool is divided.
const FLOWS: u32 = 10_000;
/// Attachments over which it is.
const ATTACHMENTS: u32 = 8;

/// An upper bound on attachments (S28).
const ATTACHMENTS_MAX: usize = 64;

/// `STATUS_NO_MEMORY`.
///
/// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const NO_MEMORY: i32 = 0xC000_0017_u32.cast_signed();

const PROGRAMS: [&[u8]; 6] = [
    include_bytes!("../../../driver/programs/obj/tls_sni_block.o"),
    include_bytes!("../../../driver/programs/obj/http_host_block.o"),
    include_bytes!("../../../driver/programs/obj/protocol_detect.o"),
    include_bytes!("../../../driver/programs/obj/never_decides.o"),
    include_bytes!("../../../driver/programs/obj/allow_all.o"),
    include_bytes!("../../../driver/programs/obj/block_all.o"),
];

/// Prints pool, stack and image.
pub(super) fn print(image: &Path) -> Result<(), String> {
    pool(image)?;
    stacks(image)?;
    let size = image.metadata().map_err(|error| error.to_string())?.len();
    let kernel = Kernel::try_boot(Options { image: Some(image.to_owned()), ..Options::default() })?;
    let mapped = kernel.image().map_or(0, |image| image.bytes());
    let imports = kernel.image().map_or(0, |image| image.imports().len());
    println!("\nImage: {size} bytes, {mapped} bytes mapped, {imports} imported functions");
    Ok(())
}

/// What is allocated after the start, and by attachments and flows, in this order.
fn pool(image: &Path) -> Result<(), String> {
    let title = format!(
        "Pool, bytes: at start; of each of {ATTACHMENTS} attachments; of each of {FLOWS} live flows"
    );
    let mut table = table(&title, ["processors", "at start", "an attachment", "a flow"]);
    for processors in [1, 4, 64] {
        let plan = Plan { processors, is_real: false, ..Plan::new(0) };
        let machine = Machine::boot(image, &plan)?;
        let pool = &machine.kernel.pool;
        let start = pool.live_bytes();
        for _ in 0..ATTACHMENTS {
            machine
                .net
                .core()
                .attach_constant(&Params::default(), NEED_MORE_DATA)
                .map_err(|refused| format!("no attachment: {refused:?}"))?;
        }
        let attached = pool.live_bytes();
        for _ in 0..FLOWS {
            if !machine.net.connect(&FlowSpec::default()).has_context() {
                return Err("a flow has no context".to_owned());
            }
        }
        let flows = pool.live_bytes();
        let each = |more: usize, count| format!("{:.1}", bytes(more) / f64::from(count));
        row(
            &mut table,
            &processors.to_string(),
            [start.to_string(), each(attached - start, ATTACHMENTS), each(flows - attached, FLOWS)],
        );
        machine.end()?;
    }
    println!("{table}");
    Ok(())
}

/// How deep each entry point goes.
fn stacks(image: &Path) -> Result<(), String> {
    let (mut marks, mut kinds) = (BTreeMap::new(), BTreeSet::new());
    for (policy, action) in [("open", "absorb"), ("closed", "abort")] {
        let kernel =
            Kernel::try_boot(Options { image: Some(image.to_owned()), ..Options::default() })?;
        kernel.registry.set_string("Parameters", "FailurePolicy", policy);
        kernel.registry.set_string("Parameters", "BlockAction", action);
        kernel.etw.enable(0, 0);
        if kernel.load_driver() < 0 {
            return Err("the driver did not start".to_owned());
        }
        kernel.run_work();
        everything(kernel)?;
        kernel.unload_driver();
        kinds.extend(kernel.etw.take_events().iter().map(|event| event.id));
        for (entry, mark) in kernel.stacks.marks() {
            let most = marks.entry(entry).or_insert(0);
            *most = mark.max(*most);
        }
        let told = kernel.end();
        if !told.is_empty() {
            return Err(told.join("\n"));
        }
    }
    let title = format!(
        "Stack: the deepest of each entry point, of {KERNEL_STACK_BYTES} bytes (of 16,384 where it \
         was expanded; what the driver calls has a stack of its own here)"
    );
    let mut table = table(&title, ["entry point", "bytes"]);
    for (entry, mark) in marks {
        row(&mut table, entry, [mark.to_string()]);
    }
    println!("{table}");
    println!("The driver wrote events of {} kinds, of {KIND_LAST}, meanwhile.", kinds.len());
    Ok(())
}

/// Every path that there is a way to.
fn everything(kernel: &'static Kernel) -> Result<(), String> {
    let net = Net::new(kernel);
    let core = net.core();
    let refused = |refused| format!("no attachment: {refused:?}");
    compiled(&net)?;
    // As many as there can be, that block, allow, fail and answer nonsense after a while.
    let mut attached = Vec::new();
    for index in 0..ATTACHMENTS_MAX {
        let mut asked = 0_usize;
        let script = move |_: &_| {
            asked += 1;
            match (asked + index) % 97 {
                0 => Reply::Answer(BLOCK),
                1 => Reply::Answer(ALLOW),
                2 => Reply::Fail(17),
                3 => Reply::Answer(77),
                _ => Reply::Scribble(NEED_MORE_DATA),
            }
        };
        attached.push(core.attach_scripted(&Params::default(), script).map_err(refused)?);
    }
    // One too many is refused.
    drop(core.attach_constant(&Params::default(), ALLOW));
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        traffic(&net, &spec);
        for function in
            ["KeExpandKernelStackAndCalloutEx", "FwpsFlowAssociateContext0", "ExAllocatePool2"]
        {
            kernel.faults.fail(function, 1, NO_MEMORY);
            traffic(&net, &spec);
        }
        kernel.faults.fail_always("FwpsCopyStreamDataToBuffer0", NO_MEMORY);
        traffic(&net, &spec);
        kernel.faults.clear();
        starved(&net, &spec);
    }
    kernel.etw.capture_state();
    kernel.advance(3_000_000_000);
    for it in attached.iter().take(ATTACHMENTS_MAX / 2) {
        it.detach();
    }
    kernel.run_work();
    traffic(&net, &FlowSpec::default());
    net.stop_engine();
    kernel.run_work();
    net.start_engine();
    kernel.advance(3_000_000_000);
    kernel.fwp.deliver_deletes(kernel);
    Ok(())
}

/// No stack for programs where there is one flow already: the rest runs on what is left.
fn starved(net: &Net, spec: &FlowSpec) {
    let kernel = weir_sim_kernel::current();
    let connections = [net.connect(spec), net.connect(spec)];
    let [first, second] = &connections;
    kernel.faults.fail_always("KeExpandKernelStackAndCalloutEx", NO_MEMORY);
    first.indicate(&Indication::sent(b"x").shaped(Shape::ManyOfEach));
    second.close();
    kernel.faults.clear();
}

/// Compiled programs, over some data, one after the other.
fn compiled(net: &Net) -> Result<(), String> {
    let kernel = weir_sim_kernel::current();
    for object in PROGRAMS {
        let attached = net.core().attach_code(&Params::default(), object);
        let attached = attached.map_err(|refused| format!("no attachment: {refused:?}"))?;
        let input = TestRunInput {
            data: vec![0x16; 200],
            context: vec![0; 104],
            data_room: 200,
            context_room: 104,
        };
        drop(attached.loaded().test_run(&input));
        traffic(net, &FlowSpec::default());
        attached.detach();
        kernel.run_work();
    }
    Ok(())
}

/// Connections, data in every shape, large, missing, at the end; some stay open.
fn traffic(net: &Net, spec: &FlowSpec) {
    let data: Vec<u8> = b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n".repeat(100);
    for round in 0..4 {
        let connection = net.connect(spec);
        if !connection.is_open() {
            continue;
        }
        for shape in Shape::ALL {
            connection.indicate(&Indication::sent(&data).shaped(shape));
        }
        connection.receive(&vec![b'x'; 200_000]);
        if round == 1 {
            connection.indicate(&Indication { missed_bytes: 5, ..Indication::received(&data) });
        }
        connection.finish(weir_abi::Direction::Inbound);
        if round > 1 {
            connection.close();
        }
    }
}
