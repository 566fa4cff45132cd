//! Capture state: everything that lives, for a reader that comes late or has lost events.

use crate::driver::Driver;
use crate::{telemetry, telling};
use weir_abi::event::StateKind;
use weir_engine::Slot;
use weir_nt::lock::at_dispatch;
use weir_nt::time::pause_ms;

/// Flows that are told before a pause, so that sessions can write their buffers out.
const FLOWS_AT_ONCE: u32 = 256;
const PAUSE_MS: u32 = 1;

/// ETW asks: only the work is asked for.
pub(crate) fn ask(driver: &'static Driver) {
    telemetry::want_capture(driver);
}

/// Tells parameters, attachments, flows and counters, between a begin and an end.
pub(crate) fn tell(driver: &'static Driver) {
    driver.tell_state(StateKind::CaptureBegin);
    driver.tell_state(StateKind::Parameters);
    for slot in (0..weir_engine::slots::SLOTS).filter_map(Slot::new) {
        at_dispatch(|level| driver.tell_attached(level, slot));
    }
    tell_flows(driver);
    telling::tell(driver);
    if !driver.is_stopping() {
        // Without an end nobody takes what was told for everything that lives.
        driver.tell_state(StateKind::CaptureEnd);
    }
}

fn tell_flows(driver: &'static Driver) {
    let mut told = 0_u32;
    for index in 0..driver.flows.places() {
        if driver.is_stopping() {
            // The flows are about to be told one last time.
            break;
        }
        let Some(flow) = driver.flows.at(index) else { continue };
        let mut guard = flow.state.lock();
        let (life, level) = guard.split();
        if life.is_released {
            continue;
        }
        let event = driver.rundown_event(&flow.tuple, life);
        driver.events.write(level, &event);
        drop(guard);
        told = told.saturating_add(1);
        if told.is_multiple_of(FLOWS_AT_ONCE) {
            pause_ms(PAUSE_MS);
            if driver.telemetry.take_due() {
                // A million flows take seconds: Counters do not wait for them.
                telling::tell(driver);
            }
        }
    }
}
