//! The attachments of one load of the driver: who they are, where they stand, what they counted.

use super::label::label_value;
use super::limits::Limits;
use super::programs::Programs;
use super::table::SeriesTable;
use std::collections::BTreeMap;
use std::sync::Arc;
use weir_abi::event::Attached;

/// Slots of the driver's masks (S28).
pub(crate) const SLOTS: usize = 64;

/// Whole sets after which a detached attachment that counted nothing is forgotten.
const SETS_KEPT: u8 = 2;

/// One attachment.
#[derive(Debug)]
pub(crate) struct Attachment {
    /// The label `program` that it is summed under.
    pub(crate) program: Arc<str>,
    /// It has a label of its own.
    pub(crate) has_label: bool,
    /// It has the name of the eBPF program behind it.
    pub(crate) is_linked: bool,
    /// Id of that program, where it is known.
    pub(crate) program_id: Option<u32>,
    /// Its bit in masks; `None` where no Attached event came yet.
    pub(crate) slot: Option<u8>,
    /// Place in the attach order.
    pub(crate) chain_index: u8,
    /// Compartment; 0 for any.
    pub(crate) compartment_id: u32,
    /// When it was attached; 0 where that was before we listened.
    pub(crate) since_ns: u64,
    /// Its own totals.
    pub(crate) table: SeriesTable,
    is_gone: bool,
    is_in_set: bool,
    has_been_in_set: bool,
    sets_since_gone: u8,
    is_named: bool,
}

impl Attachment {
    /// Whether it is attached as far as we know.
    pub(crate) const fn is_attached(&self) -> bool {
        !self.is_gone && self.slot.is_some()
    }
}

/// Attachments by id, bounded.
#[derive(Debug)]
pub(crate) struct Attachments {
    by_id: BTreeMap<u32, Attachment>,
    slots: [Option<u32>; SLOTS],
    limits: Limits,
    refused: u64,
    changes: u64,
}

impl Attachments {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self { by_id: BTreeMap::new(), slots: [None; SLOTS], limits, refused: 0, changes: 0 }
    }

    /// How many found the bound reached with nobody to make room.
    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }

    /// How often an attachment came or went.
    pub(crate) const fn changes(&self) -> u64 {
        self.changes
    }

    /// Whether an attachment counts that no event has told of.
    pub(crate) fn has_untold(&self) -> bool {
        self.refused > 0 || self.by_id.values().any(|one| !one.is_gone && one.slot.is_none())
    }

    /// An attachment, to change it.
    pub(crate) fn find_mut(&mut self, id: u32) -> Option<&mut Attachment> {
        self.by_id.get_mut(&id)
    }

    /// Every attachment, to change it.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut Attachment)> {
        self.by_id.iter_mut().map(|(id, attachment)| (*id, attachment))
    }

    /// Every attachment in the order of its id, which is the order of attaching.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Attachment)> {
        self.by_id.iter().map(|(id, attachment)| (*id, attachment))
    }

    /// The attachment in a slot.
    pub(crate) fn in_slot(&self, slot: usize) -> Option<(u32, &Attachment)> {
        let id = (*self.slots.get(slot)?)?;
        self.by_id.get(&id).map(|attachment| (id, attachment))
    }

    /// The ids in the slots.
    pub(crate) const fn slots(&self) -> &[Option<u32>; SLOTS] {
        &self.slots
    }

    /// Takes in that an attachment came, or that a capture state names it.
    pub(crate) fn attached(&mut self, event: &Attached, since_ns: u64, programs: &mut Programs) {
        let Some(slot) = self.slots.get(usize::from(event.slot)).copied() else { return };
        if let Some(other) = slot.filter(|other| *other != event.attach_id) {
            self.detached(other);
        }
        let name = program_name(event, self.limits.label_bytes);
        let Some(attachment) = self.entry(event.attach_id, &name, programs) else { return };
        if attachment.is_gone {
            return;
        }
        // What the link told is more than what an event without a label tells again. What has
        // counted already gets its name by `Totals::rename`, or its old name's counters would fall.
        let is_free = !attachment.is_linked && attachment.table.is_empty();
        if *attachment.program != *name && is_free {
            let old = core::mem::replace(&mut attachment.program, programs.acquire(&name));
            programs.release(&old, &SeriesTable::default());
        }
        let is_new = attachment.slot.is_none();
        if is_new {
            attachment.since_ns = since_ns;
        }
        attachment.has_label = !event.label.as_str().is_empty();
        attachment.slot = Some(event.slot);
        attachment.chain_index = event.chain_index;
        attachment.compartment_id = event.compartment_id;
        attachment.is_named = true;
        self.slots[usize::from(event.slot)] = Some(event.attach_id);
        self.changes += u64::from(is_new);
    }

    /// The name that an attachment gets by an event that comes after its first totals.
    pub(crate) fn late_name(&self, event: &Attached) -> Option<String> {
        let attachment = self.by_id.get(&event.attach_id)?;
        let name = program_name(event, self.limits.label_bytes);
        let is_late = !attachment.is_gone && !attachment.is_linked && !attachment.table.is_empty();
        (is_late && *attachment.program != *name).then_some(name)
    }

    /// Takes in that an attachment went.
    pub(crate) fn detached(&mut self, id: u32) {
        for slot in &mut self.slots {
            if *slot == Some(id) {
                *slot = None;
            }
        }
        if let Some(attachment) = self.by_id.get_mut(&id) {
            self.changes += u64::from(attachment.is_attached());
            attachment.is_gone = true;
        }
    }

    /// A capture state begins: who is attached will be named.
    pub(crate) fn begin_capture(&mut self) {
        for attachment in self.by_id.values_mut() {
            attachment.is_named = false;
        }
    }

    /// A capture state was whole: whoever it did not name is gone.
    pub(crate) fn end_capture(&mut self) {
        let unnamed = |attachment: &Attachment| attachment.is_attached() && !attachment.is_named;
        let gone: Vec<u32> = self
            .by_id
            .iter()
            .filter(|(_, attachment)| unnamed(attachment))
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            self.detached(id);
        }
    }

    /// A whole set begins.
    pub(crate) fn begin_set(&mut self) {
        for attachment in self.by_id.values_mut() {
            attachment.is_in_set = false;
        }
    }

    /// The totals of an attachment within a set; zero when the set first names it.
    pub(crate) fn table_in_set(
        &mut self,
        id: u32,
        programs: &mut Programs,
    ) -> Option<&mut SeriesTable> {
        let is_known = self.by_id.contains_key(&id);
        let name = if is_known { String::new() } else { format!("attach-{id}") };
        let attachment = self.entry(id, &name, programs)?;
        if !attachment.is_in_set {
            attachment.is_in_set = true;
            attachment.has_been_in_set = true;
            attachment.table.clear();
        }
        Some(&mut attachment.table)
    }

    /// A whole set ends: whoever it no longer names will not be named again.
    pub(crate) fn end_set(&mut self, programs: &mut Programs) {
        for attachment in self.by_id.values_mut() {
            if attachment.is_gone {
                attachment.sets_since_gone = attachment.sets_since_gone.saturating_add(1);
            }
        }
        let is_over = |attachment: &Attachment| {
            let waited = attachment.is_gone && attachment.sets_since_gone > SETS_KEPT;
            !attachment.is_in_set && (attachment.has_been_in_set || waited)
        };
        let over: Vec<u32> =
            self.by_id.iter().filter(|(_, one)| is_over(one)).map(|(id, _)| *id).collect();
        for id in over {
            self.remove(id, programs);
        }
    }

    /// Adds everybody's totals to their programs'; the load of the driver is forgotten.
    pub(crate) fn retire(mut self, programs: &mut Programs) {
        for attachment in core::mem::take(&mut self.by_id).into_values() {
            programs.release(&attachment.program, &attachment.table);
        }
    }

    /// Lets go of names; nothing that was told here is kept.
    pub(crate) fn forget(self, programs: &mut Programs) {
        for attachment in self.by_id.into_values() {
            programs.release(&attachment.program, &SeriesTable::default());
        }
    }

    fn remove(&mut self, id: u32, programs: &mut Programs) {
        self.detached(id);
        if let Some(attachment) = self.by_id.remove(&id) {
            programs.release(&attachment.program, &attachment.table);
        }
    }

    fn entry(&mut self, id: u32, name: &str, programs: &mut Programs) -> Option<&mut Attachment> {
        if !self.by_id.contains_key(&id) {
            if self.by_id.len() >= self.limits.attachments && !self.make_room(programs) {
                self.refused += 1;
                return None;
            }
            let program = programs.acquire(name);
            self.by_id.insert(id, new_attachment(program));
        }
        self.by_id.get_mut(&id)
    }

    fn make_room(&mut self, programs: &mut Programs) -> bool {
        let oldest = self.by_id.iter().find(|(_, one)| one.is_gone).map(|(id, _)| *id);
        oldest.inspect(|id| self.remove(*id, programs)).is_some()
    }
}

fn new_attachment(program: Arc<str>) -> Attachment {
    Attachment {
        program,
        has_label: false,
        is_linked: false,
        program_id: None,
        slot: None,
        chain_index: 0,
        compartment_id: 0,
        since_ns: 0,
        table: SeriesTable::default(),
        is_gone: false,
        is_in_set: false,
        has_been_in_set: false,
        sets_since_gone: 0,
        is_named: false,
    }
}

fn program_name(event: &Attached, bytes_max: usize) -> String {
    match event.label.as_str() {
        "" => format!("attach-{}", event.attach_id),
        label => label_value(label, bytes_max),
    }
}
