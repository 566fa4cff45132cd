//! Classification: which filters apply, which callouts are called, and what it comes to.
//!
//! Within a sublayer filters decide by weight until one decides; a block in any sublayer blocks.
//! At the stream layers a block also ends the walk, since nobody below sees the bytes.
//!
//! Source: learn.microsoft.com/windows/win32/fwp/filter-arbitration and
//! learn.microsoft.com/windows-hardware/drivers/network/stream-inspection (read 2026-11)

use super::contexts::Key;
use super::engine::Active;
use super::flows::FlowSpec;
use super::layers::Layer;
use super::layout::{CALLOUT_FLAG_CONDITIONAL_ON_FLOW, Callout, ClassifyOut, Value, action};
use super::notices::shown;
use super::store::ZERO;
use super::values::{metadata_of, rubbish};
use crate::kernel::Kernel;
use core::ffi::c_void;
use core::ptr;
use weir_abi::identifiers::Guid;

/// What is classified.
pub(super) struct Classify<'a> {
    pub(super) spec: &'a FlowSpec,
    pub(super) layer: Layer,
    pub(super) flow: u64,
    pub(super) layer_data: *mut c_void,
    pub(super) rights: u32,
    pub(super) irql: u8,
    /// What `actionType` is when the callout is called.
    pub(super) action_on_entry: u32,
    /// Looks at what a callout left behind, before the next is called.
    pub(super) after_each: &'a dyn Fn(&Kernel),
}

/// What a classification came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Whether a callout was called.
    pub is_called: bool,
    /// Whether the connection, or these bytes, are blocked.
    pub is_blocked: bool,
    /// `actionType` as the last callout left it; 0 if none was called.
    pub action: u32,
    /// `flags` as the last callout left them.
    pub flags: u32,
    /// `rights` as the last callout left them.
    pub rights: u32,
}

/// `FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED`.
const PERMIT_IF_UNREGISTERED: u32 = 0x10;

/// What one filter decides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    Block,
    Permit,
    Continue,
}

impl Classify<'_> {
    pub(super) fn run(&self, kernel: &Kernel) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(filters) = kernel.fwp.engine.at(self.layer) else { return outcome };
        let mut arena = kernel.fwp.arenas.take();
        let values = arena.show(self.spec, self.layer);
        let metadata = metadata_of(self.spec, self.layer, self.flow);
        let inputs = (&raw const values, &raw const metadata);
        let mut decided: Option<Guid> = None;
        for active in filters.iter() {
            let sublayer = active.filter.sublayer;
            let applies = self.spec.ignores_conditions || matches(active, arena.values());
            if decided == Some(sublayer) || !applies {
                continue;
            }
            match self.decide(kernel, active, inputs, &mut outcome) {
                Decision::Continue => {}
                Decision::Permit => decided = Some(sublayer),
                Decision::Block => {
                    outcome.is_blocked = true;
                    decided = Some(sublayer);
                    if self.layer.is_stream() {
                        break;
                    }
                }
            }
        }
        kernel.fwp.arenas.give_back(arena);
        outcome
    }

    fn decide(
        &self,
        kernel: &Kernel,
        active: &Active,
        inputs: Inputs,
        outcome: &mut Outcome,
    ) -> Decision {
        let filter = &active.filter;
        if filter.callout == ZERO {
            let is_block = filter.action == action::BLOCK;
            return if is_block { Decision::Block } else { Decision::Permit };
        }
        let Some(callout) = kernel.fwp.callouts.of_id(active.callout_id) else {
            // An inspection cannot block, called or not.
            let permits = filter.flags & PERMIT_IF_UNREGISTERED != 0
                || filter.action == action::CALLOUT_INSPECTION;
            return if permits { Decision::Continue } else { Decision::Block };
        };
        let key = Key { flow: self.flow, layer: self.layer.id(), callout: active.callout_id };
        let context = kernel.fwp.contexts.acquire(key);
        if context.is_none() && callout.flags & CALLOUT_FLAG_CONDITIONAL_ON_FLOW != 0 {
            return Decision::Continue;
        }
        let out = self.call(kernel, active, &callout, inputs, context.unwrap_or(0));
        (self.after_each)(kernel);
        *outcome = Outcome {
            is_called: true,
            action: out.action,
            flags: out.flags,
            rights: out.rights,
            ..*outcome
        };
        let decision = self.judge(kernel, filter.action, &out);
        if context.is_some() {
            kernel.fwp.contexts.release(kernel, key);
        }
        decision
    }

    fn call(
        &self,
        kernel: &Kernel,
        active: &Active,
        callout: &Callout,
        (values, metadata): Inputs,
        context: u64,
    ) -> ClassifyOut {
        let mut out = ClassifyOut {
            action: self.action_on_entry,
            rights: self.rights,
            ..ClassifyOut::default()
        };
        let Some(function) = callout.classify else { return out };
        let filter = shown(&active.filter, active.callout_id, active.sublayer_weight);
        let entry = if self.layer.is_stream() { "stream" } else { "flow established" };
        let repeats = if self.layer.is_stream() { kernel.stopwatch.segments() } else { 1 };
        let depth = &kernel.fwp.depth;
        depth.set(depth.get() + 1);
        kernel.fwp.callouts.active(active.callout_id, 1);
        kernel.at_irql(self.irql, || {
            kernel.enter(entry, || {
                for _ in 0..repeats {
                    // SAFETY: the callout is registered, and cannot be unregistered while it is
                    // active; what is passed lives until the call returns.
                    unsafe {
                        function(
                            values,
                            metadata,
                            self.layer_data,
                            ptr::null(),
                            &raw const filter,
                            context,
                            &raw mut out,
                        );
                    }
                }
            });
        });
        kernel.fwp.callouts.active(active.callout_id, -1);
        depth.set(depth.get() - 1);
        out
    }

    /// What the callout's action means under the filter's.
    fn judge(&self, kernel: &Kernel, filter_action: u32, out: &ClassifyOut) -> Decision {
        let decision = match out.action {
            action::BLOCK => Decision::Block,
            action::PERMIT => Decision::Permit,
            _ => Decision::Continue,
        };
        match filter_action {
            action::CALLOUT_INSPECTION => return Decision::Continue,
            action::CALLOUT_TERMINATING if decision == Decision::Continue => {
                kernel.violation(format!(
                    "layer {}: a terminating callout left the action {:#x}, which blocks",
                    self.layer.id(),
                    out.action
                ));
                return Decision::Block;
            }
            _ => {}
        }
        let known = [action::BLOCK, action::PERMIT, action::CONTINUE, action::NONE];
        if !known.contains(&out.action) {
            kernel.violation(format!(
                "layer {}: the callout wrote no action, or a wrong one: {:#x}",
                self.layer.id(),
                out.action
            ));
        }
        decision
    }
}

/// What every callout of a classification gets.
type Inputs = (*const super::layout::IncomingValues, *const super::layout::IncomingMetadata);

/// Whether all conditions of a filter hold.
fn matches(active: &Active, values: &[Value]) -> bool {
    active.filter.conditions.iter().all(|condition| {
        values.get(condition.index).is_some_and(|value| {
            value.kind == condition.kind && value.data & !rubbish(value.kind) == condition.data
        })
    })
}
