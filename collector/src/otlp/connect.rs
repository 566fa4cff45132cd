//! Connections to the receiver: one client for both transports, over TLS where the endpoint says so.

use super::settings::Target;
use super::{args::Protocol, tls};
use crate::failure::Failure;
use core::time::Duration;
use http_body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// An HTTP client with bodies of some type.
pub(super) type HttpClient<B> = Client<HttpsConnector<HttpConnector>, B>;

/// How long an idle connection is kept: the usual interval and some, so that one serves on.
const IDLE: Duration = Duration::from_secs(90);

/// How long a silent HTTP/2 connection with requests under way is believed in.
const PING: Duration = Duration::from_secs(10);

/// What connections are made with; made once, because it reads certificates.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    https: HttpsConnector<HttpConnector>,
    is_http2: bool,
}

impl Connector {
    /// The connector of a target.
    ///
    /// # Errors
    /// Where the endpoint is encrypted and certificates cannot be used.
    pub(super) fn new(target: &Target) -> Result<Self, Failure> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(target.timeout));
        let is_http2 = target.protocol == Protocol::Grpc;
        let config = if target.endpoint.is_https() {
            tls::config(target)?
        } else {
            // Never used: an endpoint without https is never connected to with TLS.
            tls::without_roots()?
        };
        let builder = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http();
        let https = if is_http2 {
            builder.enable_http2().wrap_connector(http)
        } else {
            builder.enable_http1().wrap_connector(http)
        };
        Ok(Self { https, is_http2 })
    }

    /// A client without connections yet. After a timeout it takes a new one: the old one's
    /// connection may be dead without anybody having said so.
    pub(super) fn client<B>(&self) -> HttpClient<B>
    where
        B: Body + Send,
        B::Data: Send,
    {
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(1)
            .http2_only(self.is_http2)
            .http2_keep_alive_interval(PING)
            .http2_keep_alive_timeout(PING);
        builder.build(self.https.clone())
    }
}
