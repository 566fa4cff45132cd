//! The web server: a page for people, /metrics for Prometheus, both from one [`View`].
//!
//! It reads what is published and computes nothing of its own, so the page and a scrape never
//! disagree about a moment.
//! The page loads nothing from elsewhere and runs no inline script.
//!
//! The way of a request: `server` accepts, `admission` finds a place, `connection` speaks TLS
//! and HTTP/1.1 while `life` counts the time, `gate` asks who it is, `routes` answers.

mod accept;
mod admission;
mod connection;
mod encoded;
mod gate;
mod life;
mod options;
mod pages;
mod quantile;
mod routes;
mod server;
mod state;
mod view;

pub(crate) use admission::share_of;
pub use options::{Options, Readiness, Scraped, WebStats};
pub use server::{Server, bind};
pub use view::{Endpoint, Rates, VerdictRow, View, Views};
