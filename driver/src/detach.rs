//! Detach: a program goes (S29, S30).
//!
//! The callback takes it out of the order and leaves the rest to the work of its slot: waiting for
//! walks that began before, completing the detach, clearing the slot out of every flow.

use crate::driver::{Driver, running};
use crate::slots::Leaving;
use crate::snapshot::{Attached, Facts};
use crate::telling;
use crate::walk::Place;
use weir_abi::event::{Detached, FateReason};
use weir_engine::Slot;
use weir_nt::lock::at_dispatch;
use weir_nt::pool::Shared;
use weir_nt::time::pause_ms;

/// Milliseconds until another look at who still has the program.
const PAUSE_MS: u32 = 1;

fn slot_of(number: usize) -> Option<Slot> {
    Slot::new(u8::try_from(number).ok()?)
}

/// The program of a slot goes: no walk that begins after this invokes it. Whether that is still to
/// be completed; it is not where nobody is attached to the slot.
pub(crate) fn detach(driver: &'static Driver, number: usize) -> bool {
    let Some(slot) = slot_of(number) else { return false };
    let Some(state) = driver.slots.get(slot) else { return false };
    // The work has been allocated at attach and is waited for at unload only after every detach.
    unpublish(driver, slot).is_some() && state.work.queue()
}

fn unpublish(driver: &'static Driver, slot: Slot) -> Option<()> {
    let state = driver.slots.get(slot)?;
    let mut guard = driver.control.lock();
    let (control, level) = guard.split();
    let chain_index = control.order.chain_index(slot)?;
    let attached = driver.published.read(level, |current| current.shared(slot)).flatten()?;
    // There is one for each attachment.
    let mut next = control.take_spare()?;
    control.order.detach(slot);
    driver.published.read(level, |current| next.take_programs(&control.order, current));
    next.order = control.order;
    // Before walks can miss it in the order: pairs that end meanwhile are told with this.
    driver.slots.set_leaving(slot, Some(attached.facts.clone()));
    let retired = driver.published.replace(next);
    driver.slots.count_attached(control.attachments());
    *state.leaving.lock() = Some(Leaving { attached, retired: Some(retired), chain_index });
    Some(())
}

/// The work of a slot's detach.
pub(crate) fn run(number: usize) {
    let (Some(driver), Some(slot)) = (running(), slot_of(number)) else { return };
    let Some(state) = driver.slots.get(slot) else { return };
    let Some(Leaving { attached, retired, chain_index }) = state.leaving.lock().take() else {
        return;
    };
    // When this returns, no walk reads the order that this detach replaced.
    drop(retired.and_then(|retired| driver.published.wait(retired)));
    let Attached { facts, client } = match Shared::try_unwrap(attached) {
        Ok(attached) => attached,
        Err(attached) => {
            // An order that somebody else replaced has it still, and goes as soon as that one has
            // waited for its readers: this work comes again, behind theirs.
            *state.leaving.lock() = Some(Leaving { attached, retired: None, chain_index });
            pause_ms(PAUSE_MS);
            state.work.queue();
            return;
        }
    };
    client.detached();
    let is_stopping = driver.is_stopping();
    if !is_stopping {
        clear(driver, slot);
    }
    tell(driver, &facts, chain_index);
    if driver.control.lock().is_full_of_untold() {
        // Many came and went since the last set: this one is early.
        telling::tell(driver);
    }
    // Gone before it has left: whoever tells the totals looks in the opposite order, and misses none.
    let _told_no_more = driver.control.lock().push_gone(facts);
    if !is_stopping {
        driver.slots.set_leaving(slot, None);
        driver.control.lock().order.drained(slot);
    }
}

/// Takes the slot out of every flow; those that only it was classifying are released (S30).
///
/// When the driver stops this is left out: pairs end with the driver then, and once for all slots.
fn clear(driver: &'static Driver, slot: Slot) {
    for index in 0..driver.flows.places() {
        let Some(flow) = driver.flows.at(index) else { continue };
        let now = driver.clock.now();
        let mut guard = flow.state.lock();
        let (life, level) = guard.split();
        if life.is_released {
            continue;
        }
        let ended = driver.published.read(level, |snapshot| {
            let place = Place { driver, level, snapshot, has_stack: false };
            let end = |engine: &mut weir_engine::Flow,
                       walk: &mut crate::walk::Walk<'_>,
                       _: &_,
                       _| { engine.detached(walk, slot) };
            place.end_with((&flow.tuple, life), FateReason::Detached, now, end)
        });
        drop(guard);
        if let Some((_outcome, todo)) = ended {
            driver.finish(&flow, todo);
        }
    }
}

fn tell(driver: &Driver, facts: &Shared<Facts>, chain_index: u8) {
    let event = Detached {
        slot: facts.slot.number(),
        attach_id: facts.attach_id,
        chain_index,
        compartment_id: facts.compartment_id,
        label: facts.label,
    };
    at_dispatch(|level| driver.events.write(level, &event));
}
