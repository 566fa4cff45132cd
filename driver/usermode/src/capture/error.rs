//! Why a capture could not be read to its end.

use std::io;

/// A capture that could not be read, or not to its end.
///
/// What was read before the error has been delivered; the variants that can occur after the first
/// packet say where reading stopped and how many packets came before.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// No bytes at all.
    #[error("read the capture: it is empty")]
    Empty,
    /// The first bytes belong to no capture format.
    #[error("read the capture: it is not pcap or pcapng but {found}")]
    NotACapture {
        /// What the first bytes look like.
        found: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// The file ends inside a record.
    #[error("read the capture: cut off in the record at byte {offset}, {packets} packets read")]
    Truncated {
        /// Where the incomplete record begins; the bytes before it are a whole capture.
        offset: u64,
        /// Packets read before it.
        packets: u64,
    },
    /// A record contradicts the format.
    #[error("read the capture: {what} at byte {offset}, {packets} packets read")]
    Corrupt {
        /// Where the record begins.
        offset: u64,
        /// Packets read before it.
        packets: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The source failed.
    #[error("read the capture at byte {offset}, {packets} packets read")]
    Io {
        /// Where the record that was being read begins.
        offset: u64,
        /// Packets read before it.
        packets: u64,
        /// The source's own error.
        source: io::Error,
    },
}

impl CaptureError {
    /// The kind as one word, for metric labels.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotACapture { .. } => "not_a_capture",
            Self::Truncated { .. } => "truncated",
            Self::Corrupt { .. } => "corrupt",
            Self::Io { .. } => "io",
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Empty => "check that the capture was written: the file holds no bytes",
            Self::NotACapture { hint, .. } => hint,
            Self::Truncated { .. } => {
                "the results cover the packets before the cut; stop the capturing tool cleanly, or \
                 copy the file again, to get the rest"
            }
            Self::Corrupt { .. } => {
                "the results cover the packets before this record; `pcapfix` may recover the rest"
            }
            Self::Io { .. } => "check that the file can be read to its end",
        }
    }

    /// Packets read before the error.
    #[must_use]
    pub const fn packets_read(&self) -> u64 {
        match self {
            Self::Empty | Self::NotACapture { .. } => 0,
            Self::Truncated { packets, .. }
            | Self::Corrupt { packets, .. }
            | Self::Io { packets, .. } => *packets,
        }
    }
}

/// What a format reader found; [`Capture`](super::Capture) adds where.
#[derive(Debug)]
pub(super) enum Fault {
    /// The source ended inside a record.
    Truncated,
    /// The record contradicts the format.
    Corrupt(&'static str),
    /// The source failed.
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Fault {
    /// The fault with its place.
    pub(super) fn at(self, offset: u64, packets: u64) -> CaptureError {
        match self {
            Self::Truncated => CaptureError::Truncated { offset, packets },
            Self::Corrupt(what) => CaptureError::Corrupt { offset, packets, what },
            Self::Io(source) => CaptureError::Io { offset, packets, source },
        }
    }
}
