//! The filtering platform: objects that would outlive the driver or that nobody finds again,
//! transactions left open, handles used by two at once, callouts unregistered twice.

use crate::standin::{Call, Machine, PROVIDER, associate, call, display, key, on_classify};
use core::ffi::c_void;
use core::ptr;
use weir_abi::identifiers::Guid;
use weir_sim_kernel::Options;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::layers::Layer;
use weir_sim_kernel::fwp::layout::{self, action};
use weir_sim_kernel::fwp::{objects, status};
use weir_sim_kernel::image::image_or_skip;

/// A machine that has an image, of which nothing runs: what is added is held to a driver's rules.
fn machine() -> Option<Machine> {
    let image = Some(image_or_skip()?);
    let machine = Machine::of(Options { image, ..Options::default() }).in_session();
    assert_eq!(machine.kernel.take_violations(), Vec::<String>::new());
    Some(machine)
}

#[track_caller]
fn told(machine: &Machine, words: &[&str]) {
    let told = machine.kernel.take_violations();
    assert_eq!(told.len(), words.len(), "{told:?}");
    for (it, words) in told.iter().zip(words) {
        assert!(it.contains(words), "`{words}`: {told:?}");
    }
}

const NO_BLOB: objects::Blob = objects::Blob { size: 0, data: ptr::null() };

fn add_callout(machine: &Machine, provider: *const Guid, flags: u32) -> i32 {
    let callout = objects::Callout {
        key: key(1),
        display: display(),
        flags,
        provider,
        data: NO_BLOB,
        layer: Layer::StreamV4.key(),
        id: 0,
    };
    call!("FwpmCalloutAdd0"(
        u64 = machine.session,
        *const objects::Callout = &raw const callout,
        *const c_void = ptr::null(),
        *mut u32 = ptr::null_mut(),
    ) -> i32)
}

/// A filter that says everything of itself, beside its callout.
fn whole_filter(machine: &Machine, provider: &Guid) -> objects::Filter {
    assert_eq!(add_callout(machine, provider, 0), 0);
    let filter = machine.filter(1, Layer::StreamV4, action::CALLOUT_TERMINATING);
    objects::Filter { key: key(50), provider, ..filter }
}

#[test]
fn objects_that_name_no_provider_are_told() {
    let Some(machine) = machine() else { return };
    let provider = key(PROVIDER);
    assert_eq!(add_callout(&machine, ptr::null(), 0), 0);
    told(&machine, &["callout {00000001-0001-0002-0003-040506070809} names no provider"]);
    let good = machine.filter(1, Layer::StreamV4, action::CALLOUT_TERMINATING);
    let good = objects::Filter { key: key(50), provider: &raw const provider, ..good };
    machine.add_filter(&objects::Filter { key: key(51), provider: ptr::null(), ..good }).unwrap();
    told(&machine, &["names no provider"]);
    machine.add_filter(&objects::Filter { key: Guid([0; 16]), ..good }).unwrap();
    told(&machine, &["has no key of its own"]);
    machine.add_filter(&objects::Filter { sublayer: Guid([0; 16]), ..good }).unwrap();
    told(&machine, &["in nobody's sublayer"]);
    machine.add_filter(&objects::Filter { key: key(52), ..good }).unwrap();
    told(&machine, &[]);
}

#[test]
fn objects_that_would_outlive_the_driver_are_told_and_refused() {
    let Some(machine) = machine() else { return };
    let provider = key(PROVIDER);
    assert_eq!(add_callout(&machine, &raw const provider, 0x1_0000), status::INVALID_FLAGS);
    told(&machine, &["would outlive the driver"]);
    let good = whole_filter(&machine, &provider);
    for flags in [1, 2] {
        let lasting = objects::Filter { flags: good.flags | flags, ..good };
        assert_eq!(machine.add_filter(&lasting), Err(status::INVALID_FLAGS));
        told(&machine, &["would outlive the driver"]);
    }
    machine.add_filter(&good).unwrap();
    told(&machine, &[]);
}

#[test]
fn a_session_that_is_not_dynamic_and_what_it_adds_are_told() {
    let Some(mut machine) = machine() else { return };
    machine.session = machine.open(0).unwrap();
    told(&machine, &["not dynamic"]);
    assert_eq!(machine.add_provider(77), 0);
    told(&machine, &["is not of a dynamic session"]);
}

#[test]
fn a_security_descriptor_of_ones_own_is_told() {
    let Some(machine) = machine() else { return };
    let provider = objects::Provider {
        key: key(77),
        display: display(),
        flags: 0,
        data: NO_BLOB,
        service: ptr::null(),
    };
    call!("FwpmProviderAdd0"(
        u64 = machine.session,
        *const objects::Provider = &raw const provider,
        *const c_void = (&raw const provider).cast(),
    ) -> i32);
    told(&machine, &["security descriptor"]);
}

fn begin(machine: &Machine) {
    let status = call!("FwpmTransactionBegin0"(u64 = machine.session, u32 = 0) -> i32);
    assert_eq!(status, 0);
}

#[test]
fn a_session_that_is_closed_with_a_transaction_open_is_told() {
    let Some(machine) = machine() else { return };
    begin(&machine);
    assert_eq!(machine.close(), 0);
    told(&machine, &["with a transaction still open"]);
}

#[test]
fn a_session_whose_commit_failed_may_be_closed() {
    let Some(machine) = machine() else { return };
    begin(&machine);
    machine.kernel.faults.fail("FwpmTransactionCommit0", 1, status::TIMEOUT);
    let commit = call!("FwpmTransactionCommit0"(u64 = machine.session) -> i32);
    assert_eq!((commit, machine.close()), (status::TIMEOUT, 0));
    told(&machine, &[]);
}

thread_local! {
    static SESSION: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
}

/// Uses the session within the change that it is told of.
unsafe extern "win64" fn notify(_: i32, _: *const Guid, _: *mut layout::Filter) -> i32 {
    call!("FwpmFilterDeleteById0"(u64 = SESSION.get(), u64 = 4711) -> i32);
    0
}

unsafe extern "win64" fn classify(
    _: *const layout::IncomingValues,
    _: *const layout::IncomingMetadata,
    _: *mut c_void,
    _: *const c_void,
    _: *const layout::Filter,
    _: u64,
    _: *mut layout::ClassifyOut,
) {
}

fn register(machine: &Machine, flags: u32) -> Result<u32, i32> {
    let callout = layout::Callout {
        key: key(1),
        flags,
        classify: Some(classify),
        notify: Some(notify),
        flow_delete: None,
    };
    let mut id = 0;
    let status = call!("FwpsCalloutRegister1"(
        *mut c_void = machine.device,
        *const layout::Callout = &raw const callout,
        *mut u32 = &raw mut id,
    ) -> i32);
    if status == 0 { Ok(id) } else { Err(status) }
}

#[test]
fn a_handle_that_is_used_by_two_at_once_is_told() {
    let Some(machine) = machine() else { return };
    let provider = key(PROVIDER);
    register(&machine, 0).unwrap();
    SESSION.set(machine.open(1).unwrap());
    let good = whole_filter(&machine, &provider);
    let id = machine.add_filter(&good).unwrap();
    told(&machine, &[]);
    SESSION.set(machine.session);
    call!("FwpmFilterDeleteById0"(u64 = machine.session, u64 = id) -> i32);
    told(&machine, &["is used by two at once"]);
}

#[test]
fn a_callout_that_is_unregistered_twice_is_told() {
    let Some(machine) = machine() else { return };
    let id = register(&machine, 0).unwrap();
    assert_eq!(machine.unregister(id), 0);
    told(&machine, &[]);
    assert_eq!(machine.unregister(id), status::CALLOUT_NOT_FOUND);
    told(&machine, &["is unregistered twice"]);
    let again = register(&machine, 0).unwrap();
    assert_eq!((again, machine.unregister(id)), (id, 0));
    told(&machine, &[]);
}

#[test]
fn a_callout_with_contexts_that_hears_of_no_end_is_told() {
    let Some(machine) = machine() else { return };
    register(&machine, 1).unwrap();
    told(&machine, &["not told of their end"]);
}

#[test]
fn a_session_that_is_closed_twice_is_told() {
    let Some(machine) = machine() else { return };
    assert_eq!(machine.close(), 0);
    machine.close();
    told(&machine, &["is no open engine handle"]);
}

#[test]
fn a_stream_callout_that_changes_its_packet_is_told() {
    type Change = fn(&mut layout::StreamPacket);
    let changes: [(Change, &str); 4] = [
        (|packet| packet.bytes_enforced = 1, "countBytesEnforced"),
        (|packet| packet.bytes_required = 1, "countBytesRequired"),
        (|packet| packet.stream_action = 2, "streamAction"),
        // SAFETY: the packet points to data as long as the call lasts.
        (|packet| unsafe { (*packet.data).length = 0 }, "changed the stream data"),
    ];
    for (change, words) in changes {
        let machine = Machine::with_session();
        let id = machine.watch_v4();
        on_classify(move |call: &Call| {
            if call.packet.is_null() {
                return call.decide(action::CONTINUE, 0);
            }
            // SAFETY: at a stream layer the layer data is a packet, the callout's during the call.
            change(unsafe { &mut *call.packet });
            call.decide(action::PERMIT, 0);
        });
        let connection = machine.net.connect(&FlowSpec::default());
        assert_eq!(associate(connection.flow, Layer::StreamV4.id(), id, 7), 0);
        connection.send(b"x");
        told(&machine, &[words]);
    }
}
