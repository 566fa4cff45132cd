//! What a machine is to be like, for [`Kernel::boot`](crate::Kernel::boot).

use crate::breakpoints::Breakpoints;
use crate::time::Time;
use std::path::PathBuf;

/// What a machine is like.
#[derive(Clone, Debug)]
pub struct Options {
    /// The driver; `None` is a machine to call imports on.
    pub image: Option<PathBuf>,
    /// Processors, at least one; 64 a group.
    pub processors: u32,
    /// The clock.
    pub time: Time,
    /// Whether stacks are filled and looked through on each call; a benchmark says no.
    pub measures_stacks: bool,
    /// Where threads can lose their processor within the image, and after imports.
    pub breakpoints: Option<Breakpoints>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            image: None,
            processors: 4,
            time: Time::default(),
            measures_stacks: true,
            breakpoints: None,
        }
    }
}
