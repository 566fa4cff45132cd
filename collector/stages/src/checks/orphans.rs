//! WD0304, WD0315: filters whose callout is gone, and filters that nothing needs any more.
//!
//! A filter whose callout is gone blocks what it matches, unless it says otherwise.
//!
//! Source: microsoft/ebpf-for-windows, pull request 5496 (read 2026-11)

use super::components::is_running;
use super::ebpf_objects::{part_only, permits_without_callout};
use super::evidence::Evidence;
use super::facts::{AttachedLink, Filter};
use super::objects::{Objects, filter_line, is_ebpf_filter, is_weir_filter};
use super::remedies::{restart, restart_weir};
use super::verdict::{Judgement, Step};
use std::collections::BTreeSet;
use weir_abi::identifiers::Guid;

pub(super) fn of_ebpf(evidence: &Evidence) -> Judgement {
    let is_ours = |it: &Filter| is_ebpf_filter(it) && !is_weir_filter(it);
    if let Some(judgement) = orphans(evidence, ("netebpfext", is_ours), &restart(evidence)) {
        return judgement;
    }
    let objects = Objects::of(evidence);
    let is_nothing = |links: &Vec<AttachedLink>| links.iter().all(|it| it.program_id == 0);
    // Of programs that are loaded and not attached, WD0403 tells, and these filters may be theirs.
    let is_empty = evidence.programs.as_ref().is_none_or(Vec::is_empty);
    if is_empty && evidence.links.as_ref().is_some_and(is_nothing) {
        let stale: Vec<&Filter> = objects.filters().filter(|it| is_ours(it)).collect();
        if !stale.is_empty() {
            let found = format!(
                "nothing is attached, and filters of eBPF are still there: {}",
                stale.len()
            );
            let judgement = Judgement::warn(found)
                .because(
                    "a program was detached and its filters were not deleted; they cost \
                     time and decide nothing",
                )
                .steps(restart(evidence));
            return quoted(judgement, &stale);
        }
    }
    Judgement::ok("every filter of eBPF asks a callout that is registered")
}

pub(super) fn of_weir(evidence: &Evidence) -> Judgement {
    orphans(evidence, ("weir", is_weir_filter), &restart_weir(evidence))
        .unwrap_or_else(|| Judgement::ok("every filter of Weir asks a callout that is registered"))
}

fn orphans(
    evidence: &Evidence,
    (driver, is_ours): (&str, fn(&Filter) -> bool),
    remedy: &[Step],
) -> Option<Judgement> {
    let objects = Objects::of(evidence);
    let has = |is_there: bool, what: &str| (!is_there).then(|| part_only(what));
    if !objects.is_whole() {
        let callout = has(objects.callouts().next().is_some(), "callout");
        let filter = has(objects.filters().any(is_ours), "filter of it");
        if let Some(unknown) = callout.or(filter) {
            return Some(unknown);
        }
    }
    let there: BTreeSet<Guid> =
        objects.callouts().filter(|it| it.is_registered()).map(|it| it.key).collect();
    let is_orphan = |it: &&Filter| it.callout.is_some_and(|key| !there.contains(&key));
    let orphans: Vec<&Filter> =
        objects.filters().filter(|it| is_ours(it)).filter(is_orphan).collect();
    let blocking = orphans.iter().filter(|it| !permits_without_callout(it)).count();
    let found = match (orphans.len(), blocking) {
        (0, _) => return None,
        (count, 0) => {
            format!("filters whose callout is gone: {count}; they let pass what they match")
        }
        (count, blocking) => format!(
            "filters whose callout is gone: {count}, of which block what they match: {blocking}"
        ),
    };
    let judgement = Judgement::fail(found).because(
        "the driver was unloaded, or its callout could not be registered, and its \
             filters stayed; Windows blocks what such a filter matches unless the filter says \
             to permit",
    );
    // What a driver that is gone left behind is no consequence that ends when it starts again: its
    // filters keep what pointed into the earlier load.
    let judgement = if is_running(evidence, driver) == Some(false) {
        let judgement = judgement
            .run("shutdown /r /t 0")
            .say("a restart of the machine removes them: they are not kept over one")
            .say(format!("do not start {driver} over them"));
        if blocking > 0 { judgement.standing() } else { judgement }
    } else {
        judgement.steps(remedy.iter().cloned()).say(
            "where they stay, a restart of the machine removes them: they are not kept over one",
        )
    };
    Some(quoted(judgement, &orphans))
}

fn quoted(judgement: Judgement, filters: &[&Filter]) -> Judgement {
    filters.iter().fold(judgement, |it, filter| it.quote(&filter.place, filter_line(filter)))
}
