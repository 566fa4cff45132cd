//! The web server: a page for people, /metrics for Prometheus, both from one [`View`].
//!
//! It reads what is published and computes nothing of its own, so the page and a scrape never
//! disagree about a moment.
//! The page loads nothing from elsewhere and runs no inline script.

mod accept;
mod connection;
mod pages;
mod quantile;
mod routes;
mod state;
mod view;

pub use connection::{Server, bind};
pub use view::{Endpoint, Rates, VerdictRow, View, Views};
