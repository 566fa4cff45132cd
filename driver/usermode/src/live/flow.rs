//! One live flow: shows its segments and tells the hook exactly once that it ended.

use super::hook::{LiveHook, Refused};
use crate::hook::{FlowHandle, SegmentVerdict};
use core::net::SocketAddr;
use weir_abi::Direction;

/// A flow between established and deleted.
///
/// Dropping it is the deletion, so a cancelled task ends its flow too.
pub(super) struct LiveFlow {
    hook: LiveHook,
    /// None where nobody wants to inspect the flow (S07).
    handle: Option<FlowHandle>,
}

impl LiveFlow {
    pub(super) fn open(
        hook: &LiveHook,
        client: SocketAddr,
        server: SocketAddr,
    ) -> Result<Self, Refused> {
        let handle = hook.established(client, server)?;
        Ok(Self { hook: hook.clone(), handle })
    }

    /// Shows a segment; once one was blocked, every later one is, in both directions (S17).
    pub(super) fn segment(&self, direction: Direction, data: &[u8]) -> SegmentVerdict {
        let Some(handle) = self.handle else { return SegmentVerdict::Permit };
        self.hook.with(|hook, now_ns| hook.segment(handle, direction, data, now_ns))
    }
}

impl Drop for LiveFlow {
    fn drop(&mut self) {
        if let Some(handle) = self.handle {
            self.hook.with(|hook, now_ns| hook.deleted(handle, now_ns));
        }
    }
}
