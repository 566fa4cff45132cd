//! What one look at the filtering engine saw, and what that means.
//!
//! An object that is there under the driver's key is not enough: a filter that calls somebody else,
//! or a callout that no driver has registered, enforces nothing of the driver's.

use crate::layer::{LAYERS, LAYERS_LEN, Layer};
use std::collections::BTreeSet;
use weir_abi::identifiers::{CALLOUTS, Guid, SUBLAYER};
use weir_stages::snapshot::{WfpForeign, WfpFound, WfpObject};

/// What a filter that calls a callout may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// `FWP_ACTION_CALLOUT_TERMINATING`: its callout always blocks or permits.
    Terminating,
    /// `FWP_ACTION_CALLOUT_INSPECTION`: its callout never does.
    Inspection,
    /// `FWP_ACTION_CALLOUT_UNKNOWN`: its callout may do either.
    Unknown,
}

impl ActionKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Terminating, Self::Inspection, Self::Unknown];

    /// The kind of an action; `None` where it calls no callout. One that nobody has heard of yet
    /// may do either.
    ///
    /// Source: learn.microsoft.com/windows/win32/api/fwpmtypes/ns-fwpmtypes-fwpm_action0
    /// (read 2026-11)
    #[must_use]
    pub const fn of(action: u32) -> Option<Self> {
        match action {
            0x5003 => Some(Self::Terminating),
            0x6004 => Some(Self::Inspection),
            other if other & CALLS_CALLOUT != 0 => Some(Self::Unknown),
            _ => None,
        }
    }

    /// As the catalogue of metrics names it.
    const fn label(self) -> &'static str {
        match self {
            Self::Terminating => "terminating",
            Self::Inspection => "inspection",
            Self::Unknown => "unknown",
        }
    }
}

/// `FWP_ACTION_FLAG_CALLOUT`.
const CALLS_CALLOUT: u32 = 0x4000;

/// `FWPM_CALLOUT_FLAG_REGISTERED`: a driver has it registered now.
///
/// Source: learn.microsoft.com/windows/win32/api/fwpmtypes/ns-fwpmtypes-fwpm_callout0; number:
/// microsoft/windows-rs, `Win32_NetworkManagement_WindowsFilteringPlatform` (read 2026-11)
pub const CALLOUT_REGISTERED: u32 = 0x4_0000;

/// `FWPM_FILTER_FLAG_DISABLED`: it is there and matches nothing.
///
/// Source: learn.microsoft.com/windows/win32/api/fwpmtypes/ns-fwpmtypes-fwpm_filter0; number:
/// microsoft/windows-rs, `Win32_NetworkManagement_WindowsFilteringPlatform` (read 2026-11)
pub const FILTER_DISABLED: u32 = 0x20;

/// A callout that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Callout {
    /// The layer that it is for.
    pub layer: Guid,
    /// `FWPM_CALLOUT_FLAG_…`.
    pub flags: u32,
}

/// A filter that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Its layer.
    pub layer: Guid,
    /// Its sublayer.
    pub sublayer: Guid,
    /// `FWPM_FILTER_FLAG_…`.
    pub flags: u32,
    /// What it calls; `None` where it calls nothing.
    pub call: Option<Call>,
}

/// What a filter calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// What may come of it.
    pub kind: ActionKind,
    /// The callout.
    pub callout: Guid,
}

/// What one look saw; each list in the order of [`LAYERS`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// There is the driver's provider.
    pub has_provider: bool,
    /// There is the driver's sublayer.
    pub has_sublayer: bool,
    /// The driver's callouts.
    pub callouts: [Option<Callout>; LAYERS_LEN],
    /// The driver's filters.
    pub filters: [Option<Filter>; LAYERS_LEN],
    /// What filters call at each layer, whoever made them.
    pub calls: [Vec<Call>; LAYERS_LEN],
}

impl Survey {
    /// What it means: which objects are as the driver made them, and how many callouts of others
    /// are called beside them.
    #[must_use]
    pub fn judge(&self) -> WfpFound {
        let object = |layer, kind, is_present| WfpObject { layer, kind, is_present };
        let mut objects = vec![
            object("any", "provider", self.has_provider),
            object("any", "sublayer", self.has_sublayer),
        ];
        for (layer, seen) in LAYERS.iter().zip(&self.callouts) {
            let is_present = seen.is_some_and(|it| is_the_drivers_callout(&it, layer));
            objects.push(object(layer.label, "callout", is_present));
        }
        for (layer, seen) in LAYERS.iter().zip(&self.filters) {
            let is_present = seen.is_some_and(|it| is_the_drivers_filter(&it, layer));
            objects.push(object(layer.label, "filter", is_present));
        }
        let each = LAYERS.iter().zip(&self.calls);
        let foreign = each.flat_map(|(layer, calls)| {
            ActionKind::ALL.map(|kind| WfpForeign {
                layer: layer.label,
                kind: kind.label(),
                callouts: foreign(calls, kind),
            })
        });
        WfpFound { objects, foreign: foreign.collect() }
    }
}

fn is_the_drivers_callout(seen: &Callout, layer: &Layer) -> bool {
    seen.layer == layer.key && seen.flags & CALLOUT_REGISTERED != 0
}

fn is_the_drivers_filter(seen: &Filter, layer: &Layer) -> bool {
    let call = Call { kind: layer.action, callout: layer.callout };
    let is_in_place = seen.layer == layer.key && seen.sublayer == SUBLAYER;
    is_in_place && seen.call == Some(call) && seen.flags & FILTER_DISABLED == 0
}

/// Distinct callouts of others. One that filters of two kinds call counts once with each.
fn foreign(calls: &[Call], kind: ActionKind) -> u64 {
    let of_kind = calls.iter().filter(|it| it.kind == kind).map(|it| it.callout);
    let others: BTreeSet<Guid> = of_kind.filter(|it| !CALLOUTS.contains(it)).collect();
    others.len() as u64
}

#[cfg(test)]
mod tests;
