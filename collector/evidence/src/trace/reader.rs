//! A trace of either kind, event by event.

use super::etl::EtlTrace;
use super::event::TraceEvent;
use super::text::TextTrace;
use crate::ReadError;
use std::io::{self, Read, Seek, SeekFrom};
use weir_etl::{OpenError, PROBE_BYTES, Trace, is_trace};
use weir_stages::checks::facts::{Place, Quote};

/// Quotes of what cannot be read that are kept; the rest is counted.
const DAMAGE_MAX: usize = 16;

/// What of a trace could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Where and what; the first ones.
    pub quotes: Vec<Quote>,
    /// How many in all.
    pub total: u64,
}

enum Kind<R> {
    Text(TextTrace<R>),
    Etl(Box<EtlTrace<R>>),
}

/// A trace that is being read, text or `.etl`: which it is, its content tells.
pub struct TraceReader<R> {
    file: String,
    kind: Kind<R>,
    damage: Damage,
    events: u64,
}

impl<R: Read + Seek> TraceReader<R> {
    /// Begins a trace. `file` is what places call it.
    ///
    /// # Errors
    /// It cannot be read, or is a broken event trace file.
    pub fn open(file: &str, mut source: R) -> Result<Self, ReadError> {
        let failed = |error| ReadError::Io { file: file.to_owned(), error };
        source.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut beginning = Vec::new();
        let probe = source.by_ref().take(PROBE_BYTES as u64).read_to_end(&mut beginning);
        probe.and_then(|_| source.seek(SeekFrom::Start(0))).map_err(failed)?;
        let kind = if is_trace(&beginning) {
            Kind::Etl(Box::new(EtlTrace::open(file, source).map_err(|error| match error {
                OpenError::Io(error) => failed(error),
                OpenError::Empty | OpenError::NotATrace { .. } => {
                    ReadError::damaged(file, 0, error.to_string())
                }
            })?))
        } else {
            Kind::Text(TextTrace::new(file, source).map_err(failed)?)
        };
        Ok(Self { file: file.to_owned(), kind, damage: Damage::default(), events: 0 })
    }

    /// The next event; `None` at the end. What is no event is skipped, and found in
    /// [`TraceReader::damage`].
    ///
    /// # Errors
    /// It cannot be read. At its end, if it holds no event: then it is no trace, or one that is
    /// damaged from its beginning.
    pub fn next_event(&mut self) -> Result<Option<TraceEvent>, ReadError> {
        let found = loop {
            let next: io::Result<_> = match &mut self.kind {
                Kind::Etl(trace) => trace.next_event().map(|it| it.map(Ok)),
                Kind::Text(trace) => trace.next_event(),
            };
            let failed = |error| ReadError::Io { file: self.file.clone(), error };
            match next.map_err(failed)? {
                Some(Ok(event)) => break Some(event),
                Some(Err((line, what))) => {
                    self.damage.total += 1;
                    if self.damage.quotes.len() < DAMAGE_MAX {
                        let quote = Quote::new(&Place::new(self.file.as_str(), line), what);
                        self.damage.quotes.push(quote);
                    }
                }
                None => break None,
            }
        };
        if found.is_none() && self.events == 0 {
            return Err(match self.damage.quotes.first() {
                Some(Quote { place, text }) => {
                    ReadError::Damaged { place: place.clone(), what: text.clone() }
                }
                None => ReadError::Unknown { file: self.file.clone() },
            });
        }
        self.events += u64::from(found.is_some());
        Ok(found)
    }

    /// What the trace was read from, to open it again.
    pub fn into_source(self) -> R {
        match self.kind {
            Kind::Text(trace) => trace.into_source(),
            Kind::Etl(trace) => trace.into_source(),
        }
    }

    /// The file, where it is an `.etl`.
    pub fn etl(&self) -> Option<&Trace<R>> {
        match &self.kind {
            Kind::Etl(trace) => Some(trace.trace()),
            Kind::Text(_) => None,
        }
    }
}

impl<R> TraceReader<R> {
    /// What could not be read so far.
    pub fn damage(&self) -> Damage {
        let mut damage = self.damage.clone();
        if let Kind::Etl(trace) = &self.kind {
            for (count, what) in trace.damage() {
                damage.quotes.push(Quote::new(&Place::new(self.file.as_str(), 0), what));
                damage.total += count;
            }
        }
        damage
    }

    /// Events that the session lost; text does not say.
    pub fn events_lost(&self) -> u64 {
        match &self.kind {
            Kind::Etl(trace) => trace.events_lost(),
            Kind::Text(_) => 0,
        }
    }
}
