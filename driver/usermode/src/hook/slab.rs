//! The slab of flow contexts: places with generations, so that a handle outlives its flow
//! harmlessly (S37).

use super::flows::FlowEntry;

/// Names a flow context; outlives it harmlessly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowHandle {
    index: u32,
    generation: u32,
}

/// The slab of flow contexts.
#[derive(Default)]
pub(super) struct Flows {
    places: Vec<Place>,
    free: Vec<u32>,
    serial: u64,
}

#[derive(Default)]
struct Place {
    generation: u32,
    entry: Option<Box<FlowEntry>>,
}

impl Flows {
    pub(super) const fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    pub(super) fn insert(&mut self, entry: FlowEntry) -> FlowHandle {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
        });
        let mut generation = 0;
        if let Some(place) = self.place(index) {
            place.entry = Some(Box::new(entry));
            generation = place.generation;
        }
        FlowHandle { index, generation }
    }

    fn place(&mut self, index: u32) -> Option<&mut Place> {
        self.places.get_mut(usize::try_from(index).ok()?)
    }

    /// Takes an entry out for a call; [`Self::put_back`] or [`Self::release`] follows.
    pub(super) fn take(&mut self, handle: FlowHandle) -> Option<Box<FlowEntry>> {
        let place = self.place(handle.index)?;
        if place.generation != handle.generation {
            return None;
        }
        place.entry.take()
    }

    pub(super) fn put_back(&mut self, handle: FlowHandle, entry: Box<FlowEntry>) {
        if let Some(place) = self.place(handle.index) {
            place.entry = Some(entry);
        }
    }

    /// Gives the place up; handles to it lead nowhere from here on.
    pub(super) fn release(&mut self, handle: FlowHandle) {
        if let Some(place) = self.place(handle.index) {
            place.entry = None;
            place.generation = place.generation.wrapping_add(1);
            self.free.push(handle.index);
        }
    }

    /// Handles of all live flows, oldest place first.
    pub(super) fn handles(&self) -> Vec<FlowHandle> {
        let live = self.places.iter().zip(0_u32..).filter(|(place, _)| place.entry.is_some());
        live.map(|(place, index)| FlowHandle { index, generation: place.generation }).collect()
    }
}
