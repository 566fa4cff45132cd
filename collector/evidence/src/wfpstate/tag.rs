//! The elements that mean something here.

/// An element by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    WfpState,
    WfpDiag,
    FirewallState,
    Layers,
    TimeStamp,
    Providers,
    SubLayers,
    Callouts,
    Filters,
    Item,
    ProviderKey,
    SubLayerKey,
    CalloutKey,
    FilterKey,
    LayerKey,
    ApplicableLayer,
    DisplayData,
    Name,
    Flags,
    Weight,
    Action,
    Type,
    FilterType,
    Other,
}

impl Tag {
    pub(super) fn of(name: &str) -> Self {
        match name {
            "wfpstate" => Self::WfpState,
            "wfpdiag" => Self::WfpDiag,
            "firewallState" => Self::FirewallState,
            "layers" => Self::Layers,
            "timeStamp" => Self::TimeStamp,
            "providers" => Self::Providers,
            "subLayers" => Self::SubLayers,
            "callouts" => Self::Callouts,
            "filters" => Self::Filters,
            "item" => Self::Item,
            "providerKey" => Self::ProviderKey,
            "subLayerKey" => Self::SubLayerKey,
            "calloutKey" => Self::CalloutKey,
            "filterKey" => Self::FilterKey,
            "layerKey" => Self::LayerKey,
            "applicableLayer" => Self::ApplicableLayer,
            "displayData" => Self::DisplayData,
            "name" => Self::Name,
            "flags" => Self::Flags,
            "weight" => Self::Weight,
            "action" => Self::Action,
            "type" => Self::Type,
            "filterType" => Self::FilterType,
            _ => Self::Other,
        }
    }

    /// A list of objects, or of layers that have such lists.
    pub(super) const fn is_list(self) -> bool {
        matches!(
            self,
            Self::Layers | Self::Providers | Self::SubLayers | Self::Callouts | Self::Filters
        )
    }

    /// Only elements stand in it, so that text there is a sign of damage.
    pub(super) const fn has_no_text(self) -> bool {
        self.is_list()
            || matches!(self, Self::WfpState | Self::WfpDiag | Self::DisplayData | Self::Action)
    }
}

/// What an element says of the item that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// When the whole was written; of no item.
    Time,
    Provider,
    Sublayer,
    Callout,
    Filter,
    Layer,
    ApplicableLayer,
    Weight,
    Name,
    Flag,
    Action,
    ActionCallout,
}

impl Field {
    /// What an element is, by those that it stands in, the outermost first, and itself; and how far
    /// above it the item is.
    pub(super) const fn of(outer: Option<Tag>, parent: Tag, tag: Tag) -> Option<(Self, usize)> {
        Some(match (outer, parent, tag) {
            (None, Tag::WfpState, Tag::TimeStamp) => (Self::Time, 0),
            (_, Tag::Item, Tag::ProviderKey) => (Self::Provider, 1),
            (_, Tag::Item, Tag::SubLayerKey) => (Self::Sublayer, 1),
            (_, Tag::Item, Tag::CalloutKey) => (Self::Callout, 1),
            (_, Tag::Item, Tag::FilterKey) => (Self::Filter, 1),
            (_, Tag::Item, Tag::LayerKey) => (Self::Layer, 1),
            (_, Tag::Item, Tag::ApplicableLayer) => (Self::ApplicableLayer, 1),
            (_, Tag::Item, Tag::Weight) => (Self::Weight, 1),
            (Some(Tag::Item), Tag::DisplayData, Tag::Name) => (Self::Name, 2),
            (Some(Tag::Item), Tag::Flags, Tag::Item) => (Self::Flag, 2),
            (Some(Tag::Item), Tag::Action, Tag::Type) => (Self::Action, 2),
            (Some(Tag::Item), Tag::Action, Tag::FilterType | Tag::CalloutKey) => {
                (Self::ActionCallout, 2)
            }
            _ => return None,
        })
    }
}
