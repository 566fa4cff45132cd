//! One incident while it goes on: what the layers of a call have told so far.

use super::event::{FieldValue, TraceEvent, bounded};
use super::sign::{Sign, Told, Weight, failed_call};
use weir_etl::FileTime;
use weir_stages::checks::facts::{FailedCall, KnownFailure, Quote};

/// Longest time between two events of one failed call. Layers are microseconds apart; unloading
/// between them, milliseconds.
pub(super) const CALL_GAP_MS: i64 = 1_000;

/// Events quoted of an incident; the guide's samples have four.
pub(super) const QUOTES_MAX: usize = 16;

/// Layers told apart in one call; what comes beyond belongs to it too.
const LAYERS_MAX: usize = 32;

/// Steps of 100 ns in a millisecond.
const STEPS_PER_MS: i64 = 10_000;

/// An incident that may not be over.
pub(super) struct Open {
    pub(super) first_time: Option<String>,
    last: Option<i64>,
    hint: Option<KnownFailure>,
    told: Option<Told>,
    last_code: Option<String>,
    /// The call that failed, the outermost so far: that speaks last.
    pub(super) call: Option<FailedCall>,
    pub(super) layers: Vec<String>,
    pub(super) quotes: Vec<Quote>,
    /// When each of these was.
    times: Vec<Option<FileTime>>,
    /// The request to the kernel returned.
    has_returned: bool,
    pub(super) lines: Vec<u64>,
    /// What it was about, when it began.
    pub(super) object: Option<String>,
}

impl Open {
    pub(super) fn new(event: &TraceEvent, object: Option<String>) -> Self {
        Self {
            first_time: event.time_text.clone(),
            last: None,
            hint: None,
            told: None,
            last_code: None,
            call: None,
            layers: Vec::new(),
            quotes: Vec::new(),
            times: Vec::new(),
            has_returned: false,
            lines: Vec::new(),
            object,
        }
    }

    /// Whether an event is too far from the last one to be of the same call.
    pub(super) fn is_far(&self, event: &TraceEvent) -> bool {
        let (Some(last), Some(now)) = (self.last, event.time) else { return false };
        now.0.abs_diff(last) > CALL_GAP_MS.unsigned_abs() * STEPS_PER_MS.unsigned_abs()
    }

    /// Whether an event was taken already: sessions that are merged, and texts that are pasted, have
    /// it twice.
    pub(super) fn has(&self, event: &TraceEvent) -> bool {
        let is_then = |time: &Option<FileTime>| time.is_some() && *time == event.time;
        self.times.iter().any(is_then) && {
            let text = quoted(event);
            let mut taken = self.quotes.iter().zip(&self.times);
            taken.any(|(quote, time)| is_then(time) && quote.text == text)
        }
    }

    /// Whether an event is of the next call: types are named in the kernel, before a request to it
    /// returns.
    pub(super) fn is_before(&self, sign: &Sign) -> bool {
        let names_types = match sign {
            Sign::Hint(_) => true,
            Sign::Failure(told) => told.weight == Weight::ZeroType,
            Sign::Noise | Sign::Nothing => false,
        };
        self.has_returned && names_types
    }

    /// The cause and its code; none where nothing failed.
    pub(super) fn verdict(&self) -> Option<(KnownFailure, Option<String>)> {
        let told = self.told.as_ref()?;
        Some(match self.hint {
            Some(hint) if is_better(hint, told) => (hint, self.last_code.clone()),
            _ => (told.cause, told.code.clone().or_else(|| self.last_code.clone())),
        })
    }

    pub(super) fn take(&mut self, event: &TraceEvent, sign: Sign, layer: String) {
        self.last = event.time.map(|time| time.0).or(self.last);
        self.call = failed_call(event).or(self.call);
        if self.layers.len() < LAYERS_MAX {
            self.layers.push(layer);
            self.lines.push(event.place.line);
        }
        if self.quotes.len() < QUOTES_MAX {
            self.quotes.push(Quote::new(&event.place, quoted(event)));
            self.times.push(event.time);
        }
        let api = event.field("Api").map(FieldValue::as_text);
        self.has_returned |= api.is_some_and(|it| it == "DeviceIoControl");
        match sign {
            Sign::Hint(cause) => self.hint = Some(cause),
            Sign::Failure(told) => {
                self.last_code = told.code.clone().or_else(|| self.last_code.take());
                match &mut self.told {
                    // The same failure, told by the layer above.
                    Some(best) if best.weight == told.weight => {
                        best.code = told.code.or_else(|| best.code.take());
                    }
                    Some(best) if best.weight > told.weight => {}
                    _ => self.told = Some(told),
                }
            }
            Sign::Noise | Sign::Nothing => {}
        }
    }
}

/// Whether types that a message names tell more than what was told. They explain that an extension
/// was not found, and codes that say no more than that something failed.
fn is_better(hint: KnownFailure, told: &Told) -> bool {
    let is_zero = hint != KnownFailure::NmrAttach;
    told.weight < Weight::ExtensionCode || (is_zero && told.weight == Weight::ExtensionCode)
}

/// What an event says of its layer: each layer tells one failure once.
pub(super) fn layer(event: &TraceEvent) -> String {
    let named = |name| event.field(name).map(FieldValue::as_text);
    let words = event.message().map(Into::into).or_else(|| named("Api")).unwrap_or_default();
    let beside = if words.contains("***") { named("string_value") } else { named("Api") };
    format!("{}\u{0}{words}\u{0}{}", event.event, beside.unwrap_or_default())
}

/// An event in one line, as quotes have it.
fn quoted(event: &TraceEvent) -> String {
    let fields: Vec<String> =
        event.fields.iter().map(|field| format!("{}: {}", field.name, field.value)).collect();
    bounded(&format!("{} {{{}}}", event.event, fields.join(", ")))
}
