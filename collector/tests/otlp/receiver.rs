//! A receiver that misbehaves as told.

use bytes::Bytes;
use core::convert::Infallible;
use core::net::SocketAddr;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tonic::Status;
use weir::otlp::Protocol;

/// What becomes of a request for metrics.
#[derive(Clone)]
pub(crate) enum Answer {
    /// HTTP: status, `Retry-After`, body.
    Http(u16, Option<&'static str>, Vec<u8>),
    /// gRPC: a status; `Ok` with a message.
    Grpc(Status, Vec<u8>),
    /// Nothing, ever.
    Hang,
    /// The connection is closed in the middle.
    Close,
}

/// What it saw.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    /// Connections that were opened.
    pub connections: usize,
    /// Requests for metrics: headers and bodies.
    pub requests: Vec<(http::HeaderMap, Bytes)>,
}

/// A receiver: gives its answers one after the other, then the last for ever.
pub(crate) struct Receiver {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Receiver {
    pub(crate) async fn start(protocol: Protocol, answers: &[Answer]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let answers = Arc::new(Mutex::new(answers.iter().cloned().collect::<VecDeque<_>>()));
        let noted = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                noted.lock().unwrap().connections += 1;
                let (noted, answers) = (Arc::clone(&noted), Arc::clone(&answers));
                let service = service_fn(move |request| {
                    answer(request, Arc::clone(&noted), Arc::clone(&answers))
                });
                tokio::spawn(async move {
                    let stream = TokioIo::new(stream);
                    if protocol == Protocol::Grpc {
                        let builder =
                            hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                        let _closed = builder.serve_connection(stream, service).await;
                    } else {
                        let builder = hyper::server::conn::http1::Builder::new();
                        let _closed = builder.serve_connection(stream, service).await;
                    }
                });
            }
        });
        Self { address, seen }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }
}

type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>;

async fn answer(
    request: Request<Incoming>,
    seen: Arc<Mutex<Seen>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
) -> Result<Response<Body>, &'static str> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "it broke off")?.to_bytes();
    let full = |bytes: Vec<u8>| Full::new(Bytes::from(bytes)).boxed_unsync();
    if !head.uri.path().contains("etrics") {
        // Log records: nobody asks.
        return Ok(Response::new(full(Vec::new())));
    }
    let answer = {
        seen.lock().unwrap().requests.push((head.headers, body));
        let mut answers = answers.lock().unwrap();
        let next = answers.pop_front().unwrap();
        if answers.is_empty() {
            answers.push_back(next.clone());
        }
        next
    };
    match answer {
        Answer::Http(status, after, body) => {
            let mut response = Response::builder().status(status);
            if let Some(after) = after {
                response = response.header("retry-after", after);
            }
            Ok(response.body(full(body)).unwrap())
        }
        Answer::Grpc(status, message) if status.code() == tonic::Code::Ok => {
            let mut framed = vec![0];
            framed.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
            framed.extend(message);
            let mut trailers = http::HeaderMap::new();
            trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
            let body = Full::new(Bytes::from(framed)).with_trailers(async { Some(Ok(trailers)) });
            let response = Response::builder().header("content-type", "application/grpc");
            Ok(response.body(body.boxed_unsync()).unwrap())
        }
        Answer::Grpc(status, _) => {
            let (head, _) = status.into_http::<tonic::body::Body>().into_parts();
            Ok(Response::from_parts(head, full(Vec::new())))
        }
        Answer::Hang => core::future::pending().await,
        Answer::Close => Err("told to"),
    }
}
