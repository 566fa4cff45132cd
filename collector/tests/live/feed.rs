//! What happens to sessions, as lines that `etw/feed.c` plays: events of recorded traces, events made
//! here.

use core::fmt::Write as _;
use std::io::Cursor;
use weir_abi::event::{EVENT_BYTES_MAX, Event, Invocation, Prefix};
use weir_abi::identifiers::{PROVIDER, PROVIDER_TRAITS};
use weir_abi::metadata::CHANNEL;
use weir_etl::{Body, FileTime, Guid, Record, Trace, item_kind};

/// A feed that is being written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feed {
    lines: Vec<String>,
}

impl Feed {
    /// A feed whose driver waits until a session listens.
    pub(crate) fn new() -> Self {
        Self::default().then("enabled")
    }

    /// Another line.
    pub(crate) fn then(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Other lines.
    pub(crate) fn and(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.lines.extend(lines);
        self
    }

    pub(crate) fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }
}

/// An event of the driver's: its line, with metadata where the driver writes it.
pub(crate) fn event<E: Event>(event: &E, cpu: u16, sequence: u32) -> String {
    let mut payload = [0; EVENT_BYTES_MAX];
    let bytes = event.encode(Prefix { cpu, epoch: 7, sequence }, &mut payload).unwrap();
    let is_plain = E::ID == Invocation::ID;
    let items = [(item_kind::PROVIDER_TRAITS, PROVIDER_TRAITS), (item_kind::SCHEMA, E::METADATA)];
    let head = Head {
        time: FileTime(134_116_992_000_000_000 + i64::from(sequence)),
        cpu,
        provider: PROVIDER,
        id: E::ID,
        version: E::VERSION,
        channel: if is_plain { 0 } else { CHANNEL },
        level: E::LEVEL,
        keyword: E::KEYWORD,
        ..Head::default()
    };
    head.line(&payload[..bytes], items.into_iter().filter(|_| !is_plain))
}

/// The events of a trace, each with its id.
pub(crate) fn of_trace(bytes: Vec<u8>) -> Vec<(u16, String)> {
    let mut trace = Trace::open(Cursor::new(bytes)).unwrap();
    let mut lines = Vec::new();
    while let Some(record) = trace.next_record().unwrap() {
        lines.extend(of_record(&record));
    }
    lines
}

fn of_record(record: &Record<'_>) -> Option<(u16, String)> {
    let Body::Event(event) = record.body else { return None };
    let head = Head {
        time: record.time.unwrap(),
        cpu: record.cpu,
        provider: event.provider,
        id: event.id,
        version: event.version,
        channel: event.channel,
        level: event.level,
        opcode: event.opcode,
        task: event.task,
        keyword: event.keyword,
        process: record.process_id.unwrap_or(u32::MAX),
        thread: record.thread_id.unwrap_or(u32::MAX),
        activity: event.activity_id,
    };
    let items = event.items.map(|item| (item.kind, item.data));
    Some((event.id, head.line(event.payload, items)))
}

/// What stands before a payload.
struct Head {
    time: FileTime,
    cpu: u16,
    provider: Guid,
    id: u16,
    version: u8,
    channel: u8,
    level: u8,
    opcode: u8,
    task: u16,
    keyword: u64,
    process: u32,
    thread: u32,
    activity: Guid,
}

impl Default for Head {
    fn default() -> Self {
        let nobody = Guid([0; 16]);
        Self {
            time: FileTime(0),
            cpu: 0,
            provider: nobody,
            id: 0,
            version: 0,
            channel: 0,
            level: 0,
            opcode: 0,
            task: 0,
            keyword: 0,
            process: 4,
            thread: 8,
            activity: nobody,
        }
    }
}

impl Head {
    fn line<'a>(&self, payload: &[u8], items: impl Iterator<Item = (u16, &'a [u8])>) -> String {
        let Self { time, cpu, id, version, channel, level, opcode, task, .. } = self;
        let Self { keyword, process, thread, .. } = self;
        let (provider, activity) = (hex(&self.provider.0), hex(&self.activity.0));
        let mut line =
            format!("event {} {cpu} {provider} {id} {version} {channel} {level} ", time.0);
        write!(line, "{opcode} {task} {keyword} {process} {thread} {activity} ").unwrap();
        line.push_str(&hex(payload));
        for (kind, data) in items {
            write!(line, " {kind}:{}", hex(data)).unwrap();
        }
        line
    }
}

fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".to_owned();
    }
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
