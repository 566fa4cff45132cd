//! Totals over all loads of the driver: what every metric whose source is *counters* is read from.
//!
//! Within a load, a whole set replaces what the sets before it said, so the values are the
//! driver's own truth however many events were lost.
//! Over loads, values are added, so a restart makes no counter fall.

use super::attachments::Attachments;
use super::label::OTHER;
use super::limits::Limits;
use super::naming::Revision;
use super::programs::Programs;
use super::sets::{WholeSet, is_after};
use super::table::SeriesTable;
use weir_abi::counters::{Entry, Scope, Series};

/// One load of the driver.
#[derive(Debug)]
pub(crate) struct Epoch {
    /// Its random number.
    pub(crate) id: u32,
    /// Its attachments.
    pub(crate) attachments: Attachments,
    /// The driver's own totals.
    pub(crate) driver: SeriesTable,
    applied: Option<u32>,
    /// When it began, where it has said so.
    loaded_ns: Option<u64>,
}

impl Epoch {
    /// The state that its attachments are in.
    pub(crate) const fn revision(&self) -> Revision {
        Revision::new(self.id, self.attachments.changes())
    }

    /// When it began, where it has said so.
    pub(crate) const fn loaded_ns(&self) -> Option<u64> {
        self.loaded_ns
    }
}

/// Totals of the loads that are kept apart, and of all before them.
#[derive(Debug)]
pub(crate) struct Totals {
    /// The active load is the last one.
    epochs: Vec<Epoch>,
    /// The label `program` and what gone attachments counted.
    pub(crate) programs: Programs,
    driver_carried: SeriesTable,
    /// When the earliest load began that is no longer kept apart.
    carried_since_ns: Option<u64>,
    limits: Limits,
    refused: u64,
    unknown_entries: u64,
}

impl Totals {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            epochs: Vec::new(),
            programs: Programs::new(limits.programs),
            driver_carried: SeriesTable::default(),
            carried_since_ns: None,
            limits,
            refused: 0,
            unknown_entries: 0,
        }
    }

    /// The load that the driver is in now.
    pub(crate) fn active(&self) -> Option<&Epoch> {
        self.epochs.last()
    }

    /// The same, to change it.
    pub(crate) fn active_mut(&mut self) -> Option<(&mut Epoch, &mut Programs)> {
        self.epochs.last_mut().map(|epoch| (epoch, &mut self.programs))
    }

    /// Loads that are kept apart, the active one last.
    pub(crate) fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    /// Attachments that found their bound reached.
    pub(crate) fn refused(&self) -> u64 {
        self.epochs.iter().fold(self.refused, |sum, epoch| sum + epoch.attachments.refused())
    }

    /// Entries of series or indices that this version does not know.
    pub(crate) const fn unknown_entries(&self) -> u64 {
        self.unknown_entries
    }

    /// Makes a load the active one.
    pub(crate) fn activate(&mut self, id: u32) {
        if let Some(place) = self.epochs.iter().position(|epoch| epoch.id == id) {
            let epoch = self.epochs.remove(place);
            self.epochs.push(epoch);
            return;
        }
        if self.epochs.len() >= self.limits.epochs.max(1) {
            let oldest = self.epochs.remove(0);
            self.refused += oldest.attachments.refused();
            self.driver_carried.merge(&oldest.driver);
            self.carried_since_ns = earliest([self.carried_since_ns, oldest.loaded_ns]);
            oldest.attachments.retire(&mut self.programs);
        }
        self.epochs.push(Epoch {
            id,
            attachments: Attachments::new(self.limits),
            driver: SeriesTable::default(),
            applied: None,
            loaded_ns: None,
        });
    }

    /// Whether a set is newer than all that were applied of its load.
    pub(crate) fn is_news(&self, epoch: u32, number: u32) -> bool {
        let known = self.epochs.iter().find(|known| known.id == epoch);
        known.and_then(|known| known.applied).is_none_or(|applied| is_after(number, applied))
    }

    /// Applies a whole set of the active load; marks are not for this table.
    pub(crate) fn apply(&mut self, set: &WholeSet) {
        let Some(epoch) = self.epochs.last_mut().filter(|epoch| epoch.id == set.epoch) else {
            return;
        };
        epoch.applied = Some(set.number);
        epoch.driver.clear();
        epoch.attachments.begin_set();
        for entry in &set.entries {
            if !apply_entry(epoch, &mut self.programs, *entry) {
                self.unknown_entries += 1;
            }
        }
        epoch.attachments.end_set(&mut self.programs);
    }

    /// Gives an attachment of the active load, with all that it has counted, another name; its old
    /// name ends. `false` where another attachment has the old name too: that one's would fall.
    pub(crate) fn rename(&mut self, id: u32, name: &str) -> bool {
        let Some((active, earlier)) = self.epochs.split_last_mut() else { return false };
        let Some(old) = active.attachments.find_mut(id).map(|it| it.program.clone()) else {
            return false;
        };
        if *old == *OTHER {
            return true;
        }
        if active.attachments.iter().any(|(other, it)| other != id && it.program == old) {
            return false;
        }
        for epoch in earlier {
            for (_, attachment) in epoch.attachments.iter_mut() {
                if attachment.program == old {
                    attachment.program = self.programs.acquire(OTHER);
                }
            }
        }
        self.programs.end(&old);
        if let Some(attachment) = active.attachments.find_mut(id) {
            attachment.program = self.programs.acquire(name);
        }
        true
    }

    /// When the active load began.
    pub(crate) fn loaded(&mut self, loaded_ns: u64) {
        if let Some(epoch) = self.epochs.last_mut() {
            epoch.loaded_ns = Some(loaded_ns);
        }
    }

    /// When the earliest load began whose totals are in these; `None` until a set was applied.
    pub(crate) fn since_ns(&self) -> Option<u64> {
        let told = |epoch: &Epoch| epoch.loaded_ns.filter(|_| epoch.applied.is_some());
        let loads = self.epochs.iter().map(told);
        earliest(loads.chain([self.carried_since_ns]))
    }

    /// The driver's totals over all loads.
    pub(crate) fn driver(&self) -> SeriesTable {
        let mut sum = self.driver_carried.clone();
        for epoch in &self.epochs {
            sum.merge(&epoch.driver);
        }
        sum
    }
}

fn earliest(times: impl IntoIterator<Item = Option<u64>>) -> Option<u64> {
    times.into_iter().flatten().min()
}

fn apply_entry(epoch: &mut Epoch, programs: &mut Programs, entry: Entry) -> bool {
    match Series::from_number(entry.series).map(Series::scope) {
        Some(Scope::Attachment) => epoch
            .attachments
            .table_in_set(entry.scope, programs)
            .is_none_or(|table| table.add(entry)),
        Some(Scope::Driver) => epoch.driver.add(entry),
        Some(Scope::Processor) => true,
        None => false,
    }
}
