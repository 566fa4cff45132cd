//! Why evidence cannot be read.

use std::io;
use weir_stages::checks::facts::Place;

/// Why a file, or a tool's answer, cannot be read. Each fits after "failed to read".
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Reading itself failed.
    #[error("{file}: {error}")]
    Io {
        /// The file.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// It is larger than anything of its kind.
    #[error("{file}: it has more than {bytes_max} bytes")]
    TooLarge {
        /// The file.
        file: String,
        /// The most that is read.
        bytes_max: u64,
    },
    /// It is none of what is known here.
    #[error("{file}: this is no output of a tool that is known here")]
    Unknown {
        /// The file.
        file: String,
    },
    /// It is cut off, mis-encoded, or not as its kind is.
    #[error("{place}: {what}")]
    Damaged {
        /// Where.
        place: Place,
        /// What is wrong there; quotes of the input are bounded and escaped.
        what: String,
    },
}

impl ReadError {
    /// Something is wrong at a place.
    #[must_use]
    pub fn damaged(file: &str, line: u64, what: impl Into<String>) -> Self {
        Self::Damaged { place: Place::new(file, line), what: what.into() }
    }

    /// As JSON and metrics have it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::TooLarge { .. } => "too_large",
            Self::Unknown { .. } => "unknown",
            Self::Damaged { .. } => "damaged",
        }
    }
}
