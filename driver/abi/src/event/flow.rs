//! Events about one flow. Each carries the flow's serial, WFP's id and its order within the flow.

use super::define::events;
use crate::context::{Action, Direction, FlowState};
use crate::names::open_enum;
use crate::wire::{Address, Port, Ticks};

open_enum! {
    /// How a flow ended for the hook (S27).
    pub enum Fate {
        /// Every attachment that inspected it allowed it.
        Allow = 0 => "allow",
        /// A program blocked it.
        Block = 1 => "block",
        /// It ended, or its last classifying attachment did, before anybody had decided.
        Undecided = 2 => "undecided",
        /// A failure let it pass uninspected.
        FailedOpen = 3 => "failed_open",
        /// A failure blocked it.
        FailedClosed = 4 => "failed_closed",
    }
}

open_enum! {
    /// What brought a fate about.
    pub enum FateReason {
        /// The programs' answers.
        Answer = 0 => "answer",
        /// BLOCK at NEW whose context could not be kept (S09).
        BlockNotKept = 1 => "block_not_kept",
        /// A program failed or answered outside the three (S31, S32).
        ProgramError = 2 => "program_error",
        /// A segment could not be read whole (S23).
        Unreadable = 3 => "unreadable",
        /// Bytes never reached the hook (S20).
        MissedBytes = 4 => "missed_bytes",
        /// No kernel stack for the walk (S39).
        NoStack = 5 => "no_stack",
        /// No context for a flow that somebody wanted to inspect (S09).
        NoContext = 6 => "no_context",
        /// The connection ended.
        Closed = 7 => "closed",
        /// The last classifying attachment was detached (S30).
        Detached = 8 => "detached",
        /// The filtering engine went away meanwhile (S34).
        Engine = 9 => "engine",
        /// The driver was unloaded (S35).
        Unload = 10 => "unload",
    }
}

open_enum! {
    /// Why a pair of flow and attachment ended (S26).
    pub enum PairEnd {
        /// The program allowed the flow.
        Allowed = 0 => "allowed",
        /// The program blocked the flow.
        Blocked = 1 => "blocked",
        /// The connection ended first.
        Closed = 2 => "closed",
        /// Another program, or the failure policy, blocked the flow.
        BlockedByOther = 3 => "blocked_by_other",
        /// A failure ended it.
        Failed = 4 => "failed",
        /// The filtering engine went away meanwhile.
        Engine = 5 => "engine",
        /// The attachment was detached.
        Detached = 6 => "detached",
        /// The driver was unloaded.
        Unload = 7 => "unload",
    }
}

open_enum! {
    /// Why a segment was copied.
    pub enum CopyReason {
        /// It lay in several MDLs or buffers.
        Fragmented = 0 => "fragmented",
        /// Its MDL could not be mapped.
        Unmapped = 1 => "unmapped",
    }
}

events! {
    /// A program was invoked.
    event Invocation(1, keyword 0x10, level 5) {
        /// Flow, numbered by the driver.
        flow_serial: u64,
        /// Flow, as WFP numbers it.
        flow_id: u64,
        /// Order within the flow.
        flow_seq: u32,
        /// Attachment.
        attach_id: u32,
        /// State of the invocation.
        state: FlowState,
        /// Direction in the context.
        direction: Direction,
        /// The answer, or `error`.
        answer: Action,
        /// The segment had been copied.
        copied: bool,
        /// `ebpf_result_t` of the invocation.
        result: u32,
        /// Bytes of the segment.
        segment_bytes: u32,
        /// Run time in 2^-32 s; 0 where nothing was timed.
        duration: Ticks,
        /// Process captured at flow established.
        process_id: u32,
    }

    /// A flow's fate is settled.
    event Verdict(2, keyword 0x20, level 4) {
        /// Flow, numbered by the driver.
        flow_serial: u64,
        /// Flow, as WFP numbers it.
        flow_id: u64,
        /// Order within the flow.
        flow_seq: u32,
        /// `AF_INET` (2) or `AF_INET6` (23).
        family: u16,
        /// Local address.
        local_address: Address,
        /// Remote address.
        remote_address: Address,
        /// Local port.
        local_port: Port,
        /// Remote port.
        remote_port: Port,
        /// IP protocol.
        protocol: u8,
        /// Direction of the connection.
        direction: Direction,
        /// Both ends are on this machine.
        loopback: bool,
        /// Network compartment.
        compartment_id: u32,
        /// Interface LUID.
        interface_luid: u64,
        /// Process.
        process_id: u32,
        /// The fate.
        fate: Fate,
        /// What brought it about.
        reason: FateReason,
        /// Attachment that decided; 0 where none did.
        decider_attach_id: u32,
        /// Its place in the attach order; 255 where none decided.
        decider_chain_index: u8,
        /// Slots invoked.
        invoked: u64,
        /// Slots that allowed.
        allowed: u64,
        /// Slots that were still classifying just before.
        classifying: u64,
        /// Slots that failed.
        failed: u64,
        /// Segments seen inbound.
        segments_inbound: u64,
        /// Segments seen outbound.
        segments_outbound: u64,
        /// Bytes seen inbound.
        bytes_inbound: u64,
        /// Bytes seen outbound.
        bytes_outbound: u64,
        /// Time since flow established in 2^-32 s.
        since_established: Ticks,
    }

    /// A DELETED invocation, or that it was left out because its attachment was detached.
    event Cleanup(3, keyword 0x40, level 4) {
        /// Flow, numbered by the driver.
        flow_serial: u64,
        /// Flow, as WFP numbers it.
        flow_id: u64,
        /// Order within the flow.
        flow_seq: u32,
        /// `AF_INET` (2) or `AF_INET6` (23).
        family: u16,
        /// Local address.
        local_address: Address,
        /// Remote address.
        remote_address: Address,
        /// Local port.
        local_port: Port,
        /// Remote port.
        remote_port: Port,
        /// Direction of the connection.
        direction: Direction,
        /// Attachment.
        attach_id: u32,
        /// Why the pair ended.
        reason: PairEnd,
        /// No DELETED was made.
        omitted: bool,
        /// `ebpf_result_t` of the DELETED invocation.
        result: u32,
    }

    /// A segment had to be copied, or could not be.
    event CopyFallback(4, keyword 0x80, level 4) {
        /// Flow, numbered by the driver.
        flow_serial: u64,
        /// Flow, as WFP numbers it.
        flow_id: u64,
        /// Order within the flow.
        flow_seq: u32,
        /// Direction of the segment.
        direction: Direction,
        /// Bytes of the segment.
        bytes: u32,
        /// Why.
        reason: CopyReason,
        /// NTSTATUS of the copy.
        status: u32,
    }

    /// A flow that at least one attachment wants to inspect, or that was blocked at once.
    event FlowEstablished(5, keyword 0x100, level 4) {
        /// Flow, numbered by the driver.
        flow_serial: u64,
        /// Flow, as WFP numbers it.
        flow_id: u64,
        /// Order within the flow.
        flow_seq: u32,
        /// `AF_INET` (2) or `AF_INET6` (23).
        family: u16,
        /// Local address.
        local_address: Address,
        /// Remote address.
        remote_address: Address,
        /// Local port.
        local_port: Port,
        /// Remote port.
        remote_port: Port,
        /// IP protocol.
        protocol: u8,
        /// Direction of the connection.
        direction: Direction,
        /// Both ends are on this machine.
        loopback: bool,
        /// Network compartment.
        compartment_id: u32,
        /// Interface LUID.
        interface_luid: u64,
        /// Process.
        process_id: u32,
        /// Slots invoked.
        invoked: u64,
        /// Slots classifying it.
        classifying: u64,
        /// It was blocked at NEW.
        blocked: bool,
    }

    /// A flow's context is released.
    event FlowClosed(6, keyword 0x100, level 4) {
        /// Flow, numbered by the driver.
        flow_serial: u64,
        /// Flow, as WFP numbers it.
        flow_id: u64,
        /// Order within the flow.
        flow_seq: u32,
        /// `AF_INET` (2) or `AF_INET6` (23).
        family: u16,
        /// Local address.
        local_address: Address,
        /// Remote address.
        remote_address: Address,
        /// Local port.
        local_port: Port,
        /// Remote port.
        remote_port: Port,
        /// Direction of the connection.
        direction: Direction,
        /// Why the context was released.
        reason: FateReason,
        /// Segments absorbed.
        absorbed_segments: u64,
        /// Bytes absorbed.
        absorbed_bytes: u64,
    }

    /// A live flow, written on capture state.
    event FlowRundown(12, keyword 0x100, level 4) {
        /// Flow, numbered by the driver.
        flow_serial: u64,
        /// Flow, as WFP numbers it.
        flow_id: u64,
        /// Order within the flow.
        flow_seq: u32,
        /// `AF_INET` (2) or `AF_INET6` (23).
        family: u16,
        /// Local address.
        local_address: Address,
        /// Remote address.
        remote_address: Address,
        /// Local port.
        local_port: Port,
        /// Remote port.
        remote_port: Port,
        /// Direction of the connection.
        direction: Direction,
        /// Process.
        process_id: u32,
        /// It is blocked.
        blocked: bool,
        /// Slots invoked.
        invoked: u64,
        /// Slots that allowed.
        allowed: u64,
        /// Slots classifying it.
        classifying: u64,
        /// Slots that failed.
        failed: u64,
        /// Segments seen inbound.
        segments_inbound: u64,
        /// Segments seen outbound.
        segments_outbound: u64,
        /// Bytes seen inbound.
        bytes_inbound: u64,
        /// Bytes seen outbound.
        bytes_outbound: u64,
        /// Time since flow established in 2^-32 s.
        age: Ticks,
        /// Time since the last segment in 2^-32 s; the age where there was none.
        last_segment_age: Ticks,
    }

    /// One attachment's own final answer for a flow that had a context.
    event AttachmentVerdict(13, keyword 0x20, level 4) {
        /// Flow, numbered by the driver.
        flow_serial: u64,
        /// Flow, as WFP numbers it.
        flow_id: u64,
        /// Order within the flow.
        flow_seq: u32,
        /// Attachment.
        attach_id: u32,
        /// Its slot.
        slot: u8,
        /// How its pair ended: allowed, blocked or failed.
        end: PairEnd,
        /// Segments it was shown.
        segments: u64,
        /// Bytes it was shown.
        bytes: u64,
        /// Time since flow established in 2^-32 s.
        since_established: Ticks,
    }

    /// A flow that every attachment allowed at NEW.
    event FlowUninspected(14, keyword 0x1000, level 5) {
        /// Flow, numbered by the driver.
        flow_serial: u64,
        /// Flow, as WFP numbers it.
        flow_id: u64,
        /// Order within the flow.
        flow_seq: u32,
        /// `AF_INET` (2) or `AF_INET6` (23).
        family: u16,
        /// Local address.
        local_address: Address,
        /// Remote address.
        remote_address: Address,
        /// Local port.
        local_port: Port,
        /// Remote port.
        remote_port: Port,
        /// Direction of the connection.
        direction: Direction,
        /// Process.
        process_id: u32,
    }
}

// The size of the hot event decides what tracing every invocation costs.
const _: () = assert!(Invocation::FIXED_BYTES == 60, "Invocation grew");
