//! Event tracing: providers, sessions, and every event that a session wanted.
//!
//! A machine has one set of sessions, which listen to all its providers. What was kept can be
//! written as a trace file ([`Etw::record`]).

mod exports;

use crate::kernel::{Import, Kernel, current};
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr::null;
use std::collections::BTreeMap;
use std::path::Path;
use weir_etl::write::{Clock, EventHeader, ExtendedItem, Options, TraceWriter, WriteError};
use weir_etl::{FileTime, Guid, item_kind};

/// What a driver is told of sessions.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nc-wdm-etwenablecallback (read
/// 2026-11)
type EnableCallback = unsafe extern "win64" fn(
    source: *const Guid,
    code: u32,
    level: u8,
    any: u64,
    all: u64,
    filter: *const c_void,
    context: *mut c_void,
);

/// `EVENT_CONTROL_CODE_…`.
///
/// Source: learn.microsoft.com/windows/win32/api/evntprov/nc-evntprov-penablecallback (read
/// 2026-11)
const DISABLE: u32 = 0;
const ENABLE: u32 = 1;
const CAPTURE_STATE: u32 = 2;

/// The system's own process, in which drivers run unless a process called them.
const SYSTEM_PROCESS: u32 = 4;

/// `EVENT_DESCRIPTOR`.
///
/// Source: learn.microsoft.com/windows/win32/api/evntprov/ns-evntprov-event_descriptor (read
/// 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Descriptor {
    id: u16,
    version: u8,
    channel: u8,
    level: u8,
    opcode: u8,
    task: u16,
    keyword: u64,
}

/// An event that a session wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Who wrote it.
    pub provider: Guid,
    /// Which event.
    pub id: u16,
    /// Version of its layout.
    pub version: u8,
    /// Level, 1 to 5.
    pub level: u8,
    /// Channel; 11 for self-describing ones.
    pub channel: u8,
    /// Keywords.
    pub keyword: u64,
    /// The processor that wrote it.
    pub cpu: u32,
    /// When, in nanoseconds since 1970.
    pub unix_ns: u64,
    /// The payload, its pieces in one.
    pub payload: Vec<u8>,
    /// The provider's traits, where the event carries them.
    pub traits: Option<Vec<u8>>,
    /// The event's description, where it carries one.
    pub metadata: Option<Vec<u8>>,
}

impl Written {
    /// Whether it carries its own description.
    #[must_use]
    pub const fn is_self_describing(&self) -> bool {
        self.metadata.is_some()
    }
}

#[derive(Clone, Copy, Debug)]
struct Provider {
    id: Guid,
    callback: Option<EnableCallback>,
    context: *mut c_void,
    has_traits: bool,
}

#[derive(Clone, Copy, Debug)]
struct Session {
    keywords: u64,
    level: u8,
}

impl Session {
    /// Source: learn.microsoft.com/windows/win32/api/evntrace/nf-evntrace-enabletraceex2,
    /// `MatchAnyKeyword` and `Level` (read 2026-11)
    const fn wants(self, descriptor: &Descriptor) -> bool {
        let is_level = self.level == 0 || descriptor.level <= self.level;
        let is_keyword = self.keywords == 0
            || descriptor.keyword == 0
            || descriptor.keyword & self.keywords != 0;
        is_level && is_keyword
    }
}

/// Event tracing of a machine.
#[derive(Debug, Default)]
pub struct Etw {
    providers: RefCell<BTreeMap<u64, Provider>>,
    registered: Cell<u64>,
    sessions: RefCell<BTreeMap<String, Session>>,
    events: RefCell<Vec<Written>>,
    written: Cell<u64>,
    failed: Cell<u64>,
    discards: Cell<bool>,
    /// Enable callbacks that are running.
    telling: Cell<u32>,
}

impl Etw {
    /// A session named `test` listens from now on; 0 stands for all keywords, or all levels.
    pub fn enable(&self, keywords: u64, level: u8) {
        self.enable_session("test", keywords, level);
    }

    /// The session named `test` ends.
    pub fn disable(&self) {
        self.disable_session("test");
    }

    /// A session listens from now on, or listens to something else.
    pub fn enable_session(&self, session: &str, keywords: u64, level: u8) {
        self.sessions.borrow_mut().insert(session.to_owned(), Session { keywords, level });
        self.tell_all(ENABLE);
    }

    /// A session ends; the driver hears what the others still want.
    pub fn disable_session(&self, session: &str) {
        if self.sessions.borrow_mut().remove(session).is_some() {
            self.tell_all(if self.sessions.borrow().is_empty() { DISABLE } else { ENABLE });
        }
    }

    /// A session asks the driver to write its state.
    pub fn capture_state(&self) {
        self.tell_all(CAPTURE_STATE);
    }

    /// What sessions got, in order.
    #[must_use]
    pub fn events(&self) -> Vec<Written> {
        self.events.borrow().clone()
    }

    /// What sessions got, in order; it is not kept any longer.
    #[must_use]
    pub fn take_events(&self) -> Vec<Written> {
        self.events.take()
    }

    /// Whether events are counted only, from now on; for measuring.
    pub fn discard(&self, discards: bool) {
        self.discards.set(discards);
    }

    /// Events that sessions got.
    #[must_use]
    pub const fn written(&self) -> u64 {
        self.written.get()
    }

    /// Events that a session wanted and that failed, as a test had asked.
    #[must_use]
    pub const fn failed(&self) -> u64 {
        self.failed.get()
    }

    /// Providers that are registered.
    #[must_use]
    pub fn providers(&self) -> usize {
        self.providers.borrow().len()
    }

    /// Writes all events that are kept as a trace file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn record(&self, path: &Path) -> Result<(), WriteError> {
        let events = self.events.borrow();
        let time = |event: &Written| FileTime::from_unix_nanos(event.unix_ns);
        let name = path.file_name().unwrap_or(path.as_os_str());
        let defaults = Options::default();
        let options = Options {
            session: "weir".to_owned(),
            file_name: name.to_string_lossy().into_owned(),
            processors: current().processors.count(),
            start: events.first().map_or(defaults.start, time),
            clock: Clock::System,
            ..defaults
        };
        let end = events.last().map_or(options.start, time);
        let mut writer = TraceWriter::new(std::fs::File::create(path)?, options)?;
        for event in events.iter() {
            write_event(&mut writer, time(event), event)?;
        }
        writer.finish(end)?;
        Ok(())
    }

    pub(crate) fn leftovers(&self) -> Vec<String> {
        let left = self.providers();
        (left > 0).then(|| format!("{left} event providers are registered")).into_iter().collect()
    }

    fn tell_all(&self, code: u32) {
        let kernel = current();
        let providers: Vec<u64> = self.providers.borrow().keys().copied().collect();
        for provider in providers {
            // Unregistered while another was told.
            let provider = self.providers.borrow().get(&provider).copied();
            if let Some(provider) = provider {
                self.tell(kernel, &provider, code);
            }
        }
    }

    /// Calls the driver with what all sessions want together.
    fn tell(&self, kernel: &Kernel, provider: &Provider, code: u32) {
        let Some(callback) = provider.callback else { return };
        let (mut any, mut level, mut is_all) = (0, 0, false);
        for session in self.sessions.borrow().values() {
            is_all |= session.keywords == 0;
            any |= session.keywords;
            level = if session.level == 0 { u8::MAX } else { session.level.max(level) };
        }
        let any = if is_all { u64::MAX } else { any };
        let source = Guid([0; 16]);
        let context = provider.context;
        self.telling.set(self.telling.get() + 1);
        kernel.enter("ETW enable callback", || {
            // SAFETY: the driver registered this callback with this context; the filter may be
            // null, and the GUID lives until the call returns.
            unsafe { callback(&raw const source, code, level, any, 0, null(), context) }
        });
        self.telling.set(self.telling.get() - 1);
    }

    fn wants(&self, descriptor: &Descriptor) -> bool {
        self.sessions.borrow().values().any(|session| session.wants(descriptor))
    }
}

fn write_event(
    writer: &mut TraceWriter<std::fs::File>,
    time: FileTime,
    event: &Written,
) -> Result<(), WriteError> {
    let header = EventHeader {
        id: event.id,
        version: event.version,
        channel: event.channel,
        level: event.level,
        keyword: event.keyword,
        process_id: SYSTEM_PROCESS,
        ..EventHeader::new(event.provider)
    };
    let mut items = Vec::new();
    if let Some(data) = &event.traits {
        items.push(ExtendedItem { kind: item_kind::PROVIDER_TRAITS, data });
    }
    if let Some(data) = &event.metadata {
        items.push(ExtendedItem { kind: item_kind::SCHEMA, data });
    }
    let cpu = u16::try_from(event.cpu).unwrap_or(u16::MAX);
    writer.event(cpu, time, &header, &items, &event.payload)
}

pub(crate) fn imports() -> Vec<Import> {
    exports::imports()
}
