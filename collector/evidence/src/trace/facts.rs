//! What a whole trace says.

use super::event::TraceEvent;
use super::incidents::Incidents;
use super::reader::TraceReader;
use super::redirects::Redirects;
use crate::ReadError;
use std::collections::BTreeMap;
use std::io::{Read, Seek};
use weir_etl::FileTime;
use weir_stages::checks::facts::{EventCount, TraceFacts};

/// Kinds of events counted apart; sessions of some hundreds of providers have fewer. The rest is one
/// kind, of no name.
const KINDS_MAX: usize = 4_096;

/// Events counted by provider, name and level.
#[derive(Default)]
pub struct Counts {
    by_kind: BTreeMap<(String, String, u8), u64>,
}

impl Counts {
    /// Takes an event.
    pub fn take(&mut self, event: &TraceEvent) {
        let kind = (event.provider.clone(), event.event.clone(), event.level);
        let is_room = self.by_kind.len() < KINDS_MAX || self.by_kind.contains_key(&kind);
        let kind = if is_room { kind } else { ("…".to_owned(), "…".to_owned(), 0) };
        *self.by_kind.entry(kind).or_default() += 1;
    }

    /// The counts: providers by name, the busiest event of each first.
    #[must_use]
    pub fn rows(&self) -> Vec<EventCount> {
        let row = |((provider, event, level), count): (&(String, String, u8), &u64)| EventCount {
            provider: provider.clone(),
            event: event.clone(),
            level: *level,
            count: *count,
        };
        let mut rows: Vec<EventCount> = self.by_kind.iter().map(row).collect();
        rows.sort_by(|a, b| (&a.provider, b.count).cmp(&(&b.provider, a.count)));
        rows
    }
}

/// Reads a trace whole, text or `.etl`. `file` is what places call it.
///
/// # Errors
/// It cannot be read, or holds no event.
pub fn read<R: Read + Seek>(file: &str, source: R) -> Result<TraceFacts, ReadError> {
    let mut reader = TraceReader::open(file, source)?;
    let (mut counts, mut incidents) = (Counts::default(), Incidents::default());
    let mut redirects = Redirects::default();
    let mut span: Option<(FileTime, FileTime)> = None;
    while let Some(event) = reader.next_event()? {
        counts.take(&event);
        incidents.take(&event);
        redirects.take(&event);
        if let Some(now) = event.time {
            let (first, last) = span.unwrap_or((now, now));
            span = Some((first.min(now), last.max(now)));
        }
    }
    incidents.end_all();
    let damage = reader.damage();
    Ok(TraceFacts {
        file: file.to_owned(),
        events: counts.rows(),
        first_time: span.map(|it| it.0.to_string()),
        last_time: span.map(|it| it.1.to_string()),
        incidents: incidents.into_found(),
        redirects_total: redirects.total,
        redirects: redirects.into_newest(),
        events_lost: reader.events_lost(),
        damage: damage.quotes,
        damage_total: damage.total,
    })
}
