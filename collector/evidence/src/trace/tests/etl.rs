//! `.etl` says what text does.

use super::made::{EBPF, NET, TYPE, ZERO, api, message, on, returned};
use crate::trace::{FieldValue, Source, TraceEvent, TraceReader, read};
use std::io::{Cursor, Read};
use weir_etl::fields::{InType, OutType};
use weir_etl::tracelogging::{Blob, provider_traits};
use weir_etl::write::{EventHeader, ExtendedItem, Options, TraceWriter};
use weir_etl::{FileTime, Guid, item_kind};

const EBPF_ID: &str = "394f321c-5cf4-404c-aa34-4df1428a7f9c";
const NET_ID: &str = "f2f2ca01-ad02-4a07-9e90-95a2334f3692";
const OTHER_ID: &str = "11111111-1111-1111-1111-111111111111";

fn events<R: Read + std::io::Seek>(source: R) -> Vec<TraceEvent> {
    let mut reader = TraceReader::open("t", source).unwrap();
    core::iter::from_fn(|| reader.next_event().unwrap()).collect()
}

/// The events of a text as an `.etl`, its fields in the types that their writers give them.
fn etl(text: &str) -> Vec<u8> {
    let events = events(Cursor::new(text));
    let first = events.first().and_then(|it| it.time).unwrap();
    let options = Options { start: FileTime(first.0 - 10_000), ..Options::default() };
    let mut writer = TraceWriter::new(Cursor::new(Vec::new()), options).unwrap();
    for event in &events {
        let (mut blob, mut payload) = (Blob::new(event.event.clone()), Vec::new());
        for field in &event.fields {
            let text = field.value.as_text();
            let (in_type, out_type, bytes) = match (&field.value, field.value.number()) {
                _ if field.value.guid().is_some() => {
                    let guid = field.value.guid().unwrap();
                    (InType::Guid, OutType::Default, guid.0.to_vec())
                }
                (FieldValue::Integer(number), _) => {
                    let number = i32::try_from(*number).unwrap();
                    (InType::I32, OutType::Default, number.to_le_bytes().to_vec())
                }
                (_, Some(code)) if text.contains("(NT=") => {
                    let code = u32::try_from(code).unwrap();
                    (InType::U32, OutType::NtStatus, code.to_le_bytes().to_vec())
                }
                (_, Some(code)) if text.contains("(WIN=") => {
                    let code = u32::try_from(code).unwrap();
                    (InType::U32, OutType::Win32Error, code.to_le_bytes().to_vec())
                }
                _ => (InType::Ansi, OutType::Default, [text.as_bytes(), b"\0"].concat()),
            };
            blob = blob.field(&field.name, in_type, out_type);
            payload.extend(bytes);
        }
        let id = match event.provider.as_str() {
            EBPF => EBPF_ID,
            NET => NET_ID,
            _ => OTHER_ID,
        };
        let (process_id, thread_id) = event.process.unwrap();
        let header = EventHeader {
            level: event.level,
            keyword: event.keyword,
            process_id,
            thread_id,
            ..EventHeader::new(Guid::parse(id).unwrap())
        };
        let (blob, traits) =
            (blob.build().unwrap(), provider_traits(&event.provider, None).unwrap());
        let items = [
            ExtendedItem { kind: item_kind::PROVIDER_TRAITS, data: &traits },
            ExtendedItem { kind: item_kind::SCHEMA, data: &blob },
        ];
        writer.event(0, event.time.unwrap(), &header, &items, &payload).unwrap();
    }
    writer.finish(FileTime(first.0 + 600_000_000)).unwrap().into_inner()
}

#[test]
fn one_failure_has_one_cause_whatever_kind_of_file_tells_it() {
    let types = format!(",\"*guid1\":\"{TYPE}\",\"*guid2\":\"{ZERO}\"");
    let text = [
        message(0, 4, "ebpf_object_open: loading (file)", ",\"string_value\":\"a.o\""),
        message(1, 4, "Program type and Attach type:", &types),
        returned(2, "ebpf_program_create", 23),
        api(3, r#"\"ebpf_core_invoke_protocol_handler\""#, r#""status":"0xC000026C(NT=x)""#),
        api(4, "DeviceIoControl", r#""last_error":"2001(WIN=x)""#),
        api(2_000_000, "NtOpenFile", r#""status":"0xC0000034(NT=x)""#),
        returned(4_000_000, "_ebpf_link_client_attach_provider", -1_073_741_790),
        on(8, 0, "Somebody-Else", "Bad", 1, "\"status\":\"0xC0000022(NT=x)\""),
    ]
    .concat();
    let (of_text, of_etl) =
        (read("t", Cursor::new(&text)).unwrap(), read("t", Cursor::new(etl(&text))).unwrap());
    let told = |facts: &weir_stages::checks::facts::TraceFacts| -> Vec<_> {
        facts
            .incidents
            .iter()
            .map(|it| (it.cause, it.count, it.subject.clone(), it.process))
            .collect()
    };
    assert_eq!(told(&of_text), told(&of_etl));
    assert_eq!(of_etl.incidents.len(), 3);
    let codes: Vec<_> = of_etl.incidents.iter().filter_map(|it| it.code.as_deref()).collect();
    let expected = [
        "2001 (ERROR_BAD_DRIVER)",
        "0xc0000034 (STATUS_OBJECT_NAME_NOT_FOUND)",
        "-1073741790 (STATUS_ACCESS_DENIED)",
    ];
    assert_eq!(codes, expected);
    let kernel = |facts: &weir_stages::checks::facts::TraceFacts| -> Vec<_> {
        facts.events.iter().filter(|it| it.provider != "kernel").cloned().collect()
    };
    assert_eq!(kernel(&of_text), kernel(&of_etl));
}

#[test]
fn events_of_others_are_counted_by_name_and_not_decoded() {
    let events = events(Cursor::new(etl(&on(8, 0, "Somebody-Else", "Bad", 1, "\"a\":1"))));
    let [_, event] = &events[..] else { panic!("{events:?}") };
    assert_eq!((event.source, event.fields.len()), (Source::Other, 0));
    assert_eq!((event.provider.as_str(), event.event.as_str()), ("Somebody-Else", "Bad"));
    assert_eq!(event.place.line, 2, "the file's own record is the first");
}

#[test]
fn a_cut_off_file_gives_what_could_be_read_and_says_so() {
    let text: String = (0..3_000).map(|at| returned(at * 10, "ebpf_object_load", 3)).collect();
    let bytes = etl(&text);
    let facts = read("t", Cursor::new(&bytes[..bytes.len() / 2])).unwrap();
    let [incident] = &facts.incidents[..] else { panic!("{:?}", facts.incidents) };
    assert!((1..3_000).contains(&incident.count), "{}", incident.count);
    assert!(facts.damage_total > 0 && facts.damage[0].text.contains("cut_off"), "{facts:?}");
}

#[test]
fn what_holds_no_event_is_an_error_that_says_why() {
    let kind = |bytes: &[u8]| read("t", Cursor::new(bytes)).unwrap_err().kind();
    assert_eq!(kind(b""), "unknown");
    assert_eq!(kind(b"this is no trace\n"), "unknown");
    assert_eq!(kind(b"[0]1.2::t [NetEbpfExtProvider]{\"a\""), "damaged");
    let text = [&message(0, 4, "x", "")[..], "[0]1.2::t [NetEbpfExtProvider]{\"a\""].concat();
    let facts = read("t", Cursor::new(text)).unwrap();
    assert_eq!((facts.events[0].count, facts.damage_total, facts.damage[0].place.line), (1, 1, 2));
}
