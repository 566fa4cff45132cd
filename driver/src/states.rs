//! DriverState events: what the driver is and how it works.

use crate::driver::Driver;
use crate::parameters::BlockAction;
use weir_abi::event::{DriverState, StateKind};
use weir_abi::wire::Text;
use weir_nt::lock::at_dispatch;

impl Driver {
    /// Tells of a change of the driver's state.
    pub(crate) fn tell_state(&self, kind: StateKind) {
        let event = DriverState {
            kind,
            failure_policy: self.parameters.policy,
            block_action: match self.parameters.block_action {
                BlockAction::Absorb => 0,
                BlockAction::Abort => 1,
            },
            engine_up: self.engine.is_up(),
            clock: self.clock.kind(),
            clock_resolution_ps: self.clock.resolution_ps(),
            counters_interval_ms: self.parameters.counters_interval_ms,
            flows_max: self.parameters.flows_max,
            attachments: self.slots.attached(),
            loaded_at: self.events.loaded_at(),
            version: Text::new(env!("CARGO_PKG_VERSION")).unwrap_or_default(),
        };
        at_dispatch(|level| self.events.write(level, &event));
    }
}
