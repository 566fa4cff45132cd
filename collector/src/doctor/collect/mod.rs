//! Collects evidence of the machine that this runs on: what Windows' and eBPF's tools print.
//!
//! A tool that hangs, floods or is missing costs its own answer, which becomes a gap, and nothing
//! else. Nothing is changed on the machine, but for an event session while a trace is recorded.
//!
//! * [`into_bundle`], [`into_memory`]: all of it. * [`Options`]: what is asked for.
//! * [`Tools`]: which programs are run. * `plan`: what they are asked.
//! * `round`: several at a time.
//! * `process`: one run, bounded. * `answers`: what one answer says of what to ask next.
//! * `recording`: a trace while the problem is reproduced. * `left`: traces that are there.
//! * `machine`, `versions`: `system.json`. * `keys`: why a key of the registry did not come.
//! * `metrics`: the collector's own figures.
//! * `interrupt`: Ctrl-C. * `private`: the folder that tools write to.

mod answers;
mod interrupt;
mod keys;
mod left;
mod machine;
mod metrics;
mod options;
mod order;
mod plan;
mod private;
mod process;
mod recording;
mod round;
#[cfg(test)]
#[cfg(unix)]
mod tests;
mod tools;
mod versions;

pub use interrupt::Interrupt;
pub use options::Options;
pub use order::{into_bundle, into_memory};
pub use tools::Tools;
