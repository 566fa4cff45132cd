//! A request in the queue: encoded once, sent as often as it takes.

use super::signal::Signal;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use prost::{DecodeError, Message as _};

/// An encoded request.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// Protobuf.
    pub(super) body: Bytes,
    /// Points or records in it.
    pub(super) points: usize,
}

/// What a receiver says of a request that it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Partial {
    /// Points or records that it did not take.
    pub(super) rejected: i64,
    /// Why, or advice where it took all.
    pub(super) words: String,
}

impl Partial {
    /// Reads an answer's body.
    pub(super) fn decode(signal: Signal, body: &[u8]) -> Result<Self, DecodeError> {
        let none = Self::default;
        match signal {
            Signal::Metrics => {
                let partial = ExportMetricsServiceResponse::decode(body)?.partial_success;
                Ok(partial.map_or_else(none, |it| Self {
                    rejected: it.rejected_data_points,
                    words: it.error_message,
                }))
            }
            Signal::Logs => {
                let partial = ExportLogsServiceResponse::decode(body)?.partial_success;
                Ok(partial.map_or_else(none, |it| Self {
                    rejected: it.rejected_log_records,
                    words: it.error_message,
                }))
            }
        }
    }
}
