//! What became of an attempt, as the OTLP specification sorts answers.
//!
//! Source: opentelemetry.io/docs/specs/otlp, Failures and Throttling (read 2026-11).

use crate::failure::one_line;
use core::time::Duration;
use http::StatusCode;
use tonic::Code;

/// Longest wait that a receiver can ask for: an hour. A longer one is cut to it, because whoever
/// asks for a year is broken, and would silence the export until a restart.
const WAIT_MAX: Duration = Duration::from_hours(1);

/// Most characters of a receiver's words that are repeated.
const WORDS_MAX: usize = 200;

/// The end of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The receiver has it.
    Delivered {
        /// Points or records that it did not take, which it will never do.
        rejected: u64,
        /// What it said of that.
        words: String,
    },
    /// It may take it later.
    Retry {
        /// Not before this time is over.
        after: Option<Duration>,
        /// What happened.
        words: String,
    },
    /// It will never take it.
    Refused {
        /// What happened.
        words: String,
    },
}

impl Outcome {
    pub(super) fn delivered(rejected: i64, words: &str) -> Self {
        Self::Delivered { rejected: u64::try_from(rejected).unwrap_or(0), words: short(words) }
    }

    pub(super) fn retry(words: &str) -> Self {
        Self::Retry { after: None, words: short(words) }
    }

    pub(super) fn refused(words: &str) -> Self {
        Self::Refused { words: short(words) }
    }

    /// Of an HTTP answer that is no success.
    pub(super) fn of_http(status: StatusCode, said: &str, after: Option<Duration>) -> Self {
        let words = match said {
            "" => format!("it answered {status}"),
            said => short(&format!("it answered {status}: {said}")),
        };
        match status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Self::Retry { after: after.map(cut), words },
            _ => Self::Refused { words },
        }
    }

    /// Of a gRPC status that is no success; `after` is from a `RetryInfo`.
    pub(super) fn of_grpc(code: Code, message: &str, after: Option<Duration>) -> Self {
        let is_retryable = match code {
            Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss => true,
            // Only where the receiver says that it recovers.
            Code::ResourceExhausted => after.is_some(),
            Code::Ok
            | Code::Unknown
            | Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::Unimplemented
            | Code::Internal
            | Code::Unauthenticated => false,
        };
        let words = short(&format!("it answered {code:?}: {message}"));
        if is_retryable {
            Self::Retry { after: after.map(cut), words }
        } else {
            Self::Refused { words }
        }
    }
}

fn cut(wait: Duration) -> Duration {
    wait.min(WAIT_MAX)
}

fn short(words: &str) -> String {
    one_line(&words.chars().take(WORDS_MAX).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_specifications_codes_are_tried_again() {
        for status in (100..600).filter_map(|it| StatusCode::from_u16(it).ok()) {
            let is_retried = matches!(Outcome::of_http(status, "", None), Outcome::Retry { .. });
            assert_eq!(is_retried, [429, 502, 503, 504].contains(&status.as_u16()), "{status}");
        }
        let retried: Vec<i32> = (0..17)
            .filter(|code| {
                matches!(Outcome::of_grpc(Code::from(*code), "", None), Outcome::Retry { .. })
            })
            .collect();
        assert_eq!(retried, [1, 4, 10, 11, 14, 15]);
        let wait = Some(Duration::from_secs(2));
        let exhausted = Outcome::of_grpc(Code::ResourceExhausted, "", wait);
        assert!(matches!(exhausted, Outcome::Retry { after, .. } if after == wait));
    }

    #[test]
    fn a_wait_has_an_end_and_words_are_one_short_line() {
        let year = Some(Duration::from_hours(24 * 365));
        let throttled = Outcome::of_http(StatusCode::TOO_MANY_REQUESTS, "", year);
        assert!(matches!(throttled, Outcome::Retry { after, .. } if after == Some(WAIT_MAX)));
        let Outcome::Refused { words } = Outcome::refused(&"\u{1b}[2J".repeat(1_000)) else {
            panic!("it is refused")
        };
        assert!(words.len() < 2_000 && !words.contains('\u{1b}'));
    }
}
