//! What holds of any bytes that are read.

use super::written::utf16;
use std::io::Read;
use weir_evidence::wfpstate::{self, FLAGS_MAX, KEPT_OBJECTS_MAX};
use weir_stages::checks::facts::{Place, TEXT_BYTES_MAX, WfpState};

/// Gives few bytes at once, as a pipe may.
pub(crate) struct Slowly<'b> {
    pub(crate) bytes: &'b [u8],
    pub(crate) at_once: usize,
}

impl Read for Slowly<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.at_once.min(out.len());
        self.bytes.read(&mut out[..bytes])
    }
}

/// Reads the bytes in one go, slowly and, where they are UTF-8, as UTF-16: all must agree.
pub(crate) fn hold(bytes: &[u8]) -> Option<WfpState> {
    let read = |bytes: &[u8], at_once: usize| {
        let outcome = wfpstate::read("f", Slowly { bytes, at_once });
        outcome.map_err(|error| (error.kind(), error.to_string()))
    };
    let outcome = read(bytes, usize::MAX);
    assert_eq!(outcome, read(bytes, 1), "the same, whatever a read gives");
    let mark = [0xef, 0xbb, 0xbf];
    let text = core::str::from_utf8(bytes.strip_prefix(&mark).unwrap_or(bytes));
    // Without a mark, two characters of which one is NUL pass for one of UTF-16.
    if let Ok(text) = text.as_ref().map(|it| it.split('\0').next().unwrap_or("")) {
        let utf8 = read(&[&mark, text.as_bytes()].concat(), usize::MAX);
        assert_eq!(utf8, read(&[b"\xff\xfe", &utf16(text, false)[..]].concat(), 3));
        assert_eq!(utf8, read(&[b"\xfe\xff", &utf16(text, true)[..]].concat(), 5));
    }
    let state = match outcome {
        Ok(state) => state,
        Err((_, words)) => {
            assert!(words.len() < 600 && !words.contains(char::is_control), "{words:?}");
            return None;
        }
    };
    bounded(&state, bytes);
    Some(state)
}

fn bounded(state: &WfpState, bytes: &[u8]) {
    let line_ends = bytes.iter().filter(|it| **it == b'\n').count() as u64;
    let place = |it: &Place| assert!(it.file == "f" && (1..=line_ends + 1).contains(&it.line));
    let text = |it: &str| {
        let cut = it.strip_suffix('…').unwrap_or(it);
        assert!(cut.len() <= TEXT_BYTES_MAX && !it.contains(['\0', '\u{fffd}']) || has_fffd(bytes));
    };
    let (callouts, filters) = (&state.callouts, &state.filters);
    let kept = state.providers.len() + state.sublayers.len() + callouts.len() + filters.len();
    assert!(kept + state.built_in.len() <= KEPT_OBJECTS_MAX);
    assert!(filters.len() as u64 <= state.filters_total);
    assert!(callouts.iter().map(|it| &it.flags).all(|it| it.len() <= FLAGS_MAX));
    assert!(filters.iter().map(|it| &it.flags).all(|it| it.len() <= FLAGS_MAX));
    state.providers.iter().for_each(|it| place(&it.place));
    state.sublayers.iter().for_each(|it| place(&it.place));
    callouts.iter().for_each(|it| place(&it.place));
    filters.iter().for_each(|it| place(&it.place));
    state.built_in.iter().for_each(|it| place(&it.place));
    state.providers.iter().for_each(|it| text(&it.name));
    state.sublayers.iter().for_each(|it| text(&it.name));
    callouts.iter().for_each(|it| [&it.name, &it.layer].map(|it| text(it)).into_iter().collect());
    filters.iter().for_each(|it| [&it.name, &it.layer].map(|it| text(it)).into_iter().collect());
    state.built_in.iter().for_each(|it| text(&it.name));
}

/// The input itself has U+FFFD, in any way in which it can be written.
fn has_fffd(bytes: &[u8]) -> bool {
    let written = [&b"\xef\xbf\xbd"[..], b"\xff\xfd", b"\xfd\xff", b"&#"];
    written.iter().any(|it| bytes.windows(it.len()).any(|at| at == *it))
}
