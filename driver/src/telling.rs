//! Counters: sets of everything that is counted, exact however many single events were lost.
//!
//! A set has parts of at most 230 entries. How many there are has to stand in the first, so values
//! are added up before any is written. The marks of a processor travel in a part of their own that
//! is written on that processor: nothing that was numbered there can come after it.

use crate::attach::Gone;
use crate::driver::Driver;
use crate::events::COUNTERS_BYTES;
use crate::plan::{ATTACHMENT, DRIVER};
use crate::snapshot::Facts;
use crate::totals::{Block, Totals};
use core::sync::atomic::Ordering;
use weir_abi::counters::{ENTRIES_MAX, Entry, Series};
use weir_abi::event::CountersHeader;
use weir_engine::Slot;
use weir_nt::NtStatus;
use weir_nt::lock::{AtDispatch, at_dispatch};
use weir_nt::pool::{PoolSlice, Shared};
use weir_nt::processors::{on_processor, processors_max};

/// Attachments of a set: those that are there or leaving, and those that are gone.
const TOLD_MAX: usize = 128;

/// What telling needs; one set is told at a time.
#[derive(Debug)]
pub(crate) struct Teller {
    number: u32,
    entries: PoolSlice<Entry>,
    payload: PoolSlice<u8>,
    told: PoolSlice<Option<Told>>,
    /// Processors whose marks are in the set that is being told.
    marked: PoolSlice<bool>,
}

/// An attachment of the set that is being told.
#[derive(Debug)]
struct Told {
    facts: Shared<Facts>,
    is_final: bool,
}

impl Teller {
    pub(crate) fn new() -> Result<Self, NtStatus> {
        let processors = usize::try_from(processors_max()).unwrap_or(0);
        Ok(Self {
            number: 0,
            entries: PoolSlice::from_fn(ENTRIES_MAX, |_| Entry::default())?,
            payload: PoolSlice::from_fn(COUNTERS_BYTES, |_| 0)?,
            told: PoolSlice::from_fn(TOLD_MAX, |_| None)?,
            marked: PoolSlice::from_fn(processors, |_| false)?,
        })
    }
}

/// A set that is being written.
struct Set<'a> {
    driver: &'static Driver,
    teller: &'a mut Teller,
    header: CountersHeader,
    filled: usize,
}

/// Tells a set, if anybody listens.
pub(crate) fn tell(driver: &'static Driver) {
    if !driver.events.wants_counters() {
        return;
    }
    // One at a time: whoever finds it taken leaves the telling to whoever has it.
    let Some(mut teller) = driver.teller.lock().take() else { return };
    tell_with(driver, &mut teller);
    *driver.teller.lock() = Some(teller);
}

fn tell_with(driver: &'static Driver, teller: &mut Teller) {
    gather(driver, teller);
    let contexts = driver.admission.contexts();
    let live = contexts.iter().filter(|count| **count != 0).count();
    let mut entries = driver.totals.0.add_up().saturating_add(live);
    for told in teller.told.iter().flatten() {
        let sums = told.facts.totals.0.add_up();
        entries = entries.saturating_add(sums).saturating_add(usize::from(told.is_final));
    }
    let mut marked = 0_usize;
    for (numbers, place) in driver.events.numbers.iter().zip(teller.marked.iter_mut()) {
        *place = numbers.marks().any(is_marked);
        marked = marked.saturating_add(usize::from(*place));
    }
    // A set with nothing in it is told too: that is what there is to know.
    let parts = entries.div_ceil(ENTRIES_MAX).saturating_add(marked).max(1);
    teller.number = teller.number.wrapping_add(1);
    let parts = u16::try_from(parts).unwrap_or(u16::MAX);
    let header = CountersHeader { number: teller.number, part: 0, parts };
    let mut set = Set { driver, teller, header, filled: 0 };
    set.write_values(contexts, marked != 0);
    set.write_marks();
    for told in set.teller.told.iter_mut() {
        *told = None;
    }
}

const fn is_marked((_, numbered, _): (u16, u32, u32)) -> bool {
    numbered != 0
}

/// Collects the attachments of a set; those that are gone have one set less to come.
///
/// An attachment is there, then leaving, then gone; looked for in this order it is found at least
/// once, and told once.
fn gather(driver: &'static Driver, teller: &mut Teller) {
    let mut count = 0_usize;
    let mut push = |facts: Shared<Facts>, is_final| {
        let told = teller.told.iter().take(count).flatten();
        let is_told = told.filter(|told| told.facts.attach_id == facts.attach_id).count() != 0;
        if let Some(place) = teller.told.get_mut(count).filter(|_| !is_told) {
            *place = Some(Told { facts, is_final });
            count = count.saturating_add(1);
        }
        !is_told
    };
    for slot in (0..weir_engine::slots::SLOTS).filter_map(Slot::new) {
        if let Some(facts) = attached(driver, slot) {
            push(facts, false);
        }
    }
    let mut control = driver.control.lock();
    for place in control.gone.iter_mut() {
        let Some(Gone { facts, sets_left }) = place else { continue };
        if push(facts.clone(), true) {
            *sets_left = sets_left.saturating_sub(1);
        }
        if *sets_left == 0 {
            *place = None;
        }
    }
}

fn attached(driver: &'static Driver, slot: Slot) -> Option<Shared<Facts>> {
    let there = at_dispatch(|level| {
        driver
            .published
            .read(level, |snapshot| snapshot.attached(slot).map(|attached| attached.facts.clone()))
    });
    // When the driver stops a slot that was left stays leaving, and is among those that are gone.
    let leaving = || driver.slots.leaving(slot).filter(|_| !driver.is_stopping());
    there.flatten().or_else(leaving)
}

impl Set<'_> {
    fn write_values(&mut self, contexts: [u64; 2], has_marks: bool) {
        let driver = self.driver;
        self.push_block(DRIVER, 0, &driver.totals.0);
        for (count, index) in contexts.into_iter().zip(0_u16..) {
            self.push(Entry::of(Series::Contexts, index, 0, count));
        }
        for index in 0..TOLD_MAX {
            let told = self.teller.told.get(index).and_then(Option::as_ref);
            let Some((facts, is_final)) = told.map(|told| (told.facts.clone(), told.is_final))
            else {
                continue;
            };
            self.push_block(ATTACHMENT, facts.attach_id, &facts.totals.0);
            self.push(Entry::of(Series::Final, 0, facts.attach_id, u64::from(is_final)));
        }
        if self.filled != 0 || self.header.parts == 1 && self.header.part == 0 && !has_marks {
            at_dispatch(|level| self.flush(level));
        }
    }

    fn push_block(&mut self, plan: &[(Series, u16)], scope: u32, totals: &Totals) {
        let block: &Block = totals.told();
        let mut values = block.values().iter();
        for (series, length) in plan {
            for index in 0..*length {
                let value = values.next().map_or(0, |value| value.load(Ordering::Relaxed));
                self.push(Entry::of(*series, index, scope, value));
            }
        }
    }

    /// Zero values are left out.
    fn push(&mut self, entry: Entry) {
        if entry.value == 0 {
            return;
        }
        if let Some(place) = self.teller.entries.get_mut(self.filled) {
            *place = entry;
            self.filled = self.filled.saturating_add(1);
        }
        if self.filled == ENTRIES_MAX {
            at_dispatch(|level| self.flush(level));
        }
    }

    fn flush(&mut self, level: &AtDispatch) {
        let part = self.teller.entries.get(..self.filled).unwrap_or(&[]);
        let payload = &mut self.teller.payload;
        self.driver.events.write_counters(level, self.header, part, payload);
        self.header.part = self.header.part.saturating_add(1);
        self.filled = 0;
    }

    /// Writes the marks of the processors that were counted, each where it belongs.
    fn write_marks(&mut self) {
        for (index, processor) in (0..self.teller.marked.len()).zip(0_u32..) {
            if self.teller.marked.get(index) != Some(&true) {
                continue;
            }
            let written = on_processor(processor, |level| self.flush_marks(level, processor));
            if written.is_none() {
                // A processor that was taken out has no more events: its marks are final.
                at_dispatch(|level| self.flush_marks(level, processor));
            }
        }
    }

    fn flush_marks(&mut self, level: &AtDispatch, processor: u32) {
        let driver = self.driver;
        let Some(numbers) = driver.events.numbers.of(processor) else { return };
        for (id, numbered, failed) in numbers.marks() {
            self.push(Entry::of(Series::MarkNumbered, id, processor, u64::from(numbered)));
            self.push(Entry::of(Series::MarkFailed, id, processor, u64::from(failed)));
        }
        self.flush(level);
    }
}
