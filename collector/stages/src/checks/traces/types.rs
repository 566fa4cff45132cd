//! WD0503 and WD0504: programs without a type.
//!
//! Source: microsoft/ebpf-for-windows, docs/TroubleshootingGuide.md (read 2026-11)

use super::found::known;
use crate::checks::components::is_installed;
use crate::checks::evidence::Evidence;
use crate::checks::facts::{KnownFailure, ProgramStore, Scope};
use crate::checks::verdict::Judgement;
use weir_abi::identifiers::{PROGRAM_TYPE, SECTION_PREFIX};

pub(in crate::checks) fn zero_program_type(evidence: &Evidence) -> Judgement {
    known(
        evidence,
        (KnownFailure::ZeroProgramType, "a program was created without a program type"),
        |it, evidence| {
            let it = it
                .because(
                    "the program has no type: its section's name is none that is registered, and \
             its loader set none, so ebpf_program_create fails with an invalid parameter (87)",
                )
                .say(
                    "give the program's section a name that is known, such as \
                 SEC(\"flow_classify\") or SEC(\"cgroup/connect4\"), or set the type where it \
                 is loaded",
                );
            registered(it, evidence)
        },
    )
}

pub(in crate::checks) fn zero_attach_type(evidence: &Evidence) -> Judgement {
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

/// Where sections are registered; Weir's own is offered where it is missing, or may be. A trace does
/// not say of which section a program is.
fn registered(it: Judgement, evidence: &Evidence) -> Judgement {
    let store = store_that_is_read(evidence);
    let is_users = store.is_some_and(|it| it.scope == Scope::User);
    let hive = if is_users { "HKCU" } else { "HKLM" };
    let it = it.run(format!(r"reg query {hive}\Software\eBPF\Providers\SectionData"));
    let holds = |store: &ProgramStore| {
        store.types.contains(&PROGRAM_TYPE)
            && store.sections.iter().any(|it| it.prefix == SECTION_PREFIX)
    };
    if store.is_some_and(holds) {
        return it.say(
            "flow_classify is registered, so the section is another program's: register its \
             extension's types with that extension's own tools",
        );
    }
    if is_installed(evidence, "weir") == Some(false) {
        return it;
    }
    it.say("only where the program's section is flow_classify, and it is not listed there:")
        .run("weir driver register")
}

/// Loaders look at the user's store alone where the user has one.
fn store_that_is_read(evidence: &Evidence) -> Option<&ProgramStore> {
    let by = |scope| evidence.stores.iter().find(move |it| it.exists && it.scope == scope);
    by(Scope::User).or_else(|| by(Scope::Machine))
}
