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

const fn kernel(function: &'static str, reason: &'static str) -> Allowed {
    Allowed { module: "ntoskrnl.exe", function, is_debug_only: false, reason }
}

const ALLOWED: [Allowed; 13] = [
    kernel("EtwRegister", "the event provider begins"),
    kernel("EtwSetInformation", "the provider's name, for sessions that list providers"),
    kernel("EtwUnregister", "the event provider ends"),
    kernel("EtwWriteTransfer", "every event"),
    kernel("KeGetCurrentProcessorNumberEx", "events are numbered by processor"),
    kernel("KeLowerIrql", "the processor is left"),
    kernel("KeQuerySystemTimePrecise", "the random number of a load"),
    kernel("KfRaiseIrql", "an event is numbered and written on one processor"),
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
