//! A flow between the walk at NEW and its context: asking the programs, making the context, and what
//! follows if WFP does or does not take it (S07 to S09).

use crate::errors::About;
use crate::flow::{FlowContext, FlowLife, Tuple};
use crate::pairs::{Ending, count_events};
use crate::totals::Count;
use crate::walk::{Ends, Place, Presented, Walk};
use weir_abi::event::{ErrorApi, Fate, FlowEstablished};
use weir_engine::{Established, Settled};
use weir_nt::NtStatus;
use weir_nt::lock::SpinLock;
use weir_nt::slab::Reference;
use weir_nt::time::Instant;

/// A flow that has no context yet.
pub(crate) struct NewFlow {
    pub(crate) tuple: Tuple,
    life: FlowLife,
    ends: Ends,
    now: Instant,
    /// It is counted among the blocked flows.
    pub(crate) is_counted_blocked: bool,
}

impl NewFlow {
    pub(crate) fn new(tuple: Tuple, now: Instant) -> Self {
        let (life, ends) = (FlowLife::new(now), Ends::new());
        Self { tuple, life, ends, now, is_counted_blocked: false }
    }

    /// Whether a context is needed.
    #[inline(never)]
    pub(crate) fn ask(&mut self, place: Place<'_>) -> bool {
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

    pub(crate) fn error(&self, place: Place<'_>, api: ErrorApi, status: NtStatus) {
        let (flow_serial, flow_id) = (self.tuple.serial, self.tuple.flow_id());
        let about = About { flow_serial, flow_id, attach_id: 0 };
        place.driver.error(place.level, api, status.number(), about);
    }

    /// Makes the context, fully initialised (S08), while the order that was walked is still
    /// protected: a detach that begins later finds it. The events of this walk come once it is
    /// associated, with numbers that are left out here.
    #[inline(never)]
    pub(crate) fn insert(
        &mut self,
        place: Place<'_>,
    ) -> Result<Reference<'static, FlowContext>, NtStatus> {
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
    pub(crate) fn kept(&mut self, place: Place<'_>) {
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
    pub(crate) fn take_back(
        &mut self,
        place: Place<'_>,
        flow: &Reference<'_, FlowContext>,
    ) -> bool {
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
    pub(crate) fn not_kept(&mut self, place: Place<'_>) -> bool {
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
