//! The layers that the driver is at, and what it makes there.
//!
//! `driver/nt/src/wfp/engine.rs` makes it.

use crate::survey::ActionKind;
use weir_abi::identifiers::{CALLOUTS, FILTERS, Guid};

/// How many there are.
pub const LAYERS_LEN: usize = 4;

/// A layer, with the driver's callout and filter there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// As the catalogue of metrics names it.
    pub label: &'static str,
    /// As the filtering engine names it.
    pub key: Guid,
    /// The driver's callout.
    pub callout: Guid,
    /// The driver's filter.
    pub filter: Guid,
    /// What its filter does.
    pub action: ActionKind,
}

// Keys of layers.
// Source: learn.microsoft.com/windows/win32/fwp/management-filtering-layer-identifiers-; numbers:
// microsoft/windows-rs, Win32_NetworkManagement_WindowsFilteringPlatform (read 2026-11)

/// The layers, in the order of [`CALLOUTS`] and [`FILTERS`].
pub const LAYERS: [Layer; LAYERS_LEN] = [
    Layer {
        label: "ale_flow_established_v4",
        key: Guid::new(0xaf80_470a, 0x5596, 0x4c13, 0x9992, [0x53, 0x9e, 0x6f, 0xe5, 0x79, 0x67]),
        callout: CALLOUTS[0],
        filter: FILTERS[0],
        action: ActionKind::Unknown,
    },
    Layer {
        label: "ale_flow_established_v6",
        key: Guid::new(0x7021_d2b3, 0xdfa4, 0x406e, 0xafeb, [0x6a, 0xfa, 0xf7, 0xe7, 0x0e, 0xfd]),
        callout: CALLOUTS[1],
        filter: FILTERS[1],
        action: ActionKind::Unknown,
    },
    Layer {
        label: "stream_v4",
        key: Guid::new(0x3b89_653c, 0xc170, 0x49e4, 0xb1cd, [0xe0, 0xee, 0xee, 0xe1, 0x9a, 0x3e]),
        callout: CALLOUTS[2],
        filter: FILTERS[2],
        action: ActionKind::Terminating,
    },
    Layer {
        label: "stream_v6",
        key: Guid::new(0x47c9_137a, 0x7ec4, 0x46b3, 0xb6e4, [0x48, 0xe9, 0x26, 0xb1, 0xed, 0xa4]),
        callout: CALLOUTS[3],
        filter: FILTERS[3],
        action: ActionKind::Terminating,
    },
];
