//! Which Error event tells a failure (S31), and where nobody needs to be told.

use crate::world::{Phase, World};
use weir_abi::event::{CopyFallback, ErrorApi, StateKind};

/// How a failure is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// By an Error event.
    Error(ErrorApi),
    /// By a `CopyFallback` event with its status.
    Copy,
    /// By a word of the one who asked, or not at all: nothing is worse for it.
    Nobody,
    /// No rule says.
    Unknown,
}

fn how(import: &str, phase: Phase) -> How {
    use Phase::{Attach, Data, Deletion, Established, Start, TestRun, Unload, Work};
    match (import, phase) {
        // Undone all the same; a list that the event's readers keep; the set that is told from
        // where the driver is instead.
        (
            "EtwSetInformation"
            | "EtwUnregister"
            | "EtwWriteTransfer"
            | "FwpmBfeStateUnsubscribeChanges0"
            | "FwpmEngineClose0"
            | "FwpmTransactionAbort0"
            | "KeGetProcessorNumberFromIndex"
            | "ZwClose",
            _,
        ) => How::Nobody,
        // Tried three times.
        ("FwpmFilterDeleteById0", Unload | Start) => How::Nobody,
        // Who asked for the run gets the result.
        ("ExAllocatePool2", TestRun) => How::Nobody,
        ("ZwOpenKey" | "ZwQueryValueKey", Start) => How::Error(ErrorApi::Parameter),
        ("ExAllocatePool2" | "IoAllocateWorkItem", Attach) => How::Error(ErrorApi::AttachMemory),
        ("ExAllocatePool2", Established) => How::Error(ErrorApi::Pool),
        ("FwpsFlowAssociateContext0", Established) => How::Error(ErrorApi::Associate),
        ("FwpsFlowRemoveContext0", Established | Data | Work | Unload) => {
            How::Error(ErrorApi::RemoveContext)
        }
        ("KeExpandKernelStackAndCalloutEx", Established | Data | Deletion | Work) => {
            How::Error(ErrorApi::Stack)
        }
        ("FwpsCopyStreamDataToBuffer0", Data) => How::Copy,
        (
            "FwpmEngineOpen0"
            | "FwpmTransactionBegin0"
            | "FwpmTransactionCommit0"
            | "FwpmProviderAdd0"
            | "FwpmSubLayerAdd0"
            | "FwpmCalloutAdd0"
            | "FwpmFilterAdd0",
            Work,
        ) => How::Error(ErrorApi::Engine),
        ("FwpsCalloutUnregisterById0", Unload) => How::Error(ErrorApi::CalloutUnregister),
        ("FwpsFlowAbort0", Work | Unload) => How::Error(ErrorApi::Abort),
        _ => How::Unknown,
    }
}

/// Holds what was told against what failed; `start` is the status of `DriverEntry`.
pub(crate) fn check(world: &World, (import, phase): (&'static str, Phase), start: i32) {
    let errors = world.errors();
    let failed = format!("{import} in {phase:?}");
    if start < 0 {
        // Nobody can be told before the provider is registered.
        let can_tell = world.kernel.calls.of("EtwRegister") > 0 && import != "EtwRegister";
        if can_tell != errors.contains(&ErrorApi::Start) {
            world.tell(format!("{failed}: the start fails, and is told by {errors:?}"));
        }
        if can_tell && world.states().last() != Some(&StateKind::Stop) {
            world.tell(format!("{failed}: the start fails without a last word"));
        }
        return;
    }
    let is_told = match how(import, phase) {
        How::Error(api) => errors.contains(&api) || world.is_no_error.get(),
        How::Copy => world.events::<CopyFallback>().iter().any(|it| it.status != 0),
        How::Nobody => true,
        How::Unknown => false,
    };
    if !is_told {
        world.tell(format!("{failed}: told by {errors:?}, not by {:?}", how(import, phase)));
    }
}
