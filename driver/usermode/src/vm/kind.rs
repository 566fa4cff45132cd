//! Kinds of maps, conditions of updates and what can go wrong, by the numbers of ebpf-for-windows.

/// Kind of a map.
///
/// A program runs on processor 0 only, so a per-processor map has one value per key.
/// `LruHash` evicts exactly the least recently used entry; Windows evicts approximately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MapKind {
    /// `BPF_MAP_TYPE_HASH`
    Hash,
    /// `BPF_MAP_TYPE_ARRAY`
    Array,
    /// `BPF_MAP_TYPE_PERCPU_HASH`
    PerProcessorHash,
    /// `BPF_MAP_TYPE_PERCPU_ARRAY`
    PerProcessorArray,
    /// `BPF_MAP_TYPE_LRU_HASH`
    LruHash,
}

/// Numbers of the kinds; Linux has other numbers for some of them.
///
/// Source: microsoft/ebpf-for-windows, include/ebpf_structs.h (`ebpf_map_type_t`).
const KINDS: [(MapKind, u32); 5] = [
    (MapKind::Hash, 1),
    (MapKind::Array, 2),
    (MapKind::PerProcessorHash, 4),
    (MapKind::PerProcessorArray, 5),
    (MapKind::LruHash, 8),
];

impl MapKind {
    pub(super) fn from_number(number: u32) -> Result<Self, &'static str> {
        let known = KINDS.iter().find(|(_, known)| *known == number);
        known.map(|(kind, _)| *kind).ok_or(match number {
            0 => "its type is missing",
            3 => "program arrays (tail calls) are not supported",
            6 => "type hash_of_maps is not supported",
            7 => "type array_of_maps is not supported",
            9 => "type lpm_trie is not supported (in ebpf-for-windows; lru_hash is 8)",
            10 => "type queue is not supported",
            11 => "type lru_percpu_hash is not supported",
            12 => "type stack is not supported",
            13 => "type ringbuf is not supported",
            14 => "type perf_event_array is not supported",
            _ => "its type is unknown",
        })
    }

    pub(super) const fn is_array(self) -> bool {
        matches!(self, Self::Array | Self::PerProcessorArray)
    }

    pub(super) const fn is_per_processor(self) -> bool {
        matches!(self, Self::PerProcessorHash | Self::PerProcessorArray)
    }
}

/// Why a map operation failed; the numbers are those of `ebpf_result_t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// The key, value or flag does not fit the map.
    #[error("use the map: the key, value or flag does not fit it")]
    InvalidArgument,
    /// An entry with this key exists.
    #[error("create the entry: its key exists")]
    AlreadyExists,
    /// No entry has this key.
    #[error("find the entry: its key does not exist")]
    KeyNotFound,
    /// The map is full.
    #[error("create the entry: the map is full")]
    OutOfSpace,
}

impl MapError {
    /// The `ebpf_result_t`.
    #[must_use]
    pub const fn ebpf_result(self) -> u32 {
        match self {
            Self::InvalidArgument => 6,
            Self::AlreadyExists => 8,
            Self::KeyNotFound => 19,
            Self::OutOfSpace => 29,
        }
    }
}

/// When an update applies; the numbers are `ebpf_map_option_t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Any,
    NoExist,
    Exist,
    Unknown,
}
