//! Families about the driver as a whole whose source is its counters.

use super::family::{Builder, LabelValue};
use crate::aggregate::SeriesTable;
use weir_abi::Direction;
use weir_abi::counters::{Series, flow_index};
use weir_abi::event::Fate;

/// Network types in the order of their index, with their label values.
pub(super) const NETWORKS: [(&str, bool); 2] = [("ipv4", false), ("ipv6", true)];

/// Settled flows of one fate.
pub(super) fn settled(totals: &SeriesTable, fate: Fate, direction: Direction, is_v6: bool) -> u64 {
    flow_index(fate, direction, is_v6)
        .map_or(0, |index| totals.value(Series::Flows, usize::from(index)))
}

/// Fills a family; `false` where it is not one of these.
pub(super) fn fill(out: &mut Builder, totals: &SeriesTable) -> bool {
    match out.metric.name {
        "weir_flow_verdicts_total" => flow_verdicts(out, totals),
        "weir_flows_uninspected_total" => {
            let none: [LabelValue; 0] = [];
            out.counter(none, totals.sum(Series::FlowsUninspected));
        }
        "weir_classify_seconds" => classify(out, totals),
        "weir_stream_copies_total" => by_direction(out, totals, Series::Copies),
        "weir_stream_copy_bytes_total" => by_direction(out, totals, Series::CopiedBytes),
        "weir_stream_copy_failures_total" => by_direction(out, totals, Series::CopyFailures),
        "weir_stream_absorbed_bytes_total" => by_direction(out, totals, Series::AbsorbedBytes),
        "weir_stream_missed_bytes_total" => by_direction(out, totals, Series::MissedBytes),
        _ => return false,
    }
    true
}

fn flow_verdicts(out: &mut Builder, totals: &SeriesTable) {
    for fate in Fate::ALL {
        for direction in Direction::ALL {
            for (network, is_v6) in NETWORKS {
                let count = settled(totals, *fate, *direction, is_v6);
                out.counter([fate.name(), direction.name(), network], count);
            }
        }
    }
}

fn classify(out: &mut Builder, totals: &SeriesTable) {
    let layers = [
        ("flow_established", Series::CalloutTimeEstablished),
        ("stream", Series::CalloutTimeStream),
    ];
    for (place, (layer, series)) in layers.into_iter().enumerate() {
        let sum = totals.value(Series::CalloutTime, place);
        out.histogram([layer.into()], totals.row(series), sum);
    }
}

fn by_direction(out: &mut Builder, totals: &SeriesTable, series: Series) {
    for direction in Direction::ALL {
        out.counter([direction.name()], totals.value(series, direction.index()));
    }
}
