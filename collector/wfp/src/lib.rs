//! The driver's objects in the Windows Filtering Platform, looked at from outside.
//!
//! * [`watch`]: looks now and then on a thread of its own; what the collector calls.
//! * [`survey`]: what one look saw, and what that means.
//! * [`layer`]: the layers that the driver is at, and its objects there.
//! * [`error`]: why a look failed.
//! * `live`: the calls of Windows; the only `unsafe`.
//!
//! All but the last is the same on every system, and tested there.
#![deny(unsafe_code)]

pub mod error;
pub mod layer;
#[cfg(windows)]
pub mod live;
pub mod survey;
pub mod watch;

pub use error::WfpError;
pub use survey::Survey;
pub use watch::Watch;
