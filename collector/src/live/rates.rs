//! Rates of the last minute, from one whole set of counters to the next.

use crate::serve::Rates;
use std::collections::BTreeMap;
use std::sync::Arc;
use weir_stages::snapshot::Tables;

/// Seconds that are remembered.
const SECONDS_MAX: usize = 60;

/// Totals of the last set, and rates so far.
#[derive(Default)]
pub(super) struct Meter {
    last: Option<Totals>,
    rates: Rates,
}

struct Totals {
    at_ns: u64,
    invocations: BTreeMap<Arc<str>, u64>,
    flows: u64,
}

impl Meter {
    /// A set of counters came.
    pub(super) fn sample(&mut self, at_ns: u64, tables: &Tables) {
        let invocations = |row: &weir_stages::snapshot::ProgramRow| {
            (Arc::clone(&row.program), row.invocations.iter().sum())
        };
        let totals = Totals {
            at_ns,
            invocations: tables.programs.iter().map(invocations).collect(),
            flows: tables.fates.iter().map(|row| row.flows).sum(),
        };
        if let Some(last) = self.last.replace(totals)
            && let Some(now) = &self.last
        {
            let since_ns = now.at_ns.saturating_sub(last.at_ns);
            for (name, total) in &now.invocations {
                let before = last.invocations.get(name).copied().unwrap_or(0);
                let history = self.rates.invocations.entry(Arc::clone(name)).or_default();
                push(history, per_second(total.saturating_sub(before), since_ns));
            }
            let flows = now.flows.saturating_sub(last.flows);
            push(&mut self.rates.flows, per_second(flows, since_ns));
        }
    }

    /// The rates.
    pub(super) const fn rates(&self) -> &Rates {
        &self.rates
    }
}

fn per_second(count: u64, since_ns: u64) -> u32 {
    let rate = u128::from(count) * 1_000_000_000 / u128::from(since_ns.max(1));
    u32::try_from(rate).unwrap_or(u32::MAX)
}

fn push(history: &mut Vec<u32>, rate: u32) {
    if history.len() >= SECONDS_MAX {
        history.remove(0);
    }
    history.push(rate);
}
