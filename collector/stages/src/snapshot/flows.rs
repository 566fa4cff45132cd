//! Families about undecided flows whose source is the live set.

use super::family::{Builder, LabelValue};
use super::survey::{OLDER, Old, Survey};
use core::net::SocketAddr;
use std::sync::Arc;
use weir_abi::wire::{Address, Port};

/// Fills a family; `false` where it is not one of these.
pub(super) fn fill(out: &mut Builder, survey: &Survey) -> bool {
    match out.metric.name {
        "weir_flow_stuck" => {
            survey.by_program.iter().for_each(|(name, ages)| out.gauge([name], ages.stuck));
        }
        "weir_flow_waiting" => {
            survey.by_program.iter().for_each(|(name, ages)| out.gauge([name], ages.waiting));
        }
        "weir_flow_undecided_oldest_seconds" => {
            survey.by_program.iter().for_each(|(name, ages)| out.seconds([name], ages.oldest_ns));
        }
        "weir_flow_undecided_older" => older(out, survey),
        "weir_flow_detail_age_seconds" => {
            details(survey, |old, program| out.seconds(labels(old, program), old.age_ns));
        }
        "weir_flow_detail_segments" => {
            details(survey, |old, program| {
                out.gauge(labels(old, program), u64::from(old.segments));
            });
        }
        "weir_flow_detail_bytes" => {
            details(survey, |old, program| out.gauge(labels(old, program), old.bytes));
        }
        _ => return false,
    }
    true
}

fn older(out: &mut Builder, survey: &Survey) {
    for (name, ages) in &survey.by_program {
        for ((than, _), count) in OLDER.into_iter().zip(ages.older) {
            out.gauge([name.into(), LabelValue::Fixed(than)], count);
        }
    }
}

fn details(survey: &Survey, mut each: impl FnMut(&Old, &Arc<str>)) {
    for old in &survey.oldest {
        for program in &old.programs {
            each(old, program);
        }
    }
}

fn labels(old: &Old, program: &Arc<str>) -> [LabelValue; 5] {
    [
        old.flow_id.to_string().into(),
        program.into(),
        endpoint(old.local).to_string().into(),
        endpoint(old.remote).to_string().into(),
        old.process_id.to_string().into(),
    ]
}

/// Address and port as people write them.
pub(super) const fn endpoint((address, port): (Address, Port)) -> SocketAddr {
    SocketAddr::new(address.to_ip(), port.0)
}
