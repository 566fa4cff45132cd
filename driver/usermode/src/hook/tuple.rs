//! Events about a flow, filled with what its context knows.

use super::elapsed;
use super::flows::FlowEntry;
use weir_abi::context::IPPROTO_TCP;
use weir_abi::event::{
    Cleanup, FlowClosed, FlowEstablished, FlowRundown, FlowUninspected, Verdict,
};
use weir_abi::wire::{Address, Port};
use weir_engine::{Flow, Settled};

impl FlowEntry {
    pub(super) fn verdict_event(
        &mut self,
        engine: &Flow,
        settled: Settled,
        (decider_attach_id, decider_chain_index): (u32, u8),
        now_ns: u64,
    ) -> Verdict {
        let ([segments_inbound, segments_outbound], [bytes_inbound, bytes_outbound]) =
            (self.segments, self.bytes);
        let shared = self.established_event();
        Verdict {
            flow_serial: shared.flow_serial,
            flow_id: shared.flow_id,
            flow_seq: shared.flow_seq,
            family: shared.family,
            local_address: shared.local_address,
            remote_address: shared.remote_address,
            local_port: shared.local_port,
            remote_port: shared.remote_port,
            protocol: shared.protocol,
            direction: shared.direction,
            loopback: shared.loopback,
            compartment_id: shared.compartment_id,
            interface_luid: shared.interface_luid,
            process_id: shared.process_id,
            fate: settled.fate,
            reason: settled.reason,
            decider_attach_id,
            decider_chain_index,
            invoked: engine.invoked().mask(),
            allowed: engine.allowed().mask(),
            classifying: settled.classifying.mask(),
            failed: engine.failed().mask(),
            segments_inbound,
            segments_outbound,
            bytes_inbound,
            bytes_outbound,
            since_established: elapsed(self.since_ns, now_ns),
        }
    }

    pub(super) fn rundown_event(&mut self, now_ns: u64) -> FlowRundown {
        let ([segments_inbound, segments_outbound], [bytes_inbound, bytes_outbound]) =
            (self.segments, self.bytes);
        FlowRundown {
            blocked: self.engine.is_blocked(),
            invoked: self.engine.invoked().mask(),
            allowed: self.engine.allowed().mask(),
            classifying: self.engine.classifying().mask(),
            failed: self.engine.failed().mask(),
            segments_inbound,
            segments_outbound,
            bytes_inbound,
            bytes_outbound,
            age: elapsed(self.since_ns, now_ns),
            last_segment_age: elapsed(self.last_segment_ns, now_ns),
            ..self.rundown_tuple()
        }
    }
}

/// Events that begin with the flow's tuple, filled with it and what the caller names.
macro_rules! tuple_event {
    ($name:ident, $event:ident, $info:ident { $($field:ident: $value:expr),* } $($rest:tt)*) => {
        impl FlowEntry {
            pub(super) fn $name(&mut self) -> $event {
                let (flow_seq, $info) = (self.next_seq(), self.info);
                $event {
                    flow_serial: self.serial,
                    flow_id: $info.flow_id,
                    flow_seq,
                    family: if $info.local.is_ipv4() { 2 } else { 23 },
                    local_address: Address::from($info.local.ip()),
                    remote_address: Address::from($info.remote.ip()),
                    local_port: Port($info.local.port()),
                    remote_port: Port($info.remote.port()),
                    direction: $info.direction,
                    $($field: $value,)*
                    $($rest)*
                }
            }
        }
    };
}

tuple_event!(
    established_event,
    FlowEstablished,
    info {
        protocol: IPPROTO_TCP,
        loopback: info.is_loopback,
        compartment_id: info.compartment_id,
        interface_luid: info.interface_luid,
        process_id: info.process_id
    }..FlowEstablished::default()
);
tuple_event!(uninspected_event, FlowUninspected, info { process_id: info.process_id });
tuple_event!(closed_event, FlowClosed, info {}..FlowClosed::default());
tuple_event!(cleanup_event, Cleanup, info {}..Cleanup::default());
tuple_event!(
    rundown_tuple,
    FlowRundown,
    info { process_id: info.process_id }..FlowRundown::default()
);
