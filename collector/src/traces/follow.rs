//! `--load` and `--connection`: one thing followed through a trace.

use super::survey::Survey;
use crate::cli::TracesArgs;
use crate::failure::one_line;
use core::net::{IpAddr, SocketAddr};
use std::collections::{BTreeMap, BTreeSet};
use weir_evidence::trace::{FieldValue, Loads, TraceEvent, endpoint};

/// Handles of endpoints followed at once. Beyond it the oldest are forgotten: their later events are
/// then shown only if they carry the address.
const HANDLES_MAX: usize = 1_024;

/// How long a handle is taken for the connection's after an event with its address: handles are
/// used again. 60 s are more than a connection takes to be made.
const HANDLE_STEPS: u64 = 60 * 10_000_000;

/// Objects said where none matches.
const SAID_MAX: usize = 10;

/// What is followed.
pub(super) struct Follow {
    load: Option<String>,
    connection: Option<SocketAddr>,
    /// The load's numbers in the file at hand, and who numbers.
    wanted: BTreeSet<u64>,
    loads: Loads,
    /// When an event of the connection last had this handle.
    handles: BTreeMap<i128, i64>,
    seen: BTreeSet<String>,
    before: u64,
    is_found: bool,
}

impl Follow {
    pub(super) fn new(args: &TracesArgs) -> Self {
        Self {
            load: args.load.clone(),
            connection: args.connection,
            wanted: BTreeSet::new(),
            loads: Loads::default(),
            handles: BTreeMap::new(),
            seen: BTreeSet::new(),
            before: 0,
            is_found: false,
        }
    }

    /// Goes on to another file.
    pub(super) fn begin(&mut self, survey: &Survey) {
        self.loads = Loads::after(self.before);
        self.before += survey.loads.total();
        self.handles.clear();
        self.wanted.clear();
        let Some(wanted) = &self.load else { return };
        for load in survey.loads.kept() {
            let object = load.object.as_deref().unwrap_or_default();
            if is_object(object, wanted) || wanted.parse() == Ok(load.number) {
                self.wanted.insert(load.number);
            }
            if self.seen.len() <= SAID_MAX && !object.is_empty() {
                self.seen.insert(one_line(object));
            }
        }
    }

    /// The number of the load that an event is part of; to be asked of each event once.
    pub(super) fn load_of(&mut self, event: &TraceEvent) -> Option<u64> {
        self.loads.take(event)
    }

    /// Whether an event is part of what is followed.
    pub(super) fn takes(&mut self, event: &TraceEvent, load: Option<u64>) -> bool {
        let is_load = || load.is_some_and(|number| self.wanted.contains(&number));
        if self.load.is_some() && !is_load() {
            return false;
        }
        self.connection.is_none_or(|address| self.is_of(event, address))
    }

    /// An event was shown.
    pub(super) const fn found(&mut self) {
        self.is_found = true;
    }

    fn is_of(&mut self, event: &TraceEvent, address: SocketAddr) -> bool {
        let now = event.time.map_or(0, |time| time.0);
        let names = ["transport_endpoint_handle", "TransportEndpointHandle"];
        let handle = names.iter().find_map(|name| event.field(name)).and_then(FieldValue::number);
        if has_address(event, address) {
            if let Some(handle) = handle {
                if self.handles.len() >= HANDLES_MAX {
                    self.handles.clear();
                }
                self.handles.insert(handle, now);
            }
            return true;
        }
        let last = handle.and_then(|handle| self.handles.get(&handle));
        last.is_some_and(|last| now.abs_diff(*last) <= HANDLE_STEPS)
    }

    /// What to say at the end, where nothing was found.
    pub(super) fn warning(&self) -> Option<String> {
        if self.is_found {
            return None;
        }
        if let Some(load) = &self.load {
            let seen: Vec<&str> = self.seen.iter().take(SAID_MAX).map(String::as_str).collect();
            let of = match (self.before, &seen[..]) {
                (0, _) => "no load is in the trace".to_owned(),
                (total, []) => format!("there are {total}, of objects that it does not name"),
                (total, seen) => format!("there are {total}, of {}", seen.join(", ")),
            };
            return Some(format!("no event of load `{}` is shown; {of}", one_line(load)));
        }
        let address = self.connection?;
        Some(format!("no event tells of a connection with {address}"))
    }
}

/// Whether a path is an object that is asked for: the path itself or its last part, in any case as
/// Windows has it.
fn is_object(path: &str, wanted: &str) -> bool {
    let last = path.rsplit(['\\', '/']).next().unwrap_or(path);
    !path.is_empty() && (path.eq_ignore_ascii_case(wanted) || last.eq_ignore_ascii_case(wanted))
}

fn has_address(event: &TraceEvent, address: SocketAddr) -> bool {
    ["source", "src", "destination", "dst", "redirected", "local", "remote"].iter().any(|name| {
        endpoint(event, &[name]).is_some_and(|(ip, port)| {
            // Weir has one form for both families.
            let ip = ip.parse::<IpAddr>().map(|ip| ip.to_canonical());
            port == address.port() && ip == Ok(address.ip().to_canonical())
        })
    })
}
