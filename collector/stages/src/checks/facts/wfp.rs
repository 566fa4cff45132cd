//! The filtering engine's objects, as `netsh wfp show state` writes them.
//!
//! Fields that change with every start (`calloutId`, `filterId`, weights that the engine gives) are
//! left out or kept for showing only.

use super::Place;
use weir_abi::identifiers::Guid;

/// What a `wfpstate.xml`, or a part of one, holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WfpState {
    /// The file.
    pub file: String,
    /// `timeStamp`, as it stands there.
    pub time: Option<String>,
    /// It is a whole `wfpstate` document, not items copied out of one: what is not in it is not
    /// there.
    pub is_whole: bool,
    /// Providers, where it has a list of them.
    pub providers: Vec<NamedKey>,
    /// Sublayers, in the file's order.
    pub sublayers: Vec<Sublayer>,
    /// Callouts, in the file's order.
    pub callouts: Vec<Callout>,
    /// Filters that call a callout, or are of eBPF or Weir by a key of theirs; others are counted.
    pub filters: Vec<Filter>,
    /// Filters in all.
    pub filters_total: u64,
    /// Providers, sublayers and callouts of Windows' own, whose keys it prints as names.
    pub built_in: Vec<BuiltIn>,
}

/// An object whose key is printed as a name instead of a GUID, as `FWPM_SUBLAYER_UNIVERSAL`: one of
/// Windows' own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// What it is.
    pub kind: BuiltInKind,
    /// Its key, as named there.
    pub key: String,
    /// `displayData/name`
    pub name: String,
    /// Of a callout `applicableLayer`, as named there.
    pub layer: Option<String>,
    /// Of a sublayer `weight`.
    pub weight: Option<u16>,
    /// Where its key stands.
    pub place: Place,
}

/// What an object of Windows' own is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltInKind {
    /// A provider.
    Provider,
    /// A sublayer.
    Sublayer,
    /// A callout.
    Callout,
}

impl WfpState {
    /// Nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.filters_total == 0
            && self.providers.is_empty()
            && self.sublayers.is_empty()
            && self.callouts.is_empty()
            && self.built_in.is_empty()
    }
}

/// A provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedKey {
    /// Its key.
    pub key: Guid,
    /// `displayData/name`.
    pub name: String,
    /// Where it stands.
    pub place: Place,
}

/// A sublayer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sublayer {
    /// `subLayerKey`
    pub key: Guid,
    /// `displayData/name`
    pub name: String,
    /// `weight`: the heavier one is asked first.
    pub weight: Option<u16>,
    /// `providerKey`, where there is one.
    pub provider: Option<Guid>,
    /// Where its key stands.
    pub place: Place,
}

/// A callout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callout {
    /// `calloutKey`
    pub key: Guid,
    /// `displayData/name`
    pub name: String,
    /// `flags`, as named there.
    pub flags: Vec<String>,
    /// `providerKey`, where there is one.
    pub provider: Option<Guid>,
    /// `applicableLayer`, as named there: `FWPM_LAYER_…`, or a GUID in braces.
    pub layer: String,
    /// Where its key stands.
    pub place: Place,
}

impl Callout {
    /// A driver has it registered now.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.flags.iter().any(|it| it == "FWPM_CALLOUT_FLAG_REGISTERED")
    }
}

/// A filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// `filterKey`
    pub key: Guid,
    /// `displayData/name`
    pub name: String,
    /// `flags`, as named there.
    pub flags: Vec<String>,
    /// `providerKey`, where there is one.
    pub provider: Option<Guid>,
    /// `layerKey`, as named there: `FWPM_LAYER_…`, or a GUID in braces.
    pub layer: String,
    /// `subLayerKey`; what is named instead of given as a GUID, as `FWPM_SUBLAYER_UNIVERSAL`, is
    /// `None`.
    pub sublayer: Option<Guid>,
    /// `action/type`
    pub action: Action,
    /// `action/filterType`: the callout's key; one that is named, so of Windows' own, is `None`.
    pub callout: Option<Guid>,
    /// Where its key stands.
    pub place: Place,
}

/// What a filter does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `FWP_ACTION_CALLOUT_TERMINATING`
    Terminating,
    /// `FWP_ACTION_CALLOUT_INSPECTION`
    Inspection,
    /// `FWP_ACTION_CALLOUT_UNKNOWN`
    Unknown,
    /// Any other, as named there.
    Other(String),
}

impl Action {
    /// The action of this name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name {
            "FWP_ACTION_CALLOUT_TERMINATING" => Self::Terminating,
            "FWP_ACTION_CALLOUT_INSPECTION" => Self::Inspection,
            "FWP_ACTION_CALLOUT_UNKNOWN" => Self::Unknown,
            other => Self::Other(other.to_owned()),
        }
    }

    /// As the engine names it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Terminating => "FWP_ACTION_CALLOUT_TERMINATING",
            Self::Inspection => "FWP_ACTION_CALLOUT_INSPECTION",
            Self::Unknown => "FWP_ACTION_CALLOUT_UNKNOWN",
            Self::Other(name) => name,
        }
    }

    /// A callout is asked.
    #[must_use]
    pub const fn calls(&self) -> bool {
        !matches!(self, Self::Other(_))
    }
}
