//! Blocked flows that are aborted, where `BlockAction` says so (S18).
//!
//! The stream callout may not abort its own flow, so it puts it on a list; this work, which holds no
//! lock, takes it off.

use crate::driver::running;
use crate::stop::abort;

/// The work. Flows that WFP has let go of meanwhile are left out.
pub(crate) fn run(_nothing: usize) {
    let Some(driver) = running() else { return };
    for flow in driver.flows.take_listed() {
        let is_removing = flow.state.lock().is_removing;
        if !is_removing {
            abort(driver, &flow);
        }
    }
}
