//! Which events are shown.

use crate::cli::EventsArgs;
use weir_etl::{FileTime, Guid, Record};

/// What an event is called by: names, and numbers in their place.
#[derive(Clone, Debug)]
struct Wanted {
    word: String,
    guid: Option<Guid>,
    id: Option<u16>,
}

impl Wanted {
    fn new(word: &str) -> Self {
        Self { word: word.to_owned(), guid: Guid::parse(word), id: word.parse().ok() }
    }

    fn is_name(&self, name: Option<&str>) -> bool {
        name.is_some_and(|name| name.eq_ignore_ascii_case(&self.word))
    }
}

/// The filters of a command line; each that was given has to let an event pass.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    providers: Vec<Wanted>,
    events: Vec<Wanted>,
    level: Option<u8>,
    since: Option<FileTime>,
    until: Option<FileTime>,
    pids: Vec<u32>,
}

impl Filter {
    pub(super) fn new(args: &EventsArgs) -> Self {
        let wanted = |words: &[String]| words.iter().map(|word| Wanted::new(word)).collect();
        Self {
            providers: wanted(&args.provider),
            events: wanted(&args.event),
            level: args.level,
            since: args.since,
            until: args.until,
            pids: args.pid.clone(),
        }
    }

    /// What can be told before anything is decoded.
    pub(super) fn takes_record(&self, record: &Record<'_>, level: Option<u8>) -> bool {
        let is_after = self.since.is_none_or(|since| record.time.is_some_and(|it| it >= since));
        let is_before = self.until.is_none_or(|until| record.time.is_some_and(|it| it < until));
        let is_severe = self.level.is_none_or(|most| level.is_some_and(|it| it <= most));
        let is_theirs = self.pids.is_empty()
            || record.process_id.is_some_and(|process| self.pids.contains(&process));
        is_after && is_before && is_severe && is_theirs
    }

    pub(super) fn takes_provider(&self, name: Option<&str>, guid: Option<Guid>) -> bool {
        self.providers.is_empty()
            || self.providers.iter().any(|wanted| {
                wanted.is_name(name) || (wanted.guid.is_some() && wanted.guid == guid)
            })
    }

    pub(super) fn takes_event(&self, name: Option<&str>, id: u16) -> bool {
        self.events.is_empty()
            || self.events.iter().any(|wanted| wanted.is_name(name) || wanted.id == Some(id))
    }
}
