//! `rate_limit`: a token bucket over all requests together, as exporter-toolkit has it.
//!
//! Source: Limiter of pkg.go.dev/golang.org/x/time/rate (read 2026-11).

use super::file::Rate;
use super::go_duration;
use super::refusal::Refusal;
use core::time::Duration;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The limit of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RateLimit {
    /// Time from one request to the next, on average.
    interval: Duration,
    /// Requests that may come at once; none at all where it is 0.
    burst: u32,
}

impl RateLimit {
    /// The limit of a section; `None` where its interval is 0.
    ///
    /// # Errors
    /// An interval that is no duration, a negative burst.
    pub(super) fn of(section: &Rate) -> Result<Option<Self>, Refusal> {
        let text = section.interval.as_deref().unwrap_or("0");
        let interval = go_duration::parse(text).ok_or_else(|| {
            let hint = "durations are written as 1s, 1m30s or 250ms";
            Refusal::new(format!("rate_limit.interval: {text} is no duration"), hint)
        })?;
        let burst = section.burst.unwrap_or(0);
        let burst = u32::try_from(burst).map_err(|_| {
            let why = format!("rate_limit.burst: {burst} is not from 0 to {}", u32::MAX);
            Refusal::new(why, "burst is how many requests may come at once")
        })?;
        Ok((!interval.is_zero()).then_some(Self { interval, burst }))
    }
}

/// The bucket. It starts full, and again whenever the limit changes.
#[derive(Debug, Default)]
pub(crate) struct Bucket(Mutex<Option<Level>>);

#[derive(Clone, Copy, Debug)]
struct Level {
    limit: RateLimit,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// Takes a token; false where there is none.
    pub(crate) fn take(&self, limit: RateLimit, now: Instant) -> bool {
        let full = Level { limit, tokens: f64::from(limit.burst), at: now };
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut level = guard.filter(|level| level.limit == limit).unwrap_or(full);
        let passed = now.saturating_duration_since(level.at);
        let gained = passed.div_duration_f64(limit.interval);
        level.tokens = (level.tokens + gained).min(f64::from(limit.burst));
        level.at = now.max(level.at);
        let is_taken = level.tokens >= 1.0;
        if is_taken {
            level.tokens -= 1.0;
        }
        *guard = Some(level);
        is_taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(interval: &str, burst: i64) -> Result<Option<RateLimit>, Refusal> {
        RateLimit::of(&Rate { interval: Some(interval.to_owned()), burst: Some(burst) })
    }

    #[test]
    fn a_burst_passes_and_then_one_an_interval() {
        let limit = limit("1s", 3).unwrap().unwrap();
        let (bucket, start) = (Bucket::default(), Instant::now());
        let take = |millis| bucket.take(limit, start + Duration::from_millis(millis));
        assert_eq!([take(0), take(0), take(0), take(0)], [true, true, true, false]);
        assert_eq!([take(900), take(1_000), take(1_100)], [false, true, false]);
        assert_eq!([take(60_000), take(60_000)], [true, true]);
    }

    #[test]
    fn a_burst_of_none_lets_nothing_through_and_no_interval_everything() {
        let none = limit("1s", 0).unwrap().unwrap();
        assert!(!Bucket::default().take(none, Instant::now()));
        assert_eq!(limit("0", 0), Ok(None));
        assert_eq!(RateLimit::of(&Rate::default()), Ok(None));
    }

    #[test]
    fn a_new_limit_starts_full() {
        let (bucket, now) = (Bucket::default(), Instant::now());
        let old = limit("1h", 1).unwrap().unwrap();
        assert_eq!([bucket.take(old, now), bucket.take(old, now)], [true, false]);
        assert!(bucket.take(limit("1h", 2).unwrap().unwrap(), now));
    }

    #[test]
    fn limits_that_mean_nothing_are_refused() {
        for (interval, burst) in [("soon", 1), ("-1s", 1), ("1s", -1), ("1s", i64::MAX)] {
            assert!(limit(interval, burst).is_err(), "{interval} {burst}");
        }
    }
}
