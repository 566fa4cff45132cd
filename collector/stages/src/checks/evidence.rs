//! All that is known of a machine, and what is missing of it.

use super::facts::{
    AttachedLink, Boot, Expected, ListedProgram, MapDump, MapFacts, PortRange, ProgramObject,
    ProgramStore, ServiceFinding, Session, System, Telemetry, TraceFacts, WfpState,
};
use super::type_numbers::{name_link, name_program};
use std::collections::BTreeMap;

/// A kind of evidence; what a check needs is named by these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `sc.exe queryex` of services.
    Services,
    /// `netsh wfp show state`.
    WfpState,
    /// `bpftool -p prog`.
    Programs,
    /// `bpftool -p link`.
    Links,
    /// `bpftool -p map`.
    Maps,
    /// `bpftool map dump`.
    MapDumps,
    /// Diagnostic traces.
    Traces,
    /// `logman query -ets`.
    Sessions,
    /// Boot configuration.
    Boot,
    /// Program information in the registry.
    Store,
    /// Excluded port ranges.
    Ports,
    /// The bundle's `system.json`.
    System,
    /// The collector's `/metrics`.
    Telemetry,
    /// Objects of programs, given by whoever asks.
    Objects,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Services,
        Self::WfpState,
        Self::Programs,
        Self::Links,
        Self::Maps,
        Self::MapDumps,
        Self::Traces,
        Self::Sessions,
        Self::Boot,
        Self::Store,
        Self::Ports,
        Self::System,
        Self::Telemetry,
        Self::Objects,
    ];

    /// It is collected on request only: it takes time, or holds what is in maps.
    #[must_use]
    pub const fn is_on_request(self) -> bool {
        matches!(self, Self::Traces | Self::MapDumps | Self::Objects)
    }

    /// What it is, as reports name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Services => "sc.exe queryex",
            Self::WfpState => "netsh wfp show state",
            Self::Programs => "bpftool -p prog",
            Self::Links => "bpftool -p link",
            Self::Maps => "bpftool -p map",
            Self::MapDumps => "bpftool map dump",
            Self::Traces => "a diagnostic trace",
            Self::Sessions => "logman query -ets",
            Self::Boot => "boot configuration",
            Self::Store => "program information in the registry",
            Self::Ports => "excluded port ranges",
            Self::System => "system.json",
            Self::Telemetry => "the collector's /metrics",
            Self::Objects => "the program's object (--object)",
        }
    }

    /// What it is, as a bundle's manifest names it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Services => "services",
            Self::WfpState => "wfp_state",
            Self::Programs => "programs",
            Self::Links => "links",
            Self::Maps => "maps",
            Self::MapDumps => "map_dumps",
            Self::Traces => "traces",
            Self::Sessions => "sessions",
            Self::Boot => "boot",
            Self::Store => "store",
            Self::Ports => "ports",
            Self::System => "system",
            Self::Telemetry => "telemetry",
            Self::Objects => "objects",
        }
    }

    /// The kind of this [`Self::id`].
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.id() == id)
    }
}

/// A piece of evidence, as one file or one answer of a tool gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// A service.
    Service(ServiceFinding),
    /// The filtering engine's objects.
    WfpState(WfpState),
    /// Programs.
    Programs(Vec<ListedProgram>),
    /// Links.
    Links(Vec<AttachedLink>),
    /// Maps.
    Maps(Vec<MapFacts>),
    /// A map's content, counted.
    MapDump(MapDump),
    /// A trace.
    Trace(TraceFacts),
    /// Sessions.
    Sessions(Vec<Session>),
    /// What the machine was started with.
    Boot(Boot),
    /// A program store.
    Store(ProgramStore),
    /// Excluded ports.
    Ports(Vec<PortRange>),
    /// The machine itself.
    System(System),
    /// The collector's figures.
    Telemetry(Telemetry),
    /// An object.
    Object(ProgramObject),
}

impl Piece {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Service(_) => Kind::Services,
            Self::WfpState(_) => Kind::WfpState,
            Self::Programs(_) => Kind::Programs,
            Self::Links(_) => Kind::Links,
            Self::Maps(_) => Kind::Maps,
            Self::MapDump(_) => Kind::MapDumps,
            Self::Trace(_) => Kind::Traces,
            Self::Sessions(_) => Kind::Sessions,
            Self::Boot(_) => Kind::Boot,
            Self::Store(_) => Kind::Store,
            Self::Ports(_) => Kind::Ports,
            Self::System(_) => Kind::System,
            Self::Telemetry(_) => Kind::Telemetry,
            Self::Object(_) => Kind::Objects,
        }
    }
}

/// Why evidence is not there, or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What it would have been.
    pub kind: Kind,
    /// Of several of a kind, which: a service's name, a map's id, a file.
    pub which: Option<String>,
    /// Why, as in `bpftool.exe is not installed`.
    pub why: String,
    /// It was refused for want of rights.
    pub is_denied: bool,
}

/// All that is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Services by name, in lower case.
    pub services: BTreeMap<String, ServiceFinding>,
    /// The filtering engine's objects: one file, or several parts.
    pub wfp: Vec<WfpState>,
    /// Programs; `None` where nobody asked or nobody answered.
    pub programs: Option<Vec<ListedProgram>>,
    /// Links.
    pub links: Option<Vec<AttachedLink>>,
    /// Maps.
    pub maps: Option<Vec<MapFacts>>,
    /// Counted contents of maps.
    pub map_dumps: Vec<MapDump>,
    /// Traces.
    pub traces: Vec<TraceFacts>,
    /// Sessions.
    pub sessions: Option<Vec<Session>>,
    /// What the machine was started with.
    pub boot: Option<Boot>,
    /// Program stores.
    pub stores: Vec<ProgramStore>,
    /// Excluded ports.
    pub ports: Option<Vec<PortRange>>,
    /// The machine itself.
    pub system: Option<System>,
    /// The collector's figures.
    pub telemetry: Option<Telemetry>,
    /// Objects of programs.
    pub objects: Vec<ProgramObject>,
    /// What whoever asks expects.
    pub expected: Expected,
    /// What a manifest says of whoever collected; `system` says it too.
    pub is_elevated: Option<bool>,
    /// What is missing, and why.
    pub gaps: Vec<Gap>,
}

impl Evidence {
    /// Takes a piece in. Lists of several files are one; of what there can be one of, the last
    /// counts.
    pub fn add(&mut self, piece: Piece) {
        match piece {
            Piece::Service(it) => drop(self.services.insert(it.name().to_owned(), it)),
            Piece::WfpState(it) => self.add_state(it),
            Piece::Programs(it) => {
                self.programs.get_or_insert_default().extend(it.into_iter().map(name_program));
            }
            Piece::Links(it) => {
                self.links.get_or_insert_default().extend(it.into_iter().map(name_link));
            }
            Piece::Maps(it) => self.maps.get_or_insert_default().extend(it),
            Piece::MapDump(it) => self.map_dumps.push(it),
            Piece::Trace(it) => self.traces.push(it),
            Piece::Sessions(it) => self.sessions.get_or_insert_default().extend(it),
            Piece::Boot(it) => self.boot = Some(it.over(self.boot.take())),
            Piece::Store(it) => self.stores.push(it),
            Piece::Ports(it) => self.ports.get_or_insert_default().extend(it),
            Piece::System(it) => self.system = Some(it),
            Piece::Telemetry(it) => self.telemetry = Some(it),
            Piece::Object(it) => self.objects.push(it),
        }
    }

    /// Parts are one; of whole states the newest counts, since an older one would vouch for what is
    /// gone.
    fn add_state(&mut self, state: WfpState) {
        if state.is_whole && state.is_empty() {
            let why = "it has not a single object, not even Windows' own";
            return self.left_out(state.file, why);
        }
        // Where neither says when it was, the last that was given is taken for the newest.
        let is_newest = |it: &WfpState| !it.is_whole || it.time <= state.time;
        if self.wfp.iter().any(|it| it.is_whole)
            && !(state.is_whole && self.wfp.iter().all(is_newest))
        {
            return self.left_out(state.file, "a newer or whole state of the engine is there");
        }
        if state.is_whole {
            for older in core::mem::take(&mut self.wfp) {
                self.left_out(older.file, "a newer or whole state of the engine is there");
            }
        }
        self.wfp.push(state);
    }

    fn left_out(&mut self, file: String, why: &str) {
        let (kind, which, why) = (Kind::WfpState, Some(file), format!("was not judged: {why}"));
        self.gaps.push(Gap { kind, which, why, is_denied: false });
    }

    /// Whether there is any of a kind.
    #[must_use]
    pub fn has(&self, kind: Kind) -> bool {
        match kind {
            Kind::Services => !self.services.is_empty(),
            Kind::WfpState => !self.wfp.is_empty(),
            Kind::Programs => self.programs.is_some(),
            Kind::Links => self.links.is_some(),
            Kind::Maps => self.maps.is_some(),
            Kind::MapDumps => !self.map_dumps.is_empty(),
            Kind::Traces => !self.traces.is_empty(),
            Kind::Sessions => self.sessions.is_some(),
            Kind::Boot => self.boot.is_some(),
            Kind::Store => !self.stores.is_empty(),
            Kind::Ports => self.ports.is_some(),
            Kind::System => self.system.is_some(),
            Kind::Telemetry => self.telemetry.is_some(),
            Kind::Objects => !self.objects.is_empty(),
        }
    }

    /// Why there is none of a kind, where anybody knows.
    pub fn gaps_of(&self, kind: Kind) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(move |it| it.kind == kind)
    }
}
