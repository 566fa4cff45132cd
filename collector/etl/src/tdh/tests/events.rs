//! Names of events, and fields of every shape.

use super::build::{FIXED_COUNT, Info, PARAM_COUNT, PARAM_LENGTH, Property, STRUCT, one};
use super::{Catalogue, check, event, learn};
use crate::Classic;
use crate::Guid;
use crate::fields::{FieldFault, PointerSize};
use crate::tdh::DESCRIPTIONS_MAX;

#[track_caller]
fn check_name(info: &Info, expected: Option<&str>) {
    let mut catalogue = Catalogue::default();
    learn(&mut catalogue, info);
    assert_eq!(catalogue.event(&event(info.id, info.version)).unwrap().name(), expected);
}

/// The values of one payload, and why they end early.
fn fault(properties: Vec<Property>, payload: &[u8]) -> (usize, Option<FieldFault>) {
    let mut catalogue = Catalogue::default();
    learn(&mut catalogue, &Info::with(properties));
    let schema = &catalogue.event(&event(1, 0)).unwrap().schema;
    let decoded = schema.decode(payload, PointerSize::Bytes8);
    (decoded.fields.len(), decoded.error.map(|error| error.fault))
}

#[test]
fn events_are_called_by_their_name_or_by_task_and_opcode() {
    let named = |task, opcode, opcode_name, event_name| Info {
        task,
        opcode,
        opcode_name,
        event_name,
        ..Info::with(Vec::new())
    };
    check_name(&named("Create", 0, "win:Info", ""), Some("Create"));
    check_name(&named("ProcessStart", 1, "win:Start", ""), Some("ProcessStart/Start"));
    check_name(&named("TASK", 16, "OPCODE", ""), Some("TASK/OPCODE"));
    check_name(&named("Task", 16, "", ""), Some("Task"));
    check_name(&named("", 16, "Open", ""), Some("Open"));
    check_name(&named("", 0, "win:Info", ""), None);
    check_name(&named("Task", 1, "win:Start", "Own"), Some("Own"));
}

#[test]
fn all_names_of_a_description_are_read() {
    let info = Info {
        level: "win:Informational",
        channel: "Test/Analytic",
        keywords: &["READ", "WRITE"],
        opcode_name: "win:Info",
        message: "It is %1.",
        ..Info::with(vec![one("a", 8, 8)])
    };
    let mut catalogue = Catalogue::default();
    learn(&mut catalogue, &info);
    let found = catalogue.event(&event(1, 0)).unwrap();
    assert_eq!(found.provider.as_deref(), Some("Test-Provider"));
    assert_eq!(found.level.as_deref(), Some("win:Informational"));
    assert_eq!(found.channel.as_deref(), Some("Test/Analytic"));
    assert_eq!(found.keywords, ["READ", "WRITE"]);
    assert_eq!(found.opcode_name.as_deref(), Some("win:Info"));
    assert_eq!(found.message.as_deref(), Some("It is %1."));
    assert_eq!(found.keyword, 0x8000);
    assert_eq!(catalogue.provider(super::PROVIDER), Some("Test-Provider"));
}

#[test]
fn a_description_is_found_by_provider_id_and_version_alone() {
    let mut catalogue = Catalogue::default();
    learn(&mut catalogue, &Info { version: 2, ..Info::with(Vec::new()) });
    assert!(catalogue.event(&event(1, 2)).is_some());
    assert!(catalogue.event(&event(1, 1)).is_none());
    assert!(catalogue.event(&event(2, 2)).is_none());
    let other = crate::Event { provider: Guid([8; 16]), ..event(1, 2) };
    assert!(catalogue.event(&other).is_none());
}

#[test]
fn a_classic_event_is_found_by_class_type_and_version() {
    let mut catalogue = Catalogue::default();
    let info = Info { source: 1, opcode: 10, version: 3, event_name: "Id", ..Info::with(vec![]) };
    learn(&mut catalogue, &info);
    let classic =
        Classic { class: Guid([9; 16]), class_type: 10, level: 0, version: 3, payload: &[] };
    assert_eq!(catalogue.classic(&classic).unwrap().name(), Some("Task"));
    assert!(catalogue.classic(&Classic { version: 4, ..classic }).is_none());
    assert!(catalogue.event(&event(1, 3)).is_none());
}

#[test]
fn the_first_of_two_descriptions_counts() {
    let mut catalogue = Catalogue::default();
    learn(&mut catalogue, &Info::with(vec![one("first", 4, 4)]));
    learn(&mut catalogue, &Info::with(vec![one("second", 4, 4)]));
    assert_eq!(catalogue.len(), 1);
    assert_eq!(catalogue.event(&event(1, 0)).unwrap().schema.fields()[0].name, "first");
}

#[test]
fn out_types_have_the_numbers_of_manifests() {
    let properties = vec![
        one("hex", 8, 18),
        one("process", 8, 20),
        one("port", 6, 22),
        one("address", 8, 23),
        one("error", 7, 31),
        one("true", 4, 13),
        one("letter", 4, 1),
        one("time", 17, 2),
        one("wide", 306, 0),
    ];
    let payload = [
        &[0x1f, 0, 0, 0, 4, 0, 0, 0, 0, 80, 10, 0, 0, 1, 5, 0, 0, 0xc0, 1, b'x'][..],
        &116_444_736_000_000_000_u64.to_le_bytes(),
        &[0xac, 0x20],
    ];
    check(
        &Info::with(properties),
        &[],
        &payload.concat(),
        concat!(
            r#"{"hex":"0x1f","process":4,"port":80,"address":"10.0.0.1","error":"0xc0000005","#,
            r#""true":true,"letter":"x","time":"1970-01-01T00:00:00.0000000Z","wide":"€"}"#
        ),
    );
}

#[test]
fn lengths_and_counts_are_fixed_or_come_from_other_fields() {
    let bytes = |name, length| Property { length, ..one(name, 14, 15) };
    let text = |name, in_type, length| Property { length, ..one(name, in_type, 1) };
    let of = |flags, property: Property| Property { flags, ..property };
    let properties = vec![
        one("n", 4, 4),
        of(PARAM_LENGTH, text("counted", 1, 0)),
        of(PARAM_LENGTH, bytes("blob", 0)),
        of(PARAM_COUNT, Property { count: 0, ..one("list", 6, 6) }),
        text("padded", 1, 4),
        text("ansi", 2, 2),
        bytes("three", 3),
        Property { count: 2, ..one("pair", 4, 4) },
        of(FIXED_COUNT, one("single", 4, 4)),
        one("ip", 14, 24),
        one("z", 1, 1),
    ];
    let payload = [
        &[2][..],
        b"a\0b\0",
        &[0xaa, 0xbb],
        &[1, 0, 2, 0],
        b"c\0\0\0x\0x\0",
        b"de",
        &[1, 2, 3],
        &[7, 8],
        &[9],
        &[0; 15],
        &[1],
        b"f\0\0\0",
    ];
    check(
        &Info::with(properties),
        &[],
        &payload.concat(),
        concat!(
            r#"{"n":2,"counted":"ab","blob":"aabb","list":[1,2],"padded":"c","ansi":"de","#,
            r#""three":"010203","pair":[7,8],"single":[9],"ip":"::1","z":"f"}"#
        ),
    );
}

#[test]
fn structures_repeat_as_a_field_says_and_their_members_use_their_own() {
    let outer = Property { flags: STRUCT | PARAM_COUNT, ..one("s", 2, 2) };
    let inner = Property { flags: PARAM_COUNT, count: 2, ..one("values", 4, 4) };
    let count = Property { count: 0, ..outer };
    let info =
        Info { members: 2, ..Info::with(vec![one("n", 6, 6), count, one("k", 4, 4), inner]) };
    let expected = r#"{"n":2,"s":[{"k":1,"values":[5]},{"k":2,"values":[6,7]}]}"#;
    check(&info, &[], &[2, 0, 1, 5, 2, 6, 7], expected);
}

#[test]
fn types_of_classic_events_are_read() {
    let properties = vec![
        one("text", 300, 1),
        one("ansi", 301, 1),
        one("reversed", 302, 1),
        one("both", 303, 1),
        one("size", 308, 0),
        one("dump", 309, 0),
        one("nobody", 310, 0),
        one("user", 310, 0),
        one("rest", 305, 1),
    ];
    let payload = [
        &[2, 0, b'a', 0, 1, 0, b'b', 0, 2, b'c', 0, 0, 1, b'd'][..],
        &[16, 0, 0, 0, 0, 0, 0, 0],
        &[2, 0, 0, 0, 0xab, 0xcd],
        &[0; 4],
        &[1; 16],
        &[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0],
        b"end",
    ];
    check(
        &Info::with(properties),
        &[],
        &payload.concat(),
        concat!(
            r#"{"text":"a","ansi":"b","reversed":"c","both":"d","size":"0x10","dump":"abcd","#,
            r#""nobody":null,"user":"S-1-5-18","rest":"end"}"#
        ),
    );
    let rest = Info::with(vec![one("rest", 304, 1)]);
    check(&rest, &[], b"h\0i\0", r#"{"rest":"hi"}"#);
}

#[test]
fn a_length_that_nothing_says_stops_at_its_field() {
    let later = Property { flags: PARAM_LENGTH, length: 2, ..one("blob", 14, 15) };
    let properties = vec![one("a", 4, 4), later.clone(), one("n", 4, 4)];
    assert_eq!(fault(properties, &[1, 2, 3]), (1, Some(FieldFault::NoLength)));
    let beyond = Property { length: 77, ..later };
    assert_eq!(fault(vec![beyond], &[1, 2, 3]), (0, Some(FieldFault::NoLength)));
    assert_eq!(fault(vec![one("blob", 14, 15)], &[1]), (0, Some(FieldFault::NoLength)));
    let text = Property { flags: PARAM_COUNT, count: 0, ..one("list", 4, 4) };
    let properties = vec![one("no number", 2, 1), text];
    assert_eq!(fault(properties, b"a\0bc"), (1, Some(FieldFault::NoLength)));
    assert_eq!(FieldFault::NoLength.kind(), "no_length");
}

#[test]
fn a_count_beyond_the_payload_is_truncated() {
    let list = Property { flags: PARAM_COUNT, count: 0, ..one("list", 6, 6) };
    let properties = vec![one("n", 10, 10), list];
    let payload = [&u64::MAX.to_le_bytes()[..], &[1, 0]].concat();
    assert_eq!(fault(properties, &payload), (1, Some(FieldFault::Truncated)));
}

#[test]
fn descriptions_beyond_the_bound_are_left_out_and_counted() {
    let mut catalogue = Catalogue::default();
    for number in 0..DESCRIPTIONS_MAX + 3 {
        let id = u16::try_from(number).unwrap();
        learn(&mut catalogue, &Info { id, ..Info::with(Vec::new()) });
    }
    assert_eq!((catalogue.len(), catalogue.left_out()), (DESCRIPTIONS_MAX, 3));
    learn(&mut catalogue, &Info { id: 5, ..Info::with(Vec::new()) });
    assert_eq!(catalogue.left_out(), 3, "it is there already");
}
