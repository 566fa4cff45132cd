//! WFP lets go of a flow's context: because the connection ended, or because it was asked to
//! (S25, S37).

use crate::after::Todo;
use crate::driver::Driver;
use crate::flow::FlowContext;
use crate::walk::Place;
use weir_abi::event::{ErrorApi, FateReason};
use weir_nt::slab::{Handle, Reference};
use weir_nt::stack::with_stack;

/// The telling of a deletion; comes once for each association, on any stack.
pub(crate) fn deleted(driver: &'static Driver, flow_context: u64) {
    let handle = Handle::from_raw(flow_context);
    let Some(flow) = handle.and_then(|handle| driver.flows.get(handle)) else { return };
    if wants_nobody(&flow) {
        end(driver, &flow, true);
    } else if let Err(status) = with_stack(|| end(driver, &flow, true)) {
        driver.error_about(ErrorApi::Stack, status, &flow.tuple);
        end(driver, &flow, false);
    }
    flow.retire();
}

/// Marks the context as going, and says whether no program has to hear of it.
fn wants_nobody(flow: &FlowContext) -> bool {
    let mut life = flow.state.lock();
    // WFP does it by itself: nobody needs to ask any more, and nobody may (S37).
    life.is_removing = true;
    life.is_released || life.engine.classifying().is_empty()
}

fn end(driver: &'static Driver, flow: &Reference<'_, FlowContext>, has_stack: bool) {
    let now = driver.clock.now();
    let mut guard = flow.state.lock();
    let (life, level) = guard.split();
    if life.is_released {
        return;
    }
    driver.published.read(level, |snapshot| {
        let place = Place { driver, level, snapshot, has_stack };
        let ended = place.end_with(
            (&flow.tuple, life),
            FateReason::Closed,
            now,
            |engine, walk, order, _policy| engine.deleted(walk, order),
        );
        // The context is going already, and a blocked flow that ended needs no abort.
        let (_outcome, Todo { .. }) = ended;
    });
}
