//! Traces made here, as text.

use crate::trace::read;
use std::io::Cursor;
use weir_stages::checks::facts::{KnownFailure, TraceFacts};

/// A type's GUID that is not zero.
pub(super) const TYPE: &str = "{f1832a85-85d5-45b0-98a0-7069d63013b0}";
pub(super) const ZERO: &str = "{00000000-0000-0000-0000-000000000000}";

/// Providers, as text names them.
pub(super) const EBPF: &str = "EbpfForWindowsProvider";
pub(super) const NET: &str = "NetEbpfExtProvider";

/// A line of text, of a thread, so many microseconds after a start.
pub(super) fn on(
    thread: u32,
    micros: u64,
    provider: &str,
    event: &str,
    level: u8,
    fields: &str,
) -> String {
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    let comma = if fields.is_empty() { "" } else { "," };
    format!(
        "[1]1C10.{thread:04X}::2026/11/21-07:00:{seconds:02}.{micros:06}000 [{provider}]{{{fields}{comma}\
         \"meta\":{{\"provider\":\"{provider}\",\"event\":\"{event}\",\
         \"time\":\"2026-11-21T14:00:{seconds:02}.{micros:06}0Z\",\"cpu\":1,\"pid\":7184,\
         \"tid\":{thread},\"channel\":11,\"level\":{level},\"keywords\":\"0x2\"}}}}\n"
    )
}

/// A message of eBPF's, with more fields.
pub(super) fn message(micros: u64, level: u8, words: &str, more: &str) -> String {
    on(7, micros, EBPF, "EbpfGenericMessage", level, &format!("\"Message\":\"{words}\"{more}"))
}

/// A function that returns an error.
pub(super) fn returned(micros: u64, function: &str, error: i64) -> String {
    let fields = format!("\"ErrorMessage\":\"{function} returned error\",\"Error\":{error}");
    on(7, micros, EBPF, "EbpfGenericError", 2, &fields)
}

/// An API of Windows or of the kernel that fails.
pub(super) fn api(micros: u64, api: &str, code: &str) -> String {
    on(7, micros, EBPF, "EbpfApiError", 2, &format!("\"Api\":\"{api}\",{code}"))
}

pub(super) fn facts(text: &str) -> TraceFacts {
    read("t.txt", Cursor::new(text)).unwrap()
}

/// Cause and count of each incident.
pub(super) fn causes(text: &str) -> Vec<(KnownFailure, u64)> {
    facts(text).incidents.iter().map(|it| (it.cause, it.count)).collect()
}
