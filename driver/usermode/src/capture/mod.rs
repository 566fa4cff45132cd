//! TCP streams out of packet captures.
//!
//! The driver sees what the stack hands to the stream layer: established connections, their bytes
//! in order, once each, in both directions.
//! A capture holds packets.
//! This module turns one into the other, so that programs can be tried on recorded traffic without
//! a kernel: [`Capture`] reads the file, [`Streams`] reassembles, [`StreamEvent`] is the result.
//!
//! A packet passes through these files, in this order:
//!
//! - `window`, `pcap`, `pcapng`, `clock`: file bytes to packets with a link type and a time;
//! - `link`, `packet`, `tuple`: frame to TCP segment and the connection that it belongs to;
//! - `table`: connection to flow, bounded, longest idle first out;
//! - `streams`, `handshake`, `advance`, `flow`: what the segment means for the flow;
//! - `half`, `delivery`, `reorder`, `position`: the bytes of one direction.
//!
//! # What a flow is here
//!
//! - The initiator is the sender of the SYN.
//!   Where only the SYN-ACK was captured, its sender is the responder.
//! - A flow whose handshake was not captured begins mid-capture: the end with the lower port is
//!   taken for the responder, with equal ports the sender of the first packet for the initiator.
//!   Its streams begin at the first sequence numbers seen.
//! - Bytes that the receiver acknowledged but the capture does not show are a hole: the next data
//!   says how many are missing.
//!   Bytes behind a hole that nobody acknowledged never left the receiver's stack and are dropped.
//! - VLAN tags do not distinguish flows.
//! - Checksums are not verified: captures taken on the sending host hold unfinished ones.

mod advance;
mod clock;
mod counters;
mod delivery;
mod error;
mod event;
mod flow;
mod half;
mod handshake;
mod limits;
mod link;
mod output;
mod packet;
mod pcap;
mod pcapng;
mod position;
mod reorder;
mod source;
mod streams;
#[cfg(any(test, feature = "synthetic"))]
pub mod synthetic;
mod table;
#[cfg(test)]
mod tests;
mod tuple;
mod window;

pub use counters::Counters;
pub use error::CaptureError;
pub use event::{CloseReason, FlowKey, StreamEvent};
pub use limits::Limits;
pub use link::LinkType;
pub use source::Capture;
pub use streams::Streams;
