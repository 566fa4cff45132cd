//! What was lately learnt about flows that are not in the live set.
//!
//! Processors' buffers may reach us out of order, so the end of a flow can come before its
//! beginning, and a rundown can name a flow that has just been settled.
//! Without this memory either would leave a phantom behind.
//! The table is direct-mapped by serial, so it remembers the last 4,096 flows at least as long as
//! another 4,096 take to come; an entry that is overwritten is only a chance forgone, and the next
//! capture removes the phantom.

/// Entries: 24 bytes each.
const ENTRIES: usize = 4_096;

#[derive(Clone, Copy, Debug, Default)]
struct Tombstone {
    serial: u64,
    settled: u64,
    flow_seq: u32,
}

/// Slots that were settled, by flow.
#[derive(Debug)]
pub(crate) struct Tombstones {
    entries: Box<[Tombstone]>,
}

impl Tombstones {
    pub(crate) fn new() -> Self {
        Self { entries: vec![Tombstone::default(); ENTRIES].into_boxed_slice() }
    }

    /// Remembers that these slots of a flow were settled as of `flow_seq`.
    pub(crate) fn bury(&mut self, serial: u64, settled: u64, flow_seq: u32) {
        let entry = &mut self.entries[place(serial)];
        if entry.serial == serial {
            entry.settled |= settled;
            entry.flow_seq = entry.flow_seq.max(flow_seq);
        } else {
            *entry = Tombstone { serial, settled, flow_seq };
        }
    }

    /// The slots that were settled after `flow_seq`.
    pub(crate) fn settled(&self, serial: u64, flow_seq: u32) -> u64 {
        let entry = &self.entries[place(serial)];
        if entry.serial == serial && entry.flow_seq > flow_seq { entry.settled } else { 0 }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.fill(Tombstone::default());
    }
}

fn place(serial: u64) -> usize {
    usize::try_from(serial % ENTRIES as u64).unwrap_or(0)
}
