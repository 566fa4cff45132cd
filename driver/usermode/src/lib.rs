//! The flow-classify hook without a kernel.
//!
//! eBPF programs run in a VM ([`vm`]) over TCP streams from a capture ([`capture`], [`replay`]);
//! the engine is the driver's, and so are the bytes of the events that come out ([`hook`]).

pub mod capture;
pub mod hook;
#[cfg(feature = "live")]
pub mod live;
pub mod program;
pub mod replay;
pub mod traffic;
pub mod vm;
