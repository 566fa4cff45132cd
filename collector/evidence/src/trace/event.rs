//! One event of a trace, whether text or `.etl` held it.

use core::fmt;
use std::borrow::Cow;
use weir_abi::identifiers::{Guid, PROVIDER_NAME};
use weir_etl::FileTime;
use weir_stages::checks::facts::{Place, TEXT_BYTES_MAX};

/// Fields kept of one event; those of eBPF for Windows have a dozen at most. The rest is left out.
pub(super) const FIELDS_MAX: usize = 64;

/// Bytes of a name that are kept; names are identifiers in somebody's source.
const NAME_BYTES_MAX: usize = 128;

/// Who wrote an event, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `EbpfForWindowsProvider`: ebpfcore, ebpfapi.dll and ebpfsvc.
    Ebpf,
    /// `NetEbpfExtProvider`: netebpfext.
    NetEbpfExt,
    /// `Microsoft.Windows.Networking.WFP.Callout`: calls of callouts.
    Wfp,
    /// `Weir.FlowClassify`: Weir's driver.
    Weir,
    /// Anybody else; their events are counted, and carry no fields here.
    Other,
}

/// The providers that are read, by name and GUID.
///
/// Source: microsoft/ebpf-for-windows, docs/Diagnostics.md, libs/shared/tracelog.c and
/// netebpfext/net_ebpf_ext_tracelog.c (read 2026-11)
const SOURCES: [(Source, &str, Guid); 4] = [
    (
        Source::Ebpf,
        "EbpfForWindowsProvider",
        Guid::new(0x394f_321c, 0x5cf4, 0x404c, 0xaa34, [0x4d, 0xf1, 0x42, 0x8a, 0x7f, 0x9c]),
    ),
    (
        Source::NetEbpfExt,
        "NetEbpfExtProvider",
        Guid::new(0xf2f2_ca01, 0xad02, 0x4a07, 0x9e90, [0x95, 0xa2, 0x33, 0x4f, 0x36, 0x92]),
    ),
    (
        Source::Wfp,
        "Microsoft.Windows.Networking.WFP.Callout",
        Guid::new(0x00e7_ee66, 0x5b24, 0x5c41, 0x22cb, [0xaf, 0x98, 0xf6, 0x3e, 0x2f, 0x90]),
    ),
    (Source::Weir, PROVIDER_NAME, weir_abi::identifiers::PROVIDER),
];

impl Source {
    /// The provider of a GUID, with its name; a name is anybody's to use, these GUIDs are told by
    /// the file.
    pub(super) fn of_guid(guid: Guid) -> Option<(Self, &'static str)> {
        SOURCES.iter().find(|it| it.2 == guid).map(|it| (it.0, it.1))
    }

    /// The provider of a name, as text has it: tools that lack the name write the GUID.
    pub(super) fn of_name(name: &str) -> (Self, Option<&'static str>) {
        let guid = Guid::parse(name);
        let found = SOURCES.iter().find(|it| it.1 == name || Some(it.2) == guid);
        found.map_or((Self::Other, None), |it| (it.0, Some(it.1)))
    }
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// A number.
    Integer(i128),
    /// Anything else, as text; bounded.
    Text(String),
}

impl FieldValue {
    /// Text of a bounded length.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(bounded(text))
    }

    /// As it is read.
    #[must_use]
    pub fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }

    /// The number, of text the one that it begins with: `87(WIN=…)`, `0xC000000D(NT=…)`.
    #[must_use]
    pub fn number(&self) -> Option<i128> {
        let text = match self {
            Self::Integer(number) => return Some(*number),
            Self::Text(text) => text.trim(),
        };
        // Before a translation a blank is where a line was wrapped; elsewhere words are words.
        let word: String = match text.split_once('(') {
            Some((word, _)) => word.chars().filter(|it| !it.is_whitespace()).collect(),
            None => text.split(' ').next()?.to_owned(),
        };
        let hex = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
        let number = hex.map(|digits| u64::from_str_radix(digits, 16).map(i128::from));
        number.unwrap_or_else(|| word.parse::<i64>().map(i128::from)).ok()
    }

    /// The GUID.
    #[must_use]
    pub fn guid(&self) -> Option<Guid> {
        // Wrapping puts blanks behind its hyphens.
        let text = self.as_text();
        if text.len() > 64 {
            return None;
        }
        Guid::parse(&text.chars().filter(|it| !it.is_whitespace()).collect::<String>())
    }
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_text())
    }
}

/// A field and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceField {
    /// The name, as it stands there; bounded.
    pub name: String,
    /// The value.
    pub value: FieldValue,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEvent {
    /// Where it stands: of text the line, of an `.etl` the record.
    pub place: Place,
    /// When; of text the time in UTC that it names, or else its local time taken for UTC.
    pub time: Option<FileTime>,
    /// When, as it stands there.
    pub time_text: Option<String>,
    /// Processor.
    pub cpu: Option<u32>,
    /// Process and thread.
    pub process: Option<(u32, u32)>,
    /// Who wrote it.
    pub source: Source,
    /// The provider's name; its GUID where nothing names it.
    pub provider: String,
    /// The event's name; its number where nothing names it.
    pub event: String,
    /// 1 critical to 5 verbose, 0 always.
    pub level: u8,
    /// Keyword bits.
    pub keyword: u64,
    /// The fields, in their order; bounded.
    pub fields: Vec<TraceField>,
}

impl TraceEvent {
    /// The value of a field, by its name in any case: names differ by case between versions.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldValue> {
        self.fields.iter().find(|it| it.name.eq_ignore_ascii_case(name)).map(|it| &it.value)
    }

    /// What it says: its message, of an entry or exit the function.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        let named = ["Message", "ErrorMessage"].into_iter().find_map(|it| self.field(it));
        // `EbpfReturn` gives its message no name, so the compiler's name for it stands there.
        let unnamed = || self.fields.iter().find(|it| it.name.contains("__FUNCTION__"));
        match named.or_else(|| unnamed().map(|it| &it.value))? {
            FieldValue::Text(text) => Some(text),
            FieldValue::Integer(_) => None,
        }
    }

    /// Adds a field, as long as there are not too many.
    pub(super) fn add(&mut self, name: &str, value: FieldValue) {
        if self.fields.len() < FIELDS_MAX {
            let end = name.floor_char_boundary(NAME_BYTES_MAX);
            let name = name.get(..end).unwrap_or_default().to_owned();
            self.fields.push(TraceField { name, value });
        }
    }
}

/// A text of [`TEXT_BYTES_MAX`] bytes at most, marked where it was cut.
#[must_use]
pub fn bounded(text: &str) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(TEXT_BYTES_MAX - '…'.len_utf8());
    format!("{}…", text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_every_form_that_tools_write() {
        for (text, number) in [
            ("0xC000000D(NT=An invalid parameter was passed)", 0xc000_000d),
            ("87(WIN=Falscher Parameter.)", 87),
            ("-1073741790", -1_073_741_790),
            ("0xC000 026C(NT=wrapped within)", 0xc000_026c),
            ("5 of 7", 5),
            ("0x5", 5),
        ] {
            assert_eq!(FieldValue::text(text).number(), Some(number), "{text}");
        }
        for text in ["", "0x", "five", "(NT=1)", "0xfffffffffffffffff", "1.5"] {
            assert_eq!(FieldValue::text(text).number(), None, "{text}");
        }
    }

    #[test]
    fn a_guid_is_one_in_braces_or_not_and_wrapped_within() {
        let zero = Some(Guid([0; 16]));
        for text in [
            "{00000000-0000-0000-0000-000000000000}",
            "00000000-0000-0000-0000-000000000000",
            "{00000000-0000- 0000-0000-000000000000}",
        ] {
            assert_eq!(FieldValue::text(text).guid(), zero, "{text}");
        }
        assert_eq!(FieldValue::text(&" ".repeat(99)).guid(), None);
    }

    #[test]
    fn long_text_is_cut_at_a_character_and_marked() {
        let cut = bounded(&"é".repeat(400));
        assert!(cut.len() <= TEXT_BYTES_MAX && cut.ends_with("é…"), "{}", cut.len());
        assert_eq!(bounded("short"), "short");
    }

    #[test]
    fn a_provider_is_known_by_name_or_guid() {
        assert_eq!(Source::of_name("NetEbpfExtProvider").0, Source::NetEbpfExt);
        let (source, name) = Source::of_name("{394F321C-5CF4-404C-AA34-4DF1428A7F9C}");
        assert_eq!((source, name), (Source::Ebpf, Some("EbpfForWindowsProvider")));
        assert_eq!(Source::of_name("Microsoft-Windows-TCPIP"), (Source::Other, None));
    }
}
