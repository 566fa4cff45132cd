//! Objects, sessions and transactions of the base filtering engine.

use crate::standin::{Machine, NOTIFIED, NOTIFY_STATUS, PROVIDER, SUBLAYER, call, key};
use core::ptr;
use weir_abi::identifiers::Guid;
use weir_sim_kernel::fwp::layers::Layer;
use weir_sim_kernel::fwp::layout::{Value, action, kind};
use weir_sim_kernel::fwp::{Notifications, objects, status};

fn begin(machine: &Machine) -> i32 {
    call!("FwpmTransactionBegin0"(u64 = machine.session, u32 = 0) -> i32)
}

fn commit(machine: &Machine) -> i32 {
    call!("FwpmTransactionCommit0"(u64 = machine.session) -> i32)
}

fn abort(machine: &Machine) -> i32 {
    call!("FwpmTransactionAbort0"(u64 = machine.session) -> i32)
}

fn delete_callout(machine: &Machine, number: u32) -> i32 {
    let key = key(number);
    call!("FwpmCalloutDeleteByKey0"(
        u64 = machine.session, *const Guid = &raw const key
    ) -> i32)
}

#[test]
fn filters_are_notified_when_the_transaction_commits() {
    let machine = Machine::with_session();
    machine.register(1, 0, false).unwrap();
    assert_eq!(begin(&machine), 0);
    assert_eq!(begin(&machine), status::TXN_IN_PROGRESS);
    assert_eq!(machine.add_callout(1, Layer::EstablishedV4), 0);
    let filter = machine.filter(1, Layer::EstablishedV4, action::CALLOUT_INSPECTION);
    let id = machine.add_filter(&filter).unwrap();
    assert_eq!((NOTIFIED.take(), machine.kernel.fwp.filter_count()), (vec![], 0));
    assert_eq!((commit(&machine), NOTIFIED.take()), (0, vec![(0, 7, false)]));
    assert_eq!(commit(&machine), status::NO_TXN_IN_PROGRESS);
    let deleted = call!("FwpmFilterDeleteById0"(u64 = machine.session, u64 = id) -> i32);
    // What the callout made of the context is what it is shown again.
    assert_eq!((deleted, NOTIFIED.take()), (0, vec![(1, 1007, true)]));
    let again = call!("FwpmFilterDeleteById0"(u64 = machine.session, u64 = id) -> i32);
    assert_eq!(again, status::FILTER_NOT_FOUND);
    machine.finish();
}

#[test]
fn an_aborted_transaction_leaves_nothing() {
    let machine = Machine::with_session();
    assert_eq!(begin(&machine), 0);
    assert_eq!(machine.add_callout(1, Layer::StreamV4), 0);
    assert_eq!(abort(&machine), 0);
    assert_eq!(delete_callout(&machine, 1), status::CALLOUT_NOT_FOUND);
    machine.finish();
}

#[test]
fn a_filter_that_a_callout_refuses_fails_the_transaction() {
    let machine = Machine::with_session();
    machine.register(1, 0, false).unwrap();
    assert_eq!(machine.add_callout(1, Layer::StreamV4), 0);
    NOTIFY_STATUS.set(status::UNSUCCESSFUL);
    let filter = machine.filter(1, Layer::StreamV4, action::CALLOUT_TERMINATING);
    assert_eq!(machine.add_filter(&filter), Err(status::CALLOUT_NOTIFICATION_FAILED));
    assert_eq!(machine.kernel.fwp.filter_count(), 0);
    machine.finish();
}

#[test]
fn what_a_filter_names_must_exist_and_fit() {
    let machine = Machine::with_session();
    let good = machine.filter(1, Layer::StreamV4, action::CALLOUT_TERMINATING);
    assert_eq!(machine.add_filter(&good), Err(status::CALLOUT_NOT_FOUND));
    assert_eq!(machine.add_callout(1, Layer::StreamV4), 0);
    assert_eq!(machine.add_callout(1, Layer::StreamV4), status::ALREADY_EXISTS);
    let nameless = objects::DisplayData { name: ptr::null(), description: ptr::null() };
    let (unknown, value) = (key(77), |kind, data| Value { kind, data });
    let condition = objects::Condition {
        field: weir_sim_kernel::fwp::layers::CONDITION_IP_PROTOCOL,
        matching: 0,
        value: value(kind::UINT8, 6),
    };
    let wrong = [
        (objects::Filter { display: nameless, ..good }, status::NULL_DISPLAY_NAME),
        (objects::Filter { sublayer: key(77), ..good }, status::SUBLAYER_NOT_FOUND),
        (objects::Filter { provider: &raw const unknown, ..good }, status::PROVIDER_NOT_FOUND),
        (objects::Filter { layer: key(77), ..good }, status::LAYER_NOT_FOUND),
        (objects::Filter { layer: Layer::StreamV6.key(), ..good }, status::INCOMPATIBLE_LAYER),
        (objects::Filter { action: action::CONTINUE, ..good }, status::INVALID_ACTION_TYPE),
        (objects::Filter { weight: value(kind::UINT16, 1), ..good }, status::TYPE_MISMATCH),
        (
            // There is no protocol at the stream layer.
            objects::Filter { condition_count: 1, conditions: &raw const condition, ..good },
            status::CONDITION_NOT_FOUND,
        ),
    ];
    for (filter, expected) in &wrong {
        assert_eq!(machine.add_filter(filter), Err(*expected));
    }
    assert!(machine.add_filter(&good).is_ok());
    assert_eq!(delete_callout(&machine, 1), status::IN_USE);
    machine.finish();
}

#[test]
fn a_dynamic_session_takes_its_objects_along() {
    let mut machine = Machine::with_session();
    machine.register(1, 0, false).unwrap();
    assert_eq!(machine.add_callout(1, Layer::StreamV4), 0);
    let filter = machine.filter(1, Layer::StreamV4, action::CALLOUT_TERMINATING);
    machine.add_filter(&filter).unwrap();
    let other = machine.open(0).unwrap();
    let first = core::mem::replace(&mut machine.session, other);
    assert_eq!(delete_callout(&machine, 1), status::WRONG_SESSION);
    assert_eq!(machine.close(), 0);
    machine.session = first;
    NOTIFIED.take();
    assert_eq!((machine.close(), machine.kernel.fwp.filter_count()), (0, 0));
    assert_eq!(NOTIFIED.take(), [(1, 1007, true)]);
    let left = machine.kernel.leftovers();
    assert_eq!(left.len(), 2, "the device and the callout: {left:?}");
    machine.finish();
}

#[test]
fn a_stop_of_the_engine_makes_handles_stale() {
    let mut machine = Machine::with_session();
    let stale = machine.session;
    machine.kernel.fwp.set_notifications(Notifications::Later);
    machine.register(1, 0, false).unwrap();
    assert_eq!(machine.add_callout(1, Layer::StreamV4), 0);
    let filter = machine.filter(1, Layer::StreamV4, action::CALLOUT_TERMINATING);
    machine.add_filter(&filter).unwrap();
    NOTIFIED.take();
    machine.net.stop_engine();
    assert_eq!((machine.kernel.fwp.filter_count(), NOTIFIED.take()), (0, vec![]));
    machine.kernel.fwp.deliver_notifications(machine.kernel);
    assert_eq!(NOTIFIED.take(), [(1, 1007, true)]);
    assert_eq!(machine.open(1), Err(status::RPC_SERVER_UNAVAILABLE));
    assert_eq!(machine.add_provider(PROVIDER), status::RPC_SERVER_UNAVAILABLE);
    machine.net.start_engine();
    assert_eq!(machine.add_provider(PROVIDER), status::RPC_CONTEXT_MISMATCH);
    assert_eq!(machine.close(), status::RPC_CONTEXT_MISMATCH);
    machine.session = machine.open(1).unwrap();
    assert_ne!(machine.session, stale);
    assert_eq!((machine.add_provider(PROVIDER), machine.add_sublayer(SUBLAYER)), (0, 0));
    machine.finish();
}

#[test]
fn misuse_is_told() {
    let machine = Machine::with_session();
    let kernel = machine.kernel;
    assert_eq!(machine.unregister(4711), status::CALLOUT_NOT_FOUND);
    kernel.faults.fail("FwpmProviderAdd0", 1, status::UNSUCCESSFUL);
    assert_eq!(machine.add_provider(7), status::UNSUCCESSFUL);
    assert_eq!(kernel.take_violations(), Vec::<String>::new());
    kernel.at_irql(2, || machine.add_provider(7));
    let closed = call!("FwpmEngineClose0"(u64 = 1) -> i32);
    assert_eq!((closed, kernel.take_violations().len()), (status::INVALID_HANDLE, 2));
    machine.finish();
}
