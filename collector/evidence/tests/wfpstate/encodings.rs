//! UTF-8 and UTF-16, and what is neither.

use super::held::{Slowly, hold};
use super::written::{callout, expected, utf16};
use super::{damage, read};
use weir_evidence::{ReadError, wfpstate};
use weir_stages::checks::facts::WfpState;

const KEY: &str = "{0badc0de-0000-4000-8000-000000000001}";

fn read_bytes(bytes: &[u8], at_once: usize) -> Result<WfpState, ReadError> {
    wfpstate::read("state.xml", Slowly { bytes, at_once })
}

#[test]
fn every_encoding_gives_the_same_facts_however_it_is_read() {
    let text = expected().replace("a layer", "Слой 层 𝄞");
    let text = text.replace("net eBPF sock_addr hook", "é € 层 𝄞");
    let expected = read(&text).unwrap();
    assert_eq!(expected.filters[0].name, "é € 层 𝄞");
    let encoded = [
        text.as_bytes().to_vec(),
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        utf16(&text, false),
        [b"\xff\xfe", &utf16(&text, false)[..]].concat(),
        utf16(&text, true),
        [b"\xfe\xff", &utf16(&text, true)[..]].concat(),
    ];
    for (place, bytes) in encoded.iter().enumerate() {
        for at_once in [1, 2, 3, 7, 4096, usize::MAX] {
            let found = read_bytes(bytes, at_once).unwrap();
            assert_eq!(found, expected, "encoding {place}, {at_once} bytes at once");
        }
        assert!(hold(bytes).is_some());
    }
}

#[test]
fn a_document_longer_than_a_buffer_is_read_in_every_encoding() {
    let name = "é€𝄞".repeat(17);
    let text: String = (0..1500).map(|_| callout(KEY, &name, "层𝄞")).collect();
    let text = text.replace('\n', " \n");
    let expected = read(&text).unwrap();
    assert_eq!(expected.callouts.len(), 1500);
    for bytes in [utf16(&text, false), utf16(&text, true)] {
        for at_once in [65_535, usize::MAX] {
            assert_eq!(read_bytes(&bytes, at_once).unwrap(), expected);
        }
    }
}

#[test]
fn mis_encoded_bytes_are_an_error_with_their_line() {
    let start = format!("<filters>\n<item>\n<filterKey>{KEY}</filterKey>\n<displayData><name>");
    let bad: [(&[u8], &str); 6] = [
        (b"Verf\xfcgbar</name>", "no UTF-8"),
        (b"\xc0\xaf", "no UTF-8"),
        (b"\xed\xa0\x80", "no UTF-8"),
        (b"\xf4\x90\x80\x80", "no UTF-8"),
        (b"\xe2\x82", "cut off"),
        (b"a\0b</name>", "NUL"),
    ];
    for (bytes, words) in bad {
        for at_once in [1, usize::MAX] {
            let error = read_bytes(&[start.as_bytes(), bytes].concat(), at_once).unwrap_err();
            let (line, what) = damage(&error);
            assert!(line == 4 && what.contains(words), "{bytes:?}: {error}");
        }
    }
    let bad: [(&[u16], &str); 5] = [
        (&[0xd834, 0x41], "stands alone"),
        (&[0xdd1e], "stands alone"),
        (&[0xd834, 0xd834, 0xdd1e], "stands alone"),
        (&[0xd834], "cut off"),
        (&[0x41, 0, 0x42], "NUL"),
    ];
    for (units, words) in bad {
        let bytes = units.iter().flat_map(|it| it.to_le_bytes());
        let bytes: Vec<u8> = utf16(&start, false).into_iter().chain(bytes).collect();
        for at_once in [1, usize::MAX] {
            let error = read_bytes(&bytes, at_once).unwrap_err();
            let (line, what) = damage(&error);
            assert!(line == 4 && what.contains(words), "{units:x?}: {error}");
        }
    }
    let odd = [&utf16(&start, true)[..], b"\0"].concat();
    assert_eq!(damage(&read_bytes(&odd, 1).unwrap_err()), (4, "a character is cut off"));
}

#[test]
fn utf_32_and_bytes_of_nothing_are_an_error() {
    let utf32: Vec<u8> = "<item/>".chars().flat_map(|it| u32::from(it).to_le_bytes()).collect();
    let bad: [&[u8]; 5] =
        [&[b"\xff\xfe\0\0", &utf32[..]].concat(), &utf32, &[0; 9], &[0xff; 9], b"\0"];
    for bytes in bad {
        assert!(hold(bytes).is_none(), "{bytes:?}");
    }
}

#[test]
fn a_declared_encoding_that_is_not_the_real_one_changes_nothing() {
    let text = expected().replace("encoding=\"UTF-8\"", "encoding=\"utf-16\"");
    assert_eq!(read(&text).unwrap(), read(&expected()).unwrap());
}
