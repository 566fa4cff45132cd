//! A check: what it is called, what it needs, and how it judges.

use super::evidence::{Evidence, Kind};
use super::verdict::Judgement;

/// A part of the report, in the order in which an expert looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Services and drivers.
    Components,
    /// What the machine lets them do.
    Platform,
    /// What eBPF for Windows has in the filtering engine.
    EbpfObjects,
    /// What Weir has there.
    WeirObjects,
    /// Programs, links, maps.
    Programs,
    /// Diagnostic traces.
    Traces,
    /// Weir's events and figures.
    Telemetry,
    /// The machine.
    Host,
}

impl Group {
    /// Every group, in the report's order.
    pub const ALL: [Self; 8] = [
        Self::Components,
        Self::Platform,
        Self::EbpfObjects,
        Self::WeirObjects,
        Self::Programs,
        Self::Traces,
        Self::Telemetry,
        Self::Host,
    ];

    /// Its heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Components => "Components",
            Self::Platform => "Platform",
            Self::EbpfObjects => "Objects of eBPF for Windows in the filtering engine",
            Self::WeirObjects => "Objects of Weir in the filtering engine",
            Self::Programs => "Programs",
            Self::Traces => "Diagnostic traces",
            Self::Telemetry => "Events and figures",
            Self::Host => "Host",
        }
    }
}

/// What whoever collects must be allowed, for a check to know anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// Nothing in particular.
    Anybody,
    /// An elevated command prompt, or a service with the rights of one.
    Elevated,
}

impl Privilege {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anybody => "any account",
            Self::Elevated => "an elevated command prompt",
        }
    }
}

/// A check.
#[derive(Debug)]
pub struct Check {
    /// Stable for good: `WD`, two digits of the group, two of the check.
    pub id: &'static str,
    /// Where it stands in the report.
    pub group: Group,
    /// What holds where it is ok.
    pub title: &'static str,
    /// What it takes to know.
    pub privilege: Privilege,
    /// Evidence without which it knows nothing.
    pub needs: &'static [Kind],
    /// Checks whose failure explains this one's.
    pub after: &'static [&'static str],
    /// What it looks at, and why that matters; for `--explain`.
    pub about: &'static str,
    /// Where the rule comes from, or where to read on.
    pub docs: &'static str,
    /// Judges evidence that has all of `needs`.
    pub judge: fn(&Evidence) -> Judgement,
}
