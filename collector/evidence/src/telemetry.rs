//! The collector's own figures, from its `/metrics`: text format 0.0.4.
//!
//! Only Weir's samples are kept, and no series of histograms: no check asks for them, and they are
//! nine tenths of the page.
//!
//! Source: prometheus.io/docs/instrumenting/exposition_formats (read 2026-11)

use crate::ReadError;
use crate::text::{self, kept, lines, quoted};
use std::collections::HashSet;
use weir_stages::checks::facts::{Telemetry, TelemetrySample};

/// Most samples that are kept: several times the collector's bound on its series.
pub const SAMPLES_MAX: usize = 65_536;
/// Most labels of a sample.
pub const LABELS_MAX: usize = 32;

const PREFIX: &str = "weir_";

/// Weir's samples of a page.
///
/// # Errors
/// It is cut off, or one of Weir's samples is not as the format says.
pub fn read(file: &str, bytes: &[u8]) -> Result<Telemetry, ReadError> {
    parse(file, &text::decode(file, bytes)?)
}

pub(crate) fn parse(file: &str, text: &str) -> Result<Telemetry, ReadError> {
    let mut samples = Vec::new();
    let mut histograms = HashSet::new();
    let mut is_known = false;
    let mut last = (0, "");
    for (number, line) in lines(text) {
        last = (number, line);
        if let Some(metric) = line.strip_prefix("# TYPE ") {
            is_known = true;
            if let Some((name, "histogram")) = metric.trim().split_once(' ') {
                histograms.insert(name);
            }
        }
        if !line.starts_with(PREFIX) {
            continue;
        }
        is_known = true;
        let Some(sample) = sample(number, line) else {
            let what = format!("expected a sample, found {}", quoted(line));
            return Err(ReadError::damaged(file, number, what));
        };
        if is_of_histogram(&sample, &histograms) {
            continue;
        }
        if samples.len() == SAMPLES_MAX {
            let what = format!("over {SAMPLES_MAX} samples of Weir's");
            return Err(ReadError::damaged(file, number, what));
        }
        samples.push(sample);
    }
    // The last line has an end too: without it, its number may have lost digits.
    let (number, line) = last;
    if !line.is_empty() && line != "# EOF" {
        return Err(ReadError::damaged(file, number, "it ends within a line"));
    }
    if !is_known {
        return Err(ReadError::Unknown { file: file.to_owned() });
    }
    Ok(Telemetry { samples, file: file.to_owned() })
}

/// Whether a line is one that only a page of metrics has.
pub(crate) fn is_telling(line: &str) -> bool {
    line.starts_with("# TYPE ")
        || line.starts_with("# HELP ")
        || sample(0, line).is_some_and(|it| it.name.starts_with(PREFIX))
}

fn is_of_histogram(sample: &TelemetrySample, histograms: &HashSet<&str>) -> bool {
    ["_bucket", "_sum", "_count"]
        .iter()
        .any(|suffix| sample.name.strip_suffix(suffix).is_some_and(|it| histograms.contains(it)))
}

fn sample(number: u64, line: &str) -> Option<TelemetrySample> {
    let is_in_name = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == ':';
    let end = line.find(|it| !is_in_name(it))?;
    let (name, rest) = line.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    // A time stamp may follow the value.
    let mut words = rest.split_whitespace();
    let value = words.next()?.parse().ok()?;
    let is_timed = words.next().is_none_or(|it| it.parse::<f64>().is_ok());
    (is_timed && words.next().is_none()).then(|| TelemetrySample {
        name: kept(name),
        labels,
        value,
        line: number,
    })
}

/// Labels up to the closing brace, and what follows it.
fn labels(mut rest: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, after) = rest.split_once('=')?;
        let (value, after) = value(after.trim_start().strip_prefix('"')?)?;
        let name = name.trim();
        let is_name = name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
        if labels.len() == LABELS_MAX || name.is_empty() || !is_name {
            return None;
        }
        labels.push((kept(name), kept(&value)));
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.starts_with('}') => {}
            None => return None,
        }
    }
}

/// A label's value up to its closing quote, and what follows it.
fn value(rest: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = rest.char_indices();
    while let Some((at, it)) = chars.next() {
        match it {
            '"' => return Some((value, rest.get(at + 1..)?)),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                it @ ('\\' | '"') => it,
                _ => return None,
            }),
            _ => value.push(it),
        }
    }
    None
}
