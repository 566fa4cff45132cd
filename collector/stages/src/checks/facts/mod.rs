//! What evidence says, in types: the parsers of the collector make them, the checks judge them.
//!
//! Every fact knows its place, so that a verdict can quote what it rests on.
//! Text from outside is bounded where it is parsed ([`TEXT_BYTES_MAX`]) and escaped where it is
//! printed.

mod expected;
mod host;
mod place;
mod programs;
mod service;
mod trace;
mod wfp;

pub use expected::{Expected, ExpectedProgram, ObjectMap, ProgramObject};
pub use host::{
    Boot, PortRange, ProgramSection, ProgramStore, Scope, Session, System, Telemetry,
    TelemetrySample,
};
pub use place::{Place, Quote, TEXT_BYTES_MAX};
pub use programs::{AttachedLink, ListedProgram, MapDump, MapFacts};
pub use service::{Service, ServiceFinding, ServiceState};
pub use trace::{EventCount, FailedCall, Incident, KnownFailure, Redirect, TraceFacts};
pub use wfp::{Action, BuiltIn, BuiltInKind, Callout, Filter, NamedKey, Sublayer, WfpState};
