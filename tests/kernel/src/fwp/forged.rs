//! What Windows does not do but a driver must survive: context numbers that are not the flow's.
//!
//! A number that comes late names a flow that is gone; one that is wrong names none. Neither may be
//! taken for an address (S37).

use super::layers::Layer;
use crate::kernel::{DISPATCH_LEVEL, Kernel};
use weir_abi::identifiers::CALLOUTS;

impl super::Fwp {
    /// The number that the driver keeps with a flow.
    #[must_use]
    pub fn context_of(&self, flow: u64) -> Option<u64> {
        self.contexts.with_context(flow, |context| *context)
    }

    /// Hands out another number with a flow from now on.
    pub fn forge_context(&self, flow: u64, forged: u64) {
        self.contexts.with_context(flow, |context| *context = forged);
    }

    /// Tells the driver's stream callout that a number is no longer anybody's.
    pub fn tell_deleted(&self, kernel: &Kernel, is_v6: bool, context: u64) {
        let [_, _, v4, v6] = CALLOUTS;
        let (key, layer) = if is_v6 { (v6, Layer::StreamV6) } else { (v4, Layer::StreamV4) };
        let id = self.callouts.id_of(key);
        let Some(function) = self.callouts.of_id(id).and_then(|it| it.flow_delete) else { return };
        kernel.at_irql(DISPATCH_LEVEL, || {
            kernel.enter("flowDeleteFn", || {
                // SAFETY: the callout is registered, so its function is there; it takes numbers.
                unsafe { function(layer.id(), id, context) }
            });
        });
    }

    /// The flags that each of the driver's callouts is registered with, in the order of
    /// [`CALLOUTS`].
    #[must_use]
    pub fn callout_flags(&self) -> [Option<u32>; 4] {
        CALLOUTS.map(|key| self.callouts.of_id(self.callouts.id_of(key)).map(|it| it.flags))
    }
}
