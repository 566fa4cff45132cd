//! What providers are called: by the event itself, else by the file, never by another file.

use crate::made::{SILENT, TALKER, at, file, options, path, weir};
use std::io::Cursor;
use weir_etl::tracelogging::provider_traits;
use weir_etl::write::{EventHeader, ExtendedItem, TraceWriter};
use weir_etl::{Guid, item_kind};

/// Events of these providers, each with the name it gives, if any.
fn trace(events: &[(Guid, Option<&str>)]) -> Vec<u8> {
    let mut writer = TraceWriter::new(Cursor::new(Vec::new()), options()).unwrap();
    for (place, (provider, name)) in (1_i64..).zip(events) {
        let traits = name.map(|name| provider_traits(name, None).unwrap());
        let item =
            traits.as_deref().map(|data| ExtendedItem { kind: item_kind::PROVIDER_TRAITS, data });
        writer.event(0, at(place), &EventHeader::new(*provider), item.as_slice(), &[]).unwrap();
    }
    writer.finish(at(9)).unwrap().into_inner()
}

/// The names of the providers of all events, the header's record left out.
fn names(files: &[&[u8]]) -> Vec<Option<String>> {
    let files: Vec<_> = files.iter().map(|bytes| file(bytes)).collect();
    let mut arguments = vec!["events"];
    arguments.extend(files.iter().map(path));
    let lines = weir(&arguments).lines();
    let events = lines.iter().filter(|line| line["kind"] == "EVENT64");
    events.map(|line| line["provider"].as_str().map(ToOwned::to_owned)).collect()
}

fn check(files: &[&[u8]], expected: &[Option<&str>]) {
    let expected: Vec<_> = expected.iter().map(|name| name.map(ToOwned::to_owned)).collect();
    assert_eq!(names(files), expected);
}

#[test]
fn a_name_that_comes_late_names_the_events_before_it() {
    let bytes = trace(&[(TALKER, None), (SILENT, None), (TALKER, Some("Late"))]);
    check(&[&bytes], &[Some("Late"), None, Some("Late")]);
}

#[test]
fn an_event_is_called_as_it_says_whatever_others_of_its_guid_say() {
    let bytes = trace(&[(TALKER, Some("One")), (TALKER, Some("Other")), (TALKER, None)]);
    check(&[&bytes], &[Some("One"), Some("Other"), Some("One")]);
}

#[test]
fn a_file_does_not_name_the_events_of_the_next() {
    let (named, nameless) = (trace(&[(TALKER, Some("One"))]), trace(&[(TALKER, None)]));
    check(&[&named, &nameless], &[Some("One"), None]);
}

#[test]
fn nobody_else_names_weir() {
    let bytes = trace(&[(weir_abi::identifiers::PROVIDER, Some("Somebody"))]);
    check(&[&bytes], &[Some("Weir.FlowClassify")]);
}
