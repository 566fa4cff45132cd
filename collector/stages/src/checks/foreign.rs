//! WD0305, WD0314: callouts of others at the same layers.

use super::ebpf_objects::part_only;
use super::evidence::Evidence;
use super::facts::{Action, Callout, Filter};
use super::hooks::{self, CONNECT_REDIRECT};
use super::objects::{InUse, Objects, is_known_callout};
use super::verdict::Judgement;
use super::weir_objects::{STREAM_LAYERS, WEIR_LAYERS};
use weir_abi::identifiers::{Guid, SUBLAYER, WFP_PROVIDER};

/// More than one callout at connect redirect is what the guide warns of.
///
/// Source: microsoft/ebpf-for-windows, docs/TroubleshootingGuide.md, "Interoperability issues with
/// another WFP callout" (read 2026-11)
pub(super) fn at_connect_redirect(evidence: &Evidence) -> Judgement {
    let objects = Objects::of(evidence);
    let others = others_at(&objects, &CONNECT_REDIRECT);
    if others.is_empty() {
        return none_or_part(&objects, &CONNECT_REDIRECT, || {
            Judgement::ok(
                "no callout but those of eBPF and Windows is at the connect redirect layers",
            )
        });
    }
    let in_use = InUse::of(evidence);
    let redirects = in_use
        .hooks
        .iter()
        .any(|hook| hook.filters.iter().any(|it| CONNECT_REDIRECT.contains(&it.callout.layer)));
    let found = named(&others);
    if in_use.is_by_links && !redirects {
        let found = format!("{found}; no program that redirects is attached");
        return listed(&objects, Judgement::ok(found), &others, &CONNECT_REDIRECT);
    }
    let judgement = Judgement::warn(found)
        .because(
            "two callouts that redirect the same connection get in each other's way: it \
             does not reach the proxy, or not what it was meant for, or the kernel stops",
        )
        .say(
            "find whose callout it is: its name here may differ from the product's; its \
             provider and its filters are in the same file",
        )
        .say(
            "uninstall or disable that product, or exclude the proxy's connections in it, and \
             try again",
        );
    listed(&objects, judgement, &others, &CONNECT_REDIRECT)
}

/// At Weir's layers others are usual; those that may decide about data matter.
pub(super) fn at_weirs_layers(evidence: &Evidence) -> Judgement {
    let objects = Objects::of(evidence);
    let others = others_at(&objects, &WEIR_LAYERS);
    if others.is_empty() {
        return none_or_part(&objects, &WEIR_LAYERS, || {
            Judgement::ok("no callout of others is at Weir's layers")
        });
    }
    let deciding: Vec<&Callout> =
        others.iter().copied().filter(|it| decides_about_data(&objects, it)).collect();
    if deciding.is_empty() {
        let found = format!("{}; none of them decides", named(&others));
        return listed(&objects, Judgement::ok(found), &others, &WEIR_LAYERS);
    }
    let judgement = Judgement::warn(format!(
        "may decide about flows or their data too: {}",
        named(&deciding)
    ))
    .because(
        "one in a heavier sublayer sees data first, and may change, hold or block it \
             before any program; one in a lighter sublayer may still block what a program \
             allowed",
    )
    .say(
        "compare what programs saw with what was sent; try without that product where they differ",
    );
    listed(&objects, judgement, &deciding, &WEIR_LAYERS)
}

/// A part of a file that has nothing of a layer does not say who is there.
fn none_or_part(
    objects: &Objects<'_>,
    layers: &[&str],
    none: impl FnOnce() -> Judgement,
) -> Judgement {
    if objects.is_whole() {
        return none();
    }
    // Whoever copied items out may have left others.
    match layers.first() {
        Some(layer) => part_only(&format!("callout of others at {layer}")),
        None => none(),
    }
}

fn others_at<'a>(objects: &Objects<'a>, layers: &[&str]) -> Vec<&'a Callout> {
    let at = objects.callouts().filter(|it| layers.contains(&it.layer.as_str()));
    let mut found: Vec<&Callout> = Vec::new();
    for callout in at.filter(|it| !is_of_ours(it)) {
        if !found.iter().any(|it| it.key == callout.key) {
            found.push(callout);
        }
    }
    found
}

/// One of eBPF's or Weir's under another key is another release's, or broken, which others tell.
fn is_of_ours(callout: &Callout) -> bool {
    let is_named = callout.name.contains("eBPF") || callout.name == "Weir";
    is_known_callout(&callout.key)
        || callout.provider.is_some_and(|it| it == hooks::PROVIDER || it == WFP_PROVIDER)
        || is_named
}

fn asking<'a>(objects: &Objects<'a>, key: Guid) -> impl Iterator<Item = &'a Filter> {
    objects.filters().filter(move |it| it.callout == Some(key))
}

fn decides_about_data(objects: &Objects<'_>, callout: &Callout) -> bool {
    asking(objects, callout.key).any(|it| match it.action {
        Action::Terminating => true,
        // Before data flows, one that may or may not decide is the usual inspector.
        Action::Unknown => STREAM_LAYERS.contains(&callout.layer.as_str()),
        Action::Inspection | Action::Other(_) => false,
    })
}

fn named(callouts: &[&Callout]) -> String {
    let names = callouts.iter().map(|it| format!("`{}` at {}", it.name, it.layer));
    names.collect::<Vec<_>>().join(", ")
}

/// The heaviest sublayer first, ours among them.
fn listed(
    objects: &Objects<'_>,
    judgement: Judgement,
    others: &[&Callout],
    layers: &[&str],
) -> Judgement {
    let mut lines: Vec<(Option<u16>, &Callout, String)> = Vec::new();
    for callout in others {
        let weights = asking(objects, callout.key)
            .filter_map(|it| it.sublayer)
            .filter_map(|it| objects.sublayer(&it))
            .filter_map(|it| it.weight);
        let weight = weights.max();
        let filters = asking(objects, callout.key).count();
        let sublayer = weight.map_or_else(
            || "sublayer's weight not told".to_owned(),
            |it| format!("sublayer weight {it}"),
        );
        let registered = if callout.is_registered() { "registered" } else { "not registered" };
        let line = format!(
            "callout {} `{}` at {}: {registered}, filters that ask it: {filters}, {sublayer}{}",
            callout.key,
            callout.name,
            callout.layer,
            order(objects, weight, layers)
        );
        lines.push((weight, callout, line));
    }
    lines.sort_by_key(|(weight, ..)| core::cmp::Reverse(*weight));
    lines.into_iter().fold(judgement, |it, (_, callout, line)| it.quote(&callout.place, line))
}

/// Before or after ours: the heavier sublayer is asked first.
fn order(objects: &Objects<'_>, weight: Option<u16>, layers: &[&str]) -> String {
    let is_weirs = layers.iter().any(|it| STREAM_LAYERS.contains(it));
    let ours = if is_weirs { SUBLAYER } else { hooks::SUBLAYERS[0].0 };
    let ours = objects.sublayer(&ours).and_then(|it| it.weight);
    match (weight, ours) {
        (Some(theirs), Some(ours)) if theirs > ours => format!(", asked before ours ({ours})"),
        (Some(theirs), Some(ours)) if theirs < ours => format!(", asked after ours ({ours})"),
        (Some(_), Some(ours)) => format!(", as heavy as ours ({ours})"),
        _ => String::new(),
    }
}
