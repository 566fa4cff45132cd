//! The filtering engine's objects of all files together, and what is expected of them.

use super::attach_types::is_mismatched;
use super::evidence::Evidence;
use super::facts::{Callout, Filter, Place, Sublayer, WfpState};
use super::hooks::{self, Hook, HookFilter};
use std::collections::BTreeSet;
use weir_abi::identifiers::{CALLOUTS, Guid, SUBLAYER, WFP_PROVIDER};

/// Objects of all files.
#[derive(Clone, Copy)]
pub(super) struct Objects<'a> {
    states: &'a [WfpState],
}

impl<'a> Objects<'a> {
    pub(super) fn of(evidence: &'a Evidence) -> Self {
        Self { states: &evidence.wfp }
    }

    /// What is not in it is not there.
    pub(super) fn is_whole(&self) -> bool {
        self.states.iter().any(|it| it.is_whole)
    }

    /// What is not there of a layer is missing: the file is whole, or has items of that layer.
    pub(super) fn tells_of(&self, layer: &str) -> bool {
        self.is_whole()
            || self.callouts().any(|it| it.layer == layer)
            || self.filters().any(|it| it.layer == layer)
    }

    pub(super) fn sublayers(&self) -> impl Iterator<Item = &'a Sublayer> + use<'a> {
        self.states.iter().flat_map(|it| &it.sublayers)
    }

    pub(super) fn callouts(&self) -> impl Iterator<Item = &'a Callout> + use<'a> {
        self.states.iter().flat_map(|it| &it.callouts)
    }

    pub(super) fn filters(&self) -> impl Iterator<Item = &'a Filter> + use<'a> {
        self.states.iter().flat_map(|it| &it.filters)
    }

    pub(super) fn sublayer(&self, key: &Guid) -> Option<&'a Sublayer> {
        self.sublayers().find(|it| it.key == *key)
    }

    pub(super) fn callout(&self, key: &Guid) -> Option<&'a Callout> {
        self.callouts().find(|it| it.key == *key)
    }

    pub(super) fn has_provider(&self, key: &Guid) -> bool {
        self.states.iter().flat_map(|it| &it.providers).any(|it| it.key == *key)
    }

    /// Where the whole of it stands.
    pub(super) fn place(&self) -> Place {
        let whole = self.states.iter().find(|it| it.is_whole).or_else(|| self.states.first());
        whole.map(|it| Place::new(it.file.clone(), 0)).unwrap_or_default()
    }

    pub(super) fn doubled_sublayers(&self) -> Vec<&'a Sublayer> {
        self.doubled(|it| &it.sublayers, |it| it.key)
    }

    pub(super) fn doubled_callouts(&self) -> Vec<&'a Callout> {
        self.doubled(|it| &it.callouts, |it| it.key)
    }

    pub(super) fn doubled_filters(&self) -> Vec<&'a Filter> {
        self.doubled(|it| &it.filters, |it| it.key)
    }

    /// A key is there once; a file that has it twice was put together, or the engine is broken.
    fn doubled<T>(&self, list: fn(&WfpState) -> &Vec<T>, key: fn(&T) -> Guid) -> Vec<&'a T> {
        let again = |state: &'a WfpState| {
            let mut seen = BTreeSet::new();
            list(state).iter().filter(move |it| !seen.insert(key(it)))
        };
        self.states.iter().flat_map(again).collect()
    }
}

/// A callout of eBPF for Windows or of Weir.
pub(super) fn is_known_callout(key: &Guid) -> bool {
    hooks::callout_of(key).is_some() || CALLOUTS.contains(key)
}

/// A filter that eBPF for Windows made, by any of its marks.
pub(super) fn is_ebpf_filter(filter: &Filter) -> bool {
    filter.provider == Some(hooks::PROVIDER)
        || filter.sublayer.is_some_and(|it| hooks::sublayer_name(&it).is_some())
        || filter.callout.is_some_and(|it| hooks::callout_of(&it).is_some())
}

/// A filter that Weir's driver made, by any of its marks.
pub(super) fn is_weir_filter(filter: &Filter) -> bool {
    filter.provider == Some(WFP_PROVIDER)
        || filter.sublayer == Some(SUBLAYER)
        || filter.callout.is_some_and(|it| CALLOUTS.contains(&it))
}

/// The hooks that programs are attached to.
pub(super) struct InUse {
    pub(super) hooks: Vec<&'static Hook>,
    /// Links say so; without them it is told by the filters that are there.
    pub(super) is_by_links: bool,
}

impl InUse {
    pub(super) fn of(evidence: &Evidence) -> Self {
        let Some(links) = &evidence.links else { return Self::by_filters(evidence) };
        // A link of the wrong kind is WD0404's to tell: nobody wants what its hook would make.
        let live = links.iter().filter(|it| it.program_id != 0 && !is_mismatched(evidence, it));
        let live: Vec<_> = live.collect();
        // A bpftool that does not say where programs are attached leaves it to the filters.
        if live.iter().any(|it| it.attach_type.is_none()) {
            return Self::by_filters(evidence);
        }
        let types = live.into_iter().filter_map(|it| it.attach_type.as_deref());
        let attached: BTreeSet<&str> = types.collect();
        let mut found: Vec<&'static Hook> = Vec::new();
        for hook in attached.into_iter().filter_map(hooks::hook) {
            if !found.iter().any(|it| core::ptr::eq(*it, hook)) {
                found.push(hook);
            }
        }
        Self { hooks: found, is_by_links: true }
    }

    /// A hook is in use where a filter is there that no other hook makes.
    fn by_filters(evidence: &Evidence) -> Self {
        let filters: Vec<&Filter> = Objects::of(evidence).filters().collect();
        let is_there = |wanted: &HookFilter| filters.iter().any(|it| is_alike(it, wanted));
        let makes = |hook: &Hook, wanted: &HookFilter| hook.filters.iter().any(|it| it == wanted);
        let is_own = |hook: &'static Hook, wanted: &HookFilter| {
            hooks::HOOKS.iter().filter(|it| makes(it, wanted)).all(|it| core::ptr::eq(it, hook))
        };
        let mut found: Vec<&'static Hook> = hooks::HOOKS
            .iter()
            .filter(|hook| hook.filters.iter().any(|it| is_own(hook, it) && is_there(it)))
            .collect();
        // What two hooks make alike counts for the smaller one, unless the larger was found.
        for hook in hooks::HOOKS.iter().filter(|it| it.filters.len() == 1) {
            let is_explained = |wanted: &HookFilter| found.iter().any(|it| makes(it, wanted));
            if hook.filters.iter().all(|it| is_there(it) && !is_explained(it)) {
                found.push(hook);
            }
        }
        Self { hooks: found, is_by_links: false }
    }

    /// The filters that should be there. Of items that were copied out of a file, only those at
    /// layers that any item is of.
    pub(super) fn filters(
        &self,
        objects: &Objects<'_>,
    ) -> Vec<(&'static Hook, &'static HookFilter)> {
        self.every().filter(|(_, it)| objects.tells_of(it.callout.layer)).collect()
    }

    /// Layers that links need, of which no item is: a part of a file says nothing of them.
    pub(super) fn layers_untold(&self, objects: &Objects<'_>) -> BTreeSet<&'static str> {
        let layers = self.every().map(|(_, it)| it.callout.layer);
        layers.filter(|it| self.is_by_links && !objects.tells_of(it)).collect()
    }

    fn every(&self) -> impl Iterator<Item = (&'static Hook, &'static HookFilter)> {
        self.hooks.iter().flat_map(|hook| hook.filters.iter().map(move |it| (*hook, it)))
    }

    /// Their attach types.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.hooks.iter().map(|it| it.attach_type).collect();
        names.join(", ")
    }
}

/// A filter is the one that is wanted, as far as callout and sublayer go.
fn is_alike(filter: &Filter, wanted: &HookFilter) -> bool {
    filter.callout == Some(wanted.callout.key) && filter.sublayer == Some(wanted.sublayer)
}

/// A filter is the one that is wanted: layer, sublayer, an action that asks the callout.
pub(super) fn is_in_place(filter: &Filter, wanted: &HookFilter) -> bool {
    is_alike(filter, wanted)
        && filter.layer == wanted.callout.layer
        && filter.action.calls()
        && !is_disabled(filter)
}

/// It is there and matches nothing.
pub(super) fn is_disabled(filter: &Filter) -> bool {
    filter.flags.iter().any(|it| it == "FWPM_FILTER_FLAG_DISABLED")
}

/// A filter in one line, without what changes with every start.
pub(super) fn filter_line(filter: &Filter) -> String {
    let key = |it: Option<Guid>| it.map_or_else(|| "none".to_owned(), |it| it.to_string());
    format!(
        "filter {} `{}`: layerKey {}, subLayerKey {}, {}, filterType {}",
        filter.key,
        filter.name,
        filter.layer,
        key(filter.sublayer),
        filter.action.name(),
        key(filter.callout)
    )
}

/// A callout in one line.
pub(super) fn callout_line(callout: &Callout) -> String {
    let flags =
        if callout.flags.is_empty() { "no flags".to_owned() } else { callout.flags.join(" | ") };
    format!(
        "callout {} `{}`: applicableLayer {}, {flags}",
        callout.key, callout.name, callout.layer
    )
}
