//! Self-describing (TraceLogging) metadata of events and provider, built at compile time from the
//! same table of fields as the codec.
//!
//! Event metadata: size (u16), tags (one byte, none), name, then for each field its name, its in
//! type with bit 7 set where an out type follows, and that out type. Names end with a NUL.
//! Source: microsoft/tracelogging, TraceLoggingProvider.h (`_tlgEventMetadata`), read 2026-11.

use crate::wire::{FieldInfo, FieldType};

/// The channel that self-describing events are written to (`WINEVENT_CHANNEL_TRACELOGGING`).
///
/// Source: microsoft/tracelogging, TraceLoggingProvider.h, read 2026-11.
pub const CHANNEL: u8 = 11;

/// Bit of an in type that says that an out type follows.
const HAS_OUT: u8 = 0x80;

/// Fields that stand before an event's own: the prefix.
const PREFIX: &[FieldInfo] = &[
    FieldInfo { name: "fixed_length", kind: FieldType::of(2, 6, 0), doc: "" },
    FieldInfo { name: "cpu", kind: FieldType::of(2, 6, 0), doc: "" },
    FieldInfo { name: "epoch", kind: FieldType::of(4, 8, 0), doc: "" },
    FieldInfo { name: "sequence", kind: FieldType::of(4, 8, 0), doc: "" },
];

/// What stands after them: the bytes reserved for a MAC, in hexadecimal.
const SUFFIX: &[FieldInfo] = &[FieldInfo { name: "mac", kind: FieldType::of(8, 21, 0), doc: "" }];

/// Bytes of the metadata of an event.
#[must_use]
pub const fn event_metadata_bytes(name: &str, fields: &[FieldInfo]) -> usize {
    // Size, tags, the name's NUL.
    let mut bytes = name.len().saturating_add(4);
    let mut groups: &[&[FieldInfo]] = &[PREFIX, fields, SUFFIX];
    while let [group, others @ ..] = groups {
        let mut rest: &[FieldInfo] = group;
        while let [field, tail @ ..] = rest {
            let out = if field.kind.out_type == 0 { 0 } else { 1 };
            // The name's NUL, the in type.
            bytes = bytes.saturating_add(field.name.len()).saturating_add(2).saturating_add(out);
            rest = tail;
        }
        groups = others;
    }
    bytes
}

/// The metadata of an event; `N` is [`event_metadata_bytes`].
#[must_use]
pub const fn event_metadata<const N: usize>(name: &str, fields: &[FieldInfo]) -> [u8; N] {
    let mut blob = [0; N];
    let mut at = put(&mut blob, 0, size(N).as_slice());
    at = put(&mut blob, at, &[0]);
    at = put_name(&mut blob, at, name);
    let mut groups: &[&[FieldInfo]] = &[PREFIX, fields, SUFFIX];
    while let [group, others @ ..] = groups {
        let mut rest: &[FieldInfo] = group;
        while let [field, tail @ ..] = rest {
            at = put_name(&mut blob, at, field.name);
            at = match field.kind.out_type {
                0 => put(&mut blob, at, &[field.kind.in_type]),
                out => put(&mut blob, at, &[field.kind.in_type | HAS_OUT, out]),
            };
            rest = tail;
        }
        groups = others;
    }
    blob
}

/// Bytes of the traits of a provider without a group.
#[must_use]
pub const fn provider_traits_bytes(name: &str) -> usize {
    name.len().saturating_add(3)
}

/// The traits of a provider without a group; `N` is [`provider_traits_bytes`].
#[must_use]
pub const fn provider_traits<const N: usize>(name: &str) -> [u8; N] {
    let mut blob = [0; N];
    let at = put(&mut blob, 0, size(N).as_slice());
    put_name(&mut blob, at, name);
    blob
}

const fn size(bytes: usize) -> [u8; 2] {
    let [low, high, ..] = bytes.to_le_bytes();
    [low, high]
}

const fn put_name(blob: &mut [u8], at: usize, name: &str) -> usize {
    let at = put(blob, at, name.as_bytes());
    put(blob, at, &[0])
}

/// Writes bytes at a place and returns the place behind them.
const fn put(blob: &mut [u8], at: usize, bytes: &[u8]) -> usize {
    let end = at.saturating_add(bytes.len());
    let (mut to, mut from) = match blob.split_at_mut_checked(at) {
        Some((_, to)) => (to, bytes),
        None => return end,
    };
    while let ([slot, slots @ ..], [byte, others @ ..]) = (to, from) {
        *slot = *byte;
        (to, from) = (slots, others);
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_are_the_bytes_that_a_trace_logging_writer_makes() {
        const FIELDS: &[FieldInfo] =
            &[FieldInfo { name: "ok", kind: FieldType::of(1, 4, 3), doc: "" }];
        const N: usize = event_metadata_bytes("E", FIELDS);
        let expected = b"\x40\x00\0E\0fixed_length\0\x06cpu\0\x06epoch\0\x08sequence\0\x08ok\0\x84\x03mac\0\x15";
        let blob = event_metadata::<N>("E", FIELDS);
        assert_eq!(blob.as_slice(), {
            let mut expected = expected.to_vec();
            expected[0] = u8::try_from(expected.len()).unwrap();
            expected
        });
        assert_eq!(provider_traits::<7>("Weir").as_slice(), b"\x07\x00Weir\0");
        assert_eq!(provider_traits_bytes("Weir"), 7);
    }
}
