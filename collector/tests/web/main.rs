//! The web server as clients find it, the web configuration as promtool finds it.

#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests may fail loudly")]

mod agreement;
mod client;
mod flood;
mod formats;
mod identities;
mod mutual_tls;
mod prometheus;
mod scraper;
mod served;
mod users;
