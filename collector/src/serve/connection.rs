//! One connection: TLS where the configuration has it, HTTP/1.1, until its life is over.

use super::admission::Place;
use super::gate::Peer;
use super::life::{End, Lived};
use super::options::Counters;
use crate::web_config::WebConfigFile;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use core::convert::Infallible;
use core::net::IpAddr;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;
use http_body::{Frame, SizeHint};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

/// Bytes of a head; those of scrapers have a few hundred. A longer one is answered with 431.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Header lines of a head; more are answered with 431.
const HEADERS_MAX: usize = 64;

/// How long a connection lives in all: one that was let in with a certificate is looked at again.
///
/// The answer under way is finished, within its own time.
const CONNECTION_TIME: Duration = Duration::from_mins(10);

/// What a connection needs.
pub(super) struct Connection {
    pub(super) router: Router,
    pub(super) web_config: Option<Arc<WebConfigFile>>,
    pub(super) counters: Arc<Counters>,
    pub(super) peer: IpAddr,
    pub(super) place: Arc<Place>,
}

impl Connection {
    /// Serves until the client has gone or its life is over.
    pub(super) async fn run(self, stream: TcpStream) {
        let life = Arc::clone(&self.place.life);
        let counters = Arc::clone(&self.counters);
        tokio::select! {
            () = self.serve(stream) => {}
            end = life.over() => {
                Counters::count(match end {
                    End::TimedOut(_) => &counters.timed_out,
                    End::Evicted => &counters.evicted,
                });
            }
        }
    }

    async fn serve(self, stream: TcpStream) {
        let file = self.web_config.as_ref().filter(|file| file.has_tls());
        let Some(file) = file else { return self.http(stream).await };
        let tls = file.current().await.ok().and_then(|config| config.tls.clone());
        if let Some(tls) = tls
            && let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await
        {
            return self.http(stream).await;
        }
        Counters::count(&self.counters.handshakes_failed);
    }

    async fn http(self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let stream = Lived { stream, life: Arc::clone(&self.place.life) };
        let Self { router, peer, place, .. } = self;
        let service = TowerToHyperService::new(router);
        let service = service_fn(move |mut request: Request<Incoming>| {
            let is_pipelined = place.answer();
            request.extensions_mut().insert(Peer(peer));
            let answer = service.call(request);
            let place = Arc::clone(&place);
            async move {
                let mut answer = answer.await?;
                if is_pipelined {
                    // No scraper and no browser does that; it would make every answer look young.
                    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(answer.map(|body| Answer { body, place }))
            }
        });
        let mut builder = http1::Builder::new();
        // Heads have their time in `Life`, which begins when the connection does.
        builder.header_read_timeout(None).max_buf_size(HEAD_BYTES_MAX).max_headers(HEADERS_MAX);
        let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
        // Errors are the client's: it went away or speaks no HTTP.
        tokio::select! {
            _ended = serving.as_mut() => return,
            () = sleep(CONNECTION_TIME) => serving.as_mut().graceful_shutdown(),
        }
        let _ended = serving.await;
    }
}

/// A body that tells its connection when it has been handed over.
struct Answer {
    body: Body,
    place: Arc<Place>,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.place.life.answer_given();
    }
}
