//! What follows every answer of the engine for a flow with a context, and the calls into WFP that
//! have to wait until its lock is released (S37).

use crate::driver::Driver;
use crate::errors::About;
use crate::flow::{FlowContext, FlowLife, Tuple};
use crate::pairs::Ending;
use crate::parameters::BlockAction;
use crate::walk::{Ends, Place, Presented, Walk};
use weir_abi::event::{ErrorApi, FailurePolicy, FateReason, FlowClosed};
use weir_engine::{Attachments, Flow, Outcome, Settled};
use weir_nt::NtStatus;
use weir_nt::slab::Reference;
use weir_nt::time::Instant;
use weir_nt::wfp::flows;

/// What is still to be done about a flow once its lock is released.
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "WFP keeps the context until it is asked"]
pub(crate) struct Todo {
    /// Ask WFP to let go of the context.
    pub(crate) remove: bool,
    /// Abort the connection.
    pub(crate) abort: bool,
}

impl Todo {
    pub(crate) const fn and(self, other: Self) -> Self {
        Self { remove: self.remove || other.remove, abort: self.abort || other.abort }
    }
}

impl Place<'_> {
    /// Asks the engine for an end of pairs, and sees to everything that follows.
    pub(crate) fn end_with(
        self,
        (tuple, life): (&Tuple, &mut FlowLife),
        why: FateReason,
        now: Instant,
        end: impl FnOnce(&mut Flow, &mut Walk<'_>, &Attachments, FailurePolicy) -> Outcome,
    ) -> (Outcome, Todo) {
        life.account.no_segment();
        let presented = Presented::nothing(tuple.direction);
        let mut ends = Ends::new();
        let mut walk = Walk::new(self, tuple, &mut life.account, presented, &mut ends);
        let policy = self.driver.parameters.policy;
        let outcome = end(&mut life.engine, &mut walk, &self.snapshot.order, policy);
        (outcome, self.after((tuple, life), &ends, (outcome, why), now))
    }

    /// Everything that follows an engine call for a flow with a context; `why` is the reason of the
    /// release where the fate was settled before.
    #[inline(never)]
    pub(crate) fn after(
        self,
        (tuple, life): (&Tuple, &mut FlowLife),
        ends: &Ends,
        (outcome, why): (Outcome, FateReason),
        now: Instant,
    ) -> Todo {
        let account = &mut life.account;
        Ending { place: self, tuple, account, has_context: true, now }.tell(ends);
        if let Some(settled) = &outcome.settled {
            self.settle((tuple, life), settled, now);
        }
        let is_blocked = life.engine.is_blocked();
        let driver = self.driver;
        let mut todo = Todo::default();
        if outcome.settled.is_some() && is_blocked && !outcome.is_released {
            driver.admission.turned_blocked();
            todo.abort = driver.parameters.block_action == BlockAction::Abort;
        }
        if outcome.is_released {
            driver.admission.released(is_blocked);
            self.close((tuple, life), outcome.settled.map_or(why, |settled| settled.reason));
            todo.remove = !life.is_associating && !core::mem::replace(&mut life.is_removing, true);
        }
        todo
    }

    #[inline(never)]
    fn close(self, (tuple, life): (&Tuple, &mut FlowLife), reason: FateReason) {
        life.is_released = true;
        let account = &mut life.account;
        let event = FlowClosed {
            reason,
            absorbed_segments: account.absorbed_segments,
            absorbed_bytes: account.absorbed_bytes,
            ..tuple.closed(account.next_seq())
        };
        self.driver.events.write(self.level, &event);
    }

    /// Counts and tells a flow's fate.
    #[inline(never)]
    pub(crate) fn settle(
        self,
        (tuple, life): (&Tuple, &mut FlowLife),
        settled: &Settled,
        now: Instant,
    ) {
        let driver = self.driver;
        driver.totals.count_fate(self.level, settled, (tuple.direction, tuple.is_v6()));
        let facts = settled.decider.and_then(|slot| self.facts(slot));
        let attach_id = facts.map_or(0, |facts| facts.attach_id);
        let chain_index = settled.decider.and_then(|slot| self.snapshot.order.chain_index(slot));
        let decider = (attach_id, chain_index.unwrap_or(255));
        let event = driver.verdict_event((tuple, life), settled, decider, now);
        driver.events.write(self.level, &event);
    }
}

impl Driver {
    /// Does what had to wait for the flow's lock.
    pub(crate) fn finish(&'static self, flow: &Reference<'_, FlowContext>, todo: Todo) {
        if todo.abort {
            flow.list();
            self.abort_work.queue();
        }
        if todo.remove {
            self.remove(flow);
        }
    }

    /// Asks WFP to let go of a context whose `is_removing` the caller has just set.
    ///
    /// Succeeded: it has been told on this stack. Pending: it will be. Unsuccessful: it is being told,
    /// or has been. Anything else leaves the context where it is, and unload asks again.
    pub(crate) fn remove(&self, flow: &FlowContext) {
        let status = flows::remove(flow.tuple.flow_id(), flow.tuple.is_v6());
        let is_known =
            [NtStatus::SUCCESS, NtStatus::PENDING, NtStatus::UNSUCCESSFUL].contains(&status);
        if !is_known {
            flow.state.lock().is_removing = false;
            self.error_about(ErrorApi::RemoveContext, status, &flow.tuple);
        }
    }

    /// Tells that an API failed for a flow.
    pub(crate) fn error_about(&self, api: ErrorApi, status: NtStatus, tuple: &Tuple) {
        let about = About { flow_serial: tuple.serial, flow_id: tuple.flow_id(), attach_id: 0 };
        weir_nt::lock::at_dispatch(|level| self.error(level, api, status.number(), about));
    }
}
