//! Whether a whole set of counters can follow the one before it.
//!
//! A load of the driver numbers its sets upwards, and what it counts only grows; an attachment is
//! told until it is gone, and then for ten sets more.
//! A set that says otherwise is not applied, or a forged one would make counters fall, end the
//! totals of attachments that are there, or stop all later sets by a number far ahead.
//! But the one that was applied may be what was forged: a doubted set that the next one can follow
//! is proved by it. So whatever is forged, two sets of the driver in a row make it right.
//!
//! A driver that loses more than 64 attachments between two sets ends some without a word; then
//! sets are applied no later than every eleventh.
//! Who forges a set that can follow, or one after each of the driver's, is not found here; numbers
//! of events that come twice show in `weir_etw_unaccounted`.

use super::sets::{WholeSet, is_after};
use std::collections::BTreeSet;
use weir_abi::counters::{Entry, FINAL_SETS, Scope, Series};

/// The last set of a load that was applied, and one after it that could not be.
#[derive(Debug, Default)]
pub(crate) struct Doubt {
    applied: Option<WholeSet>,
    applied_ns: u64,
    /// At most one: the next that cannot follow either takes its place.
    doubted: Option<WholeSet>,
}

impl Doubt {
    /// Whether a part may belong to a set that is not applied yet: by its number, or written after
    /// the last one that was.
    pub(crate) fn is_news(&self, number: u32, time_ns: u64) -> bool {
        let is_ahead = |applied: &WholeSet| is_after(number, applied.number);
        time_ns > self.applied_ns || self.applied.as_ref().is_none_or(is_ahead)
    }

    /// Takes a set in; returns it where it is to be applied, with memory that is free again.
    pub(crate) fn judge(&mut self, mut set: WholeSet, time_ns: u64) -> Judged<'_> {
        set.entries.sort_unstable_by_key(place);
        let follows =
            |before: &Option<WholeSet>| before.as_ref().is_some_and(|it| can_follow(it, &set));
        if self.applied.is_some() && !follows(&self.applied) && !follows(&self.doubted) {
            let spare = self.doubted.replace(set).map(|it| it.entries).unwrap_or_default();
            return Judged { set: None, spare };
        }
        self.doubted = None;
        self.applied_ns = time_ns;
        let spare = self.applied.replace(set).map(|it| it.entries).unwrap_or_default();
        Judged { set: self.applied.as_ref(), spare }
    }
}

/// What became of a set.
#[derive(Debug)]
pub(crate) struct Judged<'a> {
    /// The set, where it is to be applied.
    pub(crate) set: Option<&'a WholeSet>,
    /// Memory for the next one.
    pub(crate) spare: Vec<Entry>,
}

const fn place(entry: &Entry) -> (u16, u32, u16) {
    (entry.series, entry.scope, entry.index)
}

/// Whether what `before` told is told by `set` too, and no less of it.
fn can_follow(before: &WholeSet, set: &WholeSet) -> bool {
    if !is_after(set.number, before.number) {
        return false;
    }
    let of_attachment = |entry: &&Entry| {
        Series::from_number(entry.series).is_some_and(|it| it.scope() == Scope::Attachment)
    };
    let told: BTreeSet<u32> = set.entries.iter().filter(of_attachment).map(|it| it.scope).collect();
    let ended: BTreeSet<u32> = {
        let is_final = |entry: &&Entry| entry.series == Series::Final.number();
        before.entries.iter().filter(is_final).map(|it| it.scope).collect()
    };
    let is_far = set.number.wrapping_sub(before.number) > u32::from(FINAL_SETS);
    let mut news = set.entries.iter().peekable();
    before.entries.iter().filter(|entry| only_grows(entry)).all(|entry| {
        while news.next_if(|new| place(new) < place(entry)).is_some() {}
        let is_told =
            news.peek().is_some_and(|new| place(new) == place(entry) && new.value >= entry.value);
        let may_be_gone = is_far || ended.contains(&entry.scope);
        is_told || of_attachment(&entry) && may_be_gone && !told.contains(&entry.scope)
    })
}

/// Whether a value of this series can only grow. Marks are the ledger's.
fn only_grows(entry: &Entry) -> bool {
    Series::from_number(entry.series).is_some_and(|series| {
        series.scope() != Scope::Processor && series != Series::Contexts && series != Series::Final
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(number: u32, values: &[(Series, u32, u64)]) -> WholeSet {
        let entry =
            |(series, scope, value): &(Series, u32, u64)| Entry::of(*series, 0, *scope, *value);
        WholeSet { epoch: 1, number, entries: values.iter().map(entry).collect() }
    }

    /// Numbers of the sets that are applied.
    fn applied(sets: Vec<WholeSet>) -> Vec<u32> {
        let mut doubt = Doubt::default();
        sets.into_iter()
            .zip(1..)
            .filter_map(|(set, time_ns)| doubt.judge(set, time_ns).set.map(|set| set.number))
            .collect()
    }

    fn begun(number: u32, value: u64) -> WholeSet {
        set(number, &[(Series::PairsBegun, 7, value), (Series::Flows, 0, value)])
    }

    #[test]
    fn a_set_that_tells_less_waits_for_one_that_can_follow_it() {
        assert_eq!(applied(vec![begun(1, 5), begun(2, 4), begun(3, 6)]), [1, 3]);
        assert_eq!(applied(vec![begun(1, 5), begun(2, 90), begun(3, 6), begun(4, 6)]), [1, 2, 4]);
        assert_eq!(applied(vec![begun(1, 5), set(2, &[]), begun(3, 6)]), [1, 3]);
    }

    #[test]
    fn a_number_far_ahead_is_given_up_for_two_sets_in_a_row() {
        let sets = vec![begun(1, 5), begun(1 << 30, 5), begun(2, 5), begun(3, 5), begun(4, 5)];
        assert_eq!(applied(sets), [1, 1 << 30, 3, 4]);
        assert_eq!(applied(vec![begun(9, 5), begun(9, 5), begun(10, 5)]), [9, 10], "a repeat");
    }

    #[test]
    fn an_attachment_may_go_after_it_was_final_or_after_ten_sets() {
        let last = |number| set(number, &[(Series::PairsBegun, 7, 5), (Series::Final, 7, 1)]);
        assert_eq!(applied(vec![last(1), set(2, &[])]), [1, 2]);
        let there = |number| set(number, &[(Series::PairsBegun, 7, 5)]);
        assert_eq!(applied(vec![there(1), set(2, &[]), there(3)]), [1, 3]);
        assert_eq!(applied(vec![there(1), set(12, &[])]), [1, 12]);
    }

    #[test]
    fn contexts_that_live_may_become_fewer() {
        let contexts = |number, value| set(number, &[(Series::Contexts, 0, value)]);
        assert_eq!(applied(vec![contexts(1, 9), contexts(2, 3)]), [1, 2]);
    }

    #[test]
    fn an_old_set_that_comes_late_is_no_news() {
        let mut doubt = Doubt::default();
        assert!(doubt.is_news(5, 10));
        doubt.judge(begun(5, 1), 10);
        assert!(!doubt.is_news(4, 9) && !doubt.is_news(5, 10));
        assert!(doubt.is_news(6, 9) && doubt.is_news(4, 11));
    }
}
