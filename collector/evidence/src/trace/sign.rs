//! What one event says of a failure.
//!
//! Messages explain codes: a zero GUID says more than the parameter error that follows from it, and
//! a hook that is taken more than the access that is denied for it. So each sign has a weight.

use super::calls::stage;
use super::code_of::{CodeField, code, failed_function};
use super::codes::{Code, Family, cause_in_text};
use super::event::{FieldValue, Source, TraceEvent};
use weir_abi::identifiers::Guid;
use weir_stages::checks::facts::{FailedCall, KnownFailure};

/// How much an event tells of the cause; the most telling one of an incident is its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Something failed.
    Error,
    /// A control code failed.
    Ioctl,
    /// A call failed: attaching, …
    Attach,
    /// … loading, …
    Load,
    /// … opening.
    Open,
    /// A code says that an extension's module is not there.
    ExtensionCode,
    /// A code of verification.
    VerificationCode,
    /// What a service says, or how a call of it ended.
    Verification,
    /// A code or a name says that a file is not there.
    FileCode,
    /// A code, or ebpfcore's words, say that a policy blocks.
    PolicyCode,
    /// A code or a name says that access is denied.
    AccessCode,
    /// A code with which extensions refuse clients.
    Refusal,
    /// An extension's words for why it refuses.
    RefusalMessage,
    /// A message with types, one of which is zero.
    ZeroType,
}

/// A failure, as one event tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) cause: KnownFailure,
    pub(super) weight: Weight,
    /// The code with its name.
    pub(super) code: Option<String>,
}

/// What an event is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// A failure.
    Failure(Told),
    /// No failure by itself; with one that follows, it tells the cause.
    Hint(KnownFailure),
    /// Logged as an error, and none.
    Noise,
    /// None of these.
    Nothing,
}

/// Messages about program type and attach type that precede a failure, of 2023, of 2024, and of
/// attaching. They are at the level of information.
const TYPES: [&str; 3] = [
    "Program type and Attach type:",
    "Failed to load program information.",
    "Program failed to attach to extension hook.",
];

/// Each program asks for its type's provider, and NMR offers it the provider of every type. All but
/// one are turned down with this message, at the level of errors, of every load that succeeds.
///
/// Source: microsoft/ebpf-for-windows, libs/execution_context/ebpf_program.c
/// `_ebpf_program_type_specific_program_information_attach_provider` (read 2026-11)
const MODULE_MISMATCH: &str = "Program information provider module ID mismatch.";

/// A link turns providers of other attach types down with these statuses; where one of them is a
/// failure, a message says so.
///
/// Source: microsoft/ebpf-for-windows, libs/execution_context/ebpf_link.c (read 2026-11)
const TURNED_DOWN: [u32; 2] = [0xc000_02b9, 0xc000_000d];

/// Where a link and a provider meet. They refuse a client with "access denied", which is about the
/// hook and not about who calls.
const ATTACHING: [&str; 2] =
    ["_ebpf_link_client_attach_provider", "_net_ebpf_extension_hook_provider_attach_client"];

/// Words of a hook that takes no more programs.
///
/// Source: microsoft/ebpf-for-windows, netebpfext/net_ebpf_ext_hook_provider.c (read 2026-11)
const LIMITS: [&str; 4] = [
    "Single attach capability.",
    "Single attach per hook capability.",
    "Only one client allowed.",
    "net_ebpf_ext_add_client_context failed.",
];

/// Words of a call of the service that ended before it answered.
///
/// Source: microsoft/ebpf-for-windows, ebpfapi/rpc_client.cpp (read 2026-11)
pub(super) const EXCEPTION: &str = "threw exception";

/// Words of a service, or driver, that refuses an image or a program.
///
/// Source: microsoft/ebpf-for-windows, libs/service/api_service.cpp, libs/api/ebpf_api.cpp,
/// libs/execution_context/ebpf_native.c (read 2026-11)
const REFUSED: [&str; 6] = [
    "Certificate thumbprint mismatch",
    "Certificate subject mismatch",
    "Certificate EKU mismatch",
    "No certificates found in chain",
    "_ebpf_object_load_native: Authorization failed",
    "_ebpf_native_client_attach_callback: Module is not authorized",
];

/// Words of ebpfcore that blocks a request, whatever is in it.
///
/// Source: microsoft/ebpf-for-windows, libs/execution_context/ebpf_core.c and ebpf_core_jit.c
/// (read 2026-11)
const BLOCKED: [&str; 2] =
    ["blocked by Hyper-V Code Integrity policy", "not permitted due to system configuration"];

impl Sign {
    /// What an event is.
    pub(super) fn of(event: &TraceEvent) -> Self {
        if event.source == Source::Other {
            return Self::Nothing;
        }
        let message = event.message().unwrap_or_default();
        if TYPES.iter().any(|it| is_same(message, it)) {
            return Self::Hint(types(event));
        }
        if !(1..=2).contains(&event.level) {
            return Self::Nothing;
        }
        if is_noise(event) {
            return Self::Noise;
        }
        let code = code(event);
        let (cause, weight) = cause(event, message, code.as_ref().map(|it| it.code));
        Self::Failure(Told { cause, weight, code: code.map(|it| it.words) })
    }
}

/// Whether an event is logged as an error and is none: an extension's provider that was asked in
/// vain among others, the end of an enumeration, a key that is not there.
#[must_use]
pub fn is_noise(event: &TraceEvent) -> bool {
    if event.source == Source::Other || !(1..=2).contains(&event.level) {
        return false;
    }
    if event.message().is_some_and(|it| is_same(it, MODULE_MISMATCH)) {
        return true;
    }
    let function = failed_function(event);
    let Some(CodeField { code, .. }) = code(event) else { return false };
    let is_link = function == ATTACHING.first().copied();
    if is_link && code.family == Family::Nt && TURNED_DOWN.contains(&code.number) {
        return true;
    }
    code.is_answer() && function.and_then(stage).is_none()
}

fn cause(event: &TraceEvent, message: &str, code: Option<Code>) -> (KnownFailure, Weight) {
    let function = failed_function(event);
    use KnownFailure::{
        AccessDenied, FileNotFound, Ioctl, NmrAttach, Policy, Verification, ZeroProgramType,
    };
    if is_same(message, "Program type must be specified.") && is_zero(event, "guid") {
        return (ZeroProgramType, Weight::ZeroType);
    }
    if let Some(found) = refusal(message, function, code) {
        return found;
    }
    let texts = event.fields.iter().filter_map(|field| match &field.value {
        FieldValue::Text(text) => Some(text),
        FieldValue::Integer(_) => None,
    });
    let named = || texts.map(|text| cause_in_text(text)).find_map(|it| it);
    let api = event.field("Api").map(|it| it.as_text().trim_matches('"').to_owned());
    let api = api.as_deref().unwrap_or_default();
    // The registry has no program's object: a value that is not there is nobody's path.
    let is_registry = api.starts_with("Reg") || api.contains("registry");
    match code.and_then(Code::cause).or_else(named) {
        Some(AccessDenied) => return (AccessDenied, Weight::AccessCode),
        Some(FileNotFound) if !is_registry => return (FileNotFound, Weight::FileCode),
        Some(Verification) if !message.contains(EXCEPTION) => {
            return (Verification, Weight::VerificationCode);
        }
        Some(NmrAttach) => return (NmrAttach, Weight::ExtensionCode),
        Some(Policy) => return (Policy, Weight::PolicyCode),
        _ => {}
    }
    if BLOCKED.iter().any(|it| message.contains(it)) {
        return (Policy, Weight::PolicyCode);
    }
    let is_refused = message.contains(EXCEPTION)
        || api == "WinVerifyTrust"
        || REFUSED.iter().any(|it| is_same(message, it));
    if is_refused {
        return (Verification, Weight::Verification);
    }
    if message.starts_with("NmrClientAttachProvider failed") {
        return (NmrAttach, Weight::ExtensionCode);
    }
    match function.or_else(|| spoken(event, message)).and_then(stage) {
        Some(KnownFailure::Open) => (KnownFailure::Open, Weight::Open),
        Some(KnownFailure::Load) => (KnownFailure::Load, Weight::Load),
        Some(attach) => (attach, Weight::Attach),
        None if api == "DeviceIoControl" => (Ioctl, Weight::Ioctl),
        None => (KnownFailure::Other, Weight::Error),
    }
}

/// The call that an event says to have failed, if programs make it or it is within one that they
/// make.
pub(super) fn failed_call(event: &TraceEvent) -> Option<FailedCall> {
    let calls = [
        (KnownFailure::Open, FailedCall::Open),
        (KnownFailure::Load, FailedCall::Load),
        (KnownFailure::Attach, FailedCall::Attach),
    ];
    let failed = failed_function(event).and_then(stage)?;
    calls.into_iter().find(|(cause, _)| *cause == failed).map(|(_, call)| call)
}

/// A hook that refuses a program, in words or by code.
fn refusal(
    message: &str,
    function: Option<&str>,
    code: Option<Code>,
) -> Option<(KnownFailure, Weight)> {
    use KnownFailure::{Attach, AttachLimit};
    if LIMITS.iter().any(|it| squeezed(message).starts_with(&squeezed(it))) {
        return Some((AttachLimit, Weight::RefusalMessage));
    }
    if message.contains("Attach attempt rejected") || message.starts_with("Attach denied") {
        return Some((Attach, Weight::RefusalMessage));
    }
    let is_attaching = is_same(message, "NmrClientAttachProvider failed")
        || function.is_some_and(|function| ATTACHING.contains(&function));
    let is_denied = code.and_then(Code::cause) == Some(KnownFailure::AccessDenied);
    (is_attaching && is_denied).then_some((AttachLimit, Weight::Refusal))
}

/// The function that a message without code speaks of: `ebpf_object_open: …`. Errors of opening are
/// told by their text in a field beside it.
fn spoken<'a>(event: &'a TraceEvent, message: &'a str) -> Option<&'a str> {
    let first = |text: &'a str| text.split([':', ' ']).next();
    match message.trim() {
        "*** ERROR ***" => event.field("string_value").and_then(|it| match it {
            FieldValue::Text(text) => first(text),
            FieldValue::Integer(_) => None,
        }),
        message => first(message),
    }
}

/// What a message with two types hints at: the second is the attach type.
fn types(event: &TraceEvent) -> KnownFailure {
    if is_zero(event, "guid1") {
        KnownFailure::ZeroProgramType
    } else if is_zero(event, "guid2") {
        KnownFailure::ZeroAttachType
    } else {
        KnownFailure::NmrAttach
    }
}

/// Whether a field, called `*guid` as its writer dereferences it, is the zero GUID.
fn is_zero(event: &TraceEvent, name: &str) -> bool {
    let field = event.fields.iter().find(|field| field.name.trim_start_matches('*') == name);
    field.and_then(|field| field.value.guid()) == Some(Guid([0; 16]))
}

/// Whether texts are the same but for blanks, which wrapping adds and takes away.
pub(super) fn is_same(text: &str, known: &str) -> bool {
    text == known || squeezed(text) == squeezed(known)
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|it| !it.is_whitespace()).collect()
}
