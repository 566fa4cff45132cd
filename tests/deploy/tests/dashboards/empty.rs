//! Panels that may be empty say why, and no others may.

use crate::boards::{self, panels, panels_mut, targets, text};
use crate::expressions::selectors;
use serde_json::Value;
use weir_stages::catalogue::RESERVED;

const ONLY_ON_WINDOWS: &str = "only on Windows";
const WITH_THE_AUDIT_TRAIL: &str = "with the audit trail";

/// Why a panel may be empty against a collector that runs for a while, wherever that is.
fn reason(panel: &Value) -> Option<&'static str> {
    let metrics = targets(panel).flat_map(|it| selectors(text(it, "expr")).unwrap_or_default());
    let metrics: Vec<String> = metrics.map(|it| it.metric().to_owned()).collect();
    if metrics.iter().any(|metric| RESERVED.iter().any(|it| it.name == metric)) {
        return Some(WITH_THE_AUDIT_TRAIL);
    }
    let is_windows = |it: &String| it.starts_with("weir_wfp_") || it.starts_with("weir_doctor_");
    metrics.iter().any(is_windows).then_some(ONLY_ON_WINDOWS)
}

fn said(panel: &Value) -> Option<&str> {
    let said = panel["fieldConfig"]["defaults"]["noValue"].as_str();
    said.filter(|it| [ONLY_ON_WINDOWS, WITH_THE_AUDIT_TRAIL].contains(it))
}

#[test]
fn panels_that_may_be_empty_say_why_and_no_others_do() {
    boards::hold(
        |board| {
            let wrong = panels(board).into_iter().filter(|panel| reason(panel) != said(panel));
            wrong.map(|panel| text(panel, "title").to_owned()).collect()
        },
        &[
            ("an excuse without need", |board| {
                let defaults = &mut panels_mut(board)[0]["fieldConfig"]["defaults"];
                defaults["noValue"] = ONLY_ON_WINDOWS.into();
            }),
            ("an empty panel that does not say why", |board| {
                for panel in panels_mut(board) {
                    if reason(panel).is_some() {
                        panel["fieldConfig"]["defaults"]["noValue"] = Value::Null;
                    }
                }
            }),
        ],
    );
}

/// What is not there yet is out of the way until it is.
#[test]
fn what_is_reserved_stands_in_a_row_that_is_closed() {
    boards::hold(
        |board| {
            let open = boards::list(board, "panels").filter(|panel| !boards::is_row(panel));
            let wrong = open.filter(|panel| reason(panel) == Some(WITH_THE_AUDIT_TRAIL));
            wrong.map(|panel| text(panel, "title").to_owned()).collect()
        },
        &[("a panel of the audit trail among the others", |board| {
            let metric = "weir_audit_unsent_records{job=~\"$job\", instance=~\"$instance\"}";
            board["panels"][1]["targets"][0]["expr"] = metric.into();
        })],
    );
}
