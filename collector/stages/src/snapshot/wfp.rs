//! Families about the filtering engine's objects.
//!
//! That a service runs proves nothing: the driver enforces where its objects are, and beside whom.

use super::family::{Builder, LabelValue};

const NONE: [LabelValue; 0] = [];

/// What looks at the filtering engine have found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WfpFacts {
    /// Looks.
    pub surveys: u64,
    /// Looks that failed.
    pub failures: u64,
    /// What the last look found; `None` where it failed, for nothing is known then.
    pub found: Option<WfpFound>,
}

/// What one look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WfpFound {
    /// The driver's objects, each at its layer.
    pub objects: Vec<WfpObject>,
    /// Callouts of others at the driver's layers.
    pub foreign: Vec<WfpForeign>,
}

/// An object of the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WfpObject {
    /// Layer as the catalogue names it; `any` for what belongs to none.
    pub layer: &'static str,
    /// `provider`, `sublayer`, `callout` or `filter`.
    pub kind: &'static str,
    /// It is there, as the driver made it.
    pub is_present: bool,
}

/// How many callouts of others filters at one layer call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WfpForeign {
    /// Layer as the catalogue names it.
    pub layer: &'static str,
    /// What the filters may do: `terminating`, `inspection` or `unknown`.
    pub kind: &'static str,
    /// Distinct callouts.
    pub callouts: u64,
}

pub(super) fn fill(out: &mut Builder, it: &WfpFacts) {
    match out.metric.name {
        "weir_wfp_surveys_total" => out.counter(NONE, it.surveys),
        "weir_wfp_survey_failures_total" => out.counter(NONE, it.failures),
        "weir_wfp_object_present" => {
            for object in it.found.iter().flat_map(|found| &found.objects) {
                out.gauge([object.layer, object.kind], u64::from(object.is_present));
            }
        }
        _ => {
            for foreign in it.found.iter().flat_map(|found| &found.foreign) {
                out.gauge([foreign.layer, foreign.kind], foreign.callouts);
            }
        }
    }
}
