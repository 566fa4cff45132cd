//! A session made up for tests: four processors, plain and self-describing events, some lost.

use std::io::{Seek, Write};
use weir_etl::write::{EventHeader, ExtendedItem, Options, TraceWriter, WriteError};
use weir_etl::{FileTime, Guid};

pub(crate) const PLAIN: Guid =
    Guid::new(0x0102_0304, 0x0506, 0x0708, 0x090A, [0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x10]);
pub(crate) const SELF_DESCRIBING: Guid =
    Guid::new(0xA1B2_C3D4, 0xE5F6, 0x1728, 0x394A, [0x5B, 0x6C, 0x7D, 0x8E, 0x9F, 0xA0]);

pub(crate) const START: FileTime = FileTime(134_082_000_000_000_000);
pub(crate) const SECOND: i64 = 10_000_000;
pub(crate) const EVENTS_LOST: u32 = 41;
pub(crate) const BUFFERS_LOST: u32 = 3;

const TRAITS_KIND: u16 = 12;
const SCHEMA_KIND: u16 = 11;
const IN_UINT32: u8 = 8;
const IN_UINT64: u8 = 10;

/// An event and what it was written with.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) cpu: u16,
    pub(crate) time: FileTime,
    pub(crate) header: EventHeader,
    /// Name of a self-describing event.
    pub(crate) name: Option<&'static str>,
    pub(crate) payload: Vec<u8>,
}

pub(crate) fn later(steps: i64) -> FileTime {
    FileTime(START.0 + steps)
}

/// Small buffers, so that few events fill several.
pub(crate) fn options() -> Options {
    Options {
        session: "made up".to_owned(),
        file_name: r"C:\traces\made up.etl".to_owned(),
        buffer_bytes: 4096,
        processors: 4,
        start: START,
        ..Options::default()
    }
}

/// The metadata of a self-describing event: size, tags, name, then name and type of each field.
///
/// Source: microsoft/tracelogging, etw/TraceLoggingProvider.h
pub(crate) fn schema(name: &str, fields: &[(&str, u8)]) -> Vec<u8> {
    let mut rest = vec![0];
    rest.extend(name.bytes().chain([0]));
    for (name, kind) in fields {
        rest.extend(name.bytes().chain([0, *kind]));
    }
    sized(&rest)
}

/// Traits of a provider without a group.
pub(crate) fn traits(name: &str) -> Vec<u8> {
    let name: Vec<u8> = name.bytes().chain([0]).collect();
    sized(&name)
}

/// Bytes behind their size, which counts itself.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let size = u16::try_from(bytes.len() + 2).unwrap();
    [&size.to_le_bytes(), bytes].concat()
}

/// Events of all four processors in the order of their times, a third self-describing.
pub(crate) fn events(count: u32) -> Vec<Written> {
    let event = |place: u32| {
        let cpu = u16::try_from(place % 7 % 4).unwrap();
        let is_self_describing = place % 3 == 1;
        let mut payload = place.to_le_bytes().to_vec();
        if is_self_describing {
            payload.extend((u64::from(place) << 33).to_le_bytes());
        } else {
            payload.resize(usize::try_from(place % 57).unwrap(), 0xA5);
        }
        let provider = if is_self_describing { SELF_DESCRIBING } else { PLAIN };
        let header = EventHeader {
            id: if is_self_describing { 0 } else { u16::try_from(place).unwrap() },
            version: u8::try_from(place % 5).unwrap(),
            channel: 11,
            level: 4,
            opcode: 2,
            task: 9,
            keyword: 1 << (place % 47),
            process_id: 1000 + place % 3,
            thread_id: 2000 + place,
            activity_id: Guid([7; 16]),
            processor_time: 0x0000_0002_0000_0001,
            is_32_bit: place % 10 == 5,
            ..EventHeader::new(provider)
        };
        let time = later(SECOND + i64::from(place) * 1234);
        let name = is_self_describing.then_some("FlowMade");
        Written { cpu, time, header, name, payload }
    };
    (0..count).map(event).collect()
}

pub(crate) fn write<W: Write + Seek>(
    to: &mut TraceWriter<W>,
    events: &[Written],
) -> Result<(), WriteError> {
    let traits = traits("Made.Up");
    for event in events {
        let schema =
            event.name.map(|name| schema(name, &[("flow", IN_UINT32), ("bytes", IN_UINT64)]));
        let items = schema.as_ref().map(|schema| {
            [
                ExtendedItem { kind: TRAITS_KIND, data: &traits },
                ExtendedItem { kind: SCHEMA_KIND, data: schema },
            ]
        });
        let items = items.as_ref().map_or(&[][..], |items| items);
        to.event(event.cpu, event.time, &event.header, items, &event.payload)?;
    }
    Ok(())
}
