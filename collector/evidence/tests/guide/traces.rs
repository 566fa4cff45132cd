//! The traces of programs that could not be created: each event, each value.

use crate::fields::{Field, fields, objects};
use crate::items::{doubled, removed, replaced};
use crate::samples::{HEALTHY, Sample};
use crate::tally::{Case, Tally, Told, cases, fail};
use core::ops::Range;

const ZERO: &str = "\"{00000000-0000-0000-0000-000000000000}\"";
const SOME: &str = "\"{f1832a85-85d5-45b0-98a0-7069d63013b1}\"";

const ACCESS: Told = fail("WD0501");
const NO_PROGRAM_TYPE: Told = fail("WD0503");
const NO_ATTACH_TYPE: Told = fail("WD0504");
const EXTENSION: Told = fail("WD0505");
const IOCTL: Told = fail("WD0511");

/// The traces, what tells them, and what tells them without the first event.
const TRACES: [(Sample, Told, Told); 2] = [
    (Sample::NoProgramType, NO_PROGRAM_TYPE, IOCTL),
    (Sample::NoAttachType, NO_ATTACH_TYPE, EXTENSION),
];

/// Entries, from the beginning of each to that of the next.
pub(crate) fn events(text: &str) -> Vec<Range<usize>> {
    let objects = objects(text);
    let starts = |it: &Range<usize>| text[..it.start].rfind("::").unwrap();
    let starts: Vec<usize> =
        objects.iter().map(|it| text[..starts(it)].rfind('[').unwrap()).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| *start..end).collect()
}

/// Other values of a field of an event, and what tells them.
fn values(sample: Sample, event: usize, field: &Field) -> Vec<(&'static str, Told)> {
    let (_, told, without) = TRACES.into_iter().find(|it| it.0 == sample).unwrap();
    // The cause of the first trace is told before what is denied, the other's is not.
    let denied = if sample == Sample::NoProgramType { told } else { ACCESS };
    let volatile = |value| vec![(value, told)];
    match (event, field.path.as_str()) {
        (0, "Message") => vec![("\"Something else.\"", without)],
        (0, "*guid") => vec![(SOME, IOCTL)],
        (0, "*guid1") => vec![(ZERO, NO_PROGRAM_TYPE), (SOME, NO_ATTACH_TYPE)],
        (0, "*guid2") => vec![(SOME, EXTENSION)],
        (0, "meta/level") if sample == Sample::NoProgramType => vec![("4", without)],
        (1, "ErrorMessage") => vec![("\"ebpf_program_load returned error\"", told)],
        (1, "Error") => vec![("20", denied), ("17", told)],
        (2, "Api") => vec![("\"another\"", told)],
        (2, "status") => vec![
            ("\"0xC0000022(NT={Access Denied})\"", denied),
            ("\"0xC0000001(NT=Unsuccessful)\"", told),
        ],
        (3, "Api") => vec![("\"CreateFile\"", told)],
        (3, "last_error") => {
            vec![("\"5(WIN=Access is denied.)\"", denied), ("\"31(WIN=x)\"", told)]
        }
        (_, "meta/provider") => volatile("\"another\""),
        (_, "meta/event") => volatile("\"EbpfOfTomorrow\""),
        (_, "meta/cpu" | "meta/pid" | "meta/tid" | "meta/channel") => volatile("9"),
        (_, "meta/keywords") => volatile("\"0x1\""),
        (_, "meta/level") => volatile("3"),
        // Of one event alone it is another call's: see below.
        (_, "meta/time") => Vec::new(),
        (event, path) => panic!("nobody says what {path} of event {event} means"),
    }
}

fn change(tally: &mut Tally, case: &Case, (sample, told, without): (Sample, Told, Told)) {
    let text = case.samples.text(sample);
    let mut judge = |what: &str, text: String, told: Told| {
        let what = format!("{sample:?}: {what}");
        tally.judge(case, &what, &case.samples.with(sample, text), told);
    };
    judge("as it is", text.to_owned(), told);
    judge("pasted twice", text.repeat(2), told);
    let found = events(text);
    assert_eq!(found.len(), 4);
    for (place, event) in found.iter().enumerate() {
        let removed_told = if place == 0 { without } else { told };
        judge(&format!("event {place} removed"), removed(text, event), removed_told);
        judge(&format!("event {place} doubled"), doubled(text, event, ""), told);
        let (cpu, rest) = text[event.clone()].split_once(']').unwrap();
        let other_cpu = text.replacen(&[cpu, "]", rest].concat(), &["[7]", rest].concat(), 1);
        judge(&format!("event {place} on another processor"), other_cpu, told);
        for field in fields(text, &objects(text)[place]) {
            for (value, told) in values(sample, place, &field) {
                let what = format!("event {place}: {} {value}", field.path);
                judge(&what, replaced(text, &field.range, value), told);
            }
        }
    }
    let twice: String = found.iter().map(|it| text[it.clone()].repeat(2)).collect();
    judge("of two sessions that were merged", twice, told);
    of_another_call(&mut judge, text, told);
}

/// What is the same in all events of a call, changed in all of them.
fn of_another_call(judge: &mut impl FnMut(&str, String, Told), text: &str, told: Told) {
    let ids = text.split_once(']').unwrap().1.split_once("::").unwrap().0;
    judge("another process", text.replace(ids, "ABC.DEF"), told);
    let object = &objects(text)[0];
    let time = fields(text, object).into_iter().find(|it| it.path == "meta/time").unwrap();
    let day = &time.value[1..11];
    judge("another day", text.replace(day, "2024-02-29"), told);
    let (stamp, _) = text.split_once("::").unwrap().1.split_once('-').unwrap();
    judge("another local day", text.replace(stamp, "2031/01/01"), told);
    judge("in another encoding of lines", text.replace('\n', "\r\n"), told);
    judge("without blank lines", text.replace("\n\n", "\n"), told);
    judge("wrapped", text.replace(",\"", ",\n\""), told);
}

#[test]
fn an_event_removed_doubled_or_changed_leaves_one_check_to_tell() {
    let mut tally = Tally::default();
    for trace in TRACES {
        for case in cases(&HEALTHY, &[trace.0]) {
            change(&mut tally, &case, trace);
        }
    }
    tally.end(775);
}

#[test]
fn both_failures_in_one_trace_are_told_by_both() {
    for samples in crate::samples::sources() {
        let [first, second] = TRACES.map(|it| samples.text(it.0));
        for text in [[first, second].concat(), [second, first].concat()] {
            let samples = samples.with(Sample::NoProgramType, text);
            let read =
                crate::bundle::read(&samples, &[Sample::NoProgramType], crate::bundle::Form::Parts);
            let report = weir_stages::checks::Report::of(&read.evidence);
            let told: Vec<_> = crate::tally::told(&report).into_iter().map(|it| it.1).collect();
            assert_eq!(told, ["WD0503", "WD0504"]);
        }
    }
}

/// The first event of one object that is none ends with it; the others are judged.
#[test]
fn an_event_that_cannot_be_read_is_damage_and_the_others_count() {
    for samples in crate::samples::sources() {
        for (sample, told, without) in TRACES {
            let text = samples.text(sample);
            for (place, event) in events(text).into_iter().enumerate() {
                let object = objects(text)[place].clone();
                let cut = replaced(text, &(object.start + 1..object.end), "\"Message\" 1");
                let cut = samples.with(sample, cut);
                let read = crate::bundle::read(&cut, &[sample], crate::bundle::Form::Parts);
                assert!(read.unread.is_empty(), "{:?}", read.unread);
                assert_eq!(read.evidence.traces[0].damage_total, 1, "{event:?}");
                let report = weir_stages::checks::Report::of(&read.evidence);
                let expected = if place == 0 { without } else { told };
                assert_eq!(crate::tally::told(&report), expected.into_iter().collect::<Vec<_>>());
            }
        }
    }
}
