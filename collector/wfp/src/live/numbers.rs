//! That the numbers and keys of this crate are Windows' own: held when it is compiled.

use crate::layer::LAYERS;
use crate::survey::{ActionKind, CALLOUT_REGISTERED, FILTER_DISABLED};
use weir_abi::identifiers::Guid;
use windows::Win32::NetworkManagement::WindowsFilteringPlatform as wfp;
use windows::core::GUID;

/// A key as Windows has it.
pub(super) const fn guid(key: Guid) -> GUID {
    let [a0, a1, a2, a3, b0, b1, c0, c1, data4 @ ..] = key.0;
    GUID {
        data1: u32::from_le_bytes([a0, a1, a2, a3]),
        data2: u16::from_le_bytes([b0, b1]),
        data3: u16::from_le_bytes([c0, c1]),
        data4,
    }
}

/// A key as this crate has it.
pub(super) const fn key(guid: GUID) -> Guid {
    let GUID { data1, data2, data3, data4: [d0, d1, last @ ..] } = guid;
    Guid::new(data1, data2, data3, u16::from_be_bytes([d0, d1]), last)
}

const KEYS: [GUID; 4] = [
    wfp::FWPM_LAYER_ALE_FLOW_ESTABLISHED_V4,
    wfp::FWPM_LAYER_ALE_FLOW_ESTABLISHED_V6,
    wfp::FWPM_LAYER_STREAM_V4,
    wfp::FWPM_LAYER_STREAM_V6,
];

const _: () = {
    let mut place = 0;
    while place < KEYS.len() {
        let ours = u128::from_be_bytes(LAYERS[place].key.0);
        assert!(ours == u128::from_be_bytes(key(KEYS[place]).0), "a layer's key");
        let there_and_back = key(guid(LAYERS[place].key));
        assert!(ours == u128::from_be_bytes(there_and_back.0), "a key's form");
        place += 1;
    }
    assert!(CALLOUT_REGISTERED == wfp::FWPM_CALLOUT_FLAG_REGISTERED);
    assert!(FILTER_DISABLED == wfp::FWPM_FILTER_FLAG_DISABLED.0);
    let kind = ActionKind::of(wfp::FWP_ACTION_CALLOUT_TERMINATING.0);
    assert!(matches!(kind, Some(ActionKind::Terminating)));
    let kind = ActionKind::of(wfp::FWP_ACTION_CALLOUT_INSPECTION.0);
    assert!(matches!(kind, Some(ActionKind::Inspection)));
    let kind = ActionKind::of(wfp::FWP_ACTION_CALLOUT_UNKNOWN.0);
    assert!(matches!(kind, Some(ActionKind::Unknown)));
    assert!(ActionKind::of(wfp::FWP_ACTION_BLOCK.0).is_none());
};
