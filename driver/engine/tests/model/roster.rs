//! Attachments as the text has them (S28 to S30), beside the engine's own order.

use crate::record::{Rule, Seat};
use weir_engine::{Attachments, Slot};

/// The published order twice, and who has left it but not yet the flows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roster {
    pub(crate) engine: Attachments,
    /// The published order; ids ascend, because attaching always puts at the end.
    pub(crate) published: Vec<Seat>,
    /// Unpublished; the detach walk has yet to come.
    pub(crate) leaving: Vec<Seat>,
    attached: u8,
}

impl Roster {
    /// Attaches at the end; a slot that is published or still being cleared is never given.
    pub(crate) fn attach(&mut self, compartment: u32) -> Result<Seat, Rule> {
        let slot = self.engine.attach(compartment).map_err(|_refused| 28_u8)?.number();
        if self.published.iter().chain(&self.leaving).any(|seat| seat.slot == slot) {
            return Err(29);
        }
        self.attached += 1;
        let seat = Seat { id: self.attached, slot, compartment };
        self.published.push(seat);
        self.agrees().map(|()| seat)
    }

    /// The first half of a detach: out of the published order.
    pub(crate) fn unpublish(&mut self, seat: Seat) -> Result<(), Rule> {
        let Some(slot) = Slot::new(seat.slot) else { return Err(28) };
        if !self.engine.detach(slot) {
            return Err(30);
        }
        self.published.retain(|other| *other != seat);
        self.leaving.push(seat);
        self.agrees()
    }

    /// The second half: the walk has been everywhere.
    pub(crate) fn walked(&mut self, seat: Seat) -> Result<(), Rule> {
        if let Some(slot) = Slot::new(seat.slot) {
            self.engine.drained(slot);
        }
        self.leaving.retain(|other| *other != seat);
        self.agrees()
    }

    fn agrees(&self) -> Result<(), Rule> {
        let own = self.published.iter().map(|seat| (seat.slot, seat.compartment));
        let engine = self.engine.iter().map(|seat| (seat.slot.number(), seat.compartment));
        if own.eq(engine) { Ok(()) } else { Err(30) }
    }
}
