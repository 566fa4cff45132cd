//! Unload, in the order that leaves nothing behind (S35).

use crate::after::Todo;
use crate::driver::Driver;
use crate::flow::FlowContext;
use crate::start::Registered;
use crate::totals::Count;
use crate::walk::Place;
use crate::{engine, telling};
use weir_abi::event::{ErrorApi, FateReason, StateKind};
use weir_nt::lock::at_dispatch;
use weir_nt::slab::Reference;
use weir_nt::time::pause_ms;
use weir_nt::wfp::{Callouts, flows};

/// Milliseconds between two looks at contexts and callouts that are still there.
const PAUSE_MS: u32 = 1;

/// Looks after which WFP is asked whether contexts are left, whatever has been told: 5 s.
const ROUNDS_MAX: u32 = 5_000;

/// Stops the driver. Does not return before no callout is registered.
pub(crate) fn stop(driver: &'static Driver, registered: Registered) {
    let Registered { hook, program_information, ticking, subscription, works, mut callouts, etw } =
        registered;
    // 1: no new contexts.
    driver.begin_stopping();
    // 2: every program is detached, and none can come.
    drop(hook);
    drop(program_information);
    // 3: nothing comes later any more. Nobody else has the engine's session from here on.
    drop(ticking);
    drop(works);
    driver.slots.disarm();
    // 4: nothing new is indicated.
    engine::delete_filters(driver);
    // 5: nobody is inside flow established; contexts go.
    driver.establishing.wait();
    // 6: callouts, for which the contexts must have gone.
    unregister(driver, &mut callouts);
    drop(callouts);
    // 7: the driver's objects, the session, the subscription.
    engine::close(driver);
    drop(subscription);
    // 8: the last word.
    telling::tell(driver);
    driver.tell_state(StateKind::Stop);
    drop(etw);
    // 9: device and memory go when this has returned.
}

/// Removes contexts and unregisters callouts, until both are gone. Without a bound: memory that WFP
/// could still call into must not be freed.
pub(crate) fn unregister(driver: &'static Driver, callouts: &mut Callouts) {
    for round in 0_u32.. {
        let is_empty = remove_contexts(driver);
        // A deletion that is never told must not keep the driver: WFP itself holds callouts for as
        // long as it has contexts of theirs.
        if is_empty || round >= ROUNDS_MAX {
            match callouts.unregister() {
                Ok(()) => return,
                Err(status) => driver.error_status(ErrorApi::CalloutUnregister, status),
            }
        }
        pause_ms(PAUSE_MS);
    }
}

/// Ends every flow and asks WFP for its context; whether none is left.
fn remove_contexts(driver: &'static Driver) -> bool {
    let mut is_empty = true;
    for index in 0..driver.flows.places() {
        let Some(flow) = driver.flows.at(index) else { continue };
        end(driver, &flow);
        drop(flow);
        // Told on this stack, or still to come.
        is_empty &= driver.flows.at(index).is_none();
    }
    is_empty
}

fn end(driver: &'static Driver, flow: &Reference<'_, FlowContext>) {
    let now = driver.clock.now();
    let mut guard = flow.state.lock();
    let (life, level) = guard.split();
    if life.is_removing {
        return;
    }
    let is_blocked = life.engine.is_blocked();
    if !life.is_released {
        driver.published.read(level, |snapshot| {
            let place = Place { driver, level, snapshot, has_stack: false };
            let ended = place.end_with(
                (&flow.tuple, life),
                FateReason::Unload,
                now,
                |engine, walk, _, _| engine.unloaded(walk),
            );
            let (_outcome, Todo { .. }) = ended;
        });
    }
    life.is_removing = true;
    drop(guard);
    if is_blocked {
        // Without the driver its data would pass from here on.
        abort(driver, flow);
    }
    driver.remove(flow);
}

/// Aborts a blocked flow, and counts that; what could not be aborted is told.
pub(crate) fn abort(driver: &Driver, flow: &FlowContext) {
    match flows::abort(flow.tuple.flow_id()) {
        Ok(()) => at_dispatch(|level| driver.totals.count(level, Count::Aborts, 1)),
        Err(status) => {
            at_dispatch(|level| driver.totals.count(level, Count::AbortsFailed, 1));
            driver.error_about(ErrorApi::Abort, status, &flow.tuple);
        }
    }
}
