//! Attach: a program comes (S28, S29).

use crate::driver::{Driver, device};
use crate::snapshot::{Attached, Facts, Snapshot};
use crate::totals::AttachmentTotals;
use weir_abi::attach::AttachParameter;
use weir_abi::counters::FINAL_SETS;
use weir_abi::event::{Attached as AttachedEvent, ErrorApi};
use weir_engine::{Attachments, Slot};
use weir_nt::NtStatus;
use weir_nt::ebpf::Client;
use weir_nt::lock::AtDispatch;
use weir_nt::pool::{PoolBox, PoolSlice, Shared};
use weir_nt::published::Retired;

/// Detached attachments whose totals are kept: as many as can be attached at once. At the bound the
/// oldest is left out of further sets; readers have had its totals in earlier ones.
const GONE_MAX: usize = 64;

/// A detached attachment whose totals are still told.
#[derive(Debug)]
pub(crate) struct Gone {
    pub(crate) facts: Shared<Facts>,
    pub(crate) sets_left: u8,
}

/// What attach and detach change, under one lock.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) order: Attachments,
    last_attach_id: u32,
    /// A snapshot for each attachment, so that its detach needs no memory.
    spares: PoolSlice<Option<PoolBox<Snapshot>>>,
    /// Oldest first.
    pub(crate) gone: PoolSlice<Option<Gone>>,
}

impl Control {
    pub(crate) fn new() -> Result<Self, NtStatus> {
        Ok(Self {
            order: Attachments::default(),
            last_attach_id: 0,
            spares: PoolSlice::from_fn(usize::from(weir_engine::slots::SLOTS), |_| None)?,
            gone: PoolSlice::from_fn(GONE_MAX, |_| None)?,
        })
    }

    pub(crate) fn take_spare(&mut self) -> Option<PoolBox<Snapshot>> {
        self.spares.iter_mut().find_map(Option::take)
    }

    fn put_spare(&mut self, spare: PoolBox<Snapshot>) {
        if let Some(place) = self.spares.iter_mut().find(|place| place.is_none()) {
            *place = Some(spare);
        }
    }

    /// An attachment is gone; its totals are told a while longer. Returns one that is not any more.
    pub(crate) fn push_gone(&mut self, facts: Shared<Facts>) -> Option<Gone> {
        let gone = Gone { facts, sets_left: FINAL_SETS };
        self.close_gaps();
        if let Some(place) = self.gone.iter_mut().find(|place| place.is_none()) {
            return place.replace(gone);
        }
        match &mut *self.gone {
            all @ [_, ..] => {
                all.rotate_left(1);
                all.last_mut().and_then(|place| place.replace(gone))
            }
            [] => None,
        }
    }

    /// Whether one more would drop totals that were never told.
    pub(crate) fn is_full_of_untold(&self) -> bool {
        self.gone.iter().flatten().filter(|gone| gone.sets_left == FINAL_SETS).count()
            == self.gone.len()
    }

    /// Those that are told no more have left places behind: the others move up, in their order.
    fn close_gaps(&mut self) {
        let mut free = 0_usize;
        for index in 0..self.gone.len() {
            let Some(gone) = self.gone.get_mut(index).and_then(Option::take) else { continue };
            if let Some(place) = self.gone.get_mut(free) {
                *place = Some(gone);
                free = free.saturating_add(1);
            }
        }
    }

    pub(crate) fn attachments(&self) -> u32 {
        u32::try_from(self.order.iter().count()).unwrap_or(u32::MAX)
    }
}

/// Everything that an attachment needs and that can be made before it has a slot.
struct Parts {
    client: Client,
    next: PoolBox<Snapshot>,
    totals: AttachmentTotals,
    parameter: AttachParameter,
}

/// A program wants to be attached. Returns the number of its slot.
pub(crate) fn attach(
    driver: &'static Driver,
    client: Client,
    parameter: Option<&[u8]>,
) -> Result<usize, NtStatus> {
    let attached = prepare(client, parameter).and_then(|parts| publish(driver, parts));
    match attached {
        Ok((slot, retired)) => {
            // Readers of the order before have left when this returns; it serves a later detach.
            if let Some(mut spare) = driver.published.wait(retired) {
                spare.clear();
                driver.control.lock().put_spare(spare);
            }
            Ok(usize::from(slot.number()))
        }
        Err((api, status)) => {
            driver.error_status(api, status);
            Err(status)
        }
    }
}

type Refusal = (ErrorApi, NtStatus);

fn prepare(client: Client, parameter: Option<&[u8]>) -> Result<Parts, Refusal> {
    let parameter = AttachParameter::parse(parameter.unwrap_or(&[]))
        .ok_or((ErrorApi::AttachParameter, NtStatus::INVALID_PARAMETER))?;
    let memory = |status| (ErrorApi::AttachMemory, status);
    let next = Snapshot::empty().map_err(memory)?;
    let totals = AttachmentTotals::new().map_err(memory)?;
    Ok(Parts { client, next, totals, parameter })
}

/// Gives it a slot at the end of the order, and publishes the new order.
fn publish(driver: &'static Driver, parts: Parts) -> Result<(Slot, Retired<Snapshot>), Refusal> {
    let mut guard = driver.control.lock();
    let (control, level) = guard.split();
    let slot = control
        .order
        .attach(parts.parameter.compartment_id)
        .map_err(|_quota| (ErrorApi::AttachLimit, NtStatus::QUOTA_EXCEEDED))?;
    let mut next = match fill(driver, (control, level), slot, parts) {
        Ok(next) => next,
        Err(status) => {
            // Nobody has seen it.
            control.order.detach(slot);
            control.order.drained(slot);
            return Err((ErrorApi::AttachMemory, status));
        }
    };
    next.order = control.order;
    let retired = driver.published.replace(next);
    driver.slots.count_attached(control.attachments());
    driver.tell_attached(level, slot);
    Ok((slot, retired))
}

fn fill(
    driver: &'static Driver,
    (control, level): (&mut Control, &AtDispatch),
    slot: Slot,
    parts: Parts,
) -> Result<PoolBox<Snapshot>, NtStatus> {
    let Parts { client, mut next, totals, parameter } = parts;
    driver.slots.arm(slot, device().ok_or(NtStatus::INVALID_DEVICE_STATE)?)?;
    let attach_id = control.last_attach_id.wrapping_add(1);
    let AttachParameter { compartment_id, label } = parameter;
    let facts = Shared::new(Facts { attach_id, slot, compartment_id, label, totals })?;
    let attached = Shared::new(Attached { facts, client })?;
    driver.published.read(level, |current| next.take_programs(&control.order, current));
    next.put(slot, attached);
    control.last_attach_id = attach_id;
    Ok(next)
}

impl Driver {
    /// Tells of an attachment that is there.
    pub(crate) fn tell_attached(&self, level: &AtDispatch, slot: Slot) {
        // Written while the order is protected: its Detached cannot come before it.
        self.published.read(level, |snapshot| {
            let Some(attached) = snapshot.attached(slot) else { return };
            let facts = &attached.facts;
            let event = AttachedEvent {
                slot: slot.number(),
                attach_id: facts.attach_id,
                chain_index: snapshot.order.chain_index(slot).unwrap_or(255),
                compartment_id: facts.compartment_id,
                label: facts.label,
            };
            self.events.write(level, &event);
        });
    }
}
