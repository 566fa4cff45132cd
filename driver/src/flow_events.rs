//! Events about a flow, filled with what its context knows.

use crate::driver::Driver;
use crate::flow::{FlowLife, Tuple};
use weir_abi::context::IPPROTO_TCP;
use weir_abi::event::{
    Cleanup, FlowClosed, FlowEstablished, FlowRundown, FlowUninspected, Verdict,
};
use weir_engine::{Flow, Settled};
use weir_nt::time::Instant;

/// Events that begin with the flow's tuple, filled with it and what the caller names.
macro_rules! tuple_event {
    ($name:ident, $event:ident, |$tuple:ident| { $($field:ident: $value:expr),* }) => {
        impl Tuple {
            pub(crate) fn $name(&self, flow_seq: u32) -> $event {
                let $tuple = self;
                let ((local_address, local_port), (remote_address, remote_port)) = self.ends();
                #[expect(
                    clippy::allow_attributes,
                    reason = "one of the events has no field beyond the tuple"
                )]
                #[allow(clippy::needless_update, reason = "as above")]
                $event {
                    flow_serial: self.serial,
                    flow_id: self.flow_id(),
                    flow_seq,
                    family: self.family(),
                    local_address,
                    remote_address,
                    local_port,
                    remote_port,
                    direction: self.direction,
                    $($field: $value,)*
                    ..$event::default()
                }
            }
        }
    };
}

tuple_event!(
    established,
    FlowEstablished,
    |tuple| {
        protocol: IPPROTO_TCP,
        loopback: tuple.is_loopback,
        compartment_id: tuple.compartment_id(),
        interface_luid: tuple.interface_luid(),
        process_id: tuple.process_id
    }
);
tuple_event!(
    verdict,
    Verdict,
    |tuple| {
        protocol: IPPROTO_TCP,
        loopback: tuple.is_loopback,
        compartment_id: tuple.compartment_id(),
        interface_luid: tuple.interface_luid(),
        process_id: tuple.process_id
    }
);
tuple_event!(uninspected, FlowUninspected, |tuple| { process_id: tuple.process_id });
tuple_event!(rundown, FlowRundown, |tuple| { process_id: tuple.process_id });
tuple_event!(closed, FlowClosed, |_tuple| {});
tuple_event!(cleanup, Cleanup, |_tuple| {});

impl Driver {
    /// The verdict of a flow whose fate is settled; `decider` is an attach id and a place.
    pub(crate) fn verdict_event(
        &self,
        (tuple, life): (&Tuple, &mut FlowLife),
        settled: &Settled,
        (decider_attach_id, decider_chain_index): (u32, u8),
        now: Instant,
    ) -> Verdict {
        let engine: &Flow = &life.engine;
        let account = &mut life.account;
        let ([segments_inbound, segments_outbound], [bytes_inbound, bytes_outbound]) =
            (account.segments, account.bytes);
        Verdict {
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
            since_established: self.clock.between(tuple.since, now),
            ..tuple.verdict(account.next_seq())
        }
    }

    /// The state of a live flow.
    pub(crate) fn rundown_event(&self, tuple: &Tuple, life: &mut FlowLife) -> FlowRundown {
        let (now, engine) = (self.clock.now(), &life.engine);
        let account = &mut life.account;
        let ([segments_inbound, segments_outbound], [bytes_inbound, bytes_outbound]) =
            (account.segments, account.bytes);
        FlowRundown {
            blocked: engine.is_blocked(),
            invoked: engine.invoked().mask(),
            allowed: engine.allowed().mask(),
            classifying: engine.classifying().mask(),
            failed: engine.failed().mask(),
            segments_inbound,
            segments_outbound,
            bytes_inbound,
            bytes_outbound,
            age: self.clock.between(tuple.since, now),
            last_segment_age: self.clock.between(account.last_segment, now),
            ..tuple.rundown(account.next_seq())
        }
    }
}
