//! WD0501 to WD0512 and WD0514: failures that diagnostic traces are known for.
//!
//! * `found`: looking them up, and what it is worth that there are none.
//! * `types`: programs without a type.
//!
//! Source: microsoft/ebpf-for-windows, docs/TroubleshootingGuide.md (read 2026-11)

mod found;
mod types;

use super::evidence::Evidence;
use super::facts::{FailedCall, KnownFailure, ServiceFinding, ServiceState};
use super::remedies::{restart, start};
use super::verdict::Judgement;
use found::{codes, counted, incidents, known, none, of_call, quoted, told};
pub(super) use types::{zero_attach_type, zero_program_type};

pub(super) fn access_denied(evidence: &Evidence) -> Judgement {
    known(
        evidence,
        (KnownFailure::AccessDenied, "whoever loads or attaches was denied access"),
        |it, _| {
            it.because(
                "whoever loads or attaches the program is neither administrator nor LocalSystem",
            )
            .say("run the application or service that does it as administrator or LocalSystem")
            .say(
                "ebpfapi.dll says 5 as well where it cannot open ebpfcore's device: see that \
                 ebpfcore runs",
            )
        },
    )
}

pub(super) fn file_not_found(evidence: &Evidence) -> Judgement {
    known(
        evidence,
        (KnownFailure::FileNotFound, "an object was looked for where there is none"),
        absent,
    )
}

/// The codes of one failure, in three families: a path is not there. A file that is not there has
/// others.
const PATHS: [&str; 3] = ["3", "7", "0xc000003a"];

/// Source: microsoft/ebpf-for-windows, include/ebpf_error.h; libs/ebpfnetsh/pins.cpp
/// (read 2026-11)
fn absent(it: Judgement, evidence: &Evidence) -> Judgement {
    let is_path = |code: String| PATHS.contains(&code.as_str());
    let paths: Vec<bool> = codes(evidence, KnownFailure::FileNotFound).map(is_path).collect();
    let it = if paths.iter().all(|it| *it) && !paths.is_empty() {
        it.because(
            "the path of a pinned object or file does not exist, or what was asked for by name \
             or id is not there",
        )
    } else {
        it.because("the application opens an object by a path where there is none").say(
            "correct the path that the application uses; a relative one is looked for in \
             the folder that the application was started in",
        )
    };
    if !paths.contains(&true) {
        return it;
    }
    it.run("netsh.exe ebpf show pins")
        .say("pin the object, or correct the path by which the application asks for it")
}

pub(super) fn nmr(evidence: &Evidence) -> Judgement {
    known(evidence, (KnownFailure::NmrAttach, "no extension took a program"), |it, evidence| {
        it.because(
            "program and attach type are set, and no extension that provides them took \
             the program: its driver does not run, or is of another release",
        )
        .steps(restart(evidence))
        .say("for flow_classify the extension is Weir's driver: sc.exe start weir")
        .say("then load the program again")
    })
}

/// RPC errors that say that nobody serves: the service did not run, or not yet.
///
/// Source: learn.microsoft.com/windows/win32/rpc/rpc-return-values (read 2026-11)
const NOBODY_SERVES: [&str; 2] = ["1753", "1722"];

pub(super) fn verification(evidence: &Evidence) -> Judgement {
    let kind = (KnownFailure::Verification, "verification failed");
    let mut codes = codes(evidence, KnownFailure::Verification).peekable();
    if codes.peek().is_some() && codes.all(|it| NOBODY_SERVES.contains(&it.as_str())) {
        return known(evidence, kind, unserved);
    }
    known(evidence, kind, |it, _| {
        it.because("the service that verifies programs refused one, or failed")
            .run("bpftool.exe -d prog load OBJECT.o PIN")
            .say("the verifier's own words are in what the loader printed")
    })
}

/// Nobody served when the trace was recorded; what the service does now tells what to do.
fn unserved(it: Judgement, evidence: &Evidence) -> Judgement {
    match evidence.services.get("ebpfsvc") {
        Some(ServiceFinding::NotInstalled { place, .. }) => it
            .quote(place, "ebpfsvc: 1060")
            .because(
                "the service that verifies programs, ebpfsvc, is not installed; programs that are \
                 not native cannot be loaded without it",
            )
            .say("load native programs (.sys), or install eBPF for Windows with its service"),
        Some(ServiceFinding::Installed(now)) if now.state == ServiceState::Running => it
            .quote(&now.place, "ebpfsvc: RUNNING")
            .because(
                "the service that verifies programs, ebpfsvc, was not reachable when the trace \
                 was recorded; it runs now",
            )
            .say(
                "load the program again; if it fails again, record again: weir doctor --trace 30s",
            ),
        Some(ServiceFinding::Installed(now)) => it
            .quote(&now.place, format!("ebpfsvc: {}", now.state.name()))
            .because(
                "the service that verifies programs, ebpfsvc, does not run; programs that are not \
                 native cannot be loaded without it",
            )
            .steps(start("ebpfsvc"))
            .say("then load the program again"),
        Some(ServiceFinding::Refused { .. }) | None => it
            .because(
                "the service that verifies programs, ebpfsvc, was not reachable when the trace \
                 was recorded; programs that are not native cannot be loaded without it",
            )
            .run("sc.exe queryex ebpfsvc")
            .say("where it is not installed, load native programs (.sys), or install it")
            .say("where it is stopped:")
            .steps(start("ebpfsvc")),
    }
}

pub(super) fn attach_limit(evidence: &Evidence) -> Judgement {
    known(
        evidence,
        (KnownFailure::AttachLimit, "a hook had all the programs that it takes"),
        |it, _| {
            it.because("the hook has as many programs as it takes, for this compartment or in all")
                .run("bpftool.exe -p link")
                .say("detach the program that is there, or attach to another compartment")
        },
    )
}

pub(super) fn open(evidence: &Evidence) -> Judgement {
    of_call(
        evidence,
        FailedCall::Open,
        (KnownFailure::Open, "an object could not be opened"),
        |it, _| {
            it.because("the object could not be opened (ebpf_object_open)").say(
                "see that the file is an eBPF object (ELF, target bpf) or a native image, \
                 whole, and made with headers of this release",
            )
        },
    )
}

pub(super) fn load(evidence: &Evidence) -> Judgement {
    of_call(
        evidence,
        FailedCall::Load,
        (KnownFailure::Load, "an object could not be loaded"),
        |it, _| {
            it.because("the object was opened and could not be loaded (ebpf_object_load)")
                .run("bpftool.exe -d prog load OBJECT PIN")
                .say("follow that load through the trace: weir traces --load OBJECT FILE")
        },
    )
}

pub(super) fn attach(evidence: &Evidence) -> Judgement {
    of_call(
        evidence,
        FailedCall::Attach,
        (KnownFailure::Attach, "a program could not be attached"),
        |it, _| {
            it.because(
                "the program was loaded and could not be attached (ebpf_program_attach_by_fd)",
            )
            .run("bpftool.exe -p link")
            .say(
                "look for what is attached already, and for the attach parameter (compartment, \
                 interface) that the client gives",
            )
        },
    )
}

pub(super) fn ioctl(evidence: &Evidence) -> Judgement {
    known(evidence, (KnownFailure::Ioctl, "eBPF core refused a request"), |it, _| {
        it.because(
            "a request to eBPF core failed, and nothing around it says why: 87 is a \
             parameter that it refuses, 2001 a driver that refuses",
        )
        .say("see that client, EbpfApi.dll and ebpfcore.sys are of one release")
    })
}

/// Memory integrity blocks what is compiled when it is loaded; builds without an interpreter, what
/// would be interpreted.
///
/// Source: microsoft/ebpf-for-windows, libs/execution_context/ebpf_core_jit.c, ebpf_core.c and
/// ebpf_program.c; docs/NativeCodeGeneration.md (read 2026-11)
pub(super) fn policy(evidence: &Evidence) -> Judgement {
    known(evidence, (KnownFailure::Policy, "a policy blocked a program"), |it, evidence| {
        let boot = evidence.boot.as_ref();
        let it = match boot.and_then(|it| it.memory_integrity.map(|is_on| (it, is_on))) {
            Some((boot, true)) => it.quote(&boot.place, "memory integrity on").because(
                "memory integrity (HVCI) is configured on this machine: programs that are \
                 compiled when they are loaded (.o) are refused, native ones are not",
            ),
            Some((_, false)) => it.because(
                "eBPF core takes no such program: this release compiles and interprets none, or \
                 memory integrity (HVCI) was on when the trace was recorded; it is off now",
            ),
            None => it.because(
                "eBPF core takes no such program: memory integrity (HVCI) refuses those that are \
                 compiled when they are loaded (.o), and some releases compile none",
            ),
        };
        it.say(
            "build the program as a native one and sign it (Convert-BpfToNative.ps1 makes a \
             .sys of a .o), and load that",
        )
    })
}

/// Errors that nothing known explains: somebody should look.
pub(super) fn others(evidence: &Evidence) -> Judgement {
    let found: Vec<_> = incidents(evidence, KnownFailure::Other).collect();
    let Some((_, first)) = found.first() else { return none(evidence, "no other error") };
    let count: u64 = found.iter().map(|(_, it)| it.count).sum();
    let judgement = Judgement::warn(format!(
        "{} that no known failure explains, first: {}",
        counted(count, "error"),
        told(first)
    ))
    .say("look at them in their place: weir traces --errors FILE");
    quoted(judgement, &found)
}
