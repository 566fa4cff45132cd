//! Flow contexts: associating, removing, and the one deletion that each ends with.

use crate::standin::{DELETED, Machine, associate, call, on_classify, on_delete, remove};
use core::cell::Cell;
use std::rc::Rc;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::layers::Layer;
use weir_sim_kernel::fwp::layout::action;
use weir_sim_kernel::fwp::{Aborts, Deletes, status};
use weir_sim_kernel::net::Connection;

const STREAM: u16 = Layer::StreamV4.id();

/// A connection whose data the stream callout permits, with a context of 5.
fn inspected(machine: &Machine) -> (Connection, u32) {
    let stream = machine.watch_v4();
    on_classify(|call| {
        call.decide(if call.packet.is_null() { action::CONTINUE } else { action::PERMIT }, 0);
    });
    let connection = machine.net.connect(&FlowSpec::default());
    assert_eq!(associate(connection.flow, STREAM, stream, 5), 0);
    (connection, stream)
}

#[test]
fn associating_follows_the_documented_rules() {
    let machine = Machine::with_session();
    let (connection, stream) = inspected(&machine);
    let flow = connection.flow;
    assert_eq!(associate(flow, STREAM, stream, 6), status::OBJECT_NAME_EXISTS);
    assert_eq!(associate(flow, STREAM, stream, 0), status::INVALID_PARAMETER);
    assert_eq!(associate(flow, STREAM, stream + 9, 6), status::INVALID_PARAMETER);
    assert_eq!(associate(flow, Layer::StreamV6.id(), stream, 6), status::INVALID_PARAMETER);
    assert_eq!(associate(flow + 1, STREAM, stream, 6), status::NOT_FOUND);
    // The flow-established callout has no flowDeleteFn.
    assert_eq!(associate(flow, 52, stream - 1, 6), status::INVALID_PARAMETER);
    machine.finish();
}

#[test]
fn a_callout_that_needs_a_context_is_skipped_without_one() {
    let machine = Machine::with_session();
    let (connection, stream) = inspected(&machine);
    assert!(connection.send(b"x").is_called);
    assert_eq!(remove(connection.flow, STREAM, stream), status::SUCCESS);
    assert_eq!(DELETED.take(), [(STREAM, 5, 2)]);
    let outcome = connection.send(b"x");
    assert!(!outcome.is_called && outcome.is_permitted);
    assert_eq!(remove(connection.flow, STREAM, stream), status::UNSUCCESSFUL);
    machine.finish();
}

#[test]
fn removal_within_the_classification_is_pending() {
    let machine = Machine::with_session();
    let (connection, stream) = inspected(&machine);
    for when in [Deletes::AtOnce, Deletes::Later] {
        machine.kernel.fwp.set_deletes(when);
        let flow = connection.flow;
        let _there_the_second_time = associate(flow, STREAM, stream, 5);
        on_classify(move |call| {
            call.decide(action::PERMIT, 0);
            assert_eq!(remove(flow, STREAM, stream), status::PENDING);
            assert_eq!(remove(flow, STREAM, stream), status::UNSUCCESSFUL);
            assert!(DELETED.take().is_empty());
        });
        assert!(connection.receive(b"x").is_called);
        // An answer comes, but whoever asks again has not kept that it was asked.
        let told = machine.kernel.take_violations();
        assert_eq!(told, ["FwpsFlowRemoveContext0 was asked twice for a context"]);
        if when == Deletes::Later {
            assert!(DELETED.take().is_empty());
            assert_eq!(machine.unregister(stream), status::DEVICE_BUSY);
            machine.net.deliver_deletes();
        }
        assert_eq!(DELETED.take(), [(STREAM, 5, 2)]);
    }
    assert_eq!(machine.unregister(stream), status::SUCCESS);
    machine.finish();
}

#[test]
fn every_context_is_deleted_once_when_its_flow_ends() {
    let machine = Machine::with_session();
    let (connection, stream) = inspected(&machine);
    connection.close();
    connection.close();
    machine.net.deliver_deletes();
    assert_eq!(DELETED.take(), [(STREAM, 5, 2)]);
    let within = machine.net.connect(&FlowSpec::default());
    assert_eq!(associate(within.flow, STREAM, stream, 6), 0);
    on_classify(move |call| {
        call.decide(action::PERMIT, 0);
        // The connection is reset while its data is looked at.
        within.close();
        assert!(DELETED.take().is_empty());
    });
    within.receive(b"x");
    assert_eq!(DELETED.take(), [(STREAM, 6, 2)]);
    assert_eq!(machine.kernel.fwp.context_count(), 0);
    machine.finish();
}

#[test]
fn an_abort_ends_the_flow_as_configured() {
    let machine = Machine::with_session();
    let (connection, _) = inspected(&machine);
    let abort = || call!("FwpsFlowAbort0"(u64 = connection.flow) -> i32);
    machine.kernel.fwp.set_aborts(Aborts::Fail(status::UNSUCCESSFUL));
    assert_eq!((abort(), connection.is_open()), (status::UNSUCCESSFUL, true));
    machine.kernel.fwp.set_aborts(Aborts::Later);
    assert_eq!((abort(), connection.is_open(), DELETED.take()), (0, false, vec![]));
    machine.net.deliver_deletes();
    assert_eq!((DELETED.take(), abort()), (vec![(STREAM, 5, 2)], status::NOT_FOUND));
    machine.finish();
}

#[test]
fn removal_from_the_deletion_is_told() {
    let machine = Machine::with_session();
    let (connection, stream) = inspected(&machine);
    let removed = Rc::new(Cell::new(0));
    let (seen, flow) = (Rc::clone(&removed), connection.flow);
    on_delete(move |_| seen.set(remove(flow, STREAM, stream)));
    connection.close();
    assert_eq!(removed.get(), status::UNSUCCESSFUL);
    assert_eq!(machine.kernel.take_violations().len(), 1);
    assert_eq!(DELETED.take().len(), 1);
    machine.finish();
}

#[test]
fn a_lock_that_others_may_want_must_not_be_held() {
    let machine = Machine::with_session();
    let (connection, stream) = inspected(&machine);
    let pool = call!("ExAllocatePool2"(u64 = 0x40, usize = 8, u32 = 0x7765_6972) -> *mut usize);
    let mut own = 0_usize;
    for (lock, told) in [(&raw mut own, 0), (pool, 1)] {
        let irql = call!("KeAcquireSpinLockRaiseToDpc"(*mut usize = lock) -> u8);
        assert_eq!(associate(connection.flow, STREAM, stream, 6), status::OBJECT_NAME_EXISTS);
        call!("KeReleaseSpinLock"(*mut usize = lock, u8 = irql) -> ());
        assert_eq!(machine.kernel.take_violations().len(), told);
    }
    call!("ExFreePoolWithTag"(*mut usize = pool, u32 = 0x7765_6972) -> ());
    machine.finish();
}
