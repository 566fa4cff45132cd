//! `--web.config.file`: TLS, client certificates, users, headers and a rate limit for the server.
//!
//! The file is exporter-toolkit's, so one file serves every exporter of a host.
//! What it says is checked before the server starts, and again while it runs: see [`watched`].
//! docs/web-config.md lists the keys and every difference.

mod client_auth;
mod file;
mod go_duration;
mod http;
mod material;
mod rate_limit;
mod refusal;
mod sans;
mod tls;
mod users;
pub mod watched;

pub(crate) use rate_limit::Bucket;
pub use refusal::Refusal;
pub(crate) use users::{Admission, Doorkeeper};
pub use watched::WebConfigFile;

use axum::http::{HeaderName, HeaderValue};
use core::fmt;
use file::File;
use material::Material;
use rate_limit::RateLimit;
use rustls::ServerConfig;
use std::path::Path;
use std::sync::Arc;
use users::Users;

/// A web configuration, checked and ready.
pub(crate) struct WebConfig {
    /// TLS, where the file has it.
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// Headers of every answer.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Who may come in.
    pub(crate) users: Users,
    /// How many requests are answered.
    pub(crate) rate_limit: Option<RateLimit>,
}

impl WebConfig {
    fn of(file: &File, material: &Material) -> Result<Self, Refusal> {
        let section = file.tls_server_config.as_ref();
        let tls = match section.filter(|tls| tls.is_enabled()) {
            Some(tls) => Some(Arc::new(tls::server_config(tls, material)?)),
            None => {
                section.map(tls::check_names).transpose()?;
                None
            }
        };
        let headers = file.http_server_config.as_ref().map(http::headers).transpose()?;
        let users = file.basic_auth_users.as_ref().map(Users::of).transpose()?;
        let rate_limit = file.rate_limit.as_ref().map(RateLimit::of).transpose()?;
        Ok(Self {
            tls,
            headers: headers.unwrap_or_default(),
            users: users.unwrap_or_default(),
            rate_limit: rate_limit.flatten(),
        })
    }
}

impl fmt::Debug for WebConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebConfig").field("has_tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}

/// Checks a file and everything that it names, as a start of the server would.
///
/// # Errors
/// What the server would refuse.
pub fn check(path: &Path) -> Result<(), Refusal> {
    let (file, material) = Material::read(path)?;
    WebConfig::of(&file, &material).map(|_| ())
}
