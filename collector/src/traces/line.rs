//! One event as a line of text.

use super::words::words;
use crate::failure::one_line;
use std::io::Write as _;
use weir_evidence::trace::{Source, TraceEvent, is_noise};
use weir_stages::checks::facts::KnownFailure;

/// Columns of the margin: the longest name of a cause.
const MARGIN: usize = 17;

/// Writes an event: margin, time, process and thread, provider, level, words.
pub(super) fn line(
    event: &TraceEvent,
    cause: Option<KnownFailure>,
    has_margin: bool,
    out: &mut Vec<u8>,
) {
    // Writing to memory cannot fail.
    if has_margin {
        let mark = cause.map(KnownFailure::name).or_else(|| is_noise(event).then_some("noise"));
        let _infallible = write!(out, "{:MARGIN$} ", mark.unwrap_or_default());
    }
    let time = event.time.and_then(weir_etl::FileTime::to_rfc3339);
    let time = time.or_else(|| event.time_text.as_deref().map(one_line));
    let thread = match event.process {
        Some((process, thread)) => format!("{process}.{thread}"),
        None => "-".to_owned(),
    };
    let _infallible = writeln!(
        out,
        "{:28} {thread:11} {:10} {:7} {}",
        time.as_deref().unwrap_or("-"),
        source(event.source),
        level(event.level),
        words(event),
    );
}

/// A provider's short name.
const fn source(source: Source) -> &'static str {
    match source {
        Source::Ebpf => "ebpf",
        Source::NetEbpfExt => "netebpfext",
        Source::Wfp => "wfp",
        Source::Weir => "weir",
        Source::Other => "other",
    }
}

fn level(level: u8) -> String {
    let names = ["always", "critic.", "error", "warning", "info", "verbose"];
    names.get(usize::from(level)).map_or_else(|| level.to_string(), |name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_fits_into_the_margin() {
        for cause in KnownFailure::ALL {
            assert!(cause.name().len() <= MARGIN, "{}", cause.name());
        }
    }
}
