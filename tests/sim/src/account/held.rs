//! Sets of counters, held against the account.

use super::{Account, DERIVED};
use crate::sets::Values;
use weir_abi::counters::Series;

impl Account {
    /// Holds a set against this account: every value that differs.
    pub fn set(&mut self, set: &Values) -> Vec<String> {
        let told = self.differences(set);
        for at in (0..self.gone.len()).rev() {
            let Some((attach_id, left)) = self.gone.get_mut(at) else { continue };
            *left -= 1;
            if *left == 0 {
                let attach_id = *attach_id;
                self.gone.remove(at);
                self.forget(attach_id);
            }
        }
        told
    }

    fn differences(&self, set: &Values) -> Vec<String> {
        let derived = set.iter().filter(|((series, ..), _)| DERIVED.contains(series));
        let derived: Values = derived.map(|(key, value)| (*key, *value)).collect();
        let mut values = self.values.clone();
        values.extend(self.gone.iter().map(|(attach_id, _)| ((Series::Final, 0, *attach_id), 1)));
        let mut told = crate::sets::differences(("events", &values), ("counters", &derived));
        let absorbed = [Series::AbsorbedSegments, Series::AbsorbedBytes];
        for (series, closed) in absorbed.into_iter().zip(self.absorbed) {
            let counted: u64 =
                set.iter().filter(|((it, ..), _)| *it == series).map(|(_, value)| value).sum();
            let is_all = self.flows.values().all(|flow| !flow.is_open);
            if is_all && counted != closed {
                told.push(format!("{}: events {closed}, counters {counted}", series.name()));
            }
        }
        for ((series, index, scope), value) in set {
            let number = u16::try_from(*scope).ok().map(|cpu| (cpu, *index));
            let last = number.and_then(|it| self.numbers.get(&it)).copied().unwrap_or(0);
            let is_mark = *series == Series::MarkNumbered;
            // The event that carries the mark has a number itself.
            if is_mark && *index != weir_abi::event::Counters::ID && u64::from(last) != *value {
                told.push(format!("mark of event {index} on {scope}: {value}, last was {last}"));
            }
            if *series == Series::MarkFailed {
                told.push(format!("{value} events {index} failed on {scope}"));
            }
        }
        told
    }
}
