//! Totals over all loads of the driver: what every metric whose source is *counters* is read from.
//!
//! Within a load, a whole set replaces what the sets before it said, so the values are the
//! driver's own truth however many events were lost.
//! Over loads, values are added, so a restart makes no counter fall.

use super::attachments::Attachments;
use super::doubt::{Doubt, Judged};
use super::label::OTHER;
use super::limits::Limits;
use super::naming::Revision;
use super::programs::Programs;
use super::sets::WholeSet;
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
    doubt: Doubt,
    has_set: bool,
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
    doubted: u64,
    unknown_entries: u64,
    is_told: bool,
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
            doubted: 0,
            unknown_entries: 0,
            is_told: false,
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

    /// Whole sets that could not follow the one before them.
    pub(crate) const fn doubted(&self) -> u64 {
        self.doubted
    }

    /// Entries of series or indices that this version does not know.
    pub(crate) const fn unknown_entries(&self) -> u64 {
        self.unknown_entries
    }

    /// Makes a load the active one; whether it has been so before.
    pub(crate) fn activate(&mut self, id: u32) -> bool {
        if let Some(place) = self.epochs.iter().position(|epoch| epoch.id == id) {
            // A load that is there again was never gone: what seemed to follow it was forged, and
            // what it told with it.
            for other in self.epochs.split_off(place + 1) {
                self.refused += other.attachments.refused();
                other.attachments.forget(&mut self.programs);
            }
            return true;
        }
        if self.epochs.len() >= self.limits.epochs.max(1) {
            self.carry_one();
        }
        self.epochs.push(Epoch {
            id,
            attachments: Attachments::new(self.limits),
            driver: SeriesTable::default(),
            doubt: Doubt::default(),
            has_set: false,
            loaded_ns: None,
        });
        false
    }

    /// Adds the totals of a load to those of all before: the oldest, but rather one that told none.
    fn carry_one(&mut self) {
        let place = self.epochs.iter().position(|epoch| !epoch.has_set).unwrap_or(0);
        let oldest = self.epochs.remove(place);
        self.refused += oldest.attachments.refused();
        if oldest.has_set {
            self.driver_carried.merge(&oldest.driver);
            self.carried_since_ns = earliest([self.carried_since_ns, oldest.loaded_ns]);
        }
        oldest.attachments.retire(&mut self.programs);
    }

    /// Whether a part of a set may be of one that was not applied yet.
    pub(crate) fn is_news(&self, epoch: u32, number: u32, time_ns: u64) -> bool {
        let known = self.epochs.iter().find(|known| known.id == epoch);
        known.is_none_or(|known| known.doubt.is_news(number, time_ns))
    }

    /// Applies a whole set of the active load, if it can follow the last one; marks are not for
    /// this table. Returns the entries where it was, and memory that is free again.
    pub(crate) fn apply(&mut self, set: WholeSet, time_ns: u64) -> (Option<&[Entry]>, Vec<Entry>) {
        let Some(epoch) = self.epochs.last_mut().filter(|epoch| epoch.id == set.epoch) else {
            return (None, set.entries);
        };
        let Judged { set, spare } = epoch.doubt.judge(set, time_ns);
        let Some(set) = set else {
            self.doubted += 1;
            return (None, spare);
        };
        epoch.has_set = true;
        self.is_told = true;
        epoch.driver.clear();
        epoch.attachments.begin_set();
        for entry in &set.entries {
            if !apply_entry((&mut epoch.attachments, &mut epoch.driver), &mut self.programs, *entry)
            {
                self.unknown_entries += 1;
            }
        }
        epoch.attachments.end_set(&mut self.programs);
        (Some(&set.entries), spare)
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

    /// Whether any driver has told its totals. Until then nothing is known of them, not even that
    /// they are 0: after a restart of the collector they are what they were.
    pub(crate) const fn is_told(&self) -> bool {
        self.is_told
    }

    /// When the active load began.
    pub(crate) fn loaded(&mut self, loaded_ns: u64) {
        if let Some(epoch) = self.epochs.last_mut() {
            epoch.loaded_ns = Some(loaded_ns);
        }
    }

    /// When the earliest load began whose totals are in these; `None` until a set was applied.
    pub(crate) fn since_ns(&self) -> Option<u64> {
        let told = |epoch: &Epoch| epoch.loaded_ns.filter(|_| epoch.has_set);
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

fn apply_entry(
    (attachments, driver): (&mut Attachments, &mut SeriesTable),
    programs: &mut Programs,
    entry: Entry,
) -> bool {
    match Series::from_number(entry.series).map(Series::scope) {
        Some(Scope::Attachment) => {
            attachments.table_in_set(entry.scope, programs).is_none_or(|table| table.add(entry))
        }
        Some(Scope::Driver) => driver.add(entry),
        Some(Scope::Processor) => true,
        None => false,
    }
}
