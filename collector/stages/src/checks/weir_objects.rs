//! WD0311 to WD0313: what Weir's driver has in the filtering engine.
//!
//! `driver/nt/src/wfp/engine.rs` makes it, when the driver starts.

use super::components::{is_installed, is_running};
use super::evidence::{Evidence, Kind};
use super::objects::{Objects, callout_line, filter_line, is_disabled, is_weir_filter};
use super::programs::has_flow_classify;
use super::remedies::restart_weir;
use super::verdict::Judgement;
use weir_abi::identifiers::{CALLOUTS, FILTERS, SUBLAYER, WFP_PROVIDER};

/// In the order of [`CALLOUTS`] and [`FILTERS`].
pub(super) const WEIR_LAYERS: [&str; 4] = [
    "FWPM_LAYER_ALE_FLOW_ESTABLISHED_V4",
    "FWPM_LAYER_ALE_FLOW_ESTABLISHED_V6",
    "FWPM_LAYER_STREAM_V4",
    "FWPM_LAYER_STREAM_V6",
];

/// Where data passes.
pub(super) const STREAM_LAYERS: [&str; 2] = [WEIR_LAYERS[2], WEIR_LAYERS[3]];

const CAUSE: &str = "the driver makes its objects when it starts, and again when the filtering \
     engine is back; without them no flow is inspected";

pub(super) fn sublayer(evidence: &Evidence) -> Judgement {
    let objects = Objects::of(evidence);
    if let Some(judgement) =
        not_expected(evidence, &objects, "a sublayer", || objects.sublayers().next().is_none())
    {
        return judgement;
    }
    let doubled = objects.doubled_sublayers().into_iter().any(|it| it.key == SUBLAYER);
    match objects.sublayer(&SUBLAYER) {
        Some(it) if !doubled => {
            let weight =
                it.weight.map_or_else(String::new, |weight| format!(" with weight {weight}"));
            let provider =
                if objects.has_provider(&WFP_PROVIDER) { "; its provider too" } else { "" };
            Judgement::ok(format!("it is there{weight}{provider}"))
                .quote(&it.place, format!("subLayerKey {} `{}`", it.key, it.name))
        }
        Some(it) => failed(evidence, "it is there twice".to_owned())
            .quote(&it.place, format!("subLayerKey {}", it.key)),
        None => failed(evidence, format!("there is no sublayer {SUBLAYER}"))
            .quote(&objects.place(), "the file has no such subLayerKey"),
    }
}

pub(super) fn callouts(evidence: &Evidence) -> Judgement {
    let objects = Objects::of(evidence);
    if let Some(judgement) =
        not_expected(evidence, &objects, "a callout", || objects.callouts().next().is_none())
    {
        return judgement;
    }
    let mut wrong = Vec::new();
    let mut judgement = failed(evidence, String::new());
    for (key, layer) in CALLOUTS.iter().zip(WEIR_LAYERS) {
        let Some(it) = objects.callout(key) else {
            if objects.tells_of(layer) {
                wrong.push(format!("no callout {key} for {layer}"));
            }
            continue;
        };
        if it.layer != layer {
            wrong.push(format!("{key} is for {}, not for {layer}", it.layer));
        } else if !it.is_registered() {
            wrong.push(format!("{key} at {layer} is not registered"));
        } else {
            continue;
        }
        judgement.add_quote(&it.place, callout_line(it));
    }
    for it in objects.doubled_callouts().into_iter().filter(|it| CALLOUTS.contains(&it.key)) {
        wrong.push(format!("{} is there twice", it.key));
        judgement.add_quote(&it.place, callout_line(it));
    }
    if wrong.is_empty() {
        return untold(&objects).unwrap_or_else(|| {
            Judgement::ok("all four are there, registered, each for its layer")
        });
    }
    judgement.found = wrong.join("; ");
    judgement
}

pub(super) fn filters(evidence: &Evidence) -> Judgement {
    let objects = Objects::of(evidence);
    if let Some(judgement) =
        not_expected(evidence, &objects, "a filter", || objects.filters().next().is_none())
    {
        return judgement;
    }
    let mut wrong = Vec::new();
    let mut judgement = failed(evidence, String::new());
    for ((key, callout), layer) in FILTERS.iter().zip(&CALLOUTS).zip(WEIR_LAYERS) {
        let Some(it) = objects.filters().find(|it| it.key == *key) else {
            if objects.tells_of(layer) {
                wrong.push(format!("no filter {key} at {layer}"));
            }
            continue;
        };
        let is_right = it.layer == layer
            && it.sublayer == Some(SUBLAYER)
            && it.callout == Some(*callout)
            && it.action.calls()
            && !is_disabled(it);
        if !is_right {
            wrong.push(format!(
                "filter {key} is not as the driver made it: {layer}, sublayer \
                 {SUBLAYER}, callout {callout}"
            ));
            judgement.add_quote(&it.place, filter_line(it));
        }
    }
    for it in objects.doubled_filters().into_iter().filter(|it| is_weir_filter(it)) {
        wrong.push(format!("filter {} is there twice", it.key));
        judgement.add_quote(&it.place, filter_line(it));
    }
    if wrong.is_empty() {
        return untold(&objects).unwrap_or_else(|| {
            Judgement::ok("all four are there, each at its layer, asking its callout")
        });
    }
    judgement.found = wrong.join("; ");
    judgement
}

fn failed(evidence: &Evidence, found: String) -> Judgement {
    Judgement::fail(found).because(CAUSE).steps(restart_weir(evidence))
}

/// The parts of a file that there are say nothing of some layer.
fn untold(objects: &Objects<'_>) -> Option<Judgement> {
    let layer = WEIR_LAYERS.into_iter().find(|it| !objects.tells_of(it))?;
    let found = format!("what there is of wfpstate.xml is a part without items of {layer}");
    Some(Judgement::unknown(found, &[Kind::WfpState]))
}

/// Where no driver is, none is expected; where nobody says, anything that is there says so.
fn not_expected(
    evidence: &Evidence,
    objects: &Objects<'_>,
    what: &str,
    has_none: impl Fn() -> bool,
) -> Option<Judgement> {
    let is_any = objects.sublayer(&SUBLAYER).is_some()
        || objects.callouts().any(|it| CALLOUTS.contains(&it.key))
        || objects.filters().any(is_weir_filter);
    if !objects.is_whole() && (!is_any || has_none()) {
        let found = format!("what there is of wfpstate.xml is a part without {what} of Weir");
        return Some(Judgement::unknown(found, &[Kind::WfpState]));
    }
    // What is left of a driver that is gone is WD0315's to tell.
    let is_gone = is_installed(evidence, "weir") == Some(false);
    if (is_any && !is_gone) || has_flow_classify(evidence) == Some(true) {
        return None;
    }
    match (is_installed(evidence, "weir"), is_running(evidence, "weir")) {
        (Some(false), _) => {
            Some(Judgement::ok("Weir's driver is not installed, so none is expected"))
        }
        (_, None) => {
            Some(Judgement::unknown("nothing says whether Weir's driver runs", &[Kind::Services]))
        }
        (_, Some(_)) => None,
    }
}
