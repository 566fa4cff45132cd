//! What the web server says of itself: figures for the metrics, and warnings.

use crate::output;
use crate::serve::{Server, WebStats};
use crate::web_config::WebConfigFile;
use core::time::Duration;
use std::sync::Arc;
use weir_stages::snapshot::WebFacts;

/// How often it is looked whether a changed web configuration was refused.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Warns of what a user should know; returns who tells the server's figures at any time.
pub(crate) fn watch_web(
    server: &Server,
    config: Option<Arc<WebConfigFile>>,
) -> Box<dyn Fn() -> WebFacts + Send> {
    let address = server.address();
    let is_guarded = config.as_ref().is_some_and(|config| config.has_tls() || config.has_users());
    if !address.ip().is_loopback() && !is_guarded {
        output::warn(&format!(
            "{address} shows addresses of connections to everybody who reaches it; \
             --web.config.file sets TLS and passwords"
        ));
    }
    if let Some(config) = config {
        tokio::spawn(tell_refusals(config));
    }
    let stats = server.stats_reader();
    Box::new(move || facts(stats()))
}

/// Says why a web configuration that was changed is refused, once each time.
async fn tell_refusals(config: Arc<WebConfigFile>) {
    let mut told = 0;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let refused = config.refused();
        if refused != core::mem::replace(&mut told, refused)
            && let Some(why) = config.refusal().await
        {
            output::warn(&format!("the web configuration is refused: {why}"));
        }
    }
}

fn facts(stats: WebStats) -> WebFacts {
    WebFacts {
        connections: stats.connections,
        requests: stats.requests,
        evicted: stats.connections_evicted,
        timed_out: stats.connections_timed_out,
        handshakes_failed: stats.handshakes_failed,
        denied: stats.requests_denied,
        limited: stats.requests_limited,
        busy: stats.requests_busy,
        unconfigured: stats.requests_unconfigured,
        config_refused: stats.web_config_refused,
    }
}
