//! `weir doctor`: why a program is not invoked, or a flow is not redirected.
//!
//! * [`bundle`]: evidence as a folder or a zip, written and read.

pub mod bundle;
