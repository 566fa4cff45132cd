//! Flow established: asks the programs, and keeps a context if somebody wants to see more
//! (S04 to S11, S33).

use crate::after::Todo;
use crate::driver::Driver;
use crate::errors::About;
use crate::flow::{FlowContext, FlowLife, Tuple};
use crate::pairs::{Ending, count_events};
use crate::parameters::BlockAction;
use crate::totals::{Count, Layer};
use crate::walk::{Ends, Place, Presented, Walk};
use core::net::SocketAddr;
use weir_abi::context::IPPROTO_TCP;
use weir_abi::event::{ErrorApi, Fate, FateReason, FlowEstablished};
use weir_engine::{Established, Flow, Settled};
use weir_nt::NtStatus;
use weir_nt::lock::{SpinLock, at_dispatch};
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
fn keep(place: Place<'_>, new: &mut New, flow: Reference<'static, FlowContext>) -> Walked {
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

/// A flow that has no context yet.
struct New {
    tuple: Tuple,
    life: FlowLife,
    ends: Ends,
    now: Instant,
    /// It is counted among the blocked flows.
    is_counted_blocked: bool,
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
    let mut new =
        New { tuple, life: FlowLife::new(now), ends: Ends::new(), now, is_counted_blocked: false };
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

impl New {
    /// Whether a context is needed.
    #[inline(never)]
    fn ask(&mut self, place: Place<'_>) -> bool {
        let presented = Presented::nothing(self.tuple.direction);
        let account = &mut self.life.account;
        let mut walk = Walk::new(place, &self.tuple, account, presented, &mut self.ends);
        let (order, policy) = (&place.snapshot.order, place.driver.parameters.policy);
        let compartment = self.tuple.compartment_id();
        match self.life.engine.establish(&mut walk, order, policy, compartment) {
            Established::Ignored => self.uninspected(place, None),
            Established::Uninspected(settled) => {
                self.end_pairs(place, false);
                self.uninspected(place, Some(settled));
            }
            Established::Keep => return true,
        }
        false
    }

    #[inline(never)]
    fn end_pairs(&mut self, place: Place<'_>, has_context: bool) {
        let account = &mut self.life.account;
        let (tuple, now) = (&self.tuple, self.now);
        Ending { place, tuple, account, has_context, now }.tell(&self.ends);
    }

    /// Nobody wants to see more: it costs nothing from here (S07).
    #[inline(never)]
    fn uninspected(&mut self, place: Place<'_>, settled: Option<Settled>) {
        let Place { driver, level, .. } = place;
        if let Some(settled) = settled {
            if settled.fate != Fate::Allow {
                // A failure let it pass: that is a verdict worth an event.
                place.settle((&self.tuple, &mut self.life), &settled, self.now);
                return;
            }
            let flow = (self.tuple.direction, self.tuple.is_v6());
            driver.totals.count_fate(level, &settled, flow);
        }
        driver.totals.count(level, Count::Uninspected, 1);
        let event = self.tuple.uninspected(self.life.account.next_seq());
        driver.events.write(level, &event);
    }

    fn error(&self, place: Place<'_>, api: ErrorApi, status: NtStatus) {
        let (flow_serial, flow_id) = (self.tuple.serial, self.tuple.flow_id());
        let about = About { flow_serial, flow_id, attach_id: 0 };
        place.driver.error(place.level, api, status.number(), about);
    }

    /// Makes the context, fully initialised (S08), while the order that was walked is still
    /// protected: a detach that begins later finds it. The events of this walk come once it is
    /// associated, with numbers that are left out here.
    #[inline(never)]
    fn insert(&mut self, place: Place<'_>) -> Result<Reference<'static, FlowContext>, NtStatus> {
        let Place { driver, level, .. } = place;
        let mut life = self.life;
        let settled = life.engine.kept();
        let events = count_events(&self.ends, true)
            .saturating_add(1)
            .saturating_add(u32::from(settled.is_some()));
        life.account.skip_seq(events);
        let context = FlowContext { tuple: self.tuple, state: SpinLock::new(life) };
        let inserted = driver.flows.insert(level.processor(), context);
        let flow = inserted.ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        // Before anybody else can release it.
        self.is_counted_blocked = life.engine.is_blocked();
        if self.is_counted_blocked {
            driver.admission.turned_blocked();
        }
        Ok(flow)
    }

    /// The context is associated: tells the flow, the pairs that ended, the block if there is one.
    #[inline(never)]
    fn kept(&mut self, place: Place<'_>) {
        let Place { driver, level, .. } = place;
        let settled = self.life.engine.kept();
        let engine = &self.life.engine;
        let event = FlowEstablished {
            invoked: engine.invoked().mask(),
            classifying: engine.classifying().mask(),
            blocked: engine.is_blocked(),
            ..self.tuple.established(self.life.account.next_seq())
        };
        driver.events.write(level, &event);
        self.end_pairs(place, true);
        if let Some(settled) = settled {
            place.settle((&self.tuple, &mut self.life), &settled, self.now);
        }
    }

    /// WFP has not taken the context: it goes. Whether to block the flow.
    fn take_back(&mut self, place: Place<'_>, flow: &Reference<'_, FlowContext>) -> bool {
        let mut life = flow.state.lock();
        let was_released = core::mem::replace(&mut life.is_released, true);
        life.is_removing = true;
        let mut kept = self.life.engine;
        let _settled = kept.kept();
        // Changed meanwhile by the engine that returned, which has settled and told it.
        let is_settled = was_released || life.engine != kept;
        let is_blocked = life.engine.is_blocked();
        drop(life);
        flow.retire();
        if is_settled {
            self.end_pairs(place, false);
            if !was_released {
                place.driver.admission.released(is_blocked);
            }
            return is_blocked && !was_released;
        }
        self.not_kept(place)
    }

    /// The context could not be kept (S09): those classifying get DELETED, the policy decides; a
    /// program's BLOCK stands. Returns whether to block.
    #[inline(never)]
    fn not_kept(&mut self, place: Place<'_>) -> bool {
        let driver = place.driver;
        self.end_pairs(place, false);
        self.ends = Ends::new();
        let presented = Presented::nothing(self.tuple.direction);
        let account = &mut self.life.account;
        let mut walk = Walk::new(place, &self.tuple, account, presented, &mut self.ends);
        let (order, policy) = (&place.snapshot.order, driver.parameters.policy);
        let not_kept = self.life.engine.not_kept(&mut walk, order, policy);
        self.end_pairs(place, false);
        place.settle((&self.tuple, &mut self.life), &not_kept.settled, self.now);
        driver.admission.released(self.is_counted_blocked);
        not_kept.is_blocked
    }
}
