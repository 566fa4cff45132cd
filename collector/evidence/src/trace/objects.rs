//! Objects that are opened and loaded, by the names of their files.

use super::event::{FieldValue, TraceEvent};

/// The object that a thread begins to open or load, where an event says so.
///
/// Source: microsoft/ebpf-for-windows, libs/api/ebpf_api.cpp (read 2026-11)
pub(super) fn object(event: &TraceEvent) -> Option<String> {
    let message = event.message()?;
    let is_named = message.starts_with("ebpf_object_open: loading")
        || message.trim() == "_ebpf_object_load_native";
    let texts = event.fields.iter().filter(|it| is_named && it.value.guid().is_none());
    let mut texts = texts.filter_map(|field| match &field.value {
        FieldValue::Text(text) if text != message && !text.is_empty() => Some(text),
        FieldValue::Text(_) | FieldValue::Integer(_) => None,
    });
    texts.next().cloned()
}
