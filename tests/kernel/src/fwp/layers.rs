//! The four layers that the hook uses, and where a layer keeps which field.
//!
//! Source: learn.microsoft.com/windows/win32/fwp/management-filtering-layer-identifiers- and
//! filtering-condition-identifiers- (GUIDs), `FWPS_BUILTIN_LAYERS`, `FWPS_FIELDS_*` (`fwpsk.h`,
//! `fwpstypes.h`) for the numbers (read 2026-11).

use super::layout::kind;
use weir_abi::identifiers::Guid;

/// A layer of the filtering platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// `FWPS_LAYER_STREAM_V4`.
    StreamV4,
    /// `FWPS_LAYER_STREAM_V6`.
    StreamV6,
    /// `FWPS_LAYER_ALE_FLOW_ESTABLISHED_V4`.
    EstablishedV4,
    /// `FWPS_LAYER_ALE_FLOW_ESTABLISHED_V6`.
    EstablishedV6,
}

const ALL: [Layer; 4] =
    [Layer::StreamV4, Layer::StreamV6, Layer::EstablishedV4, Layer::EstablishedV6];

impl Layer {
    /// Its run-time id.
    #[must_use]
    pub const fn id(self) -> u16 {
        match self {
            Self::StreamV4 => 20,
            Self::StreamV6 => 22,
            Self::EstablishedV4 => 52,
            Self::EstablishedV6 => 54,
        }
    }

    /// Its management key.
    #[must_use]
    pub const fn key(self) -> Guid {
        match self {
            Self::StreamV4 => {
                Guid::new(0x3b89_653c, 0xc170, 0x49e4, 0xb1cd, [0xe0, 0xee, 0xee, 0xe1, 0x9a, 0x3e])
            }
            Self::StreamV6 => {
                Guid::new(0x47c9_137a, 0x7ec4, 0x46b3, 0xb6e4, [0x48, 0xe9, 0x26, 0xb1, 0xed, 0xa4])
            }
            Self::EstablishedV4 => {
                Guid::new(0xaf80_470a, 0x5596, 0x4c13, 0x9992, [0x53, 0x9e, 0x6f, 0xe5, 0x79, 0x67])
            }
            Self::EstablishedV6 => {
                Guid::new(0x7021_d2b3, 0xdfa4, 0x406e, 0xafeb, [0x6a, 0xfa, 0xf7, 0xe7, 0x0e, 0xfd])
            }
        }
    }

    /// The layer of a key.
    pub(crate) fn of_key(key: Guid) -> Option<Self> {
        ALL.into_iter().find(|layer| layer.key() == key)
    }

    /// The layer of a run-time id.
    pub(crate) fn of_id(id: u16) -> Option<Self> {
        ALL.into_iter().find(|layer| layer.id() == id)
    }

    pub(crate) const fn is_stream(self) -> bool {
        matches!(self, Self::StreamV4 | Self::StreamV6)
    }

    /// Where the layer has a field, and of which type it must be compared; none if it has none.
    pub(crate) fn field(self, field: Guid) -> Option<(usize, u32)> {
        let (_, kind, established, stream) = FIELDS.into_iter().find(|(key, ..)| *key == field)?;
        let index = if self.is_stream() { stream } else { Some(established) };
        Some((index?, kind))
    }
}

/// `FWPM_CONDITION_IP_PROTOCOL`.
pub const CONDITION_IP_PROTOCOL: Guid =
    Guid::new(0x3971_ef2b, 0x623e, 0x4f9a, 0x8cb1, [0x6e, 0x79, 0xb8, 0x06, 0xb9, 0xa7]);
/// `FWPM_CONDITION_COMPARTMENT_ID`.
pub const CONDITION_COMPARTMENT_ID: Guid =
    Guid::new(0x35a7_91ab, 0x04ac, 0x4ff2, 0xa6bb, [0xda, 0x6c, 0xfa, 0xc7, 0x18, 0x06]);
/// `FWPM_CONDITION_DIRECTION`.
pub const CONDITION_DIRECTION: Guid =
    Guid::new(0x8784_c146, 0xca97, 0x44d6, 0x9fd1, [0x19, 0xfb, 0x18, 0x40, 0xcb, 0xf7]);
/// `FWPM_CONDITION_FLAGS`.
pub const CONDITION_FLAGS: Guid =
    Guid::new(0x632c_e23b, 0x5167, 0x435c, 0x86d7, [0xe9, 0x03, 0x68, 0x4a, 0xa8, 0x0c]);
/// `FWPM_CONDITION_IP_LOCAL_PORT`.
pub const CONDITION_IP_LOCAL_PORT: Guid =
    Guid::new(0x0c1b_a1af, 0x5765, 0x453f, 0xaf22, [0xa8, 0xf7, 0x91, 0xac, 0x77, 0x5b]);
/// `FWPM_CONDITION_IP_REMOTE_PORT`.
pub const CONDITION_IP_REMOTE_PORT: Guid =
    Guid::new(0xc35a_604d, 0xd22b, 0x4e1a, 0x91b4, [0x68, 0xf6, 0x74, 0xee, 0x67, 0x4b]);

/// Condition, type, index at flow established, index at stream.
const FIELDS: [(Guid, u32, usize, Option<usize>); 6] = [
    (CONDITION_IP_PROTOCOL, kind::UINT8, established::PROTOCOL, None),
    (CONDITION_COMPARTMENT_ID, kind::UINT32, established::COMPARTMENT, Some(stream::COMPARTMENT)),
    (CONDITION_DIRECTION, kind::UINT32, established::DIRECTION, Some(stream::DIRECTION)),
    (CONDITION_FLAGS, kind::UINT32, established::FLAGS, Some(stream::FLAGS)),
    (CONDITION_IP_LOCAL_PORT, kind::UINT16, established::LOCAL_PORT, Some(stream::LOCAL_PORT)),
    (CONDITION_IP_REMOTE_PORT, kind::UINT16, established::REMOTE_PORT, Some(stream::REMOTE_PORT)),
];

/// Indices of the values at flow established; V4 and V6 alike.
pub(crate) mod established {
    pub(crate) const LOCAL_ADDRESS: usize = 2;
    pub(crate) const LOCAL_PORT: usize = 4;
    pub(crate) const PROTOCOL: usize = 5;
    pub(crate) const REMOTE_ADDRESS: usize = 6;
    pub(crate) const REMOTE_PORT: usize = 7;
    pub(crate) const LOCAL_INTERFACE: usize = 11;
    pub(crate) const DIRECTION: usize = 12;
    pub(crate) const FLAGS: usize = 15;
    pub(crate) const COMPARTMENT: usize = 19;
    /// Values on Windows 10 1809 to Windows 11; the newest has one more.
    pub(crate) const COUNT: usize = 24;
}

/// Indices of the values at stream; V4 and V6 alike.
pub(crate) mod stream {
    pub(crate) const LOCAL_ADDRESS: usize = 0;
    pub(crate) const REMOTE_ADDRESS: usize = 2;
    pub(crate) const LOCAL_PORT: usize = 3;
    pub(crate) const REMOTE_PORT: usize = 4;
    pub(crate) const DIRECTION: usize = 5;
    pub(crate) const FLAGS: usize = 6;
    pub(crate) const COMPARTMENT: usize = 7;
    /// Values since Windows 10 1703, the first with a compartment.
    pub(crate) const COUNT: usize = 8;
}
