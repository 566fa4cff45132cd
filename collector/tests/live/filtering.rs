//! What the substitute for the filtering engine has: see `wfp/fwpuclnt.c`.

use weir_abi::identifiers::{CALLOUTS, FILTERS, Guid, SUBLAYER, WFP_PROVIDER};

/// The layers in the order of the driver's callouts, as Windows numbers them.
///
/// Source: learn.microsoft.com/windows/win32/fwp/management-filtering-layer-identifiers-
/// (read 2026-11)
pub(crate) const LAYERS: [&str; 4] = [
    "af80470a-5596-4c13-9992-539e6fe57967",
    "7021d2b3-dfa4-406e-afeb-6afaf7e70efd",
    "3b89653c-c170-49e4-b1cd-e0eeeee19a3e",
    "47c9137a-7ec4-46b3-b6e4-48e926b1eda4",
];

/// Actions of filters that call.
pub(crate) const TERMINATING: u32 = 0x5003;
pub(crate) const INSPECTION: u32 = 0x6004;
pub(crate) const UNKNOWN: u32 = 0x4005;

/// What the driver makes, an object a line.
pub(crate) fn of_the_driver() -> Vec<String> {
    let mut lines =
        vec![format!("provider {}", WFP_PROVIDER.bare()), format!("sublayer {}", SUBLAYER.bare())];
    let actions = [UNKNOWN, UNKNOWN, TERMINATING, TERMINATING];
    for (place, action) in actions.into_iter().enumerate() {
        let (layer, callout) = (LAYERS[place], CALLOUTS[place].bare());
        lines.push(format!("callout {callout} {layer} 40000"));
        lines.push(filter(FILTERS[place], layer, 0x10, action, CALLOUTS[place]));
    }
    lines
}

/// A filter in the driver's sublayer.
pub(crate) fn filter(key: Guid, layer: &str, flags: u32, action: u32, callout: Guid) -> String {
    let (key, sublayer, callout) = (key.bare(), SUBLAYER.bare(), callout.bare());
    format!("filter {key} {layer} {sublayer} {flags:x} {action:x} {callout}")
}
