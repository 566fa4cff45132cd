//! `OTEL_*` variables: the signal's own beats the general one, an empty one is not set, and what
//! cannot be understood is a warning, never an error.
//!
//! Source: opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables and
//! opentelemetry.io/docs/specs/otel/protocol/exporter (read 2026-11).

use crate::failure::one_line;
use clap::ValueEnum;
use core::time::Duration;
use percent_encoding::percent_decode_str;

/// A value and the variable it came from.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) value: String,
}

/// Looks variables up and gathers what is wrong with them.
pub(super) struct Variables<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    pub(super) warnings: Vec<String>,
}

impl<'a> Variables<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, warnings: Vec::new() }
    }

    /// A variable that is set to something.
    pub(super) fn get(&self, name: &str) -> Option<Found> {
        let value = (self.lookup)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| Found { name: name.to_owned(), value: value.to_owned() })
    }

    /// `OTEL_EXPORTER_OTLP_<SIGNAL>_<what>`, else `OTEL_EXPORTER_OTLP_<what>`.
    pub(super) fn of_signal(&self, signal: &str, what: &str) -> Option<Found> {
        self.get(&format!("OTEL_EXPORTER_OTLP_{signal}_{what}"))
            .or_else(|| self.get(&format!("OTEL_EXPORTER_OTLP_{what}")))
    }

    /// A warning that quotes no value: it may hold a secret.
    pub(super) fn warn(&mut self, name: &str, what: &str) {
        let warning = format!("{name} is ignored: {what}");
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    fn warn_value(&mut self, found: &Found, what: &str) {
        // A few words suffice to recognise it.
        let value: String = found.value.chars().take(40).collect();
        self.warn(&found.name, &format!("`{}` {what}", one_line(&value)));
    }

    /// True where it is `true` in any case.
    pub(super) fn flag(&mut self, found: Option<Found>) -> Option<bool> {
        let found = found?;
        if found.value.eq_ignore_ascii_case("true") {
            return Some(true);
        }
        if !found.value.eq_ignore_ascii_case("false") {
            self.warn_value(&found, "is neither true nor false, and counts as false");
        }
        Some(false)
    }

    /// A time in milliseconds; 0 is without limit, which is [`TIME_MAX`] here.
    pub(super) fn time(&mut self, found: Option<Found>) -> Option<Duration> {
        let found = found?;
        match found.value.parse::<u64>() {
            Ok(0) => Some(TIME_MAX),
            Ok(millis) => Some(Duration::from_millis(millis).min(TIME_MAX)),
            Err(_) => {
                self.warn_value(&found, "is no whole number of milliseconds");
                None
            }
        }
    }

    /// One of a few words, in any case.
    pub(super) fn word<T: ValueEnum>(&mut self, found: Option<Found>) -> Option<T> {
        let found = found?;
        let word = T::from_str(&found.value, true).ok();
        if word.is_none() {
            let known = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            let known: Vec<String> = known.map(|it| it.get_name().to_owned()).collect();
            self.warn_value(&found, &format!("is none of {}", known.join(", ")));
        }
        word
    }
}

/// Longest timeout or interval: a day. A longer one, or none at all, is cut to it.
pub(super) const TIME_MAX: Duration = Duration::from_hours(24);

/// A flag's time with its unit: `250ms`, `20s`, `2m`, `1h`.
pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    let time = crate::cli::parse_duration(text)?;
    if time.is_zero() { Err("must be more than 0".to_owned()) } else { Ok(time.min(TIME_MAX)) }
}

/// `name=value,name=value` with percent-encoded values, as W3C Baggage has it; an error for each
/// pair that is none, without its text.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = Result<(String, String), &'static str>> {
    text.split(',').filter(|pair| !pair.trim().is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').ok_or("a pair has no `=`")?;
        // Properties of baggage members mean nothing here.
        let value = value.split(';').next().unwrap_or_default().trim();
        let decode = |text: &str| {
            let text = percent_decode_str(text).decode_utf8();
            text.map(|it| it.into_owned()).map_err(|_| "a value is not UTF-8")
        };
        match decode(name.trim())? {
            name if name.is_empty() => Err("a pair has no name"),
            name => Ok((name, decode(value)?)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::args::Protocol;
    use super::*;

    fn found(value: &str) -> Option<Found> {
        Some(Found { name: "X".to_owned(), value: value.to_owned() })
    }

    #[test]
    fn the_signals_own_variable_beats_the_general_one_and_empty_is_unset() {
        let lookup = |name: &str| match name {
            "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT" => Some("1".to_owned()),
            "OTEL_EXPORTER_OTLP_TIMEOUT" => Some("2".to_owned()),
            "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT" => Some("  ".to_owned()),
            _ => None,
        };
        let variables = Variables::new(&lookup);
        let value = |signal| variables.of_signal(signal, "TIMEOUT").map(|it| it.value);
        assert_eq!(value("METRICS").as_deref(), Some("1"));
        assert_eq!(value("LOGS").as_deref(), Some("2"));
        assert!(variables.of_signal("LOGS", "HEADERS").is_none());
    }

    #[test]
    fn what_cannot_be_understood_is_a_warning() {
        let lookup = |_: &str| None;
        let mut variables = Variables::new(&lookup);
        assert_eq!(variables.time(found("1500")), Some(Duration::from_millis(1_500)));
        assert_eq!(variables.time(found("0")), Some(TIME_MAX));
        assert_eq!(variables.word::<Protocol>(found("GRPC")), Some(Protocol::Grpc));
        assert_eq!(variables.flag(found("TRUE")), Some(true));
        assert!(variables.warnings.is_empty());
        assert_eq!(variables.time(found("1s")), None);
        assert_eq!(variables.time(found("-1")), None);
        assert_eq!(variables.word::<Protocol>(found("http/json")), None);
        assert_eq!(variables.flag(found("1")), Some(false));
        assert_eq!(variables.warnings.len(), 4);
        assert!(variables.warnings[2].ends_with("is none of grpc, http/protobuf"));
    }

    #[test]
    fn pairs_are_those_of_baggage() {
        let found: Vec<_> = pairs("a=b, c = d%2Ce=f;p=1 ,,g=").collect();
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(found, [pair("a", "b"), pair("c", "d,e=f"), pair("g", "")]);
        assert!(pairs("ab").all(|it| it.is_err()) && pairs("=b").all(|it| it.is_err()));
        assert!(pairs("a=%ff").all(|it| it.is_err()));
    }
}
