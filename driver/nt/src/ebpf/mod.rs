//! What the eBPF core and this driver are to each other, through the network module registrar.
//!
//! * [`context`]: what one invocation hands to a program.
//! * [`client`]: an attached program, as the core's client of the hook.
//! * [`hook`]: the hook provider, one client for each attached program.
//! * [`program_information`]: the provider that describes the program type.
//! * `test_run`: contexts that the core makes to try a program out.
//! * `provider`: a registration with the registrar, which both providers have.

pub mod client;
pub mod context;
pub mod hook;
pub mod program_information;
mod provider;
mod test_run;

pub use client::Client;
pub use context::{ProgramContext, Span};
