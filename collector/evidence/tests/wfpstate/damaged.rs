//! Files that are cut, changed or made to harm.

use super::written::{CALLOUTS, PROVIDER, callout, ebpf_filter, expected, sublayer};
use super::{damage, read};
use weir_evidence::ReadError;

const KEY: &str = "{0badc0de-0000-4000-8000-000000000001}";

/// Reading fails on this line, with these words in what is said.
fn fails(text: &str, line: u64, words: &str) {
    let error = read(text).err().unwrap_or_else(|| panic!("{text:?} is read"));
    let (found, what) = damage(&error);
    assert!(found == line && what.contains(words), "{text:?}: {error}");
    assert!(!error.to_string().contains(char::is_control), "{error:?}");
}

#[test]
fn a_document_that_is_cut_anywhere_is_an_error_or_unknown() {
    let text = expected();
    let end = text.find("</wfpstate>").unwrap() + "</wfpstate>".len();
    for length in (0..end).step_by(7).chain([end - 1]) {
        let error = read(&text[..length]).err().unwrap_or_else(|| panic!("read: {length}"));
        let begun = length > text.find("<wfpstate>").unwrap() + "<wfpstate>".len();
        assert!(!begun || matches!(error, ReadError::Damaged { .. }), "{length}: {error}");
    }
    // The second root is not there, which older versions of Windows do not write.
    assert!(read(&text[..end]).unwrap().is_whole);
    assert!(read(&text[..text.len() - 3]).is_err());
}

#[test]
fn a_cut_document_says_what_is_open() {
    fails("<wfpstate>\n<layers>\n\n", 4, "cut off in an element that begins on line 2");
    fails("<wfpstate>\n<layers", 2, "cut off or no XML");
    fails("<wfpstate>\n<layers a='", 2, "cut off or no XML");
    fails("<wfpstate>\n<!-- ", 2, "cut off or no XML");
    fails("<wfpstate>\n<![CDATA[ ", 2, "cut off or no XML");
    fails("<wfpstate>\n<?x ", 2, "cut off or no XML");
    fails("<wfpstate>\n&am", 2, "not closed");
}

#[test]
fn wrong_nesting_is_an_error() {
    fails(
        "<wfpstate>\n<layers>\n</wfpstate>\n</layers>",
        3,
        "</wfpstate> ends what <layers> began",
    );
    fails("<wfpstate>\n</wfpstate>\n</filters>", 3, "</filters> ends nothing");
    fails("</item>", 1, "</item> ends nothing");
    fails("<a>\n<\u{1b}[31mb>\n</c>", 3, "</c> ends what <\\u{1b}[31mb> began");
    fails("<a>\n< b/></a>", 2, "has no name");
    fails("<a>\n<></></a>", 2, "has no name");
    fails("<wfpstate/>\n<wfpstate/>", 2, "a second <wfpstate>");
}

#[test]
fn stray_text_is_an_error() {
    fails("The command failed.", 1, "stands outside");
    fails("\u{feff}\u{feff}\u{feff}<wfpstate/>", 1, "stands outside");
    fails("<wfpstate>\n \nx\n</wfpstate>", 3, "\"x\" stands outside");
    fails("<wfpstate/>\n<a/>\r\nOk.\n", 3, "\"Ok.\" stands outside");
    fails("<filters>&lt;</filters>", 1, "stands outside");
    fails("<filters><![CDATA[x]]></filters>", 1, "stands outside");
    let text = ebpf_filter(0).replace("<reserved/>", "stray");
    fails(&text, 1, "text beside its elements");
    let text = ebpf_filter(0).replace("<action>\n", "<action>stray");
    let line = text[..text.find("stray").unwrap()].matches('\n').count() as u64 + 1;
    assert!(line > 10);
    fails(&text, line, "\"stray\" stands outside");
}

#[test]
fn a_doctype_and_an_entity_are_refused() {
    let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE wfpstate [<!ENTITY a \"b\">\n<!ENTITY c \"&a;&a;\">\
                ]>\n<wfpstate>&c;</wfpstate>";
    fails(bomb, 2, "DOCTYPE");
    fails("<!DOCTYPE x SYSTEM \"file:///x\"><wfpstate/>", 1, "DOCTYPE");
    fails("<!doctype x><wfpstate/>", 1, "DOCTYPE");
    fails("<!DOCTYPE x [", 1, "cut off or no XML");
    for reference in
        ["&c;", "&nbsp;", "&#0;", "&#xd800;", "&#x110000;", "&#99999999999999999999;", "&;"]
    {
        fails(&format!("<wfpstate>\n{reference}</wfpstate>"), 2, "entities are not read");
    }
    fails("<wfpstate>\n& </wfpstate>", 2, "not closed");
}

#[test]
fn a_key_that_is_no_guid_is_an_error_on_its_line() {
    let bad =
        ["x", "{98849e0f-b07d-11ec-9a30-18602489bee}", "{98849e0f}", "fwpm_x", "FWPM X_Y", "{}"];
    for key in bad {
        fails(&callout(key, "c", "l"), 2, "is no GUID");
        fails(&sublayer(key, "c", "1"), 2, "is no GUID");
        fails(&ebpf_filter(0).replace(super::written::FILTERS[0], key), 2, "is no GUID");
        let text = callout(KEY, "c", "l").replace(PROVIDER, key);
        fails(&text, 10, "is no GUID");
    }
    let text = ebpf_filter(0).replace(CALLOUTS[0].0, "none");
    assert!(read(&text).is_err(), "the callout that a filter calls");
    let long = "G".repeat(100_000);
    fails(&callout(&long, "c", "l"), 2, "GGG…\" is no GUID");
    fails(&callout("\u{1b}[2J", "c", "l"), 2, "\\u{1b}[2J");
    let escaped = read(&callout(&"\u{7}".repeat(80), "c", "l")).unwrap_err().to_string();
    assert!(escaped.len() < 130, "a quote is short with its escapes: {escaped}");
}

#[test]
fn an_object_without_its_key_is_an_error() {
    fails(&callout("", "c", "l"), 2, "a calloutKey without a GUID");
    fails(&sublayer("", "s", "1"), 2, "a subLayerKey without a GUID");
    fails(&ebpf_filter(0).replace(super::written::FILTERS[0], ""), 2, "a filterKey without a GUID");
    fails("<providers><item>\n<providerKey/></item></providers>", 2, "a providerKey without");
    let without = |text: &str, name: &str| {
        let (start, end) = (format!("<{name}>"), format!("</{name}>"));
        let (from, to) = (text.find(&start).unwrap(), text.find(&end).unwrap() + end.len());
        format!("{}{}", &text[..from], &text[to..])
    };
    let filter = without(&ebpf_filter(0), "filterKey");
    fails(&filter, 1, "no filterKey");
    fails(&format!("<filters>\n{filter}</filters>"), 2, "no filterKey");
    let callout = without(&callout(KEY, "c", "l"), "calloutKey");
    fails(&callout, 1, "no calloutKey");
    fails(&format!("<callouts>\n{callout}</callouts>"), 2, "no calloutKey");
    let sublayer = without(&sublayer(KEY, "s", "1"), "subLayerKey");
    fails(&format!("<subLayers>\n{sublayer}</subLayers>"), 2, "no subLayerKey");
    let provider = without(&super::written::provider(KEY, "p"), "providerKey");
    fails(&format!("<providers>\n{provider}</providers>"), 2, "no providerKey");
}

#[test]
fn an_item_that_is_two_objects_or_says_a_thing_twice_is_an_error() {
    let key = format!("<calloutKey>{KEY}</calloutKey>");
    fails(&callout(KEY, "c", "l").replace(&key, &format!("{key}\n{key}")), 3, "says this twice");
    let both = format!("<item>\n{key}<filterKey>{KEY}</filterKey></item>");
    fails(&both, 2, "of a filter and of a callout");
    let text = ebpf_filter(0).replace("<layerKey>", "<layerKey>x</layerKey>\n<layerKey>");
    assert!(read(&text).is_err());
    fails(&callout("<a>b</a>", "c", "l"), 2, "elements stand where a value is expected");
}

#[test]
fn absurd_numbers_are_an_error_on_their_line() {
    for weight in ["65536", "-1", "8.5", "0x8", "99999999999999999999999999", "acht", "8 9"] {
        fails(&sublayer(KEY, "s", weight), 10, "is no weight of a sublayer");
    }
}

#[test]
fn an_item_that_is_no_object_may_say_anything() {
    let odd =
        "<item><name/><weight>1</weight><weight>2</weight><providerKey>??</providerKey>x</item>";
    assert!(read(&format!("<wfpstate><sessions>{odd}</sessions></wfpstate>")).is_ok());
}

#[test]
fn an_error_of_the_file_itself_is_handed_through() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _out: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::PermissionDenied.into())
        }
    }
    let source = std::io::Read::chain(&b"<wfpstate>\n"[..], Broken);
    match weir_evidence::wfpstate::read("f", source) {
        Err(ReadError::Io { file, error }) => {
            assert_eq!((&*file, error.kind()), ("f", std::io::ErrorKind::PermissionDenied));
        }
        other => panic!("{other:?}"),
    }
}
