//! Deliberate mistakes of the reference model, one rule each: they show that the comparison fails
//! when engine and text part.

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// Against S06.
    WalkGoesOnAfterBlock,
    /// Against S09.
    BlockNotKeptPermits,
    /// Against S15.
    ReleaseAtFirstAllow,
    /// Against S14.
    BlockerGetsDeleted,
    /// Against S17.
    BlockForgotten,
    /// Against S25 and S26.
    NoDeleted,
    /// Against S30.
    DeletedAfterRundown,
    /// Against S32.
    PolicyIsOpen,
    /// Against S32.
    SeventhErrorEnds,
}

impl Mutant {
    /// Every mistake.
    pub(crate) const ALL: [Self; 9] = [
        Self::WalkGoesOnAfterBlock,
        Self::BlockNotKeptPermits,
        Self::ReleaseAtFirstAllow,
        Self::BlockerGetsDeleted,
        Self::BlockForgotten,
        Self::NoDeleted,
        Self::DeletedAfterRundown,
        Self::PolicyIsOpen,
        Self::SeventhErrorEnds,
    ];
}
