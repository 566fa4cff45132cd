//! Where events come from.

use crate::failure::Failure;
use crate::live::LiveStages;
use weir_abi::EventHead;
use weir_abi::identifiers::PROVIDER;
use weir_etl::{Body, Record};
use weir_stages::snapshot::SessionFacts;

/// What a look at a source found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polled {
    /// Events, and there are more: look again at once.
    More,
    /// All there is for now.
    Idle,
    /// All there will ever be.
    End,
}

/// Sessions, a file, a file that grows, standard input.
pub(super) trait Source {
    /// What its flows are, as a part of a sentence.
    fn flows(&self) -> &'static str;

    /// Hands on some of what came, and does what is due; must return within a second or so.
    ///
    /// # Errors
    /// Where nothing more can come of it, and a user has to do something.
    fn poll(&mut self, now_ns: u64, into: &mut LiveStages) -> Result<Polled, Failure>;

    /// What time it is for those who read its events: `now_ns`, unless they are of another day.
    fn time_ns(&self, now_ns: u64) -> u64 {
        now_ns
    }

    /// Why the view is not to be relied on yet; `None` where it is.
    fn unready(&self) -> Option<String>;

    /// What it knows of its sessions.
    fn facts(&mut self) -> Vec<SessionFacts>;

    /// Ends it and hands on what was still on its way.
    fn finish(&mut self, into: &mut LiveStages);
}

/// The event, if it is Weir's and its payload is whole.
pub(crate) fn ours<'a>(record: &Record<'a>) -> Option<(EventHead, &'a [u8])> {
    let Body::Event(event) = record.body else { return None };
    let is_ours = event.provider == PROVIDER && !event.is_damaged;
    is_ours.then(|| {
        let head = EventHead {
            id: event.id,
            version: event.version,
            level: event.level,
            keyword: event.keyword,
            time_ns: record.time.map_or(0, |time| time.unix_nanos()),
        };
        (head, event.payload)
    })
}
