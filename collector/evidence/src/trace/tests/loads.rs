//! Which events are part of a load, and how it ended.

use super::made::{EBPF, message, on, returned};
use crate::trace::{Load, Loads, Outcome, TraceReader};
use std::io::Cursor;

/// The loads of a text, and the number of the load of each event.
fn loads(text: &str) -> (Vec<Load>, Vec<u64>) {
    let mut reader = TraceReader::open("t.txt", Cursor::new(text)).unwrap();
    let (mut loads, mut numbers) = (Loads::after(10), Vec::new());
    while let Some(event) = reader.next_event().unwrap() {
        numbers.push(loads.take(&event).unwrap_or(0));
    }
    assert_eq!(loads.total(), loads.kept().len() as u64);
    (loads.kept().to_vec(), numbers)
}

fn enters(thread: u32, micros: u64, function: &str) -> String {
    on(thread, micros, EBPF, "EbpfGenericMessage", 5, &format!("\"Entry\":\"{function}\""))
}

fn succeeds(micros: u64, function: &str) -> String {
    message(micros, 5, &format!("{function} returned success"), "")
}

fn opening(micros: u64, path: &str) -> String {
    message(micros, 4, "ebpf_object_open: loading (file)", &format!(",\"string_value\":\"{path}\""))
}

#[test]
fn a_load_goes_from_opening_to_its_end_on_its_thread() {
    let text = [
        enters(7, 0, "ebpf_map_create"),
        enters(7, 1, "ebpf_object_open"),
        opening(2, "a.o"),
        enters(8, 3, "ebpf_object_open"),
        succeeds(4, "ebpf_object_open"),
        enters(7, 5, "ebpf_object_load"),
        returned(6, "_ebpf_object_load_programs", 14),
        returned(7, "ebpf_object_load", 14),
        enters(7, 8, "ebpf_map_create"),
        opening(9, "b.o"),
        opening(10, "c.o"),
    ];
    let (loads, numbers) = loads(&text.concat());
    assert_eq!(numbers, [0, 11, 11, 12, 11, 11, 11, 11, 0, 13, 14]);
    let shown: Vec<_> = loads.iter().map(|it| (it.object.as_deref(), it.outcome)).collect();
    let begun = Outcome::Begun;
    let failed = Outcome::Failed;
    assert_eq!(
        shown,
        [(Some("a.o"), failed), (None, begun), (Some("b.o"), begun), (Some("c.o"), begun)]
    );
    assert_eq!(loads[0].failed_line, Some(8));
    assert_eq!(loads[0].process, Some((7184, 7)));
}

#[test]
fn attaching_belongs_to_the_load_before_it_and_other_calls_do_not() {
    let native = ",\"string_value\":\"a.sys\",\"*guid1\":\"x\"";
    let text = [
        opening(0, "a.sys"),
        message(1, 4, "_ebpf_object_load_native", native),
        succeeds(2, "ebpf_object_load"),
        enters(7, 3, "ebpf_map_lookup_elem"),
        enters(7, 4_000_000, "ebpf_map_lookup_elem"),
        enters(7, 50_000_000, "ebpf_program_attach"),
        succeeds(50_000_001, "ebpf_program_attach"),
        enters(7, 55_000_000, "ebpf_map_lookup_elem"),
        opening(55_000_001, "a.sys"),
    ];
    let (loads, numbers) = loads(&text.concat());
    assert_eq!(numbers, [11, 11, 11, 11, 0, 11, 11, 0, 12]);
    assert_eq!(loads[0].outcome, Outcome::Attached);
}

#[test]
fn a_thread_that_was_silent_goes_on_to_something_else() {
    let text = [opening(0, "a.o"), enters(7, 31_000_000, "ebpf_map_lookup_elem")];
    assert_eq!(loads(&text.concat()).1, [11, 0]);
}
