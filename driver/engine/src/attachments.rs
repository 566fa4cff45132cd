//! The attach order: who is asked first, and which slots may be given again (S28 to S30).

use crate::slots::{SLOTS, Slot, Slots};

/// One attached program, as the walk sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its bit in the masks of flows.
    pub slot: Slot,
    /// Compartment whose flows it sees; 0 for any.
    pub compartment: u32,
}

impl Attachment {
    /// Whether it sees flows of this compartment.
    #[must_use]
    pub const fn matches(self, compartment: u32) -> bool {
        self.compartment == 0 || self.compartment == compartment
    }
}

/// Why an attachment was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachError {
    /// All 64 slots are taken, or still being cleared out of flows.
    QuotaExceeded,
}

/// The attachments in attach order, and the slots that a detach walk has yet to clear.
///
/// A driver publishes a copy; readers keep walking the copy they began with (S04, S29).
#[derive(Clone, Copy, Debug)]
pub struct Attachments {
    order: [Option<Attachment>; SLOTS as usize],
    draining: Slots,
}

impl Default for Attachments {
    fn default() -> Self {
        Self { order: [None; SLOTS as usize], draining: Slots::NONE }
    }
}

impl Attachments {
    /// Attaches at the end of the order.
    ///
    /// # Errors
    /// [`AttachError::QuotaExceeded`] for the 65th (S28).
    pub fn attach(&mut self, compartment: u32) -> Result<Slot, AttachError> {
        let mut taken = self.draining;
        for attachment in self.iter() {
            taken.insert(attachment.slot);
        }
        let slot = taken.first_free().ok_or(AttachError::QuotaExceeded)?;
        let free = self.order.iter_mut().find(|place| place.is_none());
        let place = free.ok_or(AttachError::QuotaExceeded)?;
        *place = Some(Attachment { slot, compartment });
        Ok(slot)
    }

    /// Takes an attachment out of the order; its slot stays taken until [`Self::drained`].
    ///
    /// The order of the rest does not change. Returns whether it was attached.
    pub fn detach(&mut self, slot: Slot) -> bool {
        let is_it = |place: &Option<Attachment>| place.is_some_and(|it| it.slot == slot);
        let Some(at) = self.order.iter().position(is_it) else { return false };
        if let Some(tail) = self.order.get_mut(at..) {
            tail.rotate_left(1);
        }
        if let Some(last) = self.order.last_mut() {
            *last = None;
        }
        self.draining.insert(slot);
        true
    }

    /// The detach walk has cleared the slot in every flow: it may be given again (S29).
    pub fn drained(&mut self, slot: Slot) {
        self.draining.remove(slot);
    }

    /// The attachments in attach order.
    pub fn iter(&self) -> impl Iterator<Item = Attachment> {
        self.order.iter().map_while(|place| *place)
    }

    /// The attachment at this place of the order.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<Attachment> {
        self.order.get(place).copied().flatten()
    }

    /// The place of a slot in the attach order.
    #[must_use]
    pub fn chain_index(&self, slot: Slot) -> Option<u8> {
        let place = self.iter().position(|attachment| attachment.slot == slot)?;
        u8::try_from(place).ok()
    }

    /// Slots that were detached and may be in flows still.
    #[must_use]
    pub const fn draining(&self) -> Slots {
        self.draining
    }

    /// Slots that are attached.
    #[must_use]
    pub fn slots(&self) -> Slots {
        let mut slots = Slots::NONE;
        for attachment in self.iter() {
            slots.insert(attachment.slot);
        }
        slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(attachments: &Attachments) -> [Option<u8>; 4] {
        let mut numbers = attachments.iter().map(|it| it.slot.number());
        [numbers.next(), numbers.next(), numbers.next(), numbers.next()]
    }

    #[test]
    fn s28_the_65th_attachment_is_refused() {
        let mut attachments = Attachments::default();
        for number in 0..SLOTS {
            assert_eq!(attachments.attach(u32::from(number)), Ok(Slot::new(number).unwrap()));
        }
        assert_eq!(attachments.attach(0), Err(AttachError::QuotaExceeded));
        assert!(attachments.detach(Slot::new(10).unwrap()));
        assert_eq!(attachments.attach(0), Err(AttachError::QuotaExceeded), "still draining");
        attachments.drained(Slot::new(10).unwrap());
        assert_eq!(attachments.attach(0), Ok(Slot::new(10).unwrap()));
    }

    #[test]
    fn s30_detach_keeps_the_order_of_the_rest_and_attaching_again_puts_it_at_the_end() {
        let mut attachments = Attachments::default();
        for _ in 0..3 {
            attachments.attach(0).unwrap();
        }
        let first = Slot::new(0).unwrap();
        assert!(attachments.detach(first) && !attachments.detach(first));
        assert_eq!(order(&attachments), [Some(1), Some(2), None, None]);
        assert_eq!(attachments.attach(0).unwrap().number(), 3, "slot 0 is still draining");
        attachments.drained(first);
        assert_eq!(order(&attachments), [Some(1), Some(2), Some(3), None]);
        assert_eq!(attachments.chain_index(Slot::new(3).unwrap()), Some(2));
        assert_eq!(attachments.slots().mask(), 0b1110);
    }
}
