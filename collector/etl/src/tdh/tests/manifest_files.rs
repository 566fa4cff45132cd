//! Manifests from files beside a trace.

use super::{Catalogue, PROVIDER, event};
use crate::fields::PointerSize;
use crate::tdh::{MANIFEST_BYTES_MAX, ManifestError};
use crate::{Event, Guid};

/// A manifest of a provider with this in it, and strings `one` and `two`.
pub(super) fn manifest(provider: &str) -> String {
    format!(
        r#"<?xml version="1.0"?>
<instrumentationManifest xmlns="http://schemas.microsoft.com/win/2004/08/events">
 <instrumentation xmlns:win="w"><events>
  <provider guid="{PROVIDER}" name="Given" symbol="GIVEN">{provider}</provider>
 </events></instrumentation>
 <localization><resources culture="en-US"><stringTable>
  <string id="one" value="first &amp; one "/><string id="two" value="second"/>
 </stringTable></resources></localization>
</instrumentationManifest>"#
    )
}

fn learnt(text: &str) -> Catalogue {
    let mut catalogue = Catalogue::default();
    catalogue.learn_manifest(text.as_bytes()).unwrap();
    assert_eq!((catalogue.unreadable(), catalogue.left_out()), (0, 0));
    catalogue
}

fn name(catalogue: &Catalogue, id: u16, version: u8) -> Option<&str> {
    catalogue.event(&event(id, version)).and_then(|info| info.name())
}

/// What a template with these elements makes of a payload, as JSON.
#[track_caller]
fn check(elements: &str, payload: &[u8], expected: &str) {
    let catalogue = learnt(&manifest(&format!(
        r#"<maps><valueMap name="Kind"><map value="1" message="$(string.one)"/>
        <map value="0x2" message="plain"/></valueMap>
        <bitMap name="Bits"><map value="0x1" message="$(string.one)"/>
        <map value="0x80" message="$(string.two)"/></bitMap></maps>
        <templates><template tid="T">{elements}</template></templates>
        <events><event value="1" template="T" task="Task"/></events>"#
    )));
    let info = catalogue.event(&event(1, 0)).unwrap();
    let decoded = info.schema.decode(payload, PointerSize::Bytes8);
    assert_eq!(serde_json::to_string(&decoded.fields).unwrap(), expected);
    assert_eq!((decoded.error, decoded.rest), (None, &[][..]), "{expected}");
}

#[test]
fn every_type_has_its_bytes() {
    for (in_type, payload, expected) in [
        ("UnicodeString", &b"h\0i\0\0\0"[..], r#""hi""#),
        ("AnsiString", b"hi\0", r#""hi""#),
        ("Int8", &[0xff], "-1"),
        ("UInt8", &[0xff], "255"),
        ("Int16", &[0xfe, 0xff], "-2"),
        ("UInt16", &[1, 2], "513"),
        ("Int32", &[0xff; 4], "-1"),
        ("UInt32", &[0xff; 4], "4294967295"),
        ("Int64", &[0xff; 8], "-1"),
        ("UInt64", &[0xff; 8], "18446744073709551615"),
        ("Float", &[0, 0, 0xc0, 0x3f], "1.5"),
        ("Double", &[0, 0, 0, 0, 0, 0, 0xf8, 0x3f], "1.5"),
        ("Boolean", &[1, 0, 0, 0], "true"),
        ("GUID", &[7; 16], r#""07070707-0707-0707-0707-070707070707""#),
        ("Pointer", &[1, 0, 0, 0, 0, 0, 0, 0x80], r#""0x8000000000000001""#),
        ("FILETIME", &[0; 8], r#""1601-01-01T00:00:00.0000000Z""#),
        (
            "SYSTEMTIME",
            &[0xea, 7, 11, 0, 6, 0, 21, 0, 14, 0, 30, 0, 5, 0, 7, 0],
            r#""2026-11-21T14:30:05.007Z""#,
        ),
        ("SID", &[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0], r#""S-1-5-18""#),
        ("HexInt32", &[0x1f, 0, 0, 0], r#""0x1f""#),
        ("HexInt64", &[0x1f, 0, 0, 0, 0, 0, 0, 0], r#""0x1f""#),
        ("CountedUnicodeString", &[4, 0, b'h', 0, b'i', 0], r#""hi""#),
        ("CountedAnsiString", &[2, 0, b'h', b'i'], r#""hi""#),
        ("CountedBinary", &[2, 0, 1, 2], r#""0102""#),
    ] {
        let field = format!(r#"<data name="v" inType="win:{in_type}"/>"#);
        check(&field, payload, &format!(r#"{{"v":{expected}}}"#));
    }
}

#[test]
fn out_types_say_what_values_mean() {
    for (types, payload, expected) in [
        (r#"inType="win:UInt32" outType="win:HexInt32""#, &[0xff, 0, 0, 0][..], r#""0xff""#),
        (r#"inType="win:UInt32" outType="win:IPv4""#, &[10, 0, 0, 1], r#""10.0.0.1""#),
        (r#"inType="win:UInt16" outType="win:Port""#, &[1, 0xbb], "443"),
        (r#"inType="win:Binary" outType="win:IPv6""#, &[0; 16], r#""::""#),
        (r#"inType="win:UInt32" outType="win:NTSTATUS""#, &[1, 0, 0, 0xc0], r#""0xc0000001""#),
        (r#"inType="win:AnsiString" outType="win:Utf8""#, b"\xc3\xbc\0", r#""ü""#),
    ] {
        check(&format!(r#"<data name="v" {types}/>"#), payload, &format!(r#"{{"v":{expected}}}"#));
    }
}

#[test]
fn lengths_and_counts_are_numbers_or_fields_before() {
    check(
        r#"<data name="size" inType="win:UInt16"/><data name="count" inType="win:UInt8"/>
        <data name="fixed" inType="win:Binary" length="2"/>
        <data name="bytes" inType="win:Binary" length="size"/>
        <data name="text" inType="win:UnicodeString" length="2"/>
        <data name="list" inType="win:Int16" count="count"/>
        <data name="pair" inType="win:UInt8" count="2"/>"#,
        &[3, 0, 2, 1, 2, 3, 4, 5, b'a', 0, b'b', 0, 1, 0, 0xff, 0xff, 8, 9],
        concat!(
            r#"{"size":3,"count":2,"fixed":"0102","bytes":"030405","text":"ab","#,
            r#""list":[1,-1],"pair":[8,9]}"#
        ),
    );
}

#[test]
fn structures_are_arrays_of_objects_whose_names_stay_within() {
    check(
        r#"<data name="n" inType="win:UInt8"/>
        <struct name="outer" count="n"><data name="n" inType="win:UInt8"/>
         <data name="bytes" inType="win:Binary" length="n"/>
         <struct name="inner"><data name="x" inType="win:UInt8"/></struct></struct>
        <data name="end" inType="win:UInt8" count="n"/>"#,
        &[2, 1, 0xa0, 7, 0, 8, 5, 6],
        concat!(
            r#"{"n":2,"outer":[{"n":1,"bytes":"a0","inner":{"x":7}},"#,
            r#"{"n":0,"bytes":"","inner":{"x":8}}],"end":[5,6]}"#
        ),
    );
}

#[test]
fn maps_name_numbers_and_bits_by_strings() {
    check(
        r#"<data name="kind" inType="win:UInt32" map="Kind"/>
        <data name="kinds" inType="win:UInt8" map="Kind" count="3"/>
        <data name="bits" inType="win:UInt8" map="Bits"/>
        <data name="none" inType="win:UInt8" map="Missing"/>"#,
        &[1, 0, 0, 0, 1, 2, 3, 0x91, 4],
        concat!(
            r#"{"kind":"first & one","kinds":["first & one","plain",3],"#,
            r#""bits":"first & one|second|0x10","none":4}"#
        ),
    );
}

#[test]
fn user_data_describes_nothing_whatever_its_elements_are_called() {
    check(
        r#"<data name="a" inType="win:UInt8"/><UserData><T xmlns="own"><data inType="win:UInt8"/>
        <event value="9"/><template tid="T"/><struct name="s"><data/></struct></T></UserData>
        <data name="b" inType="win:UInt8"></data>"#,
        &[1, 2],
        r#"{"a":1,"b":2}"#,
    );
}

#[test]
fn events_are_called_by_name_or_task_and_opcode_and_told_apart_by_version() {
    let catalogue = learnt(&manifest(
        r#"<events>
         <event value="0x1" version="0" task="Disk" opcode="Full"/>
         <event value="1" version="1" task="Disk" opcode="win:Stop"/>
         <event value="2" task="Disk" opcode="win:Info" symbol="S"/>
         <event value="3" symbol="OnlySymbol"/>
         <event value="4" task="Disk" name="Own"/>
         <event value="5" task="1" opcode="10"/>
         <event value="6" task="0" opcode="0"/>
         <event value="7" task="Disk" opcode="All"/>
         <event value="8" task="Other" opcode="Full"/>
        </events>
        <tasks><task name="Disk" value="1"><opcodes><opcode name="Full" value="10"/></opcodes>
        </task><task name="Other" value="2"/></tasks>
        <opcodes><opcode name="All" value="11"/></opcodes>"#,
    ));
    let found = |id, version| {
        let info = catalogue.event(&event(id, version)).unwrap();
        (info.name(), info.opcode)
    };
    assert_eq!(found(1, 0), (Some("Disk/Full"), 10));
    assert_eq!(found(1, 1), (Some("Disk/Stop"), 2));
    assert_eq!(found(2, 0), (Some("Disk"), 0));
    assert_eq!(found(3, 0), (Some("OnlySymbol"), 0));
    assert_eq!(found(4, 0), (Some("Own"), 0));
    assert_eq!(found(5, 0), (Some("Disk/Full"), 10), "by number");
    assert_eq!(found(6, 0), (None, 0));
    assert_eq!(found(7, 0), (Some("Disk/All"), 11));
    assert_eq!(found(8, 0), (Some("Other/Full"), 255), "an opcode of another task");
    assert_eq!(name(&catalogue, 1, 2), None);
}

#[test]
fn several_providers_have_events_templates_and_maps_of_their_own() {
    let provider = |name: &str, id: u8, in_type: &str| {
        format!(
            r#"<provider name="{name}" guid="{}"><events><event value="1" task="{name}"
            template="t"/></events><templates><template tid="t"><data name="v"
            inType="win:{in_type}"/></template></templates></provider>"#,
            Guid([id; 16])
        )
    };
    let text = format!("<a>{}{}</a>", provider("A", 1, "UInt8"), provider("B", 2, "Int8"));
    let catalogue = learnt(&text);
    for (id, name, expected) in [(1, "A", "255"), (2, "B", "-1")] {
        let of = Event { provider: Guid([id; 16]), ..event(1, 0) };
        let info = catalogue.event(&of).unwrap();
        assert_eq!((info.name(), catalogue.provider(of.provider)), (Some(name), Some(name)));
        let decoded = info.schema.decode(&[255], PointerSize::Bytes8);
        assert_eq!(decoded.fields.value("v").unwrap().to_string(), expected);
    }
}

#[test]
fn the_first_of_two_manifests_counts_and_the_second_adds_to_it() {
    let mut catalogue = learnt(&manifest(r#"<events><event value="1" task="First"/></events>"#));
    let events =
        r#"<events><event value="1" task="Second"/><event value="2" task="New"/></events>"#;
    assert_eq!(catalogue.learn_manifest(manifest(events).as_bytes()), Ok(1));
    assert_eq!(name(&catalogue, 1, 0), Some("First"));
    assert_eq!(name(&catalogue, 2, 0), Some("New"));
}

#[test]
fn encodings_are_told_by_the_first_bytes() {
    let text = manifest(r#"<events><event value="1" task="Täsk"/></events>"#);
    let utf16 = |mark: &[u8], unit: fn(u16) -> [u8; 2]| {
        let units = text.encode_utf16().flat_map(unit);
        mark.iter().copied().chain(units).collect::<Vec<u8>>()
    };
    for bytes in [
        text.as_bytes().to_vec(),
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        utf16(&[0xff, 0xfe], u16::to_le_bytes),
        utf16(&[0xfe, 0xff], u16::to_be_bytes),
        utf16(&[], u16::to_le_bytes),
        utf16(&[], u16::to_be_bytes),
    ] {
        let mut catalogue = Catalogue::default();
        assert_eq!(catalogue.learn_manifest(&bytes), Ok(1), "{:x?}", &bytes[..4]);
        assert_eq!(name(&catalogue, 1, 0), Some("Täsk"));
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let refused = |text: &str| {
        let mut catalogue = Catalogue::default();
        let error = catalogue.learn_manifest(text.as_bytes()).unwrap_err();
        assert!(catalogue.is_empty());
        (error.kind(), error.to_string())
    };
    assert_eq!(refused("").0, "not_xml");
    assert_eq!(refused("PK\u{3}\u{4}"), ("not_xml", ManifestError::NotXml.to_string()));
    assert_eq!(refused(&" ".repeat(MANIFEST_BYTES_MAX + 1)).0, "too_long");
    assert_eq!(refused("<html></html>").0, "no_provider");
    assert_eq!(refused("<a>\n <provider name='p'>\n").1, "line 3: it ends before `</provider>`");
    let (kind, words) = refused("<a>\n <provider>\n  ü</b></a>");
    assert_eq!(kind, "malformed");
    assert!(words.starts_with("line 3, column 4: "), "{words}");
    assert!(words.contains("</provider>") && words.contains("</b>"), "{words}");
    let (kind, words) = refused("<a>\n\n<provider name=\"&own;\"/></a>");
    assert!(kind == "malformed" && words.starts_with("line 3, column 1: "), "{words}");
    let (kind, words) = refused("<a>\n<provider name=\"No\"/></a>");
    assert_eq!(kind, "provider_id");
    assert!(words.contains("line 2") && words.contains("`No`"), "{words}");
    assert_eq!(refused("<a><provider guid='{1}'/></a>").0, "provider_id");
    let deep = format!("\n{}<provider/>{}", "<a>".repeat(70), "</a>".repeat(70));
    assert_eq!(refused(&deep), ("too_deep", "line 2: elements are more than 64 deep".to_owned()));
}
