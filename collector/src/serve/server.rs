//! Listening, accepting, and what the server has counted.

use super::Views;
use super::admission::Admission;
use super::connection::Connection;
use super::options::{Counters, Options, WebStats};
use super::routes::router;
use crate::failure::{ExitCode, Failure};
use crate::web_config::WebConfigFile;
use axum::Router;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// Pause after a failed accept: out of descriptors, trying again at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A server at work; dropping it closes its connections.
pub struct Server {
    address: SocketAddr,
    web_config: Option<Arc<WebConfigFile>>,
    admission: Arc<Admission>,
    counters: Arc<Counters>,
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
    pub fn start(listener: TcpListener, views: Views, options: Options) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let admission = Arc::new(Admission::new());
        let counters = Arc::new(Counters::default());
        let web_config = options.web_config.clone();
        let accepting = Accepting {
            router: router(views, options, Arc::clone(&counters)),
            web_config: web_config.clone(),
            admission: Arc::clone(&admission),
            counters: Arc::clone(&counters),
        };
        let task = tokio::spawn(accepting.run(listener));
        Ok(Self { address, web_config, admission, counters, task })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        match &self.web_config {
            Some(file) if file.has_tls() => "https",
            _ => "http",
        }
    }

    /// What it has counted.
    #[must_use]
    pub fn stats(&self) -> WebStats {
        self.stats_reader()()
    }

    /// The same for another thread.
    pub fn stats_reader(&self) -> impl Fn() -> WebStats + Send + use<> {
        let (web_config, admission) = (self.web_config.clone(), Arc::clone(&self.admission));
        let counters = Arc::clone(&self.counters);
        move || {
            let (connections, answers) = admission.counts();
            WebStats {
                web_config_refused: web_config.as_ref().map_or(0, |file| file.refused()),
                connections: connections as u64,
                answers: answers as u64,
                ..counters.stats()
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Accepting {
    router: Router,
    web_config: Option<Arc<WebConfigFile>>,
    admission: Arc<Admission>,
    counters: Arc<Counters>,
}

impl Accepting {
    async fn run(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            let accepted = listener.accept().await;
            // As many as ended since the last: the set holds those that live, and these.
            while connections.try_join_next().is_some() {}
            match accepted {
                Ok((stream, from)) => {
                    Counters::count(&self.counters.accepted);
                    let connection = self.connection(from);
                    connections.spawn(connection.run(stream));
                }
                Err(_) => sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    fn connection(&self, from: SocketAddr) -> Connection {
        let place = self.admission.enter(from.ip());
        Connection {
            router: self.router.clone(),
            web_config: self.web_config.clone(),
            counters: Arc::clone(&self.counters),
            peer: from.ip(),
            place: Arc::new(place),
        }
    }
}
