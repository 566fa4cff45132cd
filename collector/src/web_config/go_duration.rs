//! Durations as Go writes them: `1s`, `1h30m`, `2.5ms`; a plain number is nanoseconds.
//!
//! Source: ParseDuration of pkg.go.dev/time, and how yaml.v2 reads a duration (read 2026-11).

use core::time::Duration;

/// The duration; `None` where the text is none or it is negative.
pub(super) fn parse(text: &str) -> Option<Duration> {
    if let Ok(nanos) = text.parse::<u64>() {
        return Some(Duration::from_nanos(nanos));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let (number, after) = rest.split_at(digits);
        let end = after.find(|it: char| it.is_ascii_digit() || it == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let seconds = number.parse::<f64>().ok()? * seconds_of(unit)?;
        sum = sum.checked_add(Duration::try_from_secs_f64(seconds).ok()?)?;
        rest = after;
    }
    (!text.is_empty()).then_some(sum)
}

fn seconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        // Both letters that look like mu.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, millis) in [
            ("0", Some(0)),
            ("0s", Some(0)),
            ("1s", Some(1_000)),
            ("+1s", Some(1_000)),
            ("1h30m", Some(5_400_000)),
            ("2.5s", Some(2_500)),
            ("1500000", Some(1)),
            ("1000us", Some(1)),
            ("", None),
            ("1", Some(0)),
            ("1.5", None),
            ("-1s", None),
            ("1 s", None),
            ("s", None),
            ("1d", None),
            ("1e400h", None),
        ] {
            let found = parse(text).map(|it| u64::try_from(it.as_millis()).unwrap());
            assert_eq!(found, millis, "{text}");
        }
    }
}
