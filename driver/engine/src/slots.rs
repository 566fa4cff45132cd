//! Slots of attachments and masks of them.

/// Attachments at once (S28): one bit each in a `u64`.
pub const SLOTS: u8 = 64;

/// The place of an attachment in every mask; below [`SLOTS`] by construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u8);

impl Slot {
    /// The slot of a number below [`SLOTS`].
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number < SLOTS { Some(Self(number)) } else { None }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    const fn bit(self) -> u64 {
        1_u64.unbounded_shl(self.0 as u32)
    }
}

/// A set of slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slots(u64);

impl Slots {
    /// No slot.
    pub const NONE: Self = Self(0);

    /// The set of a mask.
    #[must_use]
    pub const fn from_mask(mask: u64) -> Self {
        Self(mask)
    }

    /// The mask, as events carry it.
    #[must_use]
    pub const fn mask(self) -> u64 {
        self.0
    }

    /// Whether it has no slot.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it has this slot.
    #[must_use]
    pub const fn has(self, slot: Slot) -> bool {
        self.0 & slot.bit() != 0
    }

    /// The slots of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Adds a slot.
    pub const fn insert(&mut self, slot: Slot) {
        self.0 |= slot.bit();
    }

    /// Takes a slot out; whether it was there.
    pub const fn remove(&mut self, slot: Slot) -> bool {
        let was = self.has(slot);
        self.0 &= !slot.bit();
        was
    }

    /// The lowest slot that is not in the set.
    #[must_use]
    pub fn first_free(self) -> Option<Slot> {
        u8::try_from(self.0.trailing_ones()).ok().and_then(Slot::new)
    }

    /// The slots in ascending order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Slot> {
        (0..SLOTS).map(Slot).filter(move |slot| self.has(*slot))
    }
}

/// How often in a row each slot has failed, 0 to 7, as three bit planes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Streaks {
    ones: u64,
    twos: u64,
    fours: u64,
}

impl Streaks {
    /// Counts one more; true at the 8th in a row, which starts the count again.
    pub(crate) const fn count(&mut self, slot: Slot) -> bool {
        let bit = slot.bit();
        let carry_one = self.ones & bit;
        self.ones ^= bit;
        let carry_two = self.twos & carry_one;
        self.twos ^= carry_one;
        let carry_four = self.fours & carry_two;
        self.fours ^= carry_two;
        carry_four != 0
    }

    /// The slot did not fail this time.
    pub(crate) const fn clear(&mut self, slot: Slot) {
        let rest = !slot.bit();
        self.ones &= rest;
        self.twos &= rest;
        self.fours &= rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s32_the_eighth_failure_in_a_row_is_told_and_no_other() {
        for number in [0, 1, 63] {
            let (slot, other) = (Slot(number), Slot(31));
            let mut streaks = Streaks::default();
            for _ in 0..5 {
                assert!(!streaks.count(other));
            }
            for failure in 1..=16_u32 {
                assert_eq!(streaks.count(slot), failure % 8 == 0, "failure {failure}");
            }
            assert!(!streaks.count(other) && !streaks.count(other) && streaks.count(other));
            streaks.count(slot);
            streaks.clear(slot);
            assert_eq!((0..7).filter(|_| streaks.count(slot)).count(), 0);
        }
    }

    #[test]
    fn a_full_set_has_no_free_slot() {
        let mut slots = Slots::NONE;
        for number in 0..SLOTS {
            assert_eq!(slots.first_free(), Some(Slot(number)));
            slots.insert(Slot(number));
        }
        assert_eq!(slots.first_free(), None);
        assert!(slots.remove(Slot(40)) && !slots.remove(Slot(40)));
        assert_eq!(slots.first_free(), Some(Slot(40)));
        assert_eq!(Slot::new(SLOTS), None);
    }
}
