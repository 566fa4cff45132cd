//! What diagnostic traces of eBPF for Windows say went wrong.

use super::{Place, Quote};

/// What one trace, text or `.etl`, says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceFacts {
    /// The file.
    pub file: String,
    /// Events by provider, name and level.
    pub events: Vec<EventCount>,
    /// When its first event was, RFC 3339; of events that say when.
    pub first_time: Option<String>,
    /// When its last event was.
    pub last_time: Option<String>,
    /// Failures with one cause each, in the order of their first appearance; the like ones of one
    /// file are one incident with a count.
    pub incidents: Vec<Incident>,
    /// Connections that were redirected, or not, the newest last; bounded.
    pub redirects: Vec<Redirect>,
    /// Redirections in all.
    pub redirects_total: u64,
    /// Events that the session lost; what is missing may then be missing by that.
    pub events_lost: u64,
    /// What could not be read, where and why; the first ones.
    pub damage: Vec<Quote>,
    /// How much of that there is in all.
    pub damage_total: u64,
}

/// How often an event was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventCount {
    /// `EbpfForWindowsProvider`, …
    pub provider: String,
    /// `EbpfGenericMessage`, …
    pub event: String,
    /// 1 critical to 5 verbose, 0 always.
    pub level: u8,
    /// How often.
    pub count: u64,
}

/// Causes that traces are known for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KnownFailure {
    /// `ERROR_ACCESS_DENIED`, `STATUS_ACCESS_DENIED`: who loads is no administrator.
    AccessDenied,
    /// `ERROR_FILE_NOT_FOUND`, `ERROR_PATH_NOT_FOUND`: the path of the program's object is wrong, or
    /// what was looked for by a pinned path or by its name is not there.
    FileNotFound,
    /// `Program type must be specified.`, and the GUID is zero.
    ZeroProgramType,
    /// `Program type and Attach type:`, and the second GUID is zero.
    ZeroAttachType,
    /// The extension's module did not attach (0xC000026C, 2001), and the types are not zero.
    NmrAttach,
    /// The service that verifies refused or failed (`RPC call … threw exception`).
    Verification,
    /// Another program is attached, or the most that the hook takes.
    AttachLimit,
    /// Opening an object failed otherwise (`ebpf_object_open`).
    Open,
    /// Loading failed otherwise (`ebpf_object_load`).
    Load,
    /// Attaching failed otherwise (`ebpf_program_attach_by_fd`, `ebpf_program_attach`).
    Attach,
    /// `DeviceIoControl` failed with a code that nothing above explains.
    Ioctl,
    /// An event of level 1 or 2 that nothing else explains.
    Other,
    /// `EBPF_BLOCKED_BY_POLICY`: the machine takes no such program, as with memory integrity one that
    /// is compiled when it is loaded.
    Policy,
}

impl KnownFailure {
    /// Every cause, in the order of their checks.
    pub const ALL: [Self; 13] = [
        Self::AccessDenied,
        Self::FileNotFound,
        Self::ZeroProgramType,
        Self::ZeroAttachType,
        Self::NmrAttach,
        Self::Verification,
        Self::AttachLimit,
        Self::Open,
        Self::Load,
        Self::Attach,
        Self::Ioctl,
        Self::Other,
        Self::Policy,
    ];

    /// As JSON and tables have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::FileNotFound => "file_not_found",
            Self::ZeroProgramType => "zero_program_type",
            Self::ZeroAttachType => "zero_attach_type",
            Self::NmrAttach => "nmr_attach",
            Self::Verification => "verification",
            Self::AttachLimit => "attach_limit",
            Self::Open => "open",
            Self::Load => "load",
            Self::Attach => "attach",
            Self::Ioctl => "ioctl",
            Self::Other => "other",
            Self::Policy => "policy",
        }
    }
}

/// A call of ebpfapi.dll that programs make, and that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailedCall {
    /// `ebpf_object_open`.
    Open,
    /// `ebpf_object_load`.
    Load,
    /// `ebpf_program_attach` and its likes.
    Attach,
}

/// Failures of one kind: events that belong together (one call that failed, told by each layer it
/// went through) are one, and the like ones are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Why.
    pub cause: KnownFailure,
    /// What it was about, where the trace says: an object's file, a program's name.
    pub subject: Option<String>,
    /// The error code of the event that tells the cause, or else the one that was told last: of
    /// Windows, of NT or of eBPF, as it stands there; a bare number with its name in parentheses.
    pub code: Option<String>,
    /// Calls that failed with it, as far as the trace says; each once, in order.
    pub calls: Vec<FailedCall>,
    /// How often.
    pub count: u64,
    /// When it first was, as it stands there.
    pub first_time: Option<String>,
    /// Process and thread of the first.
    pub process: Option<(u32, u32)>,
    /// The events of the first one; bounded.
    pub quotes: Vec<Quote>,
}

/// What became of one connection at the connect redirect layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// When, as it stands there.
    pub time: Option<String>,
    /// Where the connection was to go: address and port.
    pub destination: (String, u16),
    /// Where the program sent it; the same where it did not redirect.
    pub redirected: (String, u16),
    /// Source address and port; the address may be 0.0.0.0 at this point.
    pub source: (String, u16),
    /// `Verdict`, as it stands there: 1 is to proceed.
    pub verdict: Option<u32>,
    /// The event is `NetEbpfExtSockAddrRedirect`, not the older `connect_redirect_classify`.
    pub is_new_event: bool,
    /// Where it stands.
    pub place: Place,
}
