//! A small trace that describes its own events.

#[path = "../../src/tdh/tests/build.rs"]
#[expect(dead_code, reason = "other tests use all of it")]
mod build;

use super::made::{PROVIDER, finish, later, payload, writer};
use build::{Info, Map, Property};
use weir_etl::write::{ClassicRecord, Clock, EventHeader, Record};

/// Events that other records describe, as a merge and as an `EventSource` of .NET do.
pub(crate) fn merged() -> Vec<u8> {
    let mut to = writer(Clock::Qpc);
    for (id, payload) in (1..=3).cycle().zip(payload().chunks(7)).take(24) {
        let header = EventHeader { id, ..EventHeader::new(PROVIDER) };
        to.event(id % 2, later(i64::from(id)), &header, &[], payload).unwrap();
    }
    for (turn, chunk) in XML.as_bytes().chunks(XML.len().div_ceil(2)).enumerate() {
        let number = u8::try_from(turn).unwrap();
        let header =
            EventHeader { id: 0xFFFE, task: 0xFFFE, opcode: 0xFE, ..EventHeader::new(PROVIDER) };
        let payload = [&[1, 1, 0, 0x5B, 2, 0, number, 0], chunk].concat();
        to.event(0, later(100 + i64::from(number)), &header, &[], &payload).unwrap();
    }
    let list = Property { flags: build::PARAM_COUNT, length: 0, ..build::one("list", 4, 4) };
    let kind = Property { map: "Kind", ..build::one("kind", 4, 4) };
    let info = Info::with(vec![kind, list, build::one("text", 1, 1)]).build();
    let map = Map { name: "Kind", flags: 1, entries: vec![(1, "one"), (2, "two")] }.build();
    for (kind, payload) in [(build::EVENT_INFO, &info), (build::MAP_INFO, &map)] {
        let record = classic(kind, payload);
        to.record(2, later(200), &Record::Classic(record)).unwrap();
    }
    finish(to)
}

fn classic(kind: u8, payload: &[u8]) -> ClassicRecord<'_> {
    ClassicRecord {
        class: build::CLASS,
        kind,
        level: 0,
        version: 0,
        process_id: 1,
        thread_id: 2,
        processor_time: 0,
        instance: None,
        is_32_bit: false,
        payload,
    }
}

/// A manifest as an `EventSource` writes it.
const XML: &str = r#"<instrumentationManifest><provider name="Source">
<maps><valueMap name="Kind"><map value="1" message="$(string.a)"/></valueMap></maps>
<events><event value="2" task="Work" template="T"/><event value="3" task="Odd"/></events>
<templates><template tid="T"><data name="kind" inType="win:UInt8" map="Kind"/>
<data name="n" inType="win:UInt16"/><data name="list" inType="win:UInt8" count="n"/></template>
</templates></provider><string id="a" value="one"/></instrumentationManifest>"#;
