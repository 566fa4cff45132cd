//! Deliberate mistakes of the reference model, one rule each: they show that the comparison fails
//! when engine and text part.

use crate::record::Rule;

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    WalkGoesOnAfterBlock,
    BlockNotKeptPermits,
    ReleaseAtFirstAllow,
    BlockerGetsDeleted,
    BlockForgotten,
    NoDeleted,
    DeletedAfterRundown,
    PolicyIsOpen,
    SeventhErrorEnds,
}

impl Mutant {
    /// Each mistake with the rule that it breaks.
    pub(crate) const ALL: [(Self, Rule); 9] = [
        (Self::WalkGoesOnAfterBlock, 6),
        (Self::BlockNotKeptPermits, 9),
        (Self::ReleaseAtFirstAllow, 15),
        (Self::BlockerGetsDeleted, 14),
        (Self::BlockForgotten, 17),
        (Self::NoDeleted, 25),
        (Self::DeletedAfterRundown, 30),
        (Self::PolicyIsOpen, 32),
        (Self::SeventhErrorEnds, 32),
    ];
}
