//! What belongs to a slot for as long as the driver runs: the work of its detach, and the attachment
//! that is leaving it.

use crate::detach;
use crate::snapshot::{Attached, Facts, Snapshot};
use core::sync::atomic::{AtomicU32, Ordering};
use weir_engine::Slot;
use weir_nt::NtStatus;
use weir_nt::device::Device;
use weir_nt::lock::SpinLock;
use weir_nt::pool::{PoolSlice, Shared};
use weir_nt::published::Retired;
use weir_nt::work::{Armed, Work};

/// An attachment that is leaving.
#[derive(Debug)]
pub(crate) struct Leaving {
    pub(crate) attached: Shared<Attached>,
    /// What walks that began before may still be reading, until it has been waited for.
    pub(crate) retired: Option<Retired<Snapshot>>,
    pub(crate) chain_index: u8,
}

#[derive(Debug)]
pub(crate) struct SlotState {
    pub(crate) work: Work,
    /// Until the work begins.
    pub(crate) leaving: SpinLock<Option<Leaving>>,
    /// Until no flow knows the slot any more: pairs that end meanwhile are told with this (S30).
    facts: SpinLock<Option<Shared<Facts>>>,
    /// The work's memory, from the first attach on: the detach runs in it, so it cannot free it.
    armed: SpinLock<Option<Armed>>,
}

/// Every slot.
#[derive(Debug)]
pub(crate) struct Slots {
    slots: PoolSlice<SlotState>,
    attached: AtomicU32,
}

impl Slots {
    pub(crate) fn new() -> Result<Self, NtStatus> {
        let slots =
            PoolSlice::from_fn(usize::from(weir_engine::slots::SLOTS), |number| SlotState {
                work: Work::new(detach::run, number),
                leaving: SpinLock::new(None),
                facts: SpinLock::new(None),
                armed: SpinLock::new(None),
            })?;
        Ok(Self { slots, attached: AtomicU32::new(0) })
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&SlotState> {
        self.slots.get(usize::from(slot.number()))
    }

    /// Allocates what a slot's detach needs, the first time that it is attached to.
    pub(crate) fn arm(&'static self, slot: Slot, device: &Device) -> Result<(), NtStatus> {
        let state = self.get(slot).ok_or(NtStatus::INVALID_PARAMETER)?;
        let mut armed = state.armed.lock();
        if armed.is_none() {
            *armed = Some(state.work.arm(device)?);
        }
        Ok(())
    }

    /// Waits for detaches that were asked for, and frees what they needed.
    pub(crate) fn disarm(&self) {
        for state in self.slots.iter() {
            let armed = state.armed.lock().take();
            drop(armed);
        }
    }

    /// What is known of the attachment that is leaving a slot.
    pub(crate) fn leaving(&self, slot: Slot) -> Option<Shared<Facts>> {
        self.get(slot)?.facts.lock().clone()
    }

    pub(crate) fn set_leaving(&self, slot: Slot, facts: Option<Shared<Facts>>) {
        let Some(state) = self.get(slot) else { return };
        let _before = core::mem::replace(&mut *state.facts.lock(), facts);
    }

    /// Programs that are attached.
    pub(crate) fn attached(&self) -> u32 {
        self.attached.load(Ordering::Relaxed)
    }

    pub(crate) fn count_attached(&self, attached: u32) {
        self.attached.store(attached, Ordering::Relaxed);
    }
}
