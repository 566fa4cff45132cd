//! A look at the eBPF runtime: what the shell asked, for which state of the attachments.

/// A state of the attachments: another one as soon as an attachment came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    epoch: u32,
    changes: u64,
}

impl Revision {
    /// The state after so many comings and goings in a load of the driver.
    pub(crate) const fn new(epoch: u32, changes: u64) -> Self {
        Self { epoch, changes }
    }

    /// Whether the driver has not been loaded again between the two.
    pub(super) const fn is_same_load(self, other: Self) -> bool {
        self.epoch == other.epoch
    }
}

/// A link of our attach type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Its id.
    pub id: u32,
    /// Its program's id; 0 where it is detached.
    pub program_id: u32,
}

/// A loaded program of our type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedProgram {
    /// Its id.
    pub id: u32,
    /// Its name; empty where it has none.
    pub name: String,
}

/// What the runtime told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What [`super::super::Aggregator::wants_names`] said before the runtime was asked.
    pub revision: Revision,
    /// Links of our attach type.
    pub links: Vec<Link>,
    /// Programs of our type.
    pub programs: Vec<LoadedProgram>,
}

/// Why a look does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoidLook {
    /// An attachment came or went meanwhile.
    Changed,
    /// An attachment counts that no event has told of yet.
    Untold,
    /// A link or program is listed twice.
    Repeated,
    /// A link's program is not among the programs.
    ProgramGone,
    /// There are not as many links as attachments.
    Unequal,
}
