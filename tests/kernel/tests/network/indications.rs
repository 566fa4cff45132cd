//! Classification at both layers, and every shape of data.

use crate::standin::{Call, Machine, associate, copy, on_classify};
use core::cell::{Cell, RefCell};
use std::rc::Rc;
use weir_abi::Direction;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::layers::Layer;
use weir_sim_kernel::fwp::layout::{CLASSIFY_OUT_FLAG_ABSORB, action, kind, metadata};
use weir_sim_kernel::fwp::stream::{Indication, Prepared};
use weir_sim_kernel::ndis::Shape;
use weir_sim_kernel::net::Connection;

/// A connection whose data goes to `stream`.
fn inspected(machine: &Machine, stream: impl Fn(&Call) + 'static) -> Connection {
    let callout = machine.watch_v4();
    on_classify(move |call| {
        if call.packet.is_null() {
            call.decide(action::CONTINUE, 0);
        } else {
            stream(call);
        }
    });
    let connection = machine.net.connect(&FlowSpec::default());
    assert_eq!(associate(connection.flow, Layer::StreamV4.id(), callout, 5), 0);
    connection
}

#[test]
fn flow_established_shows_what_windows_shows() {
    let machine = Machine::with_session();
    machine.watch(1, Layer::EstablishedV4, action::CALLOUT_UNKNOWN);
    on_classify(|call| {
        assert_eq!((call.values.layer, call.values.count, call.filter.context), (52, 24, 1007));
        assert_eq!(call.value(5).data & 0xff, 6);
        assert_eq!(
            (call.value(2).kind, call.value(2).data & 0xffff_ffff),
            (kind::UINT32, 0xc000_0201)
        );
        // Outbound is 0 there.
        assert_eq!(call.value(12).data & 0xffff_ffff, 0);
        assert_eq!(call.metadata.present, metadata::FLOW_HANDLE | metadata::PROCESS_ID);
        assert_eq!((call.metadata.process_id, call.context), (4242, 0));
        call.decide(action::CONTINUE, 0);
    });
    let connection = machine.net.connect(&FlowSpec::default());
    assert!(connection.established.is_called && !connection.is_refused());
    let udp = FlowSpec { protocol: 17, ..FlowSpec::default() };
    assert!(!machine.net.connect(&udp).established.is_called);
    assert!(!machine.net.connect(&FlowSpec::v6()).established.is_called);
    machine.finish();
}

#[test]
fn a_block_at_flow_established_tears_the_connection_down() {
    let machine = Machine::with_session();
    let id = machine.watch(1, Layer::EstablishedV6, action::CALLOUT_UNKNOWN);
    on_classify(|call| {
        assert_eq!((call.value(2).kind, call.value(19).data & 0xff), (kind::BYTE_ARRAY16, 9));
        call.decide(action::BLOCK, 0);
    });
    let spec = FlowSpec { compartment_id: 9, ..FlowSpec::v6() };
    let connection = machine.net.connect(&spec);
    assert!(connection.is_refused() && !connection.is_open());
    // Without its callout the filter permits, because it says so.
    assert_eq!(machine.unregister(id), 0);
    assert!(!machine.net.connect(&spec).is_refused());
    machine.finish();
}

#[test]
fn a_missing_or_wrong_action_is_told() {
    let machine = Machine::with_session();
    let connection = inspected(&machine, |_| {});
    let outcome = connection.send(b"x");
    assert!(outcome.is_called && !outcome.is_permitted);
    assert_eq!(machine.kernel.take_violations().len(), 1);
    on_classify(|call| {
        call.decide(action::PERMIT, CLASSIFY_OUT_FLAG_ABSORB);
        // SAFETY: the packet is the callout's to write during the call.
        let packet = unsafe { &mut *call.packet };
        (packet.bytes_enforced, packet.stream_action) = (1, 2);
    });
    connection.send(b"x");
    assert_eq!(machine.kernel.take_violations().len(), 3);
    machine.finish();
}

#[test]
fn blocked_bytes_are_absorbed_and_the_end_passes() {
    let machine = Machine::with_session();
    let connection = inspected(&machine, |call| {
        if call.data().length > 0 {
            call.decide(action::BLOCK, CLASSIFY_OUT_FLAG_ABSORB);
        } else {
            assert_eq!(call.data().flags, 5);
            call.decide(action::PERMIT, 0);
        }
    });
    let outcome = connection.receive(b"secret");
    assert!(outcome.is_absorbed && !outcome.is_permitted);
    assert!(connection.finish(Direction::Inbound).is_permitted);
    machine.finish();
}

#[test]
fn every_shape_holds_the_same_bytes() {
    let machine = Machine::with_session();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&seen);
    let connection = inspected(&machine, move |call| {
        let data = call.data();
        kept.replace(copy(&data, data.length + 10));
        call.decide(action::PERMIT, 0);
    });
    for length in [0, 1, 2, 3, 17, 5000] {
        let bytes: Vec<u8> = (0..length).map(|it: u32| it.to_le_bytes()[0]).collect();
        for shape in Shape::ALL {
            connection.indicate(&Indication::received(&bytes).shaped(shape));
            assert_eq!(seen.take(), bytes, "{shape:?} of {length}");
        }
    }
    assert_eq!(machine.kernel.take_violations(), Vec::<String>::new());
    machine.finish();
}

#[test]
fn contiguous_bytes_can_be_read_in_place() {
    let machine = Machine::with_session();
    let in_place = Rc::new(Cell::new(false));
    let seen = Rc::clone(&in_place);
    let connection = inspected(&machine, move |call| {
        let data = call.data();
        let mdl: *const u64 = data.mdl.cast();
        // The flags are in an MDL's second word, the address of what is mapped in its fourth, the
        // count in its sixth.
        let word = |place: usize| {
            // SAFETY: the indication has data, so this is an MDL, of six words at least.
            unsafe { mdl.wrapping_add(place).read() }
        };
        let (flags, count) = (word(1) >> 16 & 5, word(5) & 0xffff_ffff);
        let length = u64::try_from(data.length).unwrap();
        seen.set(flags != 0 && length <= count - u64::from(data.mdl_offset));
        if seen.get() {
            let at = usize::try_from(word(3) + u64::from(data.mdl_offset)).unwrap();
            let at: *const u8 = core::ptr::with_exposed_provenance(at);
            // SAFETY: so many bytes are there.
            let bytes = unsafe { core::slice::from_raw_parts(at, data.length) };
            assert_eq!(bytes, &[3; 64]);
        }
        call.decide(action::PERMIT, 0);
    });
    for shape in Shape::ALL {
        let prepared = Prepared::new(&Indication::sent(&[3; 64]).shaped(shape));
        connection.indicate_prepared(&prepared);
        connection.indicate_prepared(&prepared);
        assert_eq!(in_place.get(), shape.is_contiguous(), "{shape:?}");
    }
    machine.finish();
}

#[test]
fn a_position_that_was_moved_half_is_told() {
    let machine = Machine::with_session();
    let connection = inspected(&machine, |call| {
        let mut data = call.data();
        data.mdl_offset += 2;
        data.length -= 2;
        assert_eq!(copy(&data, 9), b"cdef");
        data.buffer_offset += 2;
        assert_eq!(copy(&data, 9), b"cdef");
        call.decide(action::PERMIT, 0);
    });
    connection.send(b"abcdef");
    assert_eq!(machine.kernel.take_violations().len(), 1);
    machine.kernel.faults.fail("FwpsCopyStreamDataToBuffer0", 1, 3);
    on_classify(|call| {
        assert_eq!(copy(&call.data(), 6), b"abc");
        call.decide(action::PERMIT, 0);
    });
    connection.send(b"abcdef");
    machine.finish();
}

#[test]
fn less_can_be_shown_than_today() {
    let machine = Machine::with_session();
    let callout = machine.watch_v4();
    on_classify(|call| {
        let is_stream = !call.packet.is_null();
        assert_eq!(
            (call.values.count, call.metadata.present),
            if is_stream { (7, 0) } else { (19, 0) }
        );
        assert_ne!(call.metadata.flow_handle >> 32, 1);
        call.decide(if is_stream { action::PERMIT } else { action::CONTINUE }, 0);
    });
    let spec = FlowSpec {
        stream_values: 7,
        established_values: 19,
        metadata_absent: u32::MAX,
        ..FlowSpec::default()
    };
    let connection = machine.net.connect(&spec);
    assert_eq!(associate(connection.flow, Layer::StreamV4.id(), callout, 5), 0);
    assert!(connection.send(b"x").is_called);
    machine.finish();
}
