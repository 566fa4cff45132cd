//! Weir's own events: encoded by the contract's codec, read back by metadata alone.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use core::net::{IpAddr, Ipv6Addr};
use weir_abi::counters::Entry;
use weir_abi::event::{
    Attached, AttachmentVerdict, Cleanup, CopyFallback, Counters, CountersHeader, Detached,
    DriverState, ErrorEvent, Event, FlowClosed, FlowEstablished, FlowRundown, FlowUninspected,
    Invocation, KIND_LAST, MAC_BYTES, PREFIX_BYTES, Prefix, Verdict, kind_metadata, kind_name,
};
use weir_abi::identifiers::{PROVIDER_NAME, PROVIDER_TRAITS};
use weir_abi::wire::{FieldInfo, FieldType, TEXT_TYPE};
use weir_etl::fields::{Count, InType, OutType, PointerSize, Schema, Value};
use weir_etl::tracelogging::{ProviderTraits, parse_schema};

const ADDRESS: FieldType = FieldType::of(18, 14, 9);
const BOOLEAN: FieldType = FieldType::of(1, 4, 3);
const PORT: FieldType = FieldType::of(2, 6, 7);

/// A payload with another value in every field, made from the table of fields.
fn payload(fixed: &[FieldInfo], texts: usize) -> Vec<u8> {
    let mut bytes = vec![0; PREFIX_BYTES];
    bytes[2..PREFIX_BYTES].copy_from_slice(&[7, 1, 2, 3, 4, 5, 9, 8, 7, 6]);
    for (number, field) in fixed.iter().enumerate() {
        let number = u8::try_from(number).unwrap();
        let start = bytes.len();
        let values = (0..field.kind.bytes).map(|place| number * 3 + u8::try_from(place).unwrap());
        match field.kind {
            ADDRESS => {
                bytes.extend(16_u16.to_le_bytes());
                bytes.extend(values.take(16));
            }
            // Enumerations and flags: values that each of them has.
            FieldType { bytes: 1, .. } => bytes.push(number % 2),
            _ => bytes.extend(values),
        }
        assert_eq!(bytes.len() - start, usize::from(field.kind.bytes), "{}", field.name);
    }
    let length = u16::try_from(bytes.len()).unwrap();
    bytes[..2].copy_from_slice(&length.to_le_bytes());
    for text in 0..texts {
        let text = format!("text {text} ü");
        bytes.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes.extend([0; MAC_BYTES]);
    bytes
}

/// What a field of this type holds, read straight from its bytes.
fn expected(kind: FieldType, bytes: &[u8]) -> Value<'static> {
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte));
    match kind {
        ADDRESS => {
            let octets: [u8; 16] = bytes[2..].try_into().unwrap();
            Value::Ip(IpAddr::V6(Ipv6Addr::from(octets)))
        }
        BOOLEAN => Value::Bool(bytes[0] != 0),
        PORT => Value::Port(u16::from_be_bytes([bytes[0], bytes[1]])),
        FieldType { in_type: 17, .. } => {
            Value::Time(weir_etl::FileTime(number(bytes).cast_signed()))
        }
        _ => Value::U64(number(bytes)),
    }
}

/// The types of the metadata are those of the contract.
fn check_types(schema: &Schema, name: &str, own: &[FieldInfo]) {
    assert_eq!(schema.name(), name);
    let prefix = [("fixed_length", 2, 6), ("cpu", 2, 6), ("epoch", 4, 8), ("sequence", 4, 8)];
    let prefix = prefix.map(|(name, bytes, in_type)| (name, FieldType::of(bytes, in_type, 0)));
    let suffix = [("mac", FieldType::of(8, 21, 0))];
    let own = own.iter().map(|field| (field.name, field.kind));
    let all: Vec<_> = prefix.into_iter().chain(own).chain(suffix).collect();
    assert_eq!(schema.fields().len(), all.len(), "{name}");
    for (found, (field, kind)) in schema.fields().iter().zip(all) {
        assert_eq!(found.name, field, "{name}");
        assert_eq!(found.in_type, InType::from_number(kind.in_type.into()), "{name}.{field}");
        let out = match kind.out_type {
            0 => OutType::Default,
            3 => OutType::Boolean,
            7 => OutType::Port,
            9 => OutType::Ipv6,
            35 => OutType::Utf8,
            other => OutType::Other(other.into()),
        };
        assert_eq!(found.out_type, out, "{name}.{field}");
    }
}

fn check<E: Event + PartialEq + core::fmt::Debug>() {
    let texts = E::FIELDS.iter().filter(|field| field.kind == TEXT_TYPE).count();
    let (fixed, text_fields) = E::FIELDS.split_at(E::FIELDS.len() - texts);
    let made = payload(fixed, texts);
    let (prefix, event) = E::decode(&made).unwrap();
    let mut encoded = vec![0; made.len()];
    assert_eq!(event.encode(prefix, &mut encoded), Some(made.len()), "{}", E::NAME);
    assert_eq!(encoded, made, "{}: the codec keeps every field", E::NAME);

    let schema = parse_schema(E::METADATA).unwrap();
    check_types(&schema, E::NAME, E::FIELDS);
    let decoded = schema.decode(&encoded, PointerSize::Bytes8);
    assert_eq!(decoded.error, None, "{}", E::NAME);
    assert!(decoded.rest.is_empty(), "{}: {:?}", E::NAME, decoded.rest);
    let value = |name: &str| decoded.fields.value(name).unwrap();
    assert_eq!(*value("cpu"), Value::U64(prefix.cpu.into()));
    assert_eq!(*value("epoch"), Value::U64(prefix.epoch.into()));
    assert_eq!(*value("sequence"), Value::U64(prefix.sequence.into()));
    let mut at = PREFIX_BYTES;
    for field in fixed {
        let end = at + usize::from(field.kind.bytes);
        let expected = expected(field.kind, &encoded[at..end]);
        assert_eq!(*value(field.name), expected, "{}.{}", E::NAME, field.name);
        at = end;
    }
    for (number, field) in text_fields.iter().enumerate() {
        let expected = Value::Text(format!("text {number} ü").into());
        assert_eq!(*value(field.name), expected, "{}.{}", E::NAME, field.name);
    }
}

#[test]
fn every_event_reads_back_by_its_metadata_as_the_contract_has_it() {
    check::<Invocation>();
    check::<Verdict>();
    check::<Cleanup>();
    check::<CopyFallback>();
    check::<FlowEstablished>();
    check::<FlowClosed>();
    check::<Attached>();
    check::<Detached>();
    check::<DriverState>();
    check::<ErrorEvent>();
    check::<FlowRundown>();
    check::<AttachmentVerdict>();
    check::<FlowUninspected>();
}

#[test]
fn counters_read_back_as_an_array_of_structures() {
    let header = CountersHeader { number: 5, part: 1, parts: 3 };
    let entry = |number: u16| Entry {
        series: number,
        index: number + 1,
        scope: u32::from(number) + 2,
        value: u64::from(number) + 3,
    };
    let entries: Vec<Entry> = (10..13).map(entry).collect();
    let mut bytes = vec![0; 512];
    let prefix = Prefix { cpu: 1, epoch: 2, sequence: 3 };
    let length = Counters::encode(header, &entries, prefix, &mut bytes).unwrap();
    let schema = parse_schema(Counters::METADATA).unwrap();
    // The last four of the table are the fields of an entry.
    let own = Counters::FIELDS.len() - 4;
    let list = schema.fields().iter().find(|field| field.name == "entries").unwrap();
    assert_eq!((list.in_type, &list.count), (InType::Struct, &Count::Counted));
    let names: Vec<_> = list.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["series", "index", "scope", "value"]);
    assert_eq!(schema.fields().len(), 4 + own + 1);
    let decoded = schema.decode(&bytes[..length], PointerSize::Bytes8);
    assert_eq!((decoded.error, decoded.rest), (None, &[][..]));
    let text = decoded.fields.value("entries").unwrap().to_string();
    let found: Vec<u64> = text
        .split(|it: char| !it.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    assert_eq!(found, [10, 11, 12, 13, 11, 12, 13, 14, 12, 13, 14, 15], "{text}");
    for (field, value) in [("number", 5), ("part", 1), ("parts", 3)] {
        assert_eq!(*decoded.fields.value(field).unwrap(), Value::U64(value));
    }
}

#[test]
fn every_kind_has_metadata_of_its_name_and_no_other_version_does() {
    for id in 1..=KIND_LAST {
        let version = if id == DriverState::ID { DriverState::VERSION } else { 1 };
        let schema = parse_schema(kind_metadata(id, version).unwrap()).unwrap();
        assert_eq!(Some(schema.name()), kind_name(id));
        assert_eq!(kind_metadata(id, version + 1), None);
    }
    assert_eq!(kind_metadata(KIND_LAST + 1, 1), None);
    assert_eq!(ProviderTraits::parse(PROVIDER_TRAITS).unwrap().name, PROVIDER_NAME);
}
