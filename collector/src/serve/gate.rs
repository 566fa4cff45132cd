//! What every request passes before its route: configuration, rate, user; and headers after it.
//!
//! The order is exporter-toolkit's.

use super::options::Counters;
use crate::web_config::{Admission, Bucket, WebConfig, WebConfigFile};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use core::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

/// Where a request comes from, put into it by its connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// The gate's own state.
pub(super) struct Gate {
    pub(super) file: Option<Arc<WebConfigFile>>,
    pub(super) bucket: Bucket,
    pub(super) counters: Arc<Counters>,
}

/// Lets a request through to its route, or answers it.
pub(super) async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    Counters::count(&gate.counters.requests);
    let Some(file) = &gate.file else { return next.run(request).await };
    // Why it is refused is for the log: a stranger learns nothing about the host's files.
    let Ok(config) = file.current().await else {
        Counters::count(&gate.counters.unconfigured);
        let text = "the web configuration cannot be used\n";
        return (StatusCode::INTERNAL_SERVER_ERROR, text).into_response();
    };
    // Owned: a request cannot be looked at across a wait.
    let authorization = request.headers().get(AUTHORIZATION).cloned();
    let peer = request.extensions().get::<Peer>().copied();
    let refused = gate.refused(file, &config, authorization, peer).await;
    let mut response = match refused {
        Some(refused) => refused,
        None => next.run(request).await,
    };
    for (name, value) in &config.headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

impl Gate {
    async fn refused(
        &self,
        file: &WebConfigFile,
        config: &WebConfig,
        authorization: Option<HeaderValue>,
        peer: Option<Peer>,
    ) -> Option<Response> {
        let limit = config.rate_limit;
        if limit.is_some_and(|limit| !self.bucket.take(limit, Instant::now())) {
            Counters::count(&self.counters.limited);
            return Some((StatusCode::TOO_MANY_REQUESTS, "too many requests\n").into_response());
        }
        if config.users.is_empty() {
            return None;
        }
        let authorization = authorization.as_ref().map(HeaderValue::as_bytes);
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
        match file.doorkeeper.admit(&config.users, authorization, peer).await {
            Admission::Granted => None,
            Admission::Denied => {
                Counters::count(&self.counters.denied);
                let asks = [(WWW_AUTHENTICATE, HeaderValue::from_static("Basic"))];
                Some(
                    (StatusCode::UNAUTHORIZED, asks, "user and password, please\n").into_response(),
                )
            }
            Admission::Busy => {
                Counters::count(&self.counters.busy);
                let text = "too many passwords are being checked\n";
                Some((StatusCode::SERVICE_UNAVAILABLE, text).into_response())
            }
        }
    }
}
