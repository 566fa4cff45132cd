//! The totals of one attachment or of the driver: one row per series, empty until it moves.

use weir_abi::counters::{Entry, Series};

/// Rows: series numbers below this have one; marks have none.
const ROWS: usize = 48;

/// Known values of `ebpf_result_t`, in the order of their numbers.
///
/// Source: microsoft/ebpf-for-windows, include/ebpf_result.h (read 2026-11).
pub const RESULTS: [&str; 35] = [
    "success",
    "verification_failed",
    "jit_compilation_failed",
    "program_load_failed",
    "invalid_fd",
    "invalid_object",
    "invalid_argument",
    "object_not_found",
    "object_already_exists",
    "file_not_found",
    "already_pinned",
    "not_pinned",
    "no_memory",
    "program_too_large",
    "rpc_exception",
    "already_initialized",
    "elf_parsing_failed",
    "failed",
    "operation_not_supported",
    "key_not_found",
    "access_denied",
    "blocked_by_policy",
    "arithmetic_overflow",
    "extension_failed_to_load",
    "insufficient_buffer",
    "no_more_keys",
    "key_already_exists",
    "no_more_tail_calls",
    "pending",
    "out_of_space",
    "canceled",
    "invalid_pointer",
    "timeout",
    "stale_id",
    "invalid_state",
];

/// How many places a series has; its indices lie below.
///
/// A table is bounded by the sum: 4,917 values of 8 bytes for an attachment whose every histogram
/// has moved, 38 KiB.
const fn places(series: Series) -> usize {
    if let Some(range) = series.histogram() {
        return range.buckets() as usize;
    }
    match series.number() {
        1 => 30,
        2 => RESULTS.len() + 1,
        4 | 5 => 8,
        6 => 3,
        10 | 14 | 18 => 5,
        32 => 20,
        36 => 11,
        34 | 37..=43 => 2,
        64 | 65 => 0,
        _ => 1,
    }
}

/// Cumulative values by series and index.
#[derive(Clone, Debug)]
pub(crate) struct SeriesTable {
    rows: [Vec<u64>; ROWS],
}

impl Default for SeriesTable {
    fn default() -> Self {
        Self { rows: [const { Vec::new() }; ROWS] }
    }
}

impl SeriesTable {
    /// Adds an entry; `false` where this version knows no such series or index.
    pub(crate) fn add(&mut self, entry: Entry) -> bool {
        let Some(series) = Series::from_number(entry.series) else { return false };
        let places = places(series);
        let mut index = usize::from(entry.index);
        if series == Series::Errors {
            index = index.min(RESULTS.len());
        }
        let Some(row) = self.rows.get_mut(usize::from(entry.series)) else { return false };
        if index >= places {
            return false;
        }
        if row.is_empty() {
            row.resize(places, 0);
        }
        row[index] = row[index].saturating_add(entry.value);
        true
    }

    /// The values of a series; empty where none moved.
    pub(crate) fn row(&self, series: Series) -> &[u64] {
        self.rows.get(usize::from(series.number())).map_or(&[], Vec::as_slice)
    }

    /// One value.
    pub(crate) fn value(&self, series: Series, index: usize) -> u64 {
        self.row(series).get(index).copied().unwrap_or(0)
    }

    /// The sum of a series.
    pub(crate) fn sum(&self, series: Series) -> u64 {
        self.row(series).iter().fold(0, |sum, value| sum.saturating_add(*value))
    }

    /// Back to zero; keeps the memory.
    pub(crate) fn clear(&mut self) {
        for row in &mut self.rows {
            row.fill(0);
        }
    }

    /// Adds every value of another table.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.rows.iter_mut().zip(&other.rows) {
            if mine.is_empty() {
                mine.clone_from(theirs);
                continue;
            }
            for (value, more) in mine.iter_mut().zip(theirs) {
                *value = value.saturating_add(*more);
            }
        }
    }

    /// Whether nothing has ever moved.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.iter().all(Vec::is_empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_abi::counters::Scope;

    #[test]
    fn every_series_but_marks_has_a_row() {
        for series in Series::ALL {
            let mut table = SeriesTable::default();
            let is_kept = table.add(Entry::of(*series, 0, 1, 5));
            assert_eq!(is_kept, series.scope() != Scope::Processor, "{}", series.name());
            assert_eq!(table.sum(*series), if is_kept { 5 } else { 0 });
        }
    }

    #[test]
    fn what_this_version_does_not_know_is_left_out() {
        let mut table = SeriesTable::default();
        assert!(!table.add(Entry { series: 999, index: 0, scope: 1, value: 1 }));
        assert!(!table.add(Entry::of(Series::Invocations, 30, 1, 1)));
        assert!(table.is_empty());
    }

    #[test]
    fn results_that_nobody_named_are_summed_in_the_last_place() {
        let mut table = SeriesTable::default();
        table.add(Entry::of(Series::Errors, 35, 1, 1));
        table.add(Entry::of(Series::Errors, u16::MAX, 1, 2));
        assert_eq!(table.value(Series::Errors, RESULTS.len()), 3);
    }

    #[test]
    fn an_attachment_takes_at_most_38_kib() {
        let all = Series::ALL.iter().filter(|series| series.scope() == Scope::Attachment);
        let values: usize = all.map(|series| places(*series)).sum();
        assert!(values * 8 <= 38 * 1024 + 512, "{}", values * 8);
    }
}
