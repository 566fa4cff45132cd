//! The objects that the base filtering engine keeps: providers, sublayers, callouts, filters.
//!
//! A transaction works on a copy of all of it; `engine` puts the copy into force.

use super::layers::Layer;
use super::status;
use std::collections::BTreeMap;
use weir_abi::identifiers::Guid;

/// The zero GUID, which stands for the default sublayer, or for a key that the engine chooses.
pub(super) const ZERO: Guid = Guid([0; 16]);

/// Weight of `FWPM_SUBLAYER_UNIVERSAL`, in which filters without a sublayer are.
const UNIVERSAL_WEIGHT: u16 = 0x7fff;

/// The dynamic session that an object goes away with, if it does.
pub(super) type Owner = Option<u64>;

/// All objects.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    pub(super) providers: BTreeMap<Guid, Owner>,
    pub(super) sublayers: BTreeMap<Guid, SubLayer>,
    pub(super) callouts: BTreeMap<Guid, Callout>,
    pub(super) filters: BTreeMap<u64, Filter>,
}

#[derive(Clone, Debug)]
pub(super) struct SubLayer {
    pub(super) owner: Owner,
    pub(super) provider: Option<Guid>,
    pub(super) weight: u16,
}

#[derive(Clone, Debug)]
pub(super) struct Callout {
    pub(super) owner: Owner,
    pub(super) provider: Option<Guid>,
    pub(super) layer: Layer,
}

#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) owner: Owner,
    pub(super) provider: Option<Guid>,
    pub(super) id: u64,
    pub(super) key: Guid,
    pub(super) layer: Layer,
    pub(super) sublayer: Guid,
    pub(super) weight: u64,
    pub(super) flags: u32,
    pub(super) conditions: Vec<Condition>,
    pub(super) action: u32,
    pub(super) callout: Guid,
    /// `rawContext`; the driver may replace it when it is notified.
    pub(super) context: u64,
}

/// The field at `index` has to be of `kind` and to equal `data`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Condition {
    pub(super) index: usize,
    pub(super) kind: u32,
    pub(super) data: u64,
}

impl Store {
    /// Weight of a sublayer, by its key.
    pub(super) fn sublayer_weight(&self, key: Guid) -> u16 {
        self.sublayers.get(&key).map_or(UNIVERSAL_WEIGHT, |sublayer| sublayer.weight)
    }

    /// Whether a provider that an object names exists.
    pub(super) fn check_provider(&self, provider: Option<Guid>) -> Result<(), i32> {
        match provider {
            Some(key) if !self.providers.contains_key(&key) => Err(status::PROVIDER_NOT_FOUND),
            _ => Ok(()),
        }
    }

    /// Deletes a filter, for the session `who`.
    pub(super) fn remove_filter(&mut self, id: u64, who: u64) -> Result<(), i32> {
        let owner = self.filters.get(&id).map(|filter| filter.owner);
        owned(owner, who, status::FILTER_NOT_FOUND)?;
        self.filters.remove(&id);
        Ok(())
    }

    /// Deletes a callout.
    pub(super) fn remove_callout(&mut self, key: Guid, who: u64) -> Result<(), i32> {
        let owner = self.callouts.get(&key).map(|callout| callout.owner);
        owned(owner, who, status::CALLOUT_NOT_FOUND)?;
        free(self.filters.values().all(|filter| filter.callout != key))?;
        self.callouts.remove(&key);
        Ok(())
    }

    /// Deletes a sublayer.
    pub(super) fn remove_sublayer(&mut self, key: Guid, who: u64) -> Result<(), i32> {
        let owner = self.sublayers.get(&key).map(|sublayer| sublayer.owner);
        owned(owner, who, status::SUBLAYER_NOT_FOUND)?;
        free(self.filters.values().all(|filter| filter.sublayer != key))?;
        self.sublayers.remove(&key);
        Ok(())
    }

    /// Deletes a provider.
    pub(super) fn remove_provider(&mut self, key: Guid, who: u64) -> Result<(), i32> {
        owned(self.providers.get(&key).copied(), who, status::PROVIDER_NOT_FOUND)?;
        let named = Some(key);
        free(self.filters.values().all(|filter| filter.provider != named))?;
        free(self.callouts.values().all(|callout| callout.provider != named))?;
        free(self.sublayers.values().all(|sublayer| sublayer.provider != named))?;
        self.providers.remove(&key);
        Ok(())
    }

    /// Drops what belongs to sessions that `is_gone`.
    pub(super) fn drop_sessions(&mut self, is_gone: impl Fn(u64) -> bool) {
        let stays = |owner: Owner| !owner.is_some_and(&is_gone);
        self.filters.retain(|_, filter| stays(filter.owner));
        self.callouts.retain(|_, callout| stays(callout.owner));
        self.sublayers.retain(|_, sublayer| stays(sublayer.owner));
        self.providers.retain(|_, owner| stays(*owner));
    }
}

/// Objects of a dynamic session can be deleted by it only.
fn owned(owner: Option<Owner>, who: u64, absent: i32) -> Result<(), i32> {
    match owner {
        None => Err(absent),
        Some(Some(session)) if session != who => Err(status::WRONG_SESSION),
        Some(_) => Ok(()),
    }
}

fn free(nobody_refers_to_it: bool) -> Result<(), i32> {
    if nobody_refers_to_it { Ok(()) } else { Err(status::IN_USE) }
}
