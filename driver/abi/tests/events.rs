//! The event codec from outside: round trips, forward compatibility, arbitrary bytes.

use weir_abi::counters::{ENTRIES_MAX, Entry, Series};
use weir_abi::event::{
    Attached, Counters, CountersHeader, DecodeError, DriverState, EVENT_BYTES_MAX, Event, Fate,
    FateReason, FlowUninspected, Invocation, KIND_LAST, Prefix, Record, Verdict, kind_name,
};
use weir_abi::wire::{Address, FileTime, Port, Text, Ticks};
use weir_abi::{Action, Direction, FlowState};

const PREFIX: Prefix = Prefix { cpu: 3, epoch: 0xdead_beef, sequence: 7 };

fn invocation() -> Invocation {
    Invocation {
        flow_serial: 1,
        flow_id: 2,
        flow_seq: 3,
        attach_id: 4,
        state: FlowState::Established,
        direction: Direction::Outbound,
        answer: Action::NeedMoreData,
        copied: true,
        result: 5,
        segment_bytes: 517,
        duration: Ticks(6),
        process_id: 7,
    }
}

fn verdict() -> Verdict {
    Verdict {
        flow_serial: u64::MAX,
        local_address: Address::v4([10, 0, 0, 1]),
        remote_address: Address([0xfe; 16]),
        local_port: Port(49_152),
        remote_port: Port(443),
        fate: Fate::Block,
        reason: FateReason::BlockNotKept,
        invoked: 1 << 63,
        bytes_outbound: 9,
        ..Verdict::default()
    }
}

#[test]
fn events_come_back_as_they_were_written() {
    let mut out = [0_u8; EVENT_BYTES_MAX];
    let length = invocation().encode(PREFIX, &mut out).unwrap();
    assert_eq!(length, 68);
    assert_eq!(Record::decode(1, &out[..length]), Ok((PREFIX, Record::Invocation(invocation()))));
    let length = verdict().encode(PREFIX, &mut out).unwrap();
    assert_eq!(Record::decode(2, &out[..length]), Ok((PREFIX, Record::Verdict(verdict()))));
    let attached = Attached { label: Text::new("sni").unwrap(), slot: 9, ..Attached::default() };
    let length = attached.encode(PREFIX, &mut out).unwrap();
    assert_eq!(Record::decode(7, &out[..length]), Ok((PREFIX, Record::Attached(attached))));
}

#[test]
fn bytes_of_an_invocation_are_the_contract() {
    let mut out = [0_u8; 68];
    invocation().encode(PREFIX, &mut out).unwrap();
    let expected: [u8; 68] = [
        60, 0, 3, 0, 0xef, 0xbe, 0xad, 0xde, 7, 0, 0, 0, // fixed_length, cpu, epoch, sequence
        1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, // serial, id, order
        4, 0, 0, 0, 1, 1, 2, 1, 5, 0, 0,
        0, // attach id, state, direction, answer, copied, result
        5, 2, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, // bytes, duration, process
        0, 0, 0, 0, 0, 0, 0, 0, // reserved for a MAC
    ];
    assert_eq!(out, expected);
}

#[test]
fn bytes_of_a_tuple_have_ports_in_network_order_and_addresses_as_ipv6() {
    let event = FlowUninspected {
        flow_serial: 1,
        flow_id: 2,
        flow_seq: 3,
        family: 2,
        local_address: Address::v4([10, 0, 0, 1]),
        remote_address: Address([0xfe; 16]),
        local_port: Port(0xc001),
        remote_port: Port(443),
        direction: Direction::Inbound,
        process_id: 4,
    };
    let mut out = [0_u8; 256];
    let length = event.encode(PREFIX, &mut out).unwrap();
    let mut expected = vec![79, 0, 3, 0, 0xef, 0xbe, 0xad, 0xde, 7, 0, 0, 0];
    expected.extend([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0]);
    expected.extend([2, 0]);
    expected.extend([16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1]);
    expected.extend([16, 0]);
    expected.extend([0xfe; 16]);
    expected.extend([0xc0, 0x01, 0x01, 0xbb, 0, 4, 0, 0, 0]);
    expected.extend([0; 8]);
    assert_eq!(out[..length], expected);
}

#[test]
fn bytes_of_a_text_follow_its_length_behind_the_fixed_fields() {
    let label = Text::new("sni").unwrap();
    let event = Attached { slot: 1, attach_id: 2, chain_index: 3, compartment_id: 4, label };
    let mut out = [0_u8; 64];
    let length = event.encode(PREFIX, &mut out).unwrap();
    let mut expected = vec![22, 0, 3, 0, 0xef, 0xbe, 0xad, 0xde, 7, 0, 0, 0];
    expected.extend([1, 2, 0, 0, 0, 3, 4, 0, 0, 0]);
    expected.extend([3, 0, b's', b'n', b'i']);
    expected.extend([0; 8]);
    assert_eq!(out[..length], expected);
}

#[test]
fn fields_that_a_newer_driver_adds_are_skipped() {
    let attached =
        Attached { label: Text::new("sni").unwrap(), attach_id: 8, ..Attached::default() };
    let mut out = [0_u8; 256];
    let length = attached.encode(PREFIX, &mut out).unwrap();
    let fixed = usize::from(Attached::FIXED_BYTES);
    let mut newer = out[..fixed].to_vec();
    newer.extend_from_slice(&[0xaa; 10]);
    newer.extend_from_slice(&out[fixed..length - 8]);
    newer.extend_from_slice(b"\x03\0new");
    newer.extend_from_slice(&[0; 8]);
    newer[0] += 10;
    assert_eq!(Record::decode(7, &newer), Ok((PREFIX, Record::Attached(attached))));
}

#[test]
fn what_an_older_driver_did_not_write_is_its_default() {
    let state = DriverState {
        attachments: 3,
        loaded_at: FileTime(0x0102_0304_0506_0708),
        version: Text::new("0.1.0").unwrap(),
        ..DriverState::default()
    };
    let mut out = [0_u8; 256];
    let length = state.encode(PREFIX, &mut out).unwrap();
    let first = usize::from(DriverState::FIRST_FIXED_BYTES);
    let fixed = usize::from(DriverState::FIXED_BYTES);
    let older = |cut: usize| {
        let mut older = [&out[..fixed - cut], &out[fixed..length]].concat();
        older[0] -= u8::try_from(cut).unwrap();
        older
    };
    let expected = DriverState { loaded_at: FileTime::default(), ..state };
    assert_eq!(
        Record::decode(9, &older(fixed - first)),
        Ok((PREFIX, Record::DriverState(expected)))
    );
    assert!(Record::decode(9, &older(fixed - first + 1)).is_err(), "shorter than version 1");
    assert!(Record::decode(9, &older(1)).is_err(), "a part of a field");
}

#[test]
fn times_of_windows_are_times_since_1970() {
    assert_eq!(FileTime::from_unix_nanos(1_234).unix_nanos(), Some(1_200));
    assert_eq!(FileTime(0).unix_nanos(), None);
    assert_eq!(FileTime(u64::MAX).unix_nanos(), None);
}

#[test]
fn values_that_a_newer_driver_adds_keep_the_event() {
    let mut out = [0_u8; 68];
    invocation().encode(PREFIX, &mut out).unwrap();
    out[36] = 77;
    let expected = Invocation { state: FlowState::Unknown, ..invocation() };
    assert_eq!(Record::decode(1, &out), Ok((PREFIX, Record::Invocation(expected))));
}

#[test]
fn a_full_set_of_counters_fits_the_largest_event() {
    let entries: Vec<Entry> = (0..ENTRIES_MAX)
        .map(|place| Entry::of(Series::Invocations, u16::try_from(place).unwrap(), 1, 5))
        .collect();
    let header = CountersHeader { number: 1, part: 0, parts: 1 };
    let mut out = [0_u8; EVENT_BYTES_MAX];
    let length = Counters::encode(header, &entries, PREFIX, &mut out).unwrap();
    let (prefix, record) = Record::decode(10, &out[..length]).unwrap();
    let Record::Counters(counters) = record else { panic!("not counters: {record:?}") };
    assert_eq!((prefix, counters.header), (PREFIX, header));
    assert_eq!(counters.entries().collect::<Vec<_>>(), entries);
}

#[test]
fn short_payloads_and_unknown_ids_are_errors() {
    let mut out = [0_u8; 68];
    invocation().encode(PREFIX, &mut out).unwrap();
    for length in 0..out.len() {
        let found = Record::decode(1, &out[..length]);
        assert_eq!(found, Err(DecodeError::Short { needed: 68, found: length }));
    }
    assert_eq!(Record::decode(15, &out), Err(DecodeError::UnknownEvent { id: 15 }));
    assert!((1..=KIND_LAST).all(|id| kind_name(id).is_some()));
    assert_eq!((kind_name(0), kind_name(KIND_LAST + 1)), (None, None));
}

/// A small linear generator, so that a failure repeats.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[test]
fn decoders_are_total_over_arbitrary_bytes() {
    let mut state = 0x57e1_u64;
    let mut decoded = 0;
    for _ in 0..200_000 {
        let length = usize::try_from(next(&mut state) % 400).unwrap();
        let mut bytes: Vec<u8> = (0..length).map(|_| next(&mut state).to_le_bytes()[0]).collect();
        if let Some(low) = bytes.first_mut() {
            *low = u8::try_from(next(&mut state) % 250).unwrap();
        }
        if let Some(high) = bytes.get_mut(1) {
            *high = 0;
        }
        let id = u16::try_from(next(&mut state) % 17).unwrap();
        if let Ok((_, record)) = Record::decode(id, &bytes) {
            decoded += 1;
            if let Record::Counters(counters) = record {
                assert!(counters.entries().count() <= bytes.len());
            }
        }
    }
    assert!(decoded > 1_000, "the generator reaches the decoders: {decoded}");
}
