//! Events about the driver and its attachments.

use super::define::events;
use super::{DecodeError, MAC_BYTES, Prefix};
use crate::counters::{ENTRIES_MAX, ENTRY_BYTES, Entry};
use crate::metadata::{event_metadata, event_metadata_bytes};
use crate::names::open_enum;
use crate::wire::{Field, FieldInfo, FieldType, FileTime, Reader, Writer};

open_enum! {
    /// What happened to the driver.
    pub enum StateKind {
        /// It started.
        Start = 0 => "start",
        /// It stops: the last event of a load, after the last Counters.
        Stop = 1 => "stop",
        /// Its parameters.
        Parameters = 2 => "parameters",
        /// The filtering engine is there; verdicts are enforced.
        EngineUp = 3 => "engine_up",
        /// The filtering engine is gone; nothing is enforced.
        EngineDown = 4 => "engine_down",
        /// Capture state begins.
        CaptureBegin = 5 => "capture_begin",
        /// Capture state ends.
        CaptureEnd = 6 => "capture_end",
    }
}

open_enum! {
    /// `FailurePolicy` (S32).
    pub enum FailurePolicy {
        /// Failures let traffic pass.
        Open = 0 => "open",
        /// Failures block it.
        Closed = 1 => "closed",
    }
}

open_enum! {
    /// What durations were measured with.
    pub enum ClockKind {
        /// Nothing was timed: durations are 0 and run-time histograms stay empty.
        None = 0 => "none",
        /// The invariant time stamp counter.
        Tsc = 1 => "tsc",
        /// The performance counter.
        PerformanceCounter = 2 => "performance_counter",
    }
}

open_enum! {
    /// Which API an Error event is about.
    pub enum ErrorApi {
        /// A program's invocation.
        Invoke = 0 => "invoke",
        /// A program answered outside the three.
        Answer = 1 => "answer",
        /// A 65th attachment was refused (S28).
        AttachLimit = 2 => "attach_limit",
        /// `MaxFlows` was reached (S33).
        MaxFlows = 3 => "max_flows",
        /// WFP gave no flow handle, or not both ends (S11).
        FlowHandle = 4 => "flow_handle",
        /// No memory for a flow's context (S09).
        Pool = 5 => "pool",
        /// WFP did not take a flow's context (S08).
        Associate = 6 => "associate",
        /// WFP did not give a flow's context back (S37).
        RemoveContext = 7 => "remove_context",
        /// No kernel stack for a walk over programs (S39).
        Stack = 8 => "stack",
        /// A blocked flow could not be aborted (S18).
        Abort = 9 => "abort",
        /// An attach parameter is none of the three forms.
        AttachParameter = 10 => "attach_parameter",
        /// No memory for an attachment.
        AttachMemory = 11 => "attach_memory",
        /// The filtering engine refused the driver's session or objects (S34).
        Engine = 12 => "engine",
        /// A filter could not be deleted (S35).
        FilterDelete = 13 => "filter_delete",
        /// A callout could not be unregistered yet (S35).
        CalloutUnregister = 14 => "callout_unregister",
        /// A parameter in the registry is not one; its default holds.
        Parameter = 15 => "parameter",
        /// The driver could not start; the last event of such a load but its stop (S34).
        Start = 16 => "start",
    }
}

events! {
    /// An attachment came.
    event Attached(7, keyword 0x200, level 4) {
        /// Slot, the bit in the masks of flow events.
        slot: u8,
        /// Attachment.
        attach_id: u32,
        /// Place in the attach order, from 0.
        chain_index: u8,
        /// Compartment; 0 for any.
        compartment_id: u32,
        ;
        /// Label; empty where none was given.
        label,
    }

    /// An attachment went.
    event Detached(8, keyword 0x200, level 4) {
        /// Slot.
        slot: u8,
        /// Attachment.
        attach_id: u32,
        /// Place in the attach order that it had.
        chain_index: u8,
        /// Compartment; 0 for any.
        compartment_id: u32,
        ;
        /// Label; empty where none was given.
        label,
    }

    /// The driver's state or parameters.
    event DriverState(9, keyword 0x200, level 4, version 2 adds 8 bytes) {
        /// What happened.
        kind: StateKind,
        /// The failure policy.
        failure_policy: FailurePolicy,
        /// 0 absorb, 1 abort.
        block_action: u8,
        /// The filtering engine is up.
        engine_up: bool,
        /// What durations are measured with.
        clock: ClockKind,
        /// Resolution of that clock in picoseconds.
        clock_resolution_ps: u64,
        /// Interval of Counters.
        counters_interval_ms: u32,
        /// Bound of inspected flows.
        flows_max: u32,
        /// Attachments now.
        attachments: u32,
        /// When this load of the driver began, which is when its totals were 0. Since version 2.
        loaded_at: FileTime,
        ;
        /// Version of the driver.
        version,
    }

    /// An API failed.
    event ErrorEvent(11, keyword 0x800, level 2) {
        /// Which.
        api: ErrorApi,
        /// NTSTATUS or `ebpf_result_t`.
        status: u32,
        /// Flow; 0 where it concerned none.
        flow_serial: u64,
        /// Flow, as WFP numbers it.
        flow_id: u64,
        /// Attachment; 0 where it concerned none.
        attach_id: u32,
        /// Events of the same API and status that were suppressed since the last one.
        suppressed: u32,
    }
}

/// What a Counters event says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountersHeader {
    /// Number of the set.
    pub number: u32,
    /// This part, from 0.
    pub part: u16,
    /// Parts of the set.
    pub parts: u16,
}

/// A part of a numbered set of counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters<'a> {
    /// Which part of which set.
    pub header: CountersHeader,
    entries: &'a [u8],
}

impl<'a> Counters<'a> {
    /// Event id.
    pub const ID: u16 = 10;
    /// Version that this code writes.
    pub const VERSION: u8 = 1;
    /// Keyword bit.
    pub const KEYWORD: u64 = 0x400;
    /// Level.
    pub const LEVEL: u8 = 4;
    /// Name.
    pub const NAME: &'static str = "Counters";
    /// Bytes of the fixed part.
    pub const FIXED_BYTES: u16 = 20;
    /// Fixed fields; entries of the last four fields each follow, with their number as a u16 before
    /// them.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo { name: "number", kind: FieldType::of(4, 8, 0), doc: " Number of the set." },
        FieldInfo { name: "part", kind: FieldType::of(2, 6, 0), doc: " This part, from 0." },
        FieldInfo { name: "parts", kind: FieldType::of(2, 6, 0), doc: " Parts of the set." },
        // A variable-count array of structures with four fields.
        FieldInfo { name: "entries", kind: FieldType::of(0, 24 | 0x40, 4), doc: " The entries." },
        FieldInfo {
            name: "series",
            kind: FieldType::of(2, 6, 0),
            doc: " Of an entry: the series.",
        },
        FieldInfo {
            name: "index",
            kind: FieldType::of(2, 6, 0),
            doc: " Of an entry: place within the series.",
        },
        FieldInfo {
            name: "scope",
            kind: FieldType::of(4, 8, 0),
            doc: " Of an entry: attach id, processor number, or 0 for the driver.",
        },
        FieldInfo { name: "value", kind: FieldType::of(8, 10, 0), doc: " Of an entry: the value." },
    ];
    /// What a self-describing event carries beside its payload.
    pub const METADATA: &'static [u8] = &event_metadata::<
        { event_metadata_bytes(Counters::NAME, Counters::FIELDS) },
    >(Self::NAME, Self::FIELDS);

    /// Writes a part; `None` where it does not fit or has more than [`ENTRIES_MAX`] entries.
    #[must_use]
    pub fn encode(
        header: CountersHeader,
        entries: &[Entry],
        prefix: Prefix,
        out: &mut [u8],
    ) -> Option<usize> {
        if entries.len() > ENTRIES_MAX {
            return None;
        }
        let mut writer = Writer::new(out);
        super::decode::put_prefix(&mut writer, Self::FIXED_BYTES, prefix);
        header.number.put(&mut writer);
        header.part.put(&mut writer);
        header.parts.put(&mut writer);
        u16::try_from(entries.len()).ok()?.put(&mut writer);
        for entry in entries {
            entry.put(&mut writer);
        }
        writer.bytes(&[0; MAC_BYTES]);
        writer.finish()
    }

    /// Reads a part from any bytes.
    ///
    /// # Errors
    /// Where the payload is short or its entries are cut.
    pub fn decode(payload: &'a [u8]) -> Result<(Prefix, Self), DecodeError> {
        let (prefix, mut fixed, mut rest) = super::decode::split(payload, Self::FIXED_BYTES)?;
        let cut = DecodeError::Malformed { field: "entries" };
        let header = CountersHeader {
            number: u32::take(&mut fixed).ok_or(cut)?,
            part: u16::take(&mut fixed).ok_or(cut)?,
            parts: u16::take(&mut fixed).ok_or(cut)?,
        };
        let count = usize::from(u16::take(&mut rest).ok_or(cut)?);
        let entries = rest.slice(count.saturating_mul(ENTRY_BYTES)).ok_or(cut)?;
        Ok((prefix, Self { header, entries }))
    }

    /// The entries.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + use<'a> {
        let mut reader = Reader::new(self.entries);
        core::iter::from_fn(move || Entry::take(&mut reader))
    }
}
