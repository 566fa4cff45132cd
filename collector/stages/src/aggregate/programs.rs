//! Values of the label `program`, and the totals that outlive attachments.
//!
//! Several attachments may carry one label: their totals are summed under it.
//! What an attachment counted stays with its program when the attachment goes.

use super::label::OTHER;
use super::table::SeriesTable;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One value of the label.
#[derive(Debug, Default)]
pub(crate) struct Program {
    /// Totals of attachments that are gone for good.
    pub(crate) carried: SeriesTable,
    attachments: u32,
    order: u64,
}

/// Every value of the label, bounded.
#[derive(Debug)]
pub(crate) struct Programs {
    by_name: BTreeMap<Arc<str>, Program>,
    programs_max: usize,
    next_order: u64,
    limited: u64,
}

impl Programs {
    pub(crate) const fn new(programs_max: usize) -> Self {
        Self { by_name: BTreeMap::new(), programs_max, next_order: 0, limited: 0 }
    }

    /// How often the bound put a program into `other`.
    pub(crate) const fn limited(&self) -> u64 {
        self.limited
    }

    /// Every program in the order of its name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Program)> {
        self.by_name.iter()
    }

    /// Binds an attachment to a name; returns the name that it got.
    pub(crate) fn acquire(&mut self, name: &str) -> Arc<str> {
        self.next_order += 1;
        if !self.by_name.contains_key(name) && name != OTHER && !self.make_room() {
            self.limited += 1;
            return self.acquire(OTHER);
        }
        let order = self.next_order;
        if let Some(program) = self.by_name.get_mut(name) {
            program.attachments += 1;
            program.order = order;
        } else {
            let program = Program { attachments: 1, order, ..Program::default() };
            self.by_name.insert(Arc::from(name), program);
        }
        self.by_name.get_key_value(name).map_or_else(|| Arc::from(name), |(key, _)| key.clone())
    }

    /// Ends the binding of an attachment and keeps its totals.
    pub(crate) fn release(&mut self, name: &Arc<str>, totals: &SeriesTable) {
        let Some(program) = self.by_name.get_mut(name) else { return };
        program.carried.merge(totals);
        program.attachments = program.attachments.saturating_sub(1);
        if program.attachments == 0 && program.carried.is_empty() {
            self.by_name.remove(name);
        }
    }

    /// Ends a name that no attachment is bound to any more; its totals go into `other`.
    pub(crate) fn end(&mut self, name: &Arc<str>) {
        let Some(gone) = self.by_name.remove(name) else { return };
        if !gone.carried.is_empty() {
            self.by_name.entry(Arc::from(OTHER)).or_default().carried.merge(&gone.carried);
        }
    }

    /// Whether one more name has room, if need be after the oldest idle one went into `other`.
    fn make_room(&mut self) -> bool {
        let named = self.by_name.len() - usize::from(self.by_name.contains_key(OTHER));
        if named < self.programs_max {
            return true;
        }
        let idle = self
            .by_name
            .iter()
            .filter(|(name, program)| program.attachments == 0 && name.as_ref() != OTHER)
            .min_by_key(|(_, program)| program.order)
            .map(|(name, _)| name.clone());
        let Some(gone) = idle.and_then(|name| self.by_name.remove(&name)) else { return false };
        self.limited += 1;
        self.by_name.entry(Arc::from(OTHER)).or_default().carried.merge(&gone.carried);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_abi::counters::{Entry, Series};

    fn total(programs: &Programs) -> u64 {
        programs.iter().map(|(_, program)| program.carried.sum(Series::PairsBegun)).sum()
    }

    #[test]
    fn names_are_bounded_and_no_total_is_lost() {
        let mut programs = Programs::new(3);
        let mut one = SeriesTable::default();
        one.add(Entry::of(Series::PairsBegun, 0, 1, 1));
        for number in 0..10 {
            let name = programs.acquire(&format!("p{number}"));
            programs.release(&name, &one);
        }
        let names: Vec<_> = programs.iter().map(|(name, _)| name.to_string()).collect();
        assert_eq!(names, ["other", "p7", "p8", "p9"]);
        assert_eq!((total(&programs), programs.limited()), (10, 7));
    }

    #[test]
    fn a_program_that_finds_all_names_attached_is_other() {
        let mut programs = Programs::new(1);
        assert_eq!(programs.acquire("a").as_ref(), "a");
        assert_eq!(programs.acquire("b").as_ref(), "other");
        assert_eq!(programs.acquire("a").as_ref(), "a");
    }

    #[test]
    fn a_name_that_never_counted_anything_goes_with_its_attachment() {
        let mut programs = Programs::new(1);
        let name = programs.acquire("a");
        programs.release(&name, &SeriesTable::default());
        assert_eq!(programs.iter().count(), 0);
    }
}
