//! OTLP over gRPC: tonic's client over the same connections, with bytes that are encoded already.
//!
//! Source: opentelemetry.io/docs/specs/otlp, OTLP/gRPC (read 2026-11).

use super::args::Compression;
use super::connect::{Connector, HttpClient};
use super::http_transport::ANSWER_BYTES_MAX;
use super::message::{Message, Partial};
use super::outcome::Outcome;
use super::settings::Target;
use super::signal::Signal;
use bytes::{Buf as _, BufMut as _, Bytes};
use core::error::Error as _;
use core::time::Duration;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Uri, header::USER_AGENT};
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

/// Sends requests of one signal.
#[derive(Debug)]
pub(super) struct GrpcTransport {
    signal: Signal,
    compression: Compression,
    connector: Connector,
    client: HttpClient<Body>,
    origin: Uri,
    headers: HeaderMap,
}

impl GrpcTransport {
    pub(super) fn new(target: &Target, connector: Connector) -> Self {
        let mut headers = target.headers.clone();
        headers.insert(USER_AGENT, HeaderValue::from_static(super::AGENT));
        Self {
            signal: target.signal,
            compression: target.compression,
            client: connector.client(),
            connector,
            origin: target.endpoint.uri.clone(),
            headers,
        }
    }

    /// Forgets the connection.
    pub(super) fn reset(&mut self) {
        self.client = self.connector.client();
    }

    /// One attempt.
    pub(super) async fn send(&self, message: &Message) -> Outcome {
        let encoding = match self.compression {
            Compression::None => None,
            Compression::Gzip => Some(CompressionEncoding::Gzip),
            Compression::Zstd => Some(CompressionEncoding::Zstd),
        };
        let mut grpc = Grpc::with_origin(self.client.clone(), self.origin.clone())
            .max_decoding_message_size(ANSWER_BYTES_MAX);
        if let Some(encoding) = encoding {
            grpc = grpc.send_compressed(encoding).accept_compressed(encoding);
        }
        let mut request = Request::new(message.body.clone());
        *request.metadata_mut() = MetadataMap::from_headers(self.headers.clone());
        let path = PathAndQuery::from_static(self.signal.method());
        match grpc.unary(request, path, Encoded(self.signal)).await {
            Ok(answer) => {
                let partial = answer.into_inner();
                Outcome::delivered(partial.rejected, &partial.words)
            }
            Err(status) => outcome(&status),
        }
    }
}

fn outcome(status: &Status) -> Outcome {
    // One that has a source was made here, of a connection that failed.
    if let Some(source) = status.source() {
        return Outcome::retry(&super::chain(source));
    }
    let after = status.get_details_retry_info().and_then(|info| info.retry_delay);
    // A RetryInfo without a delay says that it recovers, not when.
    let after = after.filter(|delay| *delay > Duration::ZERO);
    Outcome::of_grpc(status.code(), status.message(), after)
}

/// A codec that takes protobuf as it is.
struct Encoded(Signal);

impl Codec for Encoded {
    type Encode = Bytes;
    type Decode = Partial;
    type Encoder = AsItIs;
    type Decoder = Answer;

    fn encoder(&mut self) -> Self::Encoder {
        AsItIs
    }

    fn decoder(&mut self) -> Self::Decoder {
        Answer(self.0)
    }
}

struct AsItIs;

impl Encoder for AsItIs {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, body: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(body);
        Ok(())
    }
}

struct Answer(Signal);

impl Decoder for Answer {
    type Item = Partial;
    type Error = Status;

    fn decode(&mut self, body: &mut DecodeBuf<'_>) -> Result<Option<Partial>, Status> {
        let body = body.copy_to_bytes(body.remaining());
        // Not to be sent again: the receiver may have taken it.
        let partial = Partial::decode(self.0, &body);
        partial.map(Some).map_err(|_| Status::new(Code::Internal, "its answer is no OTLP"))
    }
}
