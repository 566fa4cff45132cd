//! `weir run` from outside, on any system: the built binary fed with traces.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::allow_attributes,
    reason = "a test fails loudly, and says what it skips"
)]

mod bad_input;
#[path = "../web/client.rs"]
#[allow(dead_code, reason = "the web server's tests use the rest")]
mod client;
#[path = "../web/identities.rs"]
#[allow(dead_code, reason = "the web server's tests use the rest")]
mod identities;
mod otlp;
#[path = "../../stages/tests/otlp/page.rs"]
#[allow(dead_code, reason = "the stages' tests use the rest")]
mod page;
mod prometheus;
#[path = "../otlp/rotel.rs"]
#[allow(dead_code, reason = "the exporter's tests use the rest")]
mod rotel;
mod running;
#[path = "../web/scraper.rs"]
#[allow(dead_code, reason = "the web server's tests use the rest")]
mod scraper;
mod sources;
