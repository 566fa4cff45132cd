//! What whoever asks expects: programs by name, where connections go, and the objects themselves.

use core::net::SocketAddr;

/// What is expected, where anybody says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Programs that should be loaded and attached.
    pub programs: Vec<ExpectedProgram>,
    /// Connections to the first address should go to the second.
    pub redirects: Vec<(SocketAddr, SocketAddr)>,
    /// Where the collector listens; at its default address unless it is said.
    pub collector: Option<SocketAddr>,
}

/// A program that should be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedProgram {
    /// Its name, as bpftool prints it.
    pub name: String,
    /// Where it should be attached, as `cgroup/connect4`.
    pub attach_type: Option<String>,
}

/// An object that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramObject {
    /// Its file.
    pub file: String,
    /// Why it is refused; `None` where it loads.
    pub refused: Option<String>,
    /// Programs of flow_classify in it, all of which load; of other types nothing is said.
    pub programs_loaded: usize,
    /// Maps that these define.
    pub maps: Vec<ObjectMap>,
}

/// A map that an object defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMap {
    /// Its name.
    pub name: String,
    /// Its type, as bpftool prints it.
    pub kind: String,
    /// Bytes of a key.
    pub key_bytes: u32,
    /// Bytes of a value.
    pub value_bytes: u32,
    /// Entries at most.
    pub entries_max: u32,
}
