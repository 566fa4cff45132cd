//! Programs, links and maps, as `bpftool.exe` prints them.

use super::Place;

/// A program of `bpftool -p prog`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedProgram {
    /// `id`
    pub id: u32,
    /// `type`: a name, or a number in decimal where bpftool knows none.
    pub kind: String,
    /// `name`; empty where it has none.
    pub name: String,
    /// `map_ids`
    pub map_ids: Vec<u32>,
    /// Where it stands.
    pub place: Place,
}

/// A link of `bpftool -p link`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedLink {
    /// `id`
    pub id: u32,
    /// `prog_id`; 0 where it has no program any more.
    pub program_id: u32,
    /// `attach_type`: a name as `cgroup/connect4`, or a number in decimal; `None` where bpftool
    /// prints none.
    pub attach_type: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A map of `bpftool -p map`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapFacts {
    /// `id`
    pub id: u32,
    /// `type`
    pub kind: String,
    /// `name`; empty where it has none.
    pub name: String,
    /// `bytes_key`
    pub key_bytes: u32,
    /// `bytes_value`
    pub value_bytes: u32,
    /// `max_entries`
    pub entries_max: u32,
    /// Where it stands.
    pub place: Place,
}

/// What `bpftool map dump id N` printed, without what is in the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapDump {
    /// The map's id, from the name of the file or the command; the dump itself does not say.
    pub map_id: Option<u32>,
    /// Entries.
    pub entries: u64,
    /// Bytes of the first entry's key and value.
    pub first_entry_bytes: Option<(u32, u32)>,
    /// Where it stands.
    pub place: Place,
}
