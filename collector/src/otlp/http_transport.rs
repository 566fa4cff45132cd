//! OTLP over HTTP: a POST with protobuf.
//!
//! Source: opentelemetry.io/docs/specs/otlp, OTLP/HTTP (read 2026-11).

use super::args::Compression;
use super::connect::{Connector, HttpClient};
use super::message::{Message, Partial};
use super::outcome::Outcome;
use super::settings::Target;
use bytes::Bytes;
use core::time::Duration;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use prost::Message as _;
use std::io::Write as _;
use std::time::SystemTime;

/// Longest answer that is read: one holds a sentence. What is longer is no OTLP.
pub(super) const ANSWER_BYTES_MAX: usize = 64 << 10;

/// How hard zstd tries: its own default, some 300 MB/s.
const ZSTD_LEVEL: i32 = 3;

const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");

/// Sends requests of one signal.
#[derive(Debug)]
pub(super) struct HttpTransport {
    target: Target,
    connector: Connector,
    client: HttpClient<Full<Bytes>>,
    uri: Uri,
    headers: HeaderMap,
}

impl HttpTransport {
    pub(super) fn new(target: &Target, connector: Connector) -> Self {
        let mut headers = target.headers.clone();
        let encoding = match target.compression {
            Compression::None => None,
            Compression::Gzip => Some("gzip"),
            Compression::Zstd => Some("zstd"),
        };
        headers.insert(CONTENT_TYPE, PROTOBUF);
        headers.insert(USER_AGENT, HeaderValue::from_static(super::AGENT));
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        let client = connector.client();
        let uri = target.endpoint.uri.clone();
        Self { target: target.clone(), connector, client, uri, headers }
    }

    /// Forgets the connection.
    pub(super) fn reset(&mut self) {
        self.client = self.connector.client();
    }

    /// One attempt.
    pub(super) async fn send(&self, message: &Message) -> Outcome {
        let body = match compressed(self.target.compression, &message.body) {
            Ok(body) => body,
            Err(error) => return Outcome::refused(&format!("it cannot be compressed: {error}")),
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        let answer = match self.client.request(request).await {
            Ok(answer) => answer,
            Err(error) => return Outcome::retry(&super::chain(&error)),
        };
        let (head, body) = answer.into_parts();
        if !head.status.is_success() {
            let after = retry_after(&head.headers, SystemTime::now());
            // A receiver may say why, as a google.rpc.Status.
            let said = Limited::new(body, ANSWER_BYTES_MAX).collect().await.ok();
            let said = said.and_then(|body| tonic_types::Status::decode(body.to_bytes()).ok());
            let words = said.map(|status| status.message).unwrap_or_default();
            return Outcome::of_http(head.status, &words, after);
        }
        // The receiver may have taken it, so it is not sent again whatever comes now.
        match Limited::new(body, ANSWER_BYTES_MAX).collect().await {
            Ok(body) => match Partial::decode(self.target.signal, &body.to_bytes()) {
                Ok(it) => Outcome::delivered(it.rejected, &it.words),
                Err(_) => Outcome::refused("its answer is no OTLP"),
            },
            Err(_) => Outcome::refused("its answer broke off or was too long"),
        }
    }
}

fn compressed(how: Compression, body: &Bytes) -> std::io::Result<Bytes> {
    match how {
        Compression::None => Ok(body.clone()),
        Compression::Gzip => {
            let mut out = GzEncoder::new(Vec::new(), flate2::Compression::default());
            out.write_all(body)?;
            out.finish().map(Bytes::from)
        }
        Compression::Zstd => zstd::bulk::compress(body, ZSTD_LEVEL).map(Bytes::from),
    }
}

/// The time of `Retry-After`: seconds or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        let of = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
            retry_after(&headers, now)
        };
        assert_eq!(of("120"), Some(Duration::from_secs(120)));
        assert_eq!(of("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(7)));
        assert_eq!(of("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!((of("soon"), of("-1")), (None, None));
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
