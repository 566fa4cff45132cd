//! Families about the collector itself, the driver's state and the attachments.

use super::SnapshotOptions;
use super::family::{Builder, LabelValue};
use crate::aggregate::Aggregator;
use crate::kinds::{UNKNOWN, kind_label};
use weir_abi::identifiers::ATTACH_TYPE;

const NONE: [LabelValue; 0] = [];

/// Fills a family; `false` where it is not one of these.
pub(super) fn fill(
    out: &mut Builder,
    state: &Aggregator,
    now_ns: u64,
    options: &SnapshotOptions,
) -> bool {
    match out.metric.name {
        "weir_program_info" => programs(out, state),
        "weir_attachments" => out.gauge(NONE, attached(state)),
        "weir_flow_set_complete" => out.gauge(NONE, u64::from(state.is_flow_set_complete())),
        "weir_series_limited_total" => limited(out, state),
        "weir_etw_sets_refused_total" => {
            let oddities = state.oddities();
            out.counter(["incomplete"], oddities.sets_given_up);
            out.counter(["doubted"], oddities.sets_doubted);
        }
        "weir_driver_up" => out.gauge(NONE, u64::from(state.driver().is_up(now_ns))),
        "weir_bfe_up" => {
            let is_up = state.driver().is_up(now_ns) && state.driver().is_engine_up;
            out.gauge(NONE, u64::from(is_up));
        }
        "weir_driver_info" => driver_info(out, state),
        "weir_build_info" => out.info([options.version.into()]),
        _ => return events(out, state),
    }
    true
}

fn events(out: &mut Builder, state: &Aggregator) -> bool {
    let (intake, accounts) = (state.intake(), state.accounts());
    for (kind, account) in accounts.iter().enumerate() {
        let event = kind_label(kind);
        match out.metric.name {
            "weir_etw_events_received_total" => out.counter([event], intake.received[kind]),
            "weir_events_dropped_total" => {
                out.counter([event, "queue"], intake.dropped_queue[kind]);
                out.counter([event, "decode"], intake.dropped_decode[kind]);
            }
            // What has no known kind has no marks.
            "weir_etw_events_lost_total" if kind == UNKNOWN => {}
            "weir_etw_events_lost_total" => out.counter([event], account.lost),
            "weir_etw_unaccounted" if kind == UNKNOWN => {}
            "weir_etw_unaccounted" => out.signed([event], account.unaccounted()),
            _ => return false,
        }
    }
    true
}

fn attached(state: &Aggregator) -> u64 {
    let Some(epoch) = state.totals.active() else { return 0 };
    epoch.attachments.iter().filter(|(_, attachment)| attachment.is_attached()).count() as u64
}

fn programs(out: &mut Builder, state: &Aggregator) {
    let Some(epoch) = state.totals.active() else { return };
    for (id, attachment) in epoch.attachments.iter() {
        if !attachment.is_attached() {
            continue;
        }
        let source = match (attachment.has_label, attachment.is_linked) {
            (true, _) => "label",
            (false, true) => "link",
            (false, false) => "none",
        };
        let program_id = attachment.program_id.map(|id| id.to_string()).unwrap_or_default();
        out.info([
            (&attachment.program).into(),
            program_id.into(),
            id.to_string().into(),
            ATTACH_TYPE.to_string().into(),
            attachment.chain_index.to_string().into(),
            attachment.compartment_id.to_string().into(),
            source.into(),
        ]);
    }
}

fn limited(out: &mut Builder, state: &Aggregator) {
    let oddities = state.oddities();
    out.counter(["weir_flow_undecided_older"], oddities.flows_refused);
    out.counter(["weir_program_info"], oddities.attachments_refused);
    out.counter(["weir_program_invocations_total"], oddities.programs_limited);
}

fn driver_info(out: &mut Builder, state: &Aggregator) {
    let driver = state.driver();
    if driver.version.as_str().is_empty() {
        return;
    }
    let version = crate::aggregate::label_value(driver.version.as_str(), state.limits.label_bytes);
    let (whole, part) = (driver.clock_resolution_ps / 1_000, driver.clock_resolution_ps % 1_000);
    let resolution = format!("{whole}.{part:03}");
    let resolution = resolution.trim_end_matches('0').trim_end_matches('.');
    out.info([
        version.into(),
        driver.clock.name().into(),
        resolution.to_owned().into(),
        driver.failure_policy.name().into(),
        driver.block_action_name().into(),
    ]);
}
