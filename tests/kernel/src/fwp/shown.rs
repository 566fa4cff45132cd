//! What a test can see of the objects that the driver added: the filters in force (S10, S11).

use super::layers::Layer;
use weir_abi::identifiers::Guid;

/// A filter in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownFilter {
    /// Its key.
    pub key: Guid,
    /// Where it applies.
    pub layer: Layer,
    /// In which sublayer.
    pub sublayer: Guid,
    /// `FWPM_FILTER_FLAG_*`.
    pub flags: u32,
    /// `FWP_ACTION_*`.
    pub action: u32,
    /// The callout that the action names.
    pub callout: Guid,
    /// Conditions, all of which must hold.
    pub conditions: Vec<ShownCondition>,
}

/// A condition of a filter: a field of the layer has to be of a type and to equal a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownCondition {
    /// The field, by its place among the layer's values.
    pub index: usize,
    /// `FWP_DATA_TYPE`.
    pub kind: u32,
    /// The number.
    pub data: u64,
}

impl super::Fwp {
    /// Filters that are in force, in the order in which they were added.
    #[must_use]
    pub fn filters(&self) -> Vec<ShownFilter> {
        let shown = |filter: super::store::Filter| ShownFilter {
            key: filter.key,
            layer: filter.layer,
            sublayer: filter.sublayer,
            flags: filter.flags,
            action: filter.action,
            callout: filter.callout,
            conditions: filter
                .conditions
                .iter()
                .map(|it| ShownCondition { index: it.index, kind: it.kind, data: it.data })
                .collect(),
        };
        self.engine.filters().into_iter().map(shown).collect()
    }
}
