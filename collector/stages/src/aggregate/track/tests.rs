//! What a [`Track`] makes of numbers and marks, in whatever order they come.

use super::*;

fn account_of(from_start: bool, steps: &[(&str, u32)]) -> Account {
    let mut track = Track::new(from_start);
    let mut account = Account::default();
    for (step, number) in steps {
        match *step {
            "event" => track.observe(*number),
            "mark" => {
                track.mark(u64::from(*number), 0);
                track.close(&mut account);
            }
            "late mark" => {
                track.close(&mut account);
                track.mark(u64::from(*number), 0);
            }
            other => panic!("no step {other}"),
        }
    }
    account
}

fn check(from_start: bool, steps: &[(&str, u32)], numbered: u64, lost: u64, unaccounted: i64) {
    let found = account_of(from_start, steps);
    assert_eq!(
        (found.numbered, found.lost, found.unaccounted()),
        (numbered, lost, unaccounted),
        "{steps:?}"
    );
}

#[test]
fn gaps_and_tails_are_lost() {
    check(true, &[("event", 1), ("event", 3), ("mark", 5)], 5, 3, 0);
    check(true, &[("mark", 5)], 5, 5, 0);
    check(true, &[("event", 1), ("mark", 1), ("mark", 4), ("event", 5), ("mark", 5)], 5, 3, 0);
}

#[test]
fn events_beyond_a_mark_belong_to_the_next_interval() {
    check(true, &[("event", 1), ("event", 2), ("event", 3), ("mark", 2)], 2, 0, 0);
    check(true, &[("event", 2), ("event", 3), ("mark", 2), ("event", 4), ("mark", 4)], 4, 1, 0);
}

#[test]
fn reordered_events_are_not_lost() {
    check(true, &[("event", 3), ("event", 1), ("event", 2), ("mark", 3)], 3, 0, 0);
}

#[test]
fn repeats_and_strangers_do_not_balance() {
    check(true, &[("event", 1), ("event", 1), ("mark", 1)], 1, 0, -1);
    check(true, &[("event", 1), ("mark", 1), ("event", 1), ("mark", 1)], 1, 0, -1);
    check(true, &[("mark", 1), ("event", 1), ("mark", 2)], 2, 2, -1);
    check(true, &[("mark", 3), ("mark", 2), ("mark", 3)], 3, 3, -1);
}

#[test]
fn the_first_sight_begins_the_account_where_the_start_was_not_seen() {
    check(false, &[("mark", 100), ("event", 101), ("mark", 103)], 3, 2, 0);
    check(false, &[("event", 90), ("event", 92), ("mark", 100)], 11, 9, 0);
}

#[test]
fn a_deferred_interval_waits_for_events_of_another_session() {
    let steps = [("late mark", 2), ("event", 1), ("event", 2), ("late mark", 2)];
    check(true, &steps, 2, 0, 0);
}

#[test]
fn numbers_go_on_past_32_bits() {
    let mut track = Track::new(false);
    let mut account = Account::default();
    let top = (3_u64 << 32) - 2;
    track.observe(u32::MAX - 1);
    track.mark(top, 0);
    track.close(&mut account);
    for sequence in [u32::MAX, 0, 1] {
        track.observe(sequence);
    }
    track.mark(top + 4, 0);
    track.close(&mut account);
    assert_eq!((account.numbered, account.lost, account.unaccounted()), (5, 1, 0));
}

#[test]
fn a_forged_number_far_ahead_stops_the_account_for_three_marks_only() {
    let mut track = Track::new(true);
    let mut account = Account::default();
    track.observe(1 << 30);
    for mark in 1..=5_u32 {
        track.observe(mark);
        track.mark(u64::from(mark), 0);
        track.close(&mut account);
    }
    assert_eq!((account.numbered, track.window.top()), (5, 5));
    assert_ne!(account.unaccounted(), 0);
}

#[test]
fn a_driver_that_counts_in_32_bits_goes_on_from_0() {
    let mut track = Track::new(false);
    let mut account = Account::default();
    let last = u64::from(u32::MAX);
    track.mark(last - 1, 0);
    // Twice around, and two events of each ten are lost.
    let mut number = u32::MAX - 1;
    for step in 0..20 {
        for place in 0..10 {
            number = number.wrapping_add(1);
            if place < 8 {
                track.observe(number);
            }
        }
        track.mark(u64::from(number), 0);
        track.close(&mut account);
        assert_eq!((account.lost, account.unaccounted()), ((step + 1) * 2, 0), "{step}");
    }
    assert_eq!(account.numbered, 200);
}

#[test]
fn a_forged_mark_far_ahead_stops_the_account_for_three_marks_only() {
    for forged in [1 << 20, 1 << 40, MARK_MAX] {
        let mut track = Track::new(true);
        let mut account = Account::default();
        track.observe(1);
        track.mark(1, 0);
        track.close(&mut account);
        track.mark(forged, 0);
        track.close(&mut account);
        for number in 2..=4 {
            track.observe(number);
            track.mark(u64::from(number), 0);
            track.close(&mut account);
        }
        assert_ne!(account.unaccounted(), 0, "it shows");
        let lost = account.lost;
        track.observe(6);
        track.mark(7, 0);
        track.close(&mut account);
        assert_eq!(account.lost - lost, 2, "what is lost afterwards is known");
    }
}

#[test]
fn a_window_grows_when_a_mark_comes_late() {
    let mut track = Track::new(true);
    let mut account = Account::default();
    for sequence in 1..=30_000 {
        track.observe(sequence);
    }
    assert!(track.mark(10_000, 1 << 20) > 0);
    for sequence in 30_001..=60_000 {
        track.observe(sequence);
    }
    track.mark(40_000, 0);
    track.close(&mut account);
    assert_eq!((account.numbered, account.lost, account.unaccounted()), (40_000, 0, 0));
}
