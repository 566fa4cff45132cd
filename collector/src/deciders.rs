//! Which program a verdict names, by its label.

use hashbrown::HashMap;
use weir_abi::event::{Attached, Fate, Verdict};
use weir_engine::{Slot, Slots};

/// Labels of attachments, learned from Attached events; the hook bounds both maps.
#[derive(Default)]
pub struct Deciders {
    labels: HashMap<u32, String>,
    slots: HashMap<u8, u32>,
}

impl Deciders {
    /// An attachment came.
    pub fn attached(&mut self, event: &Attached) {
        self.slots.insert(event.slot, event.attach_id);
        self.labels.insert(event.attach_id, event.label.as_str().to_owned());
    }

    /// Whether nothing was ever attached.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Who decided; of an undecided flow, who had not, separated by commas.
    #[must_use]
    pub fn of(&self, event: &Verdict) -> Option<String> {
        if event.fate != Fate::Undecided {
            return self.labels.get(&event.decider_attach_id).cloned();
        }
        let label = |slot: Slot| self.labels.get(self.slots.get(&slot.number())?);
        let slots = Slots::from_mask(event.classifying);
        let names: Vec<&str> = slots.iter().filter_map(label).map(String::as_str).collect();
        (!names.is_empty()).then(|| names.join(","))
    }
}
