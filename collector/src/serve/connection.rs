//! Listening, and the bounds of connections.

use super::Views;
use super::routes::router;
use crate::failure::{ExitCode, Failure};
use axum::Router;
use core::net::SocketAddr;
use core::pin::pin;
use core::time::Duration;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

/// Connections at a time: a browser opens six, a scraper one.
///
/// At the bound no more are accepted until one ends, at the latest after
/// [`CONNECTION_TIME`]; clients wait in the listener's backlog.
const CONNECTIONS_MAX: usize = 64;

/// How long a request's head may take, and how long a connection may be idle between two.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection lives: whoever reads slowly or never gives its place back.
const CONNECTION_TIME: Duration = Duration::from_secs(60);

/// How long the answer under way may take after that.
const FAREWELL_TIME: Duration = Duration::from_secs(2);

/// Bytes buffered for a connection; heads of requests to this server have a few hundred.
const BUFFER_BYTES: usize = 16 * 1024;

/// Pause after a failed accept: out of descriptors, trying again at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A server at work; dropping it closes its connections.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// Binds the listen address.
///
/// # Errors
/// Where it is in use or cannot be bound at all.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let hint = if error.kind() == io::ErrorKind::AddrInUse {
            "is weir running already? --web.listen-address 127.0.0.1:0 picks a free port"
        } else {
            "use an address of this machine: --web.listen-address 127.0.0.1:0 picks a free port"
        };
        Failure::new(ExitCode::AddressUnavailable, format!("listen on {address}: {error}"), hint)
    })
}

impl Server {
    /// Serves views on a bound listener.
    ///
    /// # Errors
    /// Where the listener does not know its address.
    pub fn start(listener: TcpListener, views: Views) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept_all(listener, router(views)));
        Ok(Self { address, task })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept_all(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => {
                match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(connection(stream, router.clone()));
                    }
                    Err(_) => sleep(ACCEPT_PAUSE).await,
                }
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(BUFFER_BYTES);
    let serving = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut serving = pin!(serving);
    // Errors are the client's: it went away, was too slow or speaks no HTTP.
    let Ok(_ended) = timeout(CONNECTION_TIME, serving.as_mut()).await else {
        serving.as_mut().graceful_shutdown();
        let _ended = timeout(FAREWELL_TIME, serving).await;
        return;
    };
}
