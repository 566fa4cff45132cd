//! The code that an event carries, and whose number it is.
//!
//! A field's name, its text and the event tell. The same number is another error in another family:
//! 5 is "access denied" to Windows and "invalid object" to eBPF.

use super::calls::Step;
use super::codes::{Code, Family};
use super::event::{Source, TraceEvent};
use super::sign::EXCEPTION;

/// A code in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeField {
    /// Which field, by its place.
    pub place: usize,
    /// The code.
    pub code: Code,
    /// As it stands there; a bare number with its name in parentheses.
    pub words: String,
}

/// The code that an event carries.
#[must_use]
pub fn code(event: &TraceEvent) -> Option<CodeField> {
    let message = event.message().unwrap_or_default();
    let function = failed_function(event);
    event.fields.iter().enumerate().find_map(|(place, field)| {
        let number = field.value.number()?;
        let text = field.value.as_text();
        let family = family(event, &field.name, &text, number, function, message)?;
        let code = Code::new(family, number)?;
        let words = match code.name() {
            Some(name) if !text.contains('(') => format!("{text} ({name})"),
            _ => text.into_owned(),
        };
        Some(CodeField { place, code, words })
    })
}

/// The function that an event says to have failed.
pub(super) fn failed_function(event: &TraceEvent) -> Option<&str> {
    match Step::of(event)? {
        Step::Fails(function) => Some(function),
        Step::Begins(_) | Step::Succeeds(_) => None,
    }
}

/// Whose number a field holds, if it is a code.
fn family(
    event: &TraceEvent,
    name: &str,
    text: &str,
    number: i128,
    function: Option<&str>,
    message: &str,
) -> Option<Family> {
    let name = name.to_ascii_lowercase();
    let is_result = (0..=34).contains(&number);
    // The service logs its own results where Windows' errors belong, so a tool names them wrongly.
    // Source: microsoft/ebpf-for-windows, libs/service/api_service.cpp `EBPF_LOG_MESSAGE_ERROR`
    if name == "error" && event.event.ends_with("GenericMessage") && matches!(number, 9 | 20) {
        return Some(Family::Ebpf);
    }
    if text.contains("(NT=") {
        return Some(Family::Nt);
    }
    if text.contains("(WIN=") {
        return Some(Family::Win32);
    }
    match name.as_str() {
        "status" if event.source == Source::Weir && is_result => Some(Family::Ebpf),
        "status" | "ntstatus" => Some(Family::Nt),
        "error" if function == Some("invoke_ioctl") => Some(Family::Win32),
        "error" if function.is_some() && is_result => Some(Family::Ebpf),
        "error" if function.is_some() => Some(Family::Nt),
        "result" => Some(if is_result { Family::Ebpf } else { Family::Nt }),
        "value" if message.contains(EXCEPTION) => Some(Family::Win32),
        name if name.contains("error") && name != "errormessage" => Some(Family::Win32),
        _ => None,
    }
}
