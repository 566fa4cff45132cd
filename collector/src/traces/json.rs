//! Events as lines of JSON, and the summary as one document.

use super::causes::words as cause_words;
use super::summary::{FileFacts, LoadRow, Summary};
use super::words::words;
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use weir_etl::FileTime;
use weir_evidence::trace::{FieldValue, TraceEvent, TraceField, code, is_noise};
use weir_stages::checks::facts::{Incident, KnownFailure, Redirect};

/// An event, keys in this order.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    line: u64,
    timestamp: Option<String>,
    cpu: Option<u32>,
    pid: Option<u32>,
    tid: Option<u32>,
    provider: &'a str,
    event: &'a str,
    level: u8,
    keyword: String,
    load: Option<u64>,
    cause: Option<&'static str>,
    noise: bool,
    code: Option<String>,
    words: String,
    fields: Fields<'a>,
}

struct Fields<'a>(&'a [TraceField]);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for field in self.0 {
            match &field.value {
                FieldValue::Text(text) => map.serialize_entry(&field.name, text)?,
                FieldValue::Integer(number) => {
                    match (i64::try_from(*number), u64::try_from(*number)) {
                        (Ok(number), _) => map.serialize_entry(&field.name, &number)?,
                        (_, Ok(number)) => map.serialize_entry(&field.name, &number)?,
                        _ => map.serialize_entry(&field.name, &number.to_string())?,
                    }
                }
            }
        }
        map.end()
    }
}

/// Writes an event.
pub(super) fn line(
    event: &TraceEvent,
    load: Option<u64>,
    cause: Option<KnownFailure>,
    out: &mut Vec<u8>,
) {
    let time = event.time.and_then(FileTime::to_rfc3339);
    let line = Line {
        file: &event.place.file,
        line: event.place.line,
        timestamp: time.or_else(|| event.time_text.clone()),
        cpu: event.cpu,
        pid: event.process.map(|it| it.0),
        tid: event.process.map(|it| it.1),
        provider: &event.provider,
        event: &event.event,
        level: event.level,
        keyword: format!("{:#x}", event.keyword),
        load,
        cause: cause.map(KnownFailure::name),
        noise: is_noise(event),
        code: code(event).map(|it| it.words),
        words: words(event),
        fields: Fields(&event.fields),
    };
    // Writing to memory cannot fail, and every key is a string.
    let _infallible = serde_json::to_writer(&mut *out, &line);
    out.push(b'\n');
}

#[derive(Serialize)]
struct Document<'a> {
    files: &'a [FileFacts],
    incidents: Vec<IncidentRow<'a>>,
    noise: u64,
    loads: Vec<LoadRow>,
    loads_total: u64,
    redirects: Vec<RedirectRow<'a>>,
    redirects_total: u64,
    events: u64,
    events_shown: u64,
    rows: Vec<EventRow<'a>>,
}

#[derive(Serialize)]
struct IncidentRow<'a> {
    file: &'a str,
    cause: &'static str,
    meaning: &'static str,
    code: Option<&'a str>,
    subject: Option<&'a str>,
    count: u64,
    first: Option<&'a str>,
    pid: Option<u32>,
    tid: Option<u32>,
    quotes: Vec<QuoteRow<'a>>,
}

#[derive(Serialize)]
struct QuoteRow<'a> {
    line: u64,
    text: &'a str,
}

#[derive(Serialize)]
struct RedirectRow<'a> {
    file: &'a str,
    line: u64,
    time: Option<&'a str>,
    source: String,
    destination: String,
    redirected: String,
    verdict: Option<u32>,
    event: &'static str,
}

#[derive(Serialize)]
struct EventRow<'a> {
    provider: &'a str,
    event: &'a str,
    level: u8,
    events: u64,
}

/// The whole summary.
pub(super) fn document(summary: &Summary) -> String {
    let document = Document {
        files: &summary.files,
        incidents: summary.incidents.iter().map(|(file, it)| incident(file, it)).collect(),
        noise: summary.noise,
        loads: summary.load_rows(),
        loads_total: summary.loads_total,
        redirects: summary.redirects.iter().map(redirect).collect(),
        redirects_total: summary.redirects_total,
        events: summary.events,
        events_shown: summary.shown,
        rows: summary
            .rows
            .iter()
            .map(|((provider, event, level), events)| EventRow {
                provider,
                event,
                level: *level,
                events: *events,
            })
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn incident<'a>(file: &'a str, it: &'a Incident) -> IncidentRow<'a> {
    IncidentRow {
        file,
        cause: it.cause.name(),
        meaning: cause_words(it.cause, it.code.as_deref()),
        code: it.code.as_deref(),
        subject: it.subject.as_deref(),
        count: it.count,
        first: it.first_time.as_deref(),
        pid: it.process.map(|it| it.0),
        tid: it.process.map(|it| it.1),
        quotes: it
            .quotes
            .iter()
            .map(|quote| QuoteRow { line: quote.place.line, text: &quote.text })
            .collect(),
    }
}

fn redirect(it: &Redirect) -> RedirectRow<'_> {
    let place = super::words::place;
    RedirectRow {
        file: &it.place.file,
        line: it.place.line,
        time: it.time.as_deref(),
        source: place(&it.source),
        destination: place(&it.destination),
        redirected: place(&it.redirected),
        verdict: it.verdict,
        event: if it.is_new_event {
            "NetEbpfExtSockAddrRedirect"
        } else {
            "connect_redirect_classify"
        },
    }
}
