//! Flow established: asks the programs, and keeps a context if somebody wants to see more
//! (S04 to S11, S33).

use crate::after::Todo;
use crate::driver::Driver;
use crate::errors::About;
use crate::flow::{FlowContext, Tuple};
use crate::new_flow::NewFlow;
use crate::parameters::BlockAction;
use crate::totals::{Count, Layer};
use crate::walk::Place;
use core::net::SocketAddr;
use weir_abi::context::IPPROTO_TCP;
use weir_abi::event::{ErrorApi, FateReason};
use weir_engine::Flow;
use weir_nt::NtStatus;
use weir_nt::lock::at_dispatch;
use weir_nt::slab::Reference;
use weir_nt::stack::with_stack;
use weir_nt::time::Instant;
use weir_nt::wfp::{EstablishedValues, flows};

/// What is known of a connection before anybody is asked.
#[derive(Clone, Copy)]
struct Connection<'a> {
    values: &'a EstablishedValues,
    flow_id: u64,
    ends: (SocketAddr, SocketAddr),
    now: Instant,
}

/// A connection is established. Returns whether to block it.
pub(crate) fn established(driver: &'static Driver, values: &EstablishedValues) -> bool {
    // WFP asks again for a flow that it has told of before; and the filter asked for TCP (S11).
    if values.is_reauthorize || values.protocol != Some(IPPROTO_TCP) || driver.is_stopping() {
        return false;
    }
    let Some(_inside) = driver.establishing.enter() else { return false };
    let now = driver.clock.now();
    let (Some(flow_id), Some(ends)) = (values.flow_id, values.ends) else {
        return unnamed(driver, values);
    };
    let connection = Connection { values, flow_id, ends, now };
    let is_blocked = match ask_nobody(driver, &connection) {
        Some(is_blocked) => is_blocked,
        None => with_stack(|| inspect(driver, &connection))
            .unwrap_or_else(|status| no_stack(driver, &connection, status)),
    };
    let time = driver.clock.between(now, driver.clock.now());
    at_dispatch(|level| driver.totals.count_callout(level, Layer::FlowEstablished, time));
    is_blocked
}

/// WFP named no flow, or not its ends: there is nothing to show and nothing to keep a context for.
fn unnamed(driver: &'static Driver, values: &EstablishedValues) -> bool {
    at_dispatch(|level| {
        let flow_id = values.flow_id.unwrap_or(0);
        let about = About { flow_id, ..About::default() };
        let status = NtStatus::INVALID_PARAMETER.number();
        driver.error(level, ErrorApi::FlowHandle, status, about);
    });
    refused(driver, values.compartment_id)
}

/// No program can be asked without stack: it has no fate, and the policy decides (S32).
fn no_stack(driver: &'static Driver, connection: &Connection<'_>, status: NtStatus) -> bool {
    at_dispatch(|level| {
        let serial = driver.next_serial();
        let about = About { flow_serial: serial, flow_id: connection.flow_id, attach_id: 0 };
        driver.totals.count_policy(level, FateReason::NoStack);
        driver.error(level, ErrorApi::Stack, status.number(), about);
    });
    refused(driver, connection.values.compartment_id)
}

/// The stack at hand is enough where nobody is attached; `None` where somebody is.
fn ask_nobody(driver: &'static Driver, connection: &Connection<'_>) -> Option<bool> {
    if driver.slots.attached() != 0 {
        return None;
    }
    let asked = in_place(driver, |place| {
        // Somebody may have come since.
        let is_nobody = place.snapshot.order.at(0).is_none();
        is_nobody.then(|| walk(place, connection).is_blocked)
    });
    asked.flatten()
}

/// Asks the programs and keeps a context if one is needed.
fn inspect(driver: &'static Driver, connection: &Connection<'_>) -> bool {
    // `None` cannot be, see `Published::read`.
    let walked = in_place(driver, |place| walk(place, connection)).unwrap_or_default();
    if let Some((flow, todo)) = walked.kept {
        driver.finish(&flow, todo);
    }
    walked.is_blocked
}

/// Runs code on this processor with one published order.
fn in_place<T>(driver: &'static Driver, run: impl FnOnce(Place<'_>) -> T) -> Option<T> {
    at_dispatch(|level| {
        driver
            .published
            .read(level, |snapshot| run(Place { driver, level, snapshot, has_stack: true }))
    })
}

/// What the walk over programs came to.
#[derive(Default)]
struct Walked {
    /// Whether the connection is blocked here.
    is_blocked: bool,
    /// The context that WFP has now, and what is still to be done about it.
    kept: Option<(Reference<'static, FlowContext>, Todo)>,
}

impl Walked {
    const fn over(is_blocked: bool) -> Self {
        Self { is_blocked, kept: None }
    }
}

/// Gives the context to WFP: from here on another processor may have it (S08).
///
/// The order that was walked stays protected, so nobody of it can have left when the pairs that
/// ended in the walk are told.
fn keep(place: Place<'_>, new: &mut NewFlow, flow: Reference<'static, FlowContext>) -> Walked {
    let associated = flows::associate(new.tuple.flow_id(), new.tuple.is_v6(), flow.handle());
    if let Err(status) = associated {
        new.error(place, ErrorApi::Associate, status);
        return Walked::over(new.take_back(place, &flow));
    }
    new.kept(place);
    let mut life = flow.state.lock();
    life.is_associating = false;
    // Released meanwhile, when there was nothing to remove yet.
    let remove = life.is_released && !core::mem::replace(&mut life.is_removing, true);
    let is_abort = place.driver.parameters.block_action == BlockAction::Abort;
    let abort = is_abort && new.is_counted_blocked && !life.is_released;
    drop(life);
    Walked { is_blocked: false, kept: Some((flow, Todo { remove, abort })) }
}

/// Asks the programs, from one published order for the whole walk (S04).
fn walk(place: Place<'_>, connection: &Connection<'_>) -> Walked {
    let driver = place.driver;
    let (serial, now) = (driver.next_serial(), connection.now);
    // Only flows that somebody is asked about are bounded.
    let is_wanted = is_wanted(place, connection.values.compartment_id);
    if is_wanted && !driver.admission.take() {
        return Walked::over(refuse(place, serial, connection.flow_id));
    }
    let tuple = Tuple::new(serial, connection.values, connection.flow_id, connection.ends, now);
    let mut new = NewFlow::new(tuple, now);
    if !new.ask(place) {
        if is_wanted {
            driver.admission.released(false);
        }
        return Walked::over(false);
    }
    match new.insert(place) {
        Ok(flow) => keep(place, &mut new, flow),
        Err(status) => {
            new.error(place, ErrorApi::Pool, status);
            Walked::over(new.not_kept(place))
        }
    }
}

/// Whether an attachment sees flows of this compartment.
fn is_wanted(place: Place<'_>, compartment: u32) -> bool {
    place.snapshot.order.iter().any(|attachment| attachment.matches(compartment))
}

/// What becomes of a connection that nobody can be asked about: the policy decides, if somebody
/// would have been asked (S32).
fn refused(driver: &'static Driver, compartment: u32) -> bool {
    let is_wanted = in_place(driver, |place| is_wanted(place, compartment));
    is_wanted.unwrap_or(false) && Flow::refused(driver.parameters.policy).is_blocked
}

/// `MaxFlows` is reached: nobody is asked, the policy decides (S33).
fn refuse(place: Place<'_>, flow_serial: u64, flow_id: u64) -> bool {
    let driver = place.driver;
    driver.totals.count(place.level, Count::Refused, 1);
    let about = About { flow_serial, flow_id, attach_id: 0 };
    let status = NtStatus::QUOTA_EXCEEDED.number();
    driver.error(place.level, ErrorApi::MaxFlows, status, about);
    Flow::refused(driver.parameters.policy).is_blocked
}
