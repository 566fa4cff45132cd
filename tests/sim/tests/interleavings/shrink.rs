//! The smallest order that fails: fewer steps, then fewer turns.

use crate::batch::{Order, Told};
use crate::story::Story;

/// Runs that are spent on one failure.
const RUNS_MAX: usize = 200;

/// Takes away what a failure does not need, halves first, then smaller parts.
pub(crate) fn smallest<T: Clone>(all: &[T], mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut kept = all.to_vec();
    let mut part = kept.len().div_ceil(2);
    while part > 0 {
        let mut at = 0;
        while at < kept.len() {
            let end = (at + part).min(kept.len());
            let rest = [&kept[..at], &kept[end..]].concat();
            if fails(&rest) {
                kept = rest;
            } else {
                at = end;
            }
        }
        part = if part == 1 { 0 } else { part.div_ceil(2) };
    }
    kept
}

/// Makes the failure of a seed, told as `how`, smaller; `run` runs an order.
pub(crate) fn shrink(seed: u64, how: &str, mut run: impl FnMut(&Order) -> Told) -> Order {
    let mut order = Order { seed, ..Order::default() };
    let steps = Story::new(seed).steps();
    let mut runs = 0;
    let mut fails = |order: &Order| {
        runs += 1;
        let told = (runs <= RUNS_MAX).then(|| run(order))?;
        told.failed.iter().any(|(_, told)| kind_of(told) == kind_of(how)).then_some(told)
    };
    let kept = smallest(&steps, |kept| fails(&without(seed, &steps, kept)).is_some());
    order.dropped = without(seed, &steps, &kept).dropped;
    // A process that ended could not say which turns it took.
    if let Some(turns) = fails(&order).and_then(|told| told.turns) {
        let listed =
            |turns: &[(u64, usize)]| Order { turns: Some(turns.to_vec()), ..order.clone() };
        if fails(&listed(&turns)).is_some() {
            let turns = smallest(&turns, |turns| fails(&listed(turns)).is_some());
            return listed(&turns);
        }
    }
    order
}

/// The first thing that was wrong, without its numbers: what is smaller has others.
fn kind_of(told: &str) -> String {
    let first = told.split("; ").next().unwrap_or(told);
    let is_word = |it: &&str| !it.contains(|it: char| it.is_ascii_digit());
    first.split_whitespace().filter(is_word).collect::<Vec<_>>().join(" ")
}

fn without(seed: u64, steps: &[(usize, usize)], kept: &[(usize, usize)]) -> Order {
    let dropped = steps.iter().filter(|step| !kept.contains(step)).copied().collect();
    Order { seed, dropped, turns: None }
}

#[test]
fn a_failure_is_known_again_by_its_words() {
    let died = |at: &str| format!("signal: 6 (SIGABRT): the driver touched {at} at weir.sys+0x1a");
    assert_eq!(kind_of(&died("0x7fab")), kind_of(&died("0x10")));
    let [one, other] = [
        "lock 0x7f12ab is held (in `unload`, point 7); x",
        "lock 0x9 is held (in `unload`, point 99)",
    ];
    assert_eq!(kind_of(one), kind_of(other));
    assert_ne!(kind_of(one), kind_of("number 6 of the flow is next"));
}

#[test]
fn what_a_failure_does_not_need_is_taken_away() {
    let all: Vec<u32> = (0..100).collect();
    let mut runs = 0;
    let kept = smallest(&all, |kept| {
        runs += 1;
        kept.contains(&17) && kept.contains(&63)
    });
    assert_eq!(kept, [17, 63]);
    assert!(runs < 100, "{runs} runs");
    assert_eq!(smallest(&all, |_| false), all);
    assert_eq!(smallest(&all, |_| true), []);
}
