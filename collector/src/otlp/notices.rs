//! Words about an export that fails: at most one a minute for each signal.

use crate::otlp::operational::Operational;
use core::time::Duration;
use std::sync::Arc;
use tokio::time::Instant;

/// Least time between two notices: a receiver that answers nonsense must not fill a log. What is
/// left out is counted in the next.
const GAP: Duration = Duration::from_mins(1);

/// Who is told.
pub(super) type Say = Arc<dyn Fn(&str) + Send + Sync>;

/// Tells of one signal.
pub(super) struct Notices {
    say: Say,
    operational: Option<Operational>,
    last: Option<Instant>,
    left_out: u64,
}

impl Notices {
    /// `operational` where notices shall go to the receiver too, which those about log records
    /// must not: each would make another.
    pub(super) fn new(say: Say, operational: Option<Operational>) -> Self {
        Self { say, operational, last: None, left_out: 0 }
    }

    pub(super) fn tell(&mut self, words: &str) {
        let now = Instant::now();
        if self.last.is_some_and(|last| now - last < GAP) {
            self.left_out += 1;
            return;
        }
        let more = match core::mem::take(&mut self.left_out) {
            0 => String::new(),
            left_out => format!(" ({left_out} more notices left out)"),
        };
        self.last = Some(now);
        let words = format!("{words}{more}");
        (self.say)(&words);
        if let Some(operational) = &self.operational {
            operational.warn("weir.otlp.export", &words);
        }
    }
}
