//! Where the engine reads the text otherwise than the reference model does.
//!
//! The comparison takes the engine's side only where a departure stands in [`Departure::ACCEPTED`];
//! a test fails once one of them is not needed any more.

/// A difference of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// The decider of `undecided`/`detached` is the detached attachment; the model names none,
    /// because nobody decided (S27, S30).
    DetachedDecides,
    /// `classifying` of a fate by the last ALLOW or the 8th failure counts from before the
    /// segment; the model, and the engine at a block, count from before the deciding answer.
    CountsFromSegment,
    /// The decider of `failed_open`/`program_error` is whoever ended last, be it with ALLOW; the
    /// model names the one that failed.
    LastEnderDecides,
    /// The detach walk also forgets that the attachment had failed, so a later ALLOW makes the
    /// fate `allow`; the model keeps `failed_open` (S27: a failure let it pass uninspected).
    FailureForgotten,
}

impl Departure {
    /// Every departure that the engine makes.
    pub(crate) const ACCEPTED: &'static [Self] = &[
        Self::DetachedDecides,
        Self::CountsFromSegment,
        Self::LastEnderDecides,
        Self::FailureForgotten,
    ];
}
