//! The latest verdicts, from the bytes of Verdict events.

use super::Notes;
use crate::deciders::Deciders;
use crate::serve::VerdictRow;
use core::net::SocketAddr;
use std::collections::VecDeque;
use weir_abi::Record;
use weir_abi::event::{Attached, Event as _, Fate, Verdict};

/// Rows kept of each kind: allowed, blocked, neither. Apart, so that the many do not drive out
/// the few.
const ROWS_MAX: usize = 16;

/// The latest verdicts.
#[derive(Default)]
pub(super) struct Recent {
    deciders: Deciders,
    kinds: [VecDeque<VerdictRow>; 3],
    pub(super) notes: Notes,
}

impl Recent {
    /// Takes in one event.
    pub(super) fn event(&mut self, id: u16, time_ns: u64, payload: &[u8]) {
        // Invocations are many and of no use here.
        if !matches!(id, Verdict::ID | Attached::ID) {
            return;
        }
        match Record::decode(id, payload) {
            Ok((_, Record::Attached(event))) => self.deciders.attached(&event),
            Ok((_, Record::Verdict(event))) => {
                let row = self.row(&event, time_ns);
                let kind = match event.fate {
                    Fate::Allow => 0,
                    Fate::Block => 1,
                    Fate::Undecided | Fate::FailedOpen | Fate::FailedClosed | Fate::Unknown => 2,
                };
                if let Some(rows) = self.kinds.get_mut(kind) {
                    rows.truncate(ROWS_MAX - 1);
                    rows.push_front(row);
                }
            }
            _ => {}
        }
    }

    fn row(&self, event: &Verdict, at_ns: u64) -> VerdictRow {
        let local = SocketAddr::new(event.local_address.to_ip(), event.local_port.0);
        let remote = SocketAddr::new(event.remote_address.to_ip(), event.remote_port.0);
        VerdictRow {
            at_ns,
            flow_serial: event.flow_serial,
            local,
            remote,
            note: self.notes.read(local.port()),
            program: self.deciders.of(event).unwrap_or_default(),
            fate: event.fate.name(),
            reason: event.reason.name(),
            segments: event.segments_inbound.saturating_add(event.segments_outbound),
            bytes: event.bytes_inbound.saturating_add(event.bytes_outbound),
            after: event.since_established,
        }
    }

    /// All rows, newest first.
    pub(super) fn rows(&self) -> Vec<VerdictRow> {
        let mut rows: Vec<VerdictRow> = self.kinds.iter().flatten().cloned().collect();
        rows.sort_by_key(|row| core::cmp::Reverse((row.at_ns, row.flow_serial)));
        rows
    }
}
