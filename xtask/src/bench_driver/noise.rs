//! When a figure says more of what else the machine did than of the driver.
//!
//! Rounds are taken of one row after the other, several times over, so that a load of seconds meets
//! all rows alike. Where that was not enough, the word stands instead of a number.

use std::collections::BTreeSet;

/// What stands for a figure that cannot be.
const NOISY: &str = "noisy";

/// How much dearer a row may look than one that does more.
const TOLERANCE: f64 = 1.05;

/// Two rows, of which the second does all that the first does, and more.
pub(super) type Ordered = (&'static str, &'static str);

/// What is left after known parts were taken away: it cannot be less than nothing.
pub(super) fn left(nanos: f64, is_noisy: bool) -> String {
    if is_noisy || nanos < 0.0 { NOISY.to_owned() } else { format!("{nanos:.1}") }
}

/// Both rows of each pair whose times are the wrong way round; noise only adds, but what is
/// compared with either says nothing.
pub(super) fn disordered(
    pairs: &[Ordered],
    nanos: impl Fn(&str) -> Option<f64>,
) -> BTreeSet<&'static str> {
    let is_wrong = |(less, more): &&Ordered| match (nanos(less), nanos(more)) {
        (Some(less), Some(more)) => less > more * TOLERANCE,
        _ => false,
    };
    pairs.iter().filter(is_wrong).flat_map(|(less, more)| [*less, *more]).collect()
}

/// How far the middle one of the passes is above the best, in percent.
pub(super) fn spread(passes: &[f64]) -> String {
    let mut passes = passes.to_vec();
    passes.sort_unstable_by(f64::total_cmp);
    match (passes.first(), passes.get(passes.len() / 2)) {
        (Some(best), Some(middle)) => format!("{:.0} %", (middle / best - 1.0) * 100.0),
        _ => String::new(),
    }
}

/// Processors of this machine and how busy it is.
pub(super) fn machine() -> String {
    let count = std::thread::available_parallelism().map_or(1, core::num::NonZero::get);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().filter(|it| !it.is_empty()).unwrap_or("unknown");
    format!("{count} processors, load {load} at the beginning")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_nothing_is_noisy() {
        assert_eq!((left(-0.1, false), left(3.0, true)), (NOISY.to_owned(), NOISY.to_owned()));
        assert_eq!((left(0.0, false), left(3.04, false)), ("0.0".to_owned(), "3.0".to_owned()));
    }

    #[test]
    fn rows_the_wrong_way_round_are_both_named_and_others_are_not() {
        let nanos = |name: &str| match name {
            "one" => Some(100.0),
            "four" => Some(96.0),
            "listens" => Some(90.0),
            _ => None,
        };
        let pairs = [("one", "four"), ("one", "listens"), ("one", "not measured")];
        assert!(disordered(&pairs, nanos).into_iter().eq(["listens", "one"]));
        assert!(disordered(&pairs[..1], nanos).is_empty());
    }

    #[test]
    fn spread_is_of_the_middle_over_the_best() {
        assert_eq!(spread(&[150.0, 100.0, 110.0]), "10 %");
        assert_eq!(spread(&[]), "");
    }
}
