//! WD0401 to WD0403: programs are verified, loaded, attached.

use super::attach_types::is_mismatched;
use super::evidence::{Evidence, Kind};
use super::facts::{AttachedLink, ExpectedProgram, ListedProgram};
use super::verdict::Judgement;
use std::collections::BTreeSet;
use weir_abi::identifiers::SECTION_PREFIX;

/// The loader's word about objects that were given.
pub(super) fn objects(evidence: &Evidence) -> Judgement {
    let refused = evidence.objects.iter().filter_map(|it| Some((it, it.refused.as_ref()?)));
    let refused: Vec<_> = refused.collect();
    let place = |file: &str| super::facts::Place::new(file, 0);
    if let Some((first, why)) = refused.first() {
        let judgement = Judgement::fail(format!("{} is refused: {why}", first.file))
            .because(
                "a program that this loader refuses, the verifier of eBPF for Windows \
                 refuses too, or the driver does",
            )
            .say(
                "compile it anew with the headers of driver/include, for the target bpf, and \
                 look again",
            );
        return refused
            .iter()
            .fold(judgement, |it, (object, why)| it.quote(&place(&object.file), (*why).clone()));
    }
    let loaded: usize = evidence.objects.iter().map(|it| it.programs_loaded).sum();
    let judgement = if loaded == 0 {
        Judgement::unknown(
            "well formed; no program of flow_classify is in it, so none was loaded",
            &[Kind::Objects],
        )
    } else {
        Judgement::ok(format!("{loaded} programs of flow_classify load"))
    };
    let judgement = judgement.because(
        "Weir's own loader was asked; the verifier of eBPF for Windows is asked on Windows, when \
         the program is loaded",
    );
    evidence.objects.iter().fold(judgement, |it, object| {
        it.quote(&place(&object.file), format!("{} programs loaded", object.programs_loaded))
    })
}

pub(super) fn loaded(evidence: &Evidence) -> Judgement {
    let programs = evidence.programs.as_deref().unwrap_or_default();
    let doubled = doubled(programs.iter().map(|it| it.id));
    if let Some(program) = programs.iter().rev().find(|it| doubled.contains(&it.id)) {
        return Judgement::fail(format!("program {} is listed twice", program.id))
            .quote(&program.place, program_line(program))
            .because(
                "ids are given once: the list was put together, or bpftool is of another \
                 release than the drivers",
            )
            .run("bpftool.exe -p prog");
    }
    let links = evidence.links.as_deref().unwrap_or_default();
    let linked = links.iter().find(|it| it.program_id != 0);
    let expected = &evidence.expected.programs;
    let is_there = |name: &str| programs.iter().any(|it| is_named(it, name));
    let missing: Vec<&str> =
        expected.iter().map(|it| it.name.as_str()).filter(|it| !is_there(it)).collect();
    if !missing.is_empty() {
        let judgement = not_loaded(programs, format!("not loaded: {}", missing.join(", ")));
        // Of an empty list there is nothing to quote but what contradicts it.
        let linked = linked.filter(|_| programs.is_empty());
        return linked.iter().fold(judgement, |it, link| it.quote(&link.place, link_line(link)));
    }
    match (programs, linked) {
        ([], Some(link)) => {
            not_loaded(programs, "no program is loaded, and a link has one".to_owned())
                .quote(&link.place, link_line(link))
        }
        ([], None) => Judgement::warn("no program is loaded")
            .because("either nobody has loaded one, or loading failed")
            .say(
                "load the program; where that fails, record a trace of it: weir doctor --trace 30s",
            ),
        _ => {
            let found = format!("{} loaded: {}", programs.len(), names(programs));
            programs.iter().fold(Judgement::ok(found), |it, program| {
                it.quote(&program.place, program_line(program))
            })
        }
    }
}

fn not_loaded(programs: &[ListedProgram], found: String) -> Judgement {
    let judgement = Judgement::fail(found)
        .because(
            "its client did not load it, or loading failed, or its client ended and took \
             it along",
        )
        .say("see that whatever loads the program runs, as administrator or LocalSystem")
        .say(
            "record a trace while it loads, and look for ebpf_object_open and ebpf_object_load \
             in it: weir doctor --trace 30s",
        );
    programs.iter().fold(judgement, |it, program| it.quote(&program.place, program_line(program)))
}

pub(super) fn attached(evidence: &Evidence) -> Judgement {
    let programs = evidence.programs.as_deref().unwrap_or_default();
    let links = evidence.links.as_deref().unwrap_or_default();
    let doubled = doubled(links.iter().map(|it| it.id));
    if let Some(link) = links.iter().rev().find(|it| doubled.contains(&it.id)) {
        return attach_failed(format!("link {} is listed twice", link.id))
            .quote(&link.place, link_line(link));
    }
    let ids: BTreeSet<u32> = programs.iter().map(|it| it.id).collect();
    let live = links.iter().filter(|it| it.program_id != 0);
    let dangling: Vec<&AttachedLink> =
        live.clone().filter(|it| !ids.contains(&it.program_id)).collect();
    let linked: BTreeSet<u32> = live.clone().map(|it| it.program_id).collect();
    let unlinked: Vec<&ListedProgram> =
        programs.iter().filter(|it| !linked.contains(&it.id)).collect();
    if let Some(link) = dangling.first() {
        let found =
            format!("link {} is of program {}, which is not listed", link.id, link.program_id);
        return dangling
            .iter()
            .fold(attach_failed(found), |it, link| it.quote(&link.place, link_line(link)));
    }
    let wanted: Vec<&ListedProgram> = unlinked
        .iter()
        .copied()
        .filter(|program| evidence.expected.programs.iter().any(|it| is_named(program, &it.name)))
        .collect();
    let is_any = live.clone().next().is_some();
    match (unlinked.first(), wanted.first(), is_any) {
        (_, Some(program), _) => {
            not_attached(&wanted, format!("{} is loaded and not attached", program.name))
        }
        (Some(_), None, false) => {
            not_attached(&unlinked, format!("no link for what is loaded: {}", list(&unlinked)))
        }
        (Some(_), None, true) => {
            let found = format!("without a link: {}", list(&unlinked));
            let judgement = Judgement::warn(found).because(
                "a program that others call by a tail call needs none; any other is not invoked",
            );
            unlinked
                .iter()
                .fold(judgement, |it, program| it.quote(&program.place, program_line(program)))
        }
        (None, ..) => {
            let empty: Vec<&AttachedLink> = links.iter().filter(|it| it.program_id == 0).collect();
            if let Some(link) = empty.first() {
                return without_program(evidence, link, &empty);
            }
            let found = format!("{} attached", linked.len());
            live.fold(Judgement::ok(found), |it, link| it.quote(&link.place, link_line(link)))
        }
    }
}

/// The runtime keeps a link whose program is gone, with 0 in its place.
///
/// Source: microsoft/ebpf-for-windows, `libs/execution_context/ebpf_link.c` (read 2026-11)
fn without_program(evidence: &Evidence, link: &AttachedLink, empty: &[&AttachedLink]) -> Judgement {
    let at = link.attach_type.as_deref().unwrap_or("a type that is not told");
    let found = format!("link {} at {at} has no program any more", link.id);
    let is_expected = |it: &ExpectedProgram| it.attach_type == link.attach_type;
    let judgement = if evidence.expected.programs.iter().any(is_expected) {
        attach_failed(found)
    } else {
        Judgement::warn(found)
            .because("its program was unloaded or detached; nothing is invoked there")
            .say("have whoever loaded the program load and attach it again")
    };
    empty.iter().fold(judgement, |it, link| it.quote(&link.place, link_line(link)))
}

fn not_attached(programs: &[&ListedProgram], found: String) -> Judgement {
    programs
        .iter()
        .fold(attach_failed(found), |it, program| it.quote(&program.place, program_line(program)))
}

fn attach_failed(found: String) -> Judgement {
    Judgement::fail(found)
        .because(
            "a program that is loaded and not attached is never invoked: its client did \
             not attach it, attaching failed, or the link went with its client",
        )
        .run("bpftool.exe -p link")
        .say(
            "record a trace while it attaches, and look for ebpf_program_attach in it: weir \
             doctor --trace 30s",
        )
}

/// bpftool prints names as long as libbpf keeps them.
pub(super) fn is_named(program: &ListedProgram, name: &str) -> bool {
    program.name == name
}

pub(super) fn doubled(ids: impl Iterator<Item = u32>) -> BTreeSet<u32> {
    let mut seen = BTreeSet::new();
    ids.filter(|it| !seen.insert(*it)).collect()
}

fn names(programs: &[ListedProgram]) -> String {
    list(&programs.iter().collect::<Vec<_>>())
}

/// The first few by name.
fn list(programs: &[&ListedProgram]) -> String {
    const SHOWN: usize = 4;
    let name = |it: &&ListedProgram| {
        if it.name.is_empty() { format!("program {}", it.id) } else { it.name.clone() }
    };
    let shown: Vec<String> = programs.iter().take(SHOWN).map(name).collect();
    let more = programs.len().saturating_sub(SHOWN);
    if more == 0 { shown.join(", ") } else { format!("{}, and {more} more", shown.join(", ")) }
}

pub(super) fn program_line(program: &ListedProgram) -> String {
    let maps: Vec<String> = program.map_ids.iter().map(u32::to_string).collect();
    format!(
        "id {}, type {}, name `{}`, map_ids [{}]",
        program.id,
        program.kind,
        program.name,
        maps.join(",")
    )
}

pub(super) fn link_line(link: &AttachedLink) -> String {
    let attach_type = link.attach_type.as_deref().unwrap_or("not told");
    format!("link {}, prog_id {}, attach_type {attach_type}", link.id, link.program_id)
}

/// Links of Weir's attach type.
pub(super) fn has_flow_classify(evidence: &Evidence) -> Option<bool> {
    let links = evidence.links.as_ref()?;
    let is_ours = |it: &AttachedLink| {
        it.attach_type.as_deref() == Some(SECTION_PREFIX) && !is_mismatched(evidence, it)
    };
    Some(links.iter().any(is_ours))
}

/// What is missing to know whether anything redirects.
pub(super) const LINKS: &[Kind] = &[Kind::Links];
