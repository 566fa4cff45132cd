//! The layer at which a connection is established.
//!
//! Source: learn.microsoft.com/windows/win32/fwp/ale-layers and
//! learn.microsoft.com/windows-hardware/drivers/network/callout-driver-programming-considerations
//! (read 2026-11)

use super::classify::Classify;
pub use super::classify::Outcome;
use super::flows::FlowSpec;
use crate::kernel::Kernel;
use core::ptr;

impl super::Fwp {
    /// A connection is established: the callouts of the layer are called. One that is blocked is
    /// torn down.
    pub fn establish(&self, kernel: &Kernel, spec: &FlowSpec) -> (u64, Outcome) {
        let flow = self.flows.open(spec);
        let outcome = self.authorize_again(kernel, flow);
        if outcome.is_blocked {
            self.close(kernel, flow);
        }
        (flow, outcome)
    }

    /// The same classification for a flow that is there: a reauthorization.
    ///
    /// # Panics
    /// If there is no such flow.
    pub fn authorize_again(&self, kernel: &Kernel, flow: u64) -> Outcome {
        let Some(spec) = self.flows.spec(flow) else { panic!("there is no flow {flow:#x}") };
        authorize(kernel, flow, &spec)
    }

    /// A reauthorization that says that it is one, if the flow is there.
    pub fn reauthorize(&self, kernel: &Kernel, flow: u64) -> Option<Outcome> {
        let spec = self.flows.spec(flow)?;
        Some(authorize(kernel, flow, &FlowSpec { is_reauthorize: true, ..(*spec).clone() }))
    }
}

fn authorize(kernel: &Kernel, flow: u64, spec: &FlowSpec) -> Outcome {
    let classify = Classify {
        spec,
        layer: spec.established_layer(),
        flow,
        layer_data: ptr::null_mut(),
        rights: spec.rights,
        irql: spec.irql,
        action_on_entry: 0,
        after_each: &|_| {},
    };
    classify.run(kernel)
}
