//! The dashboards keep the rules that Grafana publishes for its own, and some of ours.
//!
//! Each rule is a function from a dashboard to what is wrong with it. Its test wants that to be
//! nothing for every dashboard, and something once the violation is planted into a copy.
//!
//! The published rules: github.com/grafana/dashboard-linter docs/rules and lint (read 2026-11). They
//! look at some kinds of panels; here they hold for all.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::allow_attributes,
    reason = "a test fails loudly, and says what it skips"
)]

mod beside;
mod boards;
mod empty;
mod expressions;
mod generated;
mod layout;
mod links;
mod looks;
mod names;
mod panels;
mod queries;
mod variables;
