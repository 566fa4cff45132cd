//! What another processor does while the driver is inside a call: a context that is associated is
//! WFP's, data and deletion may come before the call returns.

use core::cell::RefCell;
use core::fmt;

/// What happens to a flow, once.
type Event = Box<dyn FnOnce(u64)>;

/// What is to happen during the next association.
#[derive(Default)]
pub(super) struct Meanwhile(RefCell<Option<Event>>);

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meanwhile")
    }
}

impl Meanwhile {
    /// The moment has come, for this flow.
    pub(super) fn happen(&self, flow: u64) {
        let event = self.0.take();
        if let Some(event) = event {
            event(flow);
        }
    }
}

impl super::Fwp {
    /// Chooses what happens, once, within the next `FwpsFlowAssociateContext0`: with the context
    /// already there if it succeeds, without one if it fails. Takes the flow's handle.
    pub fn while_associating(&self, event: impl FnOnce(u64) + 'static) {
        self.meanwhile.0.replace(Some(Box::new(event)));
    }
}
