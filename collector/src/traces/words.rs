//! An event's message in words.

use crate::failure::one_line;
use weir_evidence::trace::{FieldValue, Source, TraceEvent, TraceField, code, redirect};
use weir_stages::checks::facts::Redirect;

/// An event in words, in one line.
pub(super) fn words(event: &TraceEvent) -> String {
    if let Some(redirect) = redirect(event) {
        return one_line(&redirected(event, &redirect));
    }
    let function = |names: &[&str]| names.iter().find_map(|name| event.field(name));
    if let Some(FieldValue::Text(function)) = function(&["Entry", "Enter"]) {
        return one_line(&format!("enters {}", function.trim()));
    }
    if let Some(FieldValue::Text(function)) = function(&["Exit"]) {
        return one_line(&format!("leaves {}", function.trim()));
    }
    let message = event.message();
    let api = event.fields.iter().position(|it| it.name.eq_ignore_ascii_case("api"));
    let api = api.filter(|_| message.is_none() && event.source != Source::Weir);
    let failed = api.and_then(|place| event.fields.get(place));
    let failed = failed.map(|it| format!("{} failed", it.value.as_text().trim_matches('"')));
    let mut out =
        message.map(|it| it.trim().to_owned()).or(failed).unwrap_or_else(|| event.event.clone());
    let code = code(event);
    let mut separator = if out.ends_with([':', '.']) { " " } else { ": " };
    for (place, field) in event.fields.iter().enumerate() {
        if message.is_some_and(|message| is_message(field, message)) || api == Some(place) {
            continue;
        }
        out.push_str(separator);
        out.push_str(&name(&field.name));
        out.push(' ');
        match code.as_ref().filter(|code| code.place == place) {
            Some(code) => out.push_str(&code.words),
            None => out.push_str(&field.value.as_text()),
        }
        separator = ", ";
    }
    one_line(&out)
}

/// Whether a field is the message, which stands before the others.
fn is_message(field: &TraceField, message: &str) -> bool {
    matches!(&field.value, FieldValue::Text(text) if core::ptr::eq(text.as_str(), message))
}

/// A field's name without what its writer's expression has: `*guid1`, `(unsigned long)(error)`.
fn name(name: &str) -> String {
    let is_word = |it: char| it.is_alphanumeric() || matches!(it, '_' | '-' | '>' | '.');
    let mut words = name.split(|it| !is_word(it)).filter(|it| !it.is_empty());
    words.next_back().unwrap_or(name).to_owned()
}

/// An address and a port.
pub(super) fn place((address, port): &(String, u16)) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

fn redirected(event: &TraceEvent, redirect: &Redirect) -> String {
    let protocol = match event.field("protocol").and_then(FieldValue::number) {
        Some(6) => "TCP ".to_owned(),
        Some(17) => "UDP ".to_owned(),
        Some(number) => format!("protocol {number} "),
        None => String::new(),
    };
    let (source, destination) = (place(&redirect.source), place(&redirect.destination));
    let went = if redirect.redirected == redirect.destination {
        "not redirected".to_owned()
    } else {
        format!("redirected to {}", place(&redirect.redirected))
    };
    let verdict = match redirect.verdict {
        Some(1) => ", verdict 1 (proceed)".to_owned(),
        Some(0) => ", verdict 0 (reject)".to_owned(),
        Some(verdict) => format!(", verdict {verdict}"),
        None => String::new(),
    };
    format!("connect {protocol}{source} to {destination}: {went}{verdict}")
}
