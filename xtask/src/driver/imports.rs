//! What the driver may import, and why. An import that is not here fails the build.

use super::Flavor;

/// A function that may be imported.
struct Allowed {
    module: &'static str,
    function: &'static str,
    /// The debug image only.
    is_debug_only: bool,
    #[expect(dead_code, reason = "for the reader: nothing gets in without a reason")]
    reason: &'static str,
}

const fn of(module: &'static str, function: &'static str, reason: &'static str) -> Allowed {
    Allowed { module, function, is_debug_only: false, reason }
}

const fn kernel(function: &'static str, reason: &'static str) -> Allowed {
    of("ntoskrnl.exe", function, reason)
}

const fn filtering(function: &'static str, reason: &'static str) -> Allowed {
    of("fwpkclnt.sys", function, reason)
}

const fn registrar(function: &'static str, reason: &'static str) -> Allowed {
    of("netio.sys", function, reason)
}

const ALLOWED: [Allowed; 61] = [
    kernel("EtwRegister", "the event provider begins"),
    kernel("EtwSetInformation", "the provider's name, for sessions that list providers"),
    kernel("EtwUnregister", "the event provider ends"),
    kernel("EtwWriteTransfer", "every event"),
    kernel("ExAcquireRundownProtection", "whoever is inside keeps what would be torn down"),
    kernel("ExAllocatePool2", "all memory"),
    kernel("ExFreePoolWithTag", "all memory goes"),
    kernel("ExReleaseRundownProtection", "whoever was inside leaves"),
    kernel(
        "ExWaitForRundownProtectionRelease",
        "a detach and the unload wait for whoever is inside",
    ),
    kernel("IoAllocateWorkItem", "work at PASSIVE_LEVEL, allocated before it is needed"),
    kernel("IoCreateDevice", "the device that callouts and work items hang on"),
    kernel("IoDeleteDevice", "the device goes"),
    kernel("IoFreeWorkItem", "a work item goes"),
    kernel("IoQueueWorkItem", "callbacks at DISPATCH_LEVEL hand work over"),
    kernel("KeAcquireSpinLockRaiseToDpc", "the locks, and what is done on one processor"),
    kernel("KeCancelTimer", "the unload stops the Counters timer"),
    kernel(
        "KeDelayExecutionThread",
        "the pauses of the state dump and of the calibration of clocks",
    ),
    kernel("KeExpandKernelStackAndCalloutEx", "programs get 16 KB of stack"),
    kernel("KeFlushQueuedDpcs", "the unload waits for the Counters timer's DPC"),
    kernel("KeGetCurrentProcessorNumberEx", "events are numbered by processor"),
    kernel("KeGetProcessorNumberFromIndex", "each processor's marks are written on it"),
    kernel("KeInitializeDpc", "the DPC of the Counters timer"),
    kernel("KeInitializeTimerEx", "the Counters timer"),
    kernel(
        "KeQueryMaximumProcessorCountEx",
        "how many processors have numbers, counters and buffers of their own",
    ),
    of("hal.dll", "KeQueryPerformanceCounter", "durations, and the rate of the time stamp counter"),
    kernel("KeQuerySystemTimePrecise", "the random number of a load"),
    kernel("KeReleaseSpinLock", "a lock is given back"),
    kernel("KeRevertToUserGroupAffinityThread", "the thread may leave the processor again"),
    kernel("KeSetSystemGroupAffinityThread", "each processor's marks are written on it"),
    kernel("KeSetTimerEx", "Counters come at an interval"),
    kernel("ZwClose", "the registry key is closed"),
    kernel("ZwOpenKey", "the driver's parameters"),
    kernel("ZwQueryValueKey", "the driver's parameters"),
    kernel("memcmp", "called by the compiler"),
    kernel("memcpy", "called by the compiler"),
    kernel("memmove", "called by the compiler"),
    kernel("memset", "called by the compiler"),
    Allowed {
        module: "ntoskrnl.exe",
        function: "KeBugCheckEx",
        is_debug_only: true,
        reason: "what a panic becomes; a release image has none",
    },
    filtering("FwpmBfeStateGet0", "whether the filtering engine runs at start"),
    filtering(
        "FwpmBfeStateSubscribeChanges0",
        "the filtering engine comes late, stops and returns",
    ),
    filtering("FwpmBfeStateUnsubscribeChanges0", "the unload"),
    filtering("FwpmCalloutAdd0", "the four callouts, as filters name them"),
    filtering("FwpmEngineClose0", "the session ends"),
    filtering("FwpmEngineOpen0", "the session whose objects go with it"),
    filtering("FwpmFilterAdd0", "the four filters"),
    filtering("FwpmFilterDeleteById0", "the unload"),
    filtering("FwpmProviderAdd0", "whose objects they are, for people who list them"),
    filtering("FwpmSubLayerAdd0", "a sublayer of its own: order among other filters"),
    filtering("FwpmTransactionAbort0", "an object could not be added: none is"),
    filtering("FwpmTransactionBegin0", "all objects are added at once or none"),
    filtering("FwpmTransactionCommit0", "all objects are added"),
    filtering("FwpsCalloutRegister1", "the four callouts' functions"),
    filtering("FwpsCalloutUnregisterById0", "the unload"),
    filtering("FwpsCopyStreamDataToBuffer0", "a segment that does not lie in one piece"),
    filtering("FwpsFlowAbort0", "a blocked flow ends, where the parameters say so"),
    filtering("FwpsFlowAssociateContext0", "a flow that a program inspects"),
    filtering("FwpsFlowRemoveContext0", "a flow that nobody inspects any more"),
    registrar("NmrDeregisterProvider", "the unload"),
    registrar(
        "NmrProviderDetachClientComplete",
        "an attachment has left after its last invocation",
    ),
    registrar("NmrRegisterProvider", "the program type and the hook are offered to the core"),
    registrar("NmrWaitForProviderDeregisterComplete", "the unload waits for the core"),
];

/// Imports that are not allowed.
pub(super) fn broken(imports: &[(String, String)], flavor: Flavor) -> Vec<String> {
    let is_allowed = |module: &str, function: &str| {
        ALLOWED.iter().any(|allowed| {
            (allowed.module, allowed.function) == (module, function)
                && (flavor == Flavor::Debug || !allowed.is_debug_only)
        })
    };
    let refused = imports.iter().filter(|(module, function)| !is_allowed(module, function));
    refused.map(|(module, function)| format!("imports {function} of {module}")).collect()
}
