//! WD0404: programs are attached to what they are for.

use super::evidence::{Evidence, Kind};
use super::facts::{AttachedLink, ListedProgram};
use super::hooks;
use super::programs::{is_named, link_line, program_line};
use super::verdict::Judgement;
use std::collections::BTreeSet;
use weir_abi::identifiers::SECTION_PREFIX;

pub(super) fn judge(evidence: &Evidence) -> Judgement {
    let links = evidence.links.as_deref().unwrap_or_default();
    let mut wrong = Vec::new();
    let mut judgement = Judgement::fail(String::new());
    let live: Vec<&AttachedLink> = links.iter().filter(|it| it.program_id != 0).collect();
    for link in &live {
        let Some(program) = program_of(evidence, link) else { continue };
        if let Some(why) = mismatch(evidence, program, link) {
            wrong.push(why);
            judgement.add_quote(&link.place, link_line(link));
            judgement.add_quote(&program.place, program_line(program));
        }
    }
    if wrong.is_empty() {
        if let Some(doubt) = attach_doubt(evidence, &live) {
            return doubt;
        }
        let types: BTreeSet<&str> =
            live.iter().filter_map(|it| it.attach_type.as_deref()).collect();
        let types: Vec<&str> = types.into_iter().collect();
        let found = match types.as_slice() {
            [] => "nothing is attached, or bpftool does not say to what".to_owned(),
            types => format!("each fits its program's type: {}", types.join(", ")),
        };
        return Judgement::ok(found);
    }
    judgement.found = wrong.join("; ");
    judgement
        .because("a program is invoked where its link says, and with the context of that hook")
        .say(
            "name the attach type where the program is attached, or put the program into a \
             section of the right name, such as SEC(\"cgroup/connect4\") or \
             SEC(\"flow_classify\"), compile and load it again",
        )
}

/// What is not wrong, and not known to be right.
fn attach_doubt(evidence: &Evidence, live: &[&AttachedLink]) -> Option<Judgement> {
    for link in live {
        let Some(program) = program_of(evidence, link) else { continue };
        let name = &program.name;
        let Some(attach_type) = &link.attach_type else {
            let is_asked = evidence
                .expected
                .programs
                .iter()
                .any(|it| is_named(program, &it.name) && it.attach_type.is_some());
            if is_asked {
                let found = format!("bpftool does not say to what {name} is attached");
                let doubt = Judgement::unknown(found, &[Kind::Links]);
                return Some(doubt.quote(&link.place, link_line(link)));
            }
            continue;
        };
        let kind = program.kind.as_str();
        if hooks::HOOKS.iter().any(|it| is_kind(kind, it.program_type))
            && hooks::hook(attach_type).is_none()
        {
            let found = format!(
                "{name} is of type {kind}, and attached to {attach_type}, which no release that \
                 is known here has"
            );
            let judgement = Judgement::warn(found)
                .because("what a hook is called tells where the program is invoked, if anywhere")
                .say("see that it is the attach type that was meant");
            return Some(judgement.quote(&link.place, link_line(link)));
        }
    }
    None
}

fn program_of<'a>(evidence: &'a Evidence, link: &AttachedLink) -> Option<&'a ListedProgram> {
    evidence.programs.iter().flatten().find(|it| it.id == link.program_id)
}

/// A link is of a hook that its program is not for, or not meant for.
pub(super) fn is_mismatched(evidence: &Evidence, link: &AttachedLink) -> bool {
    program_of(evidence, link).is_some_and(|it| mismatch(evidence, it, link).is_some())
}

/// Why a link does not fit its program.
fn mismatch(evidence: &Evidence, program: &ListedProgram, link: &AttachedLink) -> Option<String> {
    let attach_type = link.attach_type.as_deref()?;
    let name = &program.name;
    let expected = evidence.expected.programs.iter().find(|it| is_named(program, &it.name));
    if let Some(wanted) = expected.and_then(|it| it.attach_type.as_deref())
        && wanted != attach_type
    {
        return Some(format!("{name} is attached to {attach_type}, not to {wanted}"));
    }
    if matches!(attach_type, "unspec" | "0" | "") {
        return Some(format!("{name} is attached to no type at all ({attach_type})"));
    }
    let kind = program.kind.as_str();
    let is_number = kind.bytes().all(|it| it.is_ascii_digit());
    let is_other = match hooks::hook(attach_type) {
        // bpftool prints a number where nobody registered the type's name with whoever asks.
        Some(hook) => !is_kind(kind, hook.program_type) && !is_number,
        None if attach_type == SECTION_PREFIX => is_known_kind(kind) && kind != SECTION_PREFIX,
        None => false,
    };
    is_other.then(|| format!("{name} is of type {kind}, and attached to {attach_type}"))
}

/// A type whose hooks are known here; of others nothing is said.
fn is_known_kind(kind: &str) -> bool {
    kind == SECTION_PREFIX || kind == "xdp" || hooks::HOOKS.iter().any(|it| it.program_type == kind)
}

/// Whether a type's name is this one, as any bpftool spells it: `sockops`, `cgroup_sock_addr`, …
fn is_kind(kind: &str, known: &str) -> bool {
    let plain = |it: &str| it.trim_start_matches("cgroup_").replace('_', "");
    plain(kind) == plain(known)
}
