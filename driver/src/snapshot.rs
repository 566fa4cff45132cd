//! Who is attached, as walks read it: published as a whole, never changed (S04, S29).

use crate::totals::AttachmentTotals;
use weir_abi::wire::Text;
use weir_engine::{Attachments, Slot};
use weir_nt::NtStatus;
use weir_nt::ebpf::Client;
use weir_nt::pool::{PoolBox, PoolSlice, Shared};

/// What is known of an attachment, until it is told no more.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) attach_id: u32,
    pub(crate) slot: Slot,
    pub(crate) compartment_id: u32,
    pub(crate) label: Text,
    pub(crate) totals: AttachmentTotals,
}

/// An attached program.
#[derive(Debug)]
pub(crate) struct Attached {
    pub(crate) facts: Shared<Facts>,
    /// Leaves when the attachment does: while anybody has this, it may be invoked.
    pub(crate) client: Client,
}

/// The attachments in attach order, and the program of each slot.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) order: Attachments,
    programs: PoolSlice<Option<Shared<Attached>>>,
}

impl Snapshot {
    /// A snapshot without attachments.
    pub(crate) fn empty() -> Result<PoolBox<Self>, NtStatus> {
        let slots = usize::from(weir_engine::slots::SLOTS);
        let programs = PoolSlice::from_fn(slots, |_| None)?;
        PoolBox::new(Self { order: Attachments::default(), programs })
    }

    /// The program of a slot.
    pub(crate) fn attached(&self, slot: Slot) -> Option<&Attached> {
        self.programs.get(usize::from(slot.number()))?.as_deref()
    }

    /// The program of a slot, to hold.
    pub(crate) fn shared(&self, slot: Slot) -> Option<Shared<Attached>> {
        self.programs.get(usize::from(slot.number()))?.clone()
    }

    /// Takes over the programs of another one whose slots are in an order.
    pub(crate) fn take_programs(&mut self, order: &Attachments, from: &Self) {
        let attached = order.slots();
        let slots = (0..weir_engine::slots::SLOTS).filter_map(Slot::new);
        for ((to, from), slot) in self.programs.iter_mut().zip(from.programs.iter()).zip(slots) {
            *to = if attached.has(slot) { from.clone() } else { None };
        }
    }

    /// Puts a program into a slot.
    pub(crate) fn put(&mut self, slot: Slot, attached: Shared<Attached>) {
        if let Some(place) = self.programs.get_mut(usize::from(slot.number())) {
            *place = Some(attached);
        }
    }

    /// Lets go of every program.
    pub(crate) fn clear(&mut self) {
        self.order = Attachments::default();
        for place in self.programs.iter_mut() {
            *place = None;
        }
    }
}
