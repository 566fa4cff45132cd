//! Where a fact stands, and what stands there.

use core::fmt;

/// Bytes that are kept of a text from outside; the rest is cut at a character, and marked `…`.
pub const TEXT_BYTES_MAX: usize = 512;

/// Where something stands: a file of the bundle, and a line of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Path in the bundle, with `/`, or what was asked, as in `sc.exe queryex ebpfcore`.
    pub file: String,
    /// Line, from 1; of an event trace the number of the event, from 1; 0 where there is none.
    pub line: u64,
}

impl Place {
    /// A place in a file.
    #[must_use]
    pub fn new(file: impl Into<String>, line: u64) -> Self {
        Self { file: file.into(), line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// What stands somewhere, in its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quote {
    /// Where.
    pub place: Place,
    /// What; one line, bounded.
    pub text: String,
}

impl Quote {
    /// A quote.
    #[must_use]
    pub fn new(place: &Place, text: impl Into<String>) -> Self {
        Self { place: place.clone(), text: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_file_and_line_as_editors_take_it() {
        assert_eq!(Place::new("wfp/wfpstate.xml", 12).to_string(), "wfp/wfpstate.xml:12");
        assert_eq!(Place::new("sc.exe queryex bfe", 0).to_string(), "sc.exe queryex bfe");
    }
}
