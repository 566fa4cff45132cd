//! Input without end is refused early, in little memory.

use super::memory::Mark;
use super::{damage, read};
use std::io::{Read, repeat};
use weir_evidence::wfpstate::{
    self, DEPTH_MAX, EVENT_BYTES_MAX, FLAGS_MAX, KEPT_BYTES_MAX, KEPT_OBJECTS_MAX, NAME_BYTES_MAX,
};

const KEY: &str = "{0badc0de-0000-4000-8000-000000000001}";

/// What a read may take in all; the issue allows 200 MB with everything else.
const MEMORY_BYTES_MAX: usize = 160 << 20;

/// A text that is repeated for ever, and counts what was read of it.
struct Endless<'t> {
    text: &'t [u8],
    rest: &'t [u8],
    bytes: usize,
}

impl<'t> Endless<'t> {
    fn new(text: &'t str) -> Self {
        Self { text: text.as_bytes(), rest: text.as_bytes(), bytes: 0 }
    }
}

impl Read for Endless<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.rest.is_empty() {
            self.rest = self.text;
        }
        let bytes = self.rest.read(out)?;
        self.bytes += bytes;
        Ok(bytes)
    }
}

#[test]
fn one_tag_or_text_without_end_is_refused_in_little_memory() {
    let starts = [
        "<wfpstate>\n<timeStamp>",
        "<wfpstate>\n<sessions>",
        "<wfpstate>\n<layers numItems=\"",
        "<wfpstate>\n<layers ",
        "<wfpstate>\n<",
        "<wfpstate>\n</",
        "<wfpstate>\n<!--",
        "<wfpstate>\n<![CDATA[",
        "<wfpstate>\n<!DOCTYPE ",
        "<wfpstate>\n<?",
        "<wfpstate>\n&",
    ];
    for start in starts {
        let mark = Mark::new();
        let mut endless = repeat(b'x').take(100 << 20);
        let error = wfpstate::read("state.xml", start.as_bytes().chain(&mut endless)).unwrap_err();
        let (line, what) = damage(&error);
        assert!(line == 2 && what.contains(&EVENT_BYTES_MAX.to_string()), "{start:?}: {error}");
        let read = (100 << 20) - endless.limit();
        assert!(read < EVENT_BYTES_MAX as u64 + (256 << 10), "{start:?}: {read} bytes were read");
        assert!(mark.peak() < 6 * EVENT_BYTES_MAX, "{start:?}: {} bytes of memory", mark.peak());
    }
}

#[test]
fn white_space_without_end_is_refused() {
    let error = wfpstate::read("state.xml", Endless::new(" \n")).unwrap_err();
    assert_eq!(damage(&error).0, 1);
}

#[test]
fn a_text_up_to_the_bound_is_read() {
    let text = |bytes: usize| format!("<wfpstate><a>{}</a></wfpstate>", "x".repeat(bytes));
    assert!(read(&text(EVENT_BYTES_MAX)).is_ok());
    assert!(read(&text(EVENT_BYTES_MAX + (64 << 10) + 1)).is_err());
}

#[test]
fn nesting_has_a_bound() {
    let nested = |levels: usize| "<a>".repeat(levels) + &"</a>".repeat(levels) + "<wfpstate/>";
    assert!(read(&nested(DEPTH_MAX)).is_ok());
    let error = read(&nested(DEPTH_MAX + 1)).unwrap_err();
    assert!(damage(&error).1.contains("nested"), "{error}");
    let mut endless = Endless::new("<item>\n");
    let error = wfpstate::read("state.xml", &mut endless).unwrap_err();
    assert_eq!(damage(&error).0, DEPTH_MAX as u64 + 1);
    assert!(endless.bytes < 1 << 20);
}

#[test]
fn names_of_elements_have_a_bound() {
    let named = |bytes: usize| format!("<wfpstate><{0}></{0}></wfpstate>", "a".repeat(bytes));
    assert!(read(&named(NAME_BYTES_MAX)).is_ok());
    assert!(damage(&read(&named(NAME_BYTES_MAX + 1)).unwrap_err()).1.contains("name"));
}

#[test]
fn flags_of_an_object_have_a_bound() {
    let flags = |count: usize| {
        let flags = "<item>F</item>".repeat(count);
        format!("<item><calloutKey>{KEY}</calloutKey><flags>{flags}</flags></item>")
    };
    assert_eq!(read(&flags(FLAGS_MAX)).unwrap().callouts[0].flags.len(), FLAGS_MAX);
    assert!(damage(&read(&flags(FLAGS_MAX + 1)).unwrap_err()).1.contains("flags"));
}

#[test]
fn more_objects_than_are_kept_are_an_error_in_bounded_memory() {
    let items = [
        format!(
            "<item><filterKey>{KEY}</filterKey><action><type>FWP_ACTION_CALLOUT_UNKNOWN</type>\
             </action></item>\n"
        ),
        format!("<item><calloutKey>{KEY}</calloutKey></item>\n"),
        format!("<item><subLayerKey>{KEY}</subLayerKey></item>\n"),
        format!("<item><providerKey>{KEY}</providerKey></item>\n"),
        "<item><subLayerKey>FWPM_A</subLayerKey></item>\n".to_owned(),
    ];
    for item in &items {
        let mark = Mark::new();
        let error = wfpstate::read("state.xml", Endless::new(item)).unwrap_err();
        let words = format!("more than {KEPT_OBJECTS_MAX} objects");
        let (line, what) = damage(&error);
        assert!(line == KEPT_OBJECTS_MAX as u64 + 1 && what.contains(&words), "{error}");
        assert!(mark.peak() < MEMORY_BYTES_MAX, "{} bytes of memory", mark.peak());
    }
}

#[test]
fn more_text_than_is_kept_is_an_error_in_bounded_memory() {
    let name = "n".repeat(600);
    let flags = "<item>F</item>".repeat(FLAGS_MAX);
    let items = [
        format!(
            "<item><calloutKey>{KEY}</calloutKey><displayData><name>{name}</name></displayData>\
             <applicableLayer>{name}</applicableLayer></item>\n"
        ),
        format!("<item><calloutKey>{KEY}</calloutKey><flags>{flags}</flags></item>\n"),
    ];
    for item in &items {
        let mark = Mark::new();
        let error = wfpstate::read("state.xml", Endless::new(item)).unwrap_err();
        assert!(damage(&error).1.contains(&KEPT_BYTES_MAX.to_string()), "{error}");
        assert!(mark.peak() < MEMORY_BYTES_MAX, "{} bytes of memory", mark.peak());
    }
}

#[test]
fn filters_that_are_only_counted_take_no_memory() {
    let item = format!("<item><filterKey>{KEY}</filterKey></item>\n");
    let count = 2 * KEPT_OBJECTS_MAX;
    let mark = Mark::new();
    let source = Endless::new(&item).take((item.len() * count) as u64);
    let found = wfpstate::read("state.xml", source).unwrap();
    assert_eq!((found.filters_total, found.filters.len()), (count as u64, 0));
    assert!(mark.peak() < 1 << 20, "{} bytes of memory", mark.peak());
}
