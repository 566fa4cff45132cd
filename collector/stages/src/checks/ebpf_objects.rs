//! WD0301 to WD0303: what eBPF for Windows has in the filtering engine.
//!
//! Keys, layers, sublayers and the callout that a filter asks count; ids, weights and providers
//! change with versions and starts.

use super::components::is_running;
use super::evidence::{Evidence, Kind};
use super::facts::{Action, Filter};
use super::hooks::{self, HookCallout};
use super::objects::{
    InUse, Objects, callout_line, filter_line, is_disabled, is_ebpf_filter, is_in_place,
};
use super::remedies::restart;
use super::verdict::Judgement;
use std::collections::BTreeSet;
use weir_abi::identifiers::Guid;

pub(super) fn sublayers(evidence: &Evidence) -> Judgement {
    let objects = Objects::of(evidence);
    if !objects.is_whole() && objects.sublayers().next().is_none() {
        return part_only("sublayer");
    }
    let doubled: Vec<_> = objects
        .doubled_sublayers()
        .into_iter()
        .filter(|it| hooks::sublayer_name(&it.key).is_some())
        .collect();
    let is_missing = |(key, _): &&(Guid, &str)| objects.sublayer(key).is_none();
    let missing: Vec<_> = hooks::SUBLAYERS.iter().filter(is_missing).collect();
    if missing.is_empty() && doubled.is_empty() {
        return sublayers_are_there(&objects);
    }
    let names: Vec<String> = missing.iter().map(|(key, name)| format!("{name} {key}")).collect();
    let mut judgement = Judgement::fail(match doubled.as_slice() {
        [] => format!("not there: {}", names.join(", ")),
        [first, ..] => format!("{} is there twice", first.key),
    });
    if !missing.is_empty() {
        judgement.add_quote(&objects.place(), "the file has no subLayerKey of these");
    }
    for sublayer in doubled {
        judgement.add_quote(&sublayer.place, format!("subLayerKey {} again", sublayer.key));
    }
    judgement
        .because(
            "netebpfext makes its sublayers when it starts, and a filter needs the one \
             that it names",
        )
        .steps(restart(evidence))
}

fn sublayers_are_there(objects: &Objects<'_>) -> Judgement {
    let ours = || objects.sublayers().filter(|it| hooks::sublayer_name(&it.key).is_some());
    let weights: Vec<String> = ours().filter_map(|it| it.weight).map(|it| it.to_string()).collect();
    let found =
        format!("all {} are there, with weights {}", hooks::SUBLAYERS.len(), weights.join(", "));
    ours().fold(Judgement::ok(found), |judgement, it| {
        judgement.quote(&it.place, format!("subLayerKey {} `{}`", it.key, it.name))
    })
}

pub(super) fn callouts(evidence: &Evidence) -> Judgement {
    let objects = Objects::of(evidence);
    if !objects.is_whole() && objects.callouts().next().is_none() {
        return part_only("callout");
    }
    let known = || objects.callouts().filter_map(|it| Some((it, hooks::callout_of(&it.key)?)));
    let mut judgement = Judgement::fail(String::new());
    let mut wrong = Vec::new();
    for callout in wanted_callouts(evidence) {
        if objects.callout(&callout.key).is_none() {
            wrong.push(format!("no callout {} for {}", callout.key, callout.layer));
            let is_asking = |it: &&Filter| it.callout == Some(callout.key);
            for filter in objects.filters().filter(is_asking) {
                judgement.add_quote(&filter.place, filter_line(filter));
            }
            if !objects.filters().any(|it| is_asking(&it)) {
                judgement.add_quote(&objects.place(), format!("no calloutKey {}", callout.key));
            }
        }
    }
    for (callout, expected) in known() {
        if callout.layer != expected.layer {
            wrong.push(format!(
                "{} is for {}, not for {}",
                callout.key, callout.layer, expected.layer
            ));
        } else if !callout.is_registered() {
            wrong.push(format!("{} at {} is not registered", callout.key, callout.layer));
        } else {
            continue;
        }
        judgement.add_quote(&callout.place, callout_line(callout));
    }
    for callout in objects.doubled_callouts() {
        if hooks::callout_of(&callout.key).is_some() {
            wrong.push(format!("{} is there twice", callout.key));
            judgement.add_quote(&callout.place, callout_line(callout));
        }
    }
    if wrong.is_empty() {
        if let Some(untold) = untold(&objects, &InUse::of(evidence)) {
            return untold;
        }
        let keys: BTreeSet<Guid> = known().map(|(it, _)| it.key).collect();
        return callouts_are_there(evidence, keys.len());
    }
    judgement.found = wrong.join("; ");
    judgement
        .because(
            "netebpfext registers its callouts when it starts; a filter whose callout is \
             gone asks nobody, and one of releases before August 2026 blocks what it matches",
        )
        .steps(restart(evidence))
}

/// Callouts that attached programs need, and those that filters ask.
fn wanted_callouts(evidence: &Evidence) -> Vec<&'static HookCallout> {
    let objects = Objects::of(evidence);
    let needed = InUse::of(evidence).filters(&objects).into_iter().map(|(_, it)| it.callout);
    // A filter that is in no hook's place is WD0303's to tell, whatever it asks.
    let asked = objects.filters().filter(|it| why_misplaced(it).is_none());
    let asked = asked.filter_map(|it| hooks::callout_of(&it.callout?));
    let mut found: Vec<&'static HookCallout> = Vec::new();
    for callout in needed.chain(asked) {
        if !found.contains(&callout) {
            found.push(callout);
        }
    }
    found
}

/// A service that runs proves nothing: without objects, nothing is asked.
///
/// Source: microsoft/ebpf-for-windows, pull request 5501 (read 2026-11)
fn callouts_are_there(evidence: &Evidence, count: usize) -> Judgement {
    let objects = Objects::of(evidence);
    if count > 0 {
        let known = objects.callouts().filter(|it| hooks::callout_of(&it.key).is_some());
        let found = format!("{count} are there, registered, each for its layer");
        return known.fold(Judgement::ok(found), |it, callout| {
            it.quote(&callout.place, callout_line(callout))
        });
    }
    match is_running(evidence, "netebpfext") {
        Some(true) if objects.is_whole() => {
            Judgement::fail("netebpfext runs, and has no callout in the filtering engine")
                .quote(&objects.place(), "the file has no calloutKey of eBPF for Windows")
                .because(
                    "its start in the filtering engine failed, or the engine was restarted \
                     under it; the service says RUNNING all the same",
                )
                .steps(restart(evidence))
        }
        Some(false) => Judgement::ok("netebpfext does not run, so none is expected"),
        Some(true) | None => {
            Judgement::unknown("nothing says whether there should be any", &[Kind::Services])
        }
    }
}

pub(super) fn filters(evidence: &Evidence) -> Judgement {
    let objects = Objects::of(evidence);
    let in_use = InUse::of(evidence);
    if !objects.is_whole() && objects.filters().next().is_none() {
        return part_only("filter");
    }
    let mut judgement = Judgement::fail(String::new());
    let mut wrong = Vec::new();
    for (hook, wanted) in in_use.filters(&objects) {
        if objects.filters().any(|it| is_in_place(it, wanted)) {
            continue;
        }
        let layer = wanted.callout.layer;
        wrong.push(format!(
            "{} needs a filter at {layer} in sublayer {} that asks {}",
            hook.attach_type, wanted.sublayer, wanted.callout.key
        ));
        let is_near = |it: &&Filter| {
            is_ebpf_filter(it) && (it.callout == Some(wanted.callout.key) || it.layer == layer)
        };
        for filter in objects.filters().filter(is_near) {
            judgement.add_quote(&filter.place, filter_line(filter));
        }
        // Its callout is there, and nobody asks it.
        match objects.callout(&wanted.callout.key) {
            Some(callout) => judgement.add_quote(&callout.place, callout_line(callout)),
            None => judgement.add_quote(&objects.place(), format!("no filter at {layer}")),
        }
    }
    for filter in objects.filters().filter(|it| is_ebpf_filter(it)) {
        let Some(why) = why_misplaced(filter) else { continue };
        wrong.push(format!("filter {} {why}", filter.key));
        judgement.add_quote(&filter.place, filter_line(filter));
    }
    for filter in objects.doubled_filters().into_iter().filter(|it| is_ebpf_filter(it)) {
        wrong.push(format!("filter {} is there twice", filter.key));
        judgement.add_quote(&filter.place, filter_line(filter));
    }
    if wrong.is_empty() {
        return untold(&objects, &in_use).unwrap_or_else(|| filters_are_there(evidence, &in_use));
    }
    judgement.found = wrong.join("; ");
    judgement.quotes.dedup();
    judgement
        .because(
            "the extension adds its filters when a program is attached; without one at a \
             layer, the program is not invoked there",
        )
        .steps(restart(evidence))
        .say("then load and attach the program again")
}

/// Why no hook has it like that.
fn why_misplaced(filter: &Filter) -> Option<String> {
    let callout = filter.callout.and_then(|it| hooks::callout_of(&it))?;
    let mut hooks =
        hooks::HOOKS.iter().flat_map(|it| it.filters).filter(|it| it.callout == callout);
    if hooks.any(|it| is_in_place(filter, it)) {
        return None;
    }
    Some(if !filter.action.calls() {
        let action = if filter.action.name().is_empty() { "none" } else { filter.action.name() };
        format!("asks nobody: its action is {action}")
    } else if is_disabled(filter) {
        "is disabled".to_owned()
    } else if filter.layer != callout.layer {
        format!("is not at its callout's layer, {}", callout.layer)
    } else {
        "is in a sublayer where no hook has it".to_owned()
    })
}

fn filters_are_there(evidence: &Evidence, in_use: &InUse) -> Judgement {
    let objects = Objects::of(evidence);
    let ours: Vec<&Filter> = objects.filters().filter(|it| is_ebpf_filter(it)).collect();
    match (in_use.is_by_links, ours.as_slice()) {
        (true, []) => Judgement::ok("nothing that needs a filter is attached"),
        (false, []) => {
            Judgement::unknown("nothing says whether anything is attached", &[Kind::Links])
        }
        _ => {
            let names = in_use.names();
            let of = if names.is_empty() { String::new() } else { format!(" for {names}") };
            let found = format!("{} are in place{of}; {}", ours.len(), generation(&ours));
            ours.iter().fold(Judgement::ok(found), |it, filter| {
                it.quote(&filter.place, filter_line(filter))
            })
        }
    }
}

/// What tells releases apart, trait by trait; all of them are right.
///
/// Source: microsoft/ebpf-for-windows, `netebpfext/net_ebpf_ext_sock_addr.c` (UNKNOWN at connect
/// redirect), pull request 5496 (permit) (read 2026-11)
fn generation(filters: &[&Filter]) -> String {
    let is_redirect = |it: &&&Filter| hooks::CONNECT_REDIRECT.contains(&it.layer.as_str());
    let actions: Vec<&Action> = filters.iter().filter(is_redirect).map(|it| &it.action).collect();
    let all = |wanted: &Action| actions.iter().all(|it| *it == wanted);
    let redirect = match actions.as_slice() {
        [] => "",
        _ if all(&Action::Terminating) => "TERMINATING at connect redirect, as older releases; ",
        _ if all(&Action::Unknown) => "UNKNOWN at connect redirect, as newer releases; ",
        _ => "not alike at connect redirect, as of no one release; ",
    };
    let permits = filters.iter().filter(|it| permits_without_callout(it)).count();
    let gone = match permits {
        0 => "they block while their callout is gone, as before August 2026",
        all if all == filters.len() => "they permit while their callout is gone",
        _ => "some permit and some block while their callout is gone",
    };
    format!("{redirect}{gone}")
}

pub(super) fn permits_without_callout(filter: &Filter) -> bool {
    filter.flags.iter().any(|it| it == "FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED")
}

/// Links need layers that the parts there are have nothing of.
fn untold(objects: &Objects<'_>, in_use: &InUse) -> Option<Judgement> {
    let layers: Vec<&str> = in_use.layers_untold(objects).into_iter().collect();
    let found =
        format!("what there is of wfpstate.xml is a part without items of {}", layers.join(", "));
    (!layers.is_empty()).then(|| Judgement::unknown(found, &[Kind::WfpState]))
}

/// The part of a file that there is has none of these.
pub(super) fn part_only(what: &str) -> Judgement {
    let found = format!("what there is of wfpstate.xml is a part without a {what}");
    Judgement::unknown(found, &[Kind::WfpState])
}
