//! Manifests in the event stream.

use super::{Catalogue, PROVIDER, event, record};
use crate::fields::PointerSize;
use crate::tdh::{BYTES_MAX, DESCRIPTIONS_MAX};
use crate::{Body, Event, Record};

const XML: &str = r#"<instrumentationManifest xmlns="urn:events">
<provider name="Test-Source" guid="{00000000-0000-0000-0000-000000000000}">
 <tasks><task name="Work" value="1"/></tasks>
 <maps>
  <bitMap name="Flags">
   <map value="0x1" message="$(string.a)"/><map value="2" message="two"/>
  </bitMap>
  <valueMap name="Kind"><map value="1" message="$(string.missing)"/></valueMap>
 </maps>
 <events>
  <event value="1" version="2" level="win:Informational" keywords="A B" opcode="win:Start"
   task="Work" message="$(string.m)" template="Args"/>
  <event value="2" task="Plain"/>
  <event value="3" task="Work" opcode="Own" template="Odd"/>
 </events>
 <templates>
  <template tid="Args">
   <data name="text" inType="win:UnicodeString"/>
   <data name="flags" inType="win:UInt32" map="Flags"/>
   <data name="kind" inType="win:UInt8" map="Kind"/>
   <data name="is" inType="win:Boolean"/>
   <data name="hex" inType="win:UInt32" outType="win:HexInt32"/>
   <data name="n" inType="win:UInt16"/>
   <data name="list" inType="win:Int32" count="n"/>
   <data name="size" inType="win:UInt32"/>
   <data name="bytes" inType="win:Binary" length="size"/>
   <data name="two" inType="win:UInt8" count="2"/>
  </template>
  <template tid="Odd"><data name="a" inType="win:UInt8"/><data name="b" inType="none"/></template>
 </templates>
</provider>
<string id="a" value="one &amp; only"/><string id="m" value="%1 is done"/>
</instrumentationManifest>"#;

/// Payloads of the chunks that so many bytes each make.
fn chunks(text: &str, bytes: usize) -> Vec<Vec<u8>> {
    let parts: Vec<_> = text.as_bytes().chunks(bytes).collect();
    let total = u16::try_from(parts.len()).unwrap();
    let chunk = |(number, part): (u16, &&[u8])| {
        [&[1, 1, 0, 0x5b][..], &total.to_le_bytes(), &number.to_le_bytes(), part].concat()
    };
    (0..).zip(&parts).map(chunk).collect()
}

fn learn(catalogue: &mut Catalogue, process: u32, payload: &[u8]) {
    let chunk = Event { task: 0xfffe, opcode: 0xfe, payload, ..event(0xfffe, 1) };
    let whole = Record { process_id: Some(process), body: Body::Event(chunk), ..record(0, &[]) };
    catalogue.learn(&whole);
}

fn learnt(text: &str) -> Catalogue {
    let mut catalogue = Catalogue::default();
    chunks(text, 60_000).iter().for_each(|chunk| learn(&mut catalogue, 1, chunk));
    catalogue
}

#[test]
fn events_of_a_manifest_are_named_and_read() {
    let catalogue = learnt(XML);
    assert_eq!((catalogue.unreadable(), catalogue.left_out()), (0, 0));
    assert_eq!(catalogue.provider(PROVIDER), Some("Test-Source"));
    let info = catalogue.event(&event(1, 2)).unwrap();
    assert_eq!(info.name(), Some("Work/Start"));
    assert_eq!(info.message.as_deref(), Some("%1 is done"));
    assert_eq!(info.keywords, ["A", "B"]);
    let payload = [
        &b"x\0\0\0"[..],
        &[7, 0, 0, 0, 1, 1, 0, 0, 0, 0x1f, 0, 0, 0],
        &[2, 0, 255, 255, 255, 255, 5, 0, 0, 0],
        &[3, 0, 0, 0, 1, 2, 3, 8, 9],
    ];
    let payload = payload.concat();
    let decoded = info.schema.decode(&payload, PointerSize::Bytes8);
    assert_eq!((decoded.error, decoded.rest), (None, &[][..]));
    assert_eq!(
        serde_json::to_string(&decoded.fields).unwrap(),
        concat!(
            r#"{"text":"x","flags":"one & only|two|0x4","kind":"$(string.missing)","is":true,"#,
            r#""hex":"0x1f","n":2,"list":[-1,5],"size":3,"bytes":"010203","two":[8,9]}"#
        )
    );
    assert_eq!(catalogue.event(&event(2, 0)).unwrap().name(), Some("Plain"));
    let odd = catalogue.event(&event(3, 0)).unwrap();
    assert_eq!(odd.name(), Some("Work/Own"));
    let decoded = odd.schema.decode(&[1, 2], PointerSize::Bytes8);
    assert_eq!((decoded.fields.len(), decoded.error.is_some()), (1, true));
}

#[test]
fn the_events_that_hold_a_manifest_are_described_too() {
    let catalogue = learnt(XML);
    let info = catalogue.event(&event(0xfffe, 1)).unwrap();
    assert_eq!(info.name(), Some("ManifestData"));
    let decoded = info.schema.decode(b"\x01\x01\0[\x01\0\0\0<a/>", PointerSize::Bytes8);
    assert_eq!(decoded.fields.value("Xml").unwrap().to_string(), "<a/>");
}

#[test]
fn chunks_of_several_processes_are_kept_apart() {
    let mut catalogue = Catalogue::default();
    for chunk in &chunks(XML, 100) {
        learn(&mut catalogue, 1, chunk);
        learn(&mut catalogue, 2, chunk);
    }
    assert_eq!((catalogue.len(), catalogue.unreadable()), (4, 0));
}

#[test]
fn a_missing_chunk_loses_its_manifest_alone() {
    let mut catalogue = Catalogue::default();
    let all = chunks(XML, 500);
    all.iter().enumerate().filter(|(place, _)| *place != 1).for_each(|(_, chunk)| {
        learn(&mut catalogue, 1, chunk);
    });
    assert!(catalogue.is_empty());
    assert!(catalogue.unreadable() > 0);
    all.iter().for_each(|chunk| learn(&mut catalogue, 1, chunk));
    assert_eq!(catalogue.len(), 4);
}

#[test]
fn manifests_that_never_end_are_left_out() {
    let mut catalogue = Catalogue::default();
    let start = [&[1, 1, 0, 0x5b, 0xff, 0xff, 0, 0][..], &[b'a'; 60_000]].concat();
    (0..70).for_each(|process| learn(&mut catalogue, process, &start));
    assert_eq!(catalogue.left_out(), 70 - 64);
    for number in 1..30_u16 {
        let mut next = start.clone();
        next[6..8].copy_from_slice(&number.to_le_bytes());
        learn(&mut catalogue, 0, &next);
    }
    assert_eq!(catalogue.left_out(), 70 - 64 + 1);
    assert!(catalogue.unreadable() > 0);
}

#[test]
fn events_that_share_a_large_template_are_bounded() {
    let events: String =
        (0..20_000).map(|id| format!(r#"<event value="{id}" template="t"/>"#)).collect();
    let data = r#"<data inType="win:UInt8"/>"#.repeat(1_000);
    let text = format!(r#"<a><provider name="p"/>{events}<template tid="t">{data}</template></a>"#);
    let catalogue = learnt(&text);
    assert!(catalogue.bytes() < BYTES_MAX + (8 << 20), "{} bytes", catalogue.bytes());
    assert!(catalogue.len() < DESCRIPTIONS_MAX);
    assert!(catalogue.left_out() > 0);
    let data = r#"<data inType="win:UInt8"/>"#.repeat(1_025);
    let event_1 = r#"<event value="1" template="t"/>"#;
    let text =
        format!(r#"<a><provider name="p"/>{event_1}<template tid="t">{data}</template></a>"#);
    let catalogue = learnt(&text);
    assert_eq!((catalogue.event(&event(1, 0)), catalogue.unreadable()), (None, 1));
}

#[test]
fn every_truncation_and_change_of_a_manifest_is_survived() {
    let survive = |text: &[u8]| {
        let mut catalogue = Catalogue::default();
        let whole = [&[1, 1, 0, 0x5b, 1, 0, 0, 0][..], text].concat();
        learn(&mut catalogue, 1, &whole);
        assert!(catalogue.len() <= 4 && catalogue.bytes() < 1 << 16);
        for (id, version) in [(1, 2), (3, 0)] {
            if let Some(info) = catalogue.event(&event(id, version)) {
                let _decoded = info.schema.decode(&[1; 64], PointerSize::Bytes4);
            }
        }
    };
    let text = XML.as_bytes();
    (0..text.len()).for_each(|length| survive(&text[..length]));
    for place in 0..text.len() {
        for value in [0, b'<', b'"', b'&', b'9', 0xff] {
            let mut changed = text.to_vec();
            changed[place] = value;
            survive(&changed);
        }
    }
    (0..12).for_each(|length| learn(&mut Catalogue::default(), 1, &vec![1; length]));
}
