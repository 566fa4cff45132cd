//! The driver's events, live from Windows' event tracing (ETW).
//!
//! * [`supervisor`]: two sessions, kept up and accounted for; what the collector calls.
//! * [`session`]: what a session can do.
//! * [`ring`]: between a session's thread and the collector's.
//! * [`rule`]: how large buffers and rings are.
//! * [`losses`], [`error`]: what ETW says was lost, and why it refuses.
//! * [`filetime`]: its clock.
//! * `live`: the sessions of Windows; the crate's only `unsafe`.
//!
//! All but the last is the same on every system, and tested there.
#![deny(unsafe_code)]

pub mod error;
pub mod filetime;
#[cfg(windows)]
pub mod live;
pub mod losses;
pub mod ring;
pub mod rule;
pub mod session;
pub mod supervisor;

pub use error::{EtwError, StartError};
pub use losses::Losses;
pub use session::SessionName;
pub use supervisor::Supervisor;
