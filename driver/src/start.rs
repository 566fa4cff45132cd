//! Start and unload: what the driver holds in between.

use crate::events::Events;
use weir_abi::event::StateKind;
use weir_nt::NtStatus;

/// The running driver. It stops by being dropped: first it says so, then its fields go in their
/// order, the event provider last.
#[derive(Debug)]
pub(crate) struct Driver {
    events: Events,
}

impl Driver {
    /// Starts the driver.
    ///
    /// # Errors
    /// What the kernel refused; whatever was acquired before is given back.
    pub(crate) fn start() -> Result<Self, NtStatus> {
        let mut driver = Self { events: Events::register()? };
        driver.events.write_state(StateKind::Start);
        Ok(driver)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.events.write_state(StateKind::Stop);
    }
}
