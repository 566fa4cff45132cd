//! Entries of a text trace: lines put together again.
//!
//! An entry begins as `netsh trace convert` begins each, `[cpu]PID.TID::`, and may be wrapped
//! anywhere after that, by an editor, a mail or a guide. Whatever stands between entries is nobody's.

use super::lines::{Line, Lines};
use std::io::{self, Read};

/// Bytes of an entry. An event has less than 64 KiB, and at worst six characters a byte.
pub(super) const ENTRY_BYTES_MAX: usize = 512 << 10;

/// Lines put together as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The line where it begins.
    pub(super) line: u64,
    pub(super) text: String,
    pub(super) is_cut: bool,
    json: Json,
}

/// Whether an object is whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Json {
    has_begun: bool,
    depth: u32,
    is_in_text: bool,
    is_escaped: bool,
}

impl Json {
    const fn is_whole(self) -> bool {
        self.has_begun && self.depth == 0
    }

    fn take(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.is_in_text => self.is_escaped = true,
                b'"' if self.has_begun => self.is_in_text = !self.is_in_text,
                b'{' if !self.is_in_text => {
                    self.has_begun = true;
                    self.depth = self.depth.saturating_add(1);
                }
                b'}' if !self.is_in_text => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }
}

impl Entry {
    fn new(line: &Line) -> Self {
        let text = line.text.trim();
        let mut entry = Self {
            line: line.number,
            text: text.to_owned(),
            is_cut: line.is_cut,
            json: Json::default(),
        };
        entry.json.take(text);
        entry
    }

    /// Its object was closed.
    pub(super) const fn is_whole(&self) -> bool {
        self.json.is_whole()
    }

    /// It has an object.
    pub(super) const fn has_object(&self) -> bool {
        self.json.has_begun
    }

    fn append(&mut self, line: &Line) {
        let text = line.text.trim();
        self.is_cut |= line.is_cut || self.text.len() + text.len() >= ENTRY_BYTES_MAX;
        if self.is_cut || text.is_empty() {
            return;
        }
        // Wrapping takes the blank between words away. Within a word it puts one in, so what is
        // compared with known words is compared without blanks.
        self.text.push(' ');
        self.json.take(text);
        self.text.push_str(text);
    }
}

/// Whether a line is the beginning of an entry.
pub(super) fn begins_entry(line: &str) -> bool {
    let begins = || {
        let rest = line.trim_start().strip_prefix('[')?;
        let rest = rest.get(digits(rest, 10)?..)?.strip_prefix(']')?;
        let rest = rest.get(digits(rest, 16)?..)?.strip_prefix('.')?;
        rest.get(digits(rest, 16)?..)?.strip_prefix("::")
    };
    begins().is_some()
}

/// How many digits a text begins with; none are none.
pub(super) fn digits(text: &str, radix: u32) -> Option<usize> {
    let count = text.chars().take_while(|it| it.is_digit(radix)).count();
    (1..=16).contains(&count).then_some(count)
}

/// Entries of a source.
pub(super) struct Entries<R> {
    lines: Lines<R>,
    /// The first line of the entry that comes next.
    ahead: Option<Line>,
}

impl<R: Read> Entries<R> {
    pub(super) fn new(source: R) -> io::Result<Self> {
        Ok(Self { lines: Lines::new(source)?, ahead: None })
    }

    /// What entries were read from.
    pub(super) fn into_source(self) -> R {
        self.lines.into_source()
    }

    /// The next entry; `None` at the end.
    pub(super) fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        let mut entry: Option<Entry> = self.ahead.take().map(|line| Entry::new(&line));
        while let Some(line) = self.lines.next_line()? {
            if begins_entry(&line.text) {
                if entry.is_some() {
                    self.ahead = Some(line);
                    return Ok(entry);
                }
                entry = Some(Entry::new(&line));
            } else if let Some(entry) = entry.as_mut().filter(|entry| !entry.is_whole()) {
                entry.append(&line);
            }
        }
        Ok(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<(u64, String)> {
        let mut entries = Entries::new(text.as_bytes()).unwrap();
        core::iter::from_fn(|| entries.next_entry().unwrap())
            .map(|entry| (entry.line, entry.text))
            .collect()
    }

    #[test]
    fn wrapped_indented_and_separated_entries_are_whole_again() {
        let text = "prose\n   [3]10A8.0A54::t [P]{\"a\":\"b\",\r\n\n\"c\":\r\n1}\nmore prose {\n\n[0]1.2::t [P]{}";
        let expected = [
            (2, "[3]10A8.0A54::t [P]{\"a\":\"b\", \"c\": 1}".to_owned()),
            (8, "[0]1.2::t [P]{}".to_owned()),
        ];
        assert_eq!(entries(text), expected);
    }

    #[test]
    fn braces_within_text_close_nothing() {
        let text = "[0]1.2::t [P]{\"a\":\"}\\\"}\",\n\"b\":{}\n}\nnot this";
        assert_eq!(entries(text), [(1, "[0]1.2::t [P]{\"a\":\"}\\\"}\", \"b\":{} }".to_owned())]);
    }

    #[test]
    fn an_entry_that_never_ends_takes_no_more_than_its_bound() {
        let text = format!(
            "[0]1.2::t [P]{{\n{}[0]1.2::t [P]{{}}",
            "x".repeat(999).add("\n").repeat(2_000)
        );
        let mut entries = Entries::new(text.as_bytes()).unwrap();
        let first = entries.next_entry().unwrap().unwrap();
        assert!(first.is_cut && first.text.len() <= ENTRY_BYTES_MAX);
        assert!(entries.next_entry().unwrap().unwrap().is_whole());
    }

    #[test]
    fn only_the_beginning_of_an_entry_begins_one() {
        for line in ["[2]1C10.1B78::2023", "  [0]0004.0568::x"] {
            assert!(begins_entry(line), "{line}");
        }
        for line in ["", "[]1.2::", "[1]1.2:", "[a]1.2::", "[1]x.2::", "[1] 1.2::", "{\"a\":1}"] {
            assert!(!begins_entry(line), "{line}");
        }
    }

    use core::ops::Add as _;
}
