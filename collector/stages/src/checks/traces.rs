//! WD0501 to WD0512: failures that diagnostic traces are known for.
//!
//! Source: microsoft/ebpf-for-windows, docs/TroubleshootingGuide.md (read 2026-11)

use super::evidence::Evidence;
use super::facts::{Incident, KnownFailure, TraceFacts};
use super::remedies::{restart, start};
use super::verdict::Judgement;

pub(super) fn access_denied(evidence: &Evidence) -> Judgement {
    known(
        evidence,
        (KnownFailure::AccessDenied, "whoever loads or attaches was denied access"),
        |it, _| {
            it.because(
                "whoever loads or attaches the program is neither administrator nor LocalSystem",
            )
            .say("run the application or service that does it as administrator or LocalSystem")
        },
    )
}

pub(super) fn file_not_found(evidence: &Evidence) -> Judgement {
    known(
        evidence,
        (KnownFailure::FileNotFound, "an object was looked for where there is none"),
        |it, _| {
            it.because("the application opens an object by a path where there is none").say(
                "correct the path that the application uses; a relative one is looked for in \
                 the folder that the application was started in",
            )
        },
    )
}

pub(super) fn zero_program_type(evidence: &Evidence) -> Judgement {
    known(
        evidence,
        (KnownFailure::ZeroProgramType, "a program was created without a program type"),
        |it, _| {
            it.because(
                "the program has no type: its section's name is none that is registered, and \
             its loader set none, so ebpf_program_create fails with an invalid parameter (87)",
            )
            .say(
                "give the program's section a name that is known, such as \
                 SEC(\"flow_classify\") or SEC(\"cgroup/connect4\"), or set the type where it \
                 is loaded",
            )
            .run(r"reg query HKLM\Software\eBPF\Providers\SectionData")
            .run("weir driver register")
        },
    )
}

pub(super) fn zero_attach_type(evidence: &Evidence) -> Judgement {
    known(
        evidence,
        (KnownFailure::ZeroAttachType, "a program was created without an attach type"),
        |it, _| {
            it.because(
                "the program has a type and no attach type, so no extension takes it: \
             ebpf_program_create fails (0xC000026C, 2001)",
            )
            .say(
                "set an attach type from ebpf_program_attach_type_guids.h where the program is \
                 loaded, or give its section the name that stands for one, and load it again",
            )
        },
    )
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

/// RPC errors that say that nobody serves: the service does not run.
///
/// Source: learn.microsoft.com/windows/win32/rpc/rpc-return-values (read 2026-11)
const NOBODY_SERVES: [&str; 2] = ["1753", "1722"];

pub(super) fn verification(evidence: &Evidence) -> Judgement {
    let codes = || {
        let found = incidents(evidence, KnownFailure::Verification);
        found.filter_map(|(_, it)| it.code.as_deref())
    };
    let is_down = |code: &str| NOBODY_SERVES.iter().any(|it| code.split(' ').next() == Some(it));
    if codes().next().is_some() && codes().all(is_down) {
        return known(evidence, (KnownFailure::Verification, "verification failed"), |it, _| {
            it.because(
                "the service that verifies programs, ebpfsvc, does not run; programs that are not \
                 native cannot be loaded without it",
            )
            .run("sc.exe queryex ebpfsvc")
            .steps(start("ebpfsvc"))
            .say("where it is not installed, load native programs (.sys), or install it")
        });
    }
    known(evidence, (KnownFailure::Verification, "verification failed"), |it, _| {
        it.because("the service that verifies programs refused one, or failed")
            .run("bpftool.exe prog load OBJECT.o PIN -d")
            .say("the verifier's own words are in what the loader printed")
    })
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
    known(evidence, (KnownFailure::Open, "an object could not be opened"), |it, _| {
        it.because("the object could not be opened (ebpf_object_open)").say(
            "see that the file is an eBPF object (ELF, target bpf) or a native image, \
                 whole, and made with headers of this release",
        )
    })
}

pub(super) fn load(evidence: &Evidence) -> Judgement {
    known(evidence, (KnownFailure::Load, "an object could not be loaded"), |it, _| {
        it.because("the object was opened and could not be loaded (ebpf_object_load)")
            .run("bpftool.exe prog load OBJECT PIN -d")
            .say("follow that load through the trace: weir traces --load OBJECT FILE")
    })
}

pub(super) fn attach(evidence: &Evidence) -> Judgement {
    known(evidence, (KnownFailure::Attach, "a program could not be attached"), |it, _| {
        it.because("the program was loaded and could not be attached (ebpf_program_attach_by_fd)")
            .run("bpftool.exe -p link")
            .say(
                "look for what is attached already, and for the attach parameter (compartment, \
                 interface) that the client gives",
            )
    })
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

/// Errors that nothing known explains: somebody should look.
pub(super) fn others(evidence: &Evidence) -> Judgement {
    let found: Vec<_> = incidents(evidence, KnownFailure::Other).collect();
    let Some((_, first)) = found.first() else { return none(evidence, "no other error") };
    let count: u64 = found.iter().map(|(_, it)| it.count).sum();
    let judgement = Judgement::warn(format!(
        "{count} errors that no known failure explains, first: {}",
        told(first)
    ))
    .say("look at them in their place: weir traces --errors FILE");
    quoted(judgement, &found)
}

fn known(
    evidence: &Evidence,
    (cause, what): (KnownFailure, &str),
    explain: fn(Judgement, &Evidence) -> Judgement,
) -> Judgement {
    let found: Vec<_> = incidents(evidence, cause).collect();
    let Some((_, first)) = found.first() else { return none(evidence, "nothing of the kind") };
    let count: u64 = found.iter().map(|(_, it)| it.count).sum();
    let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
    let judgement = Judgement::fail(format!("{what}, {times}; first: {}", told(first)));
    quoted(explain(judgement, evidence), &found)
}

fn incidents(
    evidence: &Evidence,
    cause: KnownFailure,
) -> impl Iterator<Item = (&TraceFacts, &Incident)> {
    evidence
        .traces
        .iter()
        .flat_map(|trace| trace.incidents.iter().map(move |it| (trace, it)))
        .filter(move |(_, it)| it.cause == cause)
}

fn quoted(judgement: Judgement, found: &[(&TraceFacts, &Incident)]) -> Judgement {
    let quotes = found.iter().flat_map(|(_, it)| &it.quotes);
    quotes.fold(judgement, |it, quote| it.quote(&quote.place, quote.text.clone()))
}

fn told(incident: &Incident) -> String {
    let mut parts = Vec::new();
    if let Some(subject) = &incident.subject {
        parts.push(format!("`{subject}`"));
    }
    if let Some(code) = &incident.code {
        parts.push(code.clone());
    }
    if let Some(time) = &incident.first_time {
        parts.push(format!("at {time}"));
    }
    if let Some((process, _)) = incident.process {
        parts.push(format!("process {process}"));
    }
    if parts.is_empty() { incident.cause.name().to_owned() } else { parts.join(", ") }
}

/// Nothing was found; how much was looked through says what that is worth.
fn none(evidence: &Evidence, what: &str) -> Judgement {
    let events: u64 = evidence.traces.iter().flat_map(|it| &it.events).map(|it| it.count).sum();
    let lost: u64 = evidence.traces.iter().map(|it| it.events_lost).sum();
    let lost = if lost == 0 { String::new() } else { format!("; the session lost {lost} more") };
    Judgement::ok(format!("{what} in {events} events{lost}"))
}
