//! A server in this process, and a client that says exactly what a test wants said.

use crate::identities::Identities;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use weir::serve::{Options, Rates, Readiness, Server, View, bind};
use weir::web_config::WebConfigFile;
use weir_stages::{Aggregator, Limits, Snapshot, SnapshotOptions};

/// No step takes longer, even on a machine that does much else.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A server on a free port of this machine.
pub(crate) struct Served {
    /// Kept: the server lives in it.
    _runtime: Runtime,
    pub(crate) server: Server,
    pub(crate) views: watch::Sender<Arc<View>>,
    pub(crate) readiness: watch::Sender<Readiness>,
}

impl Served {
    pub(crate) fn plain() -> Self {
        Self::start(None)
    }

    pub(crate) fn with(web_config: &Path) -> Self {
        Self::start(Some(WebConfigFile::open(web_config).unwrap()))
    }

    fn start(web_config: Option<WebConfigFile>) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let views = watch::Sender::new(view(1));
        let readiness = watch::Sender::new(Readiness::Ready);
        let options = Options {
            scraped: None,
            web_config: web_config.map(Arc::new),
            readiness: Some(readiness.subscribe()),
        };
        let server = runtime.block_on(async {
            let listener = bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
            Server::start(listener, views.subscribe(), options).unwrap()
        });
        Self { _runtime: runtime, server, views, readiness }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Asks without TLS.
    pub(crate) fn get(&self, path: &str, headers: &str) -> Answer {
        ask(connect(self.address()), path, headers).unwrap()
    }
}

/// A view whose only number that moves is the moment.
pub(crate) fn view(now_s: u64) -> Arc<View> {
    let options = SnapshotOptions::default();
    view_of(Aggregator::new(Limits::default()).snapshot(now_s * 1_000_000_000, &options))
}

/// A view of a snapshot, and of nothing else.
pub(crate) fn view_of(snapshot: Snapshot) -> Arc<View> {
    Arc::new(View {
        snapshot: Arc::new(snapshot),
        source: "test",
        started_ns: 0,
        stuck_after_ns: 0,
        undecided: 0,
        rates: Rates::default(),
        verdicts: Vec::new(),
        endpoints: Vec::new(),
    })
}

/// An answer taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        core::str::from_utf8(&self.body).unwrap()
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// One request on a connection of its own.
pub(crate) fn ask(mut stream: impl Read + Write, path: &str, headers: &str) -> io::Result<Answer> {
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n");
    let end = end.ok_or_else(|| io::Error::other("no complete head"))?;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
    Ok(Answer { status, head, body: answer.split_off(end + 4) })
}

/// A client's side of TLS that trusts the CA of these identities.
pub(crate) fn tls(identities: &Identities, own: Option<&str>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(identities.read("ca.pem").as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let builder =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_root_certificates(roots);
    let Some(own) = own else { return Arc::new(builder.with_no_client_auth()) };
    let chain = identities.read(&format!("{own}.pem"));
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap).collect();
    let key = identities.read(&format!("{own}.key"));
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    Arc::new(builder.with_client_auth_cert(chain, key).unwrap())
}

/// One request over TLS; an error where the handshake fails.
pub(crate) fn ask_tls(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
    path: &str,
    headers: &str,
) -> io::Result<Answer> {
    let name = "localhost".try_into().unwrap();
    let connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
    ask(StreamOwned::new(connection, connect(address)), path, headers)
}
