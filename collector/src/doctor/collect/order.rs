//! The order in which evidence is collected: a trace while the problem is reproduced, tools, what
//! their answers lead to, files that are there, the machine itself.

use super::interrupt::Interrupt;
use super::options::Options;
use super::plan::{self, Ask, Where};
use super::private::Private;
use super::process::Answer;
use super::round::{Ground, Told};
use super::tools::Tools;
use super::{answers, keys, left, machine, metrics, recording};
use crate::doctor::bundle::{About, Content, Head, Memory, Sink, Writer};
use crate::failure::{Failure, one_line};
use core::net::SocketAddr;
use std::fs::File;
use std::io::{Cursor, Read as _};
use std::path::Path;
use std::time::Instant;
use weir_evidence::system::SystemFile;
use weir_stages::checks::facts::TEXT_BYTES_MAX;
use weir_stages::checks::{Gap, Kind};

/// Bytes of an answer that are read here: lists of sessions, maps and keys are shorter by far.
const READ_BYTES_MAX: u64 = 16 << 20;

/// Collects into a folder that is new or empty, or a zip; tells what is missing.
///
/// # Errors
/// The bundle cannot be written; this is not Windows. A tool that fails is no error, but a gap.
pub fn into_bundle(
    options: &Options,
    path: &Path,
    interrupt: &Interrupt,
    say: &mut dyn FnMut(&str),
) -> Result<Vec<Gap>, Failure> {
    let tools = Tools::find(options.tools_directory.as_deref(), options.bpftool.as_deref())?;
    let host = (!options.is_nameless).then(|| gethostname::gethostname().to_string_lossy().into());
    let is_elevated = machine::is_elevated();
    let head = Head { collected_at: machine::now(), host, is_elevated };
    let mut writer = Writer::create(path, head)?;
    let (sink, gaps) = (&mut writer, vec![]);
    let collection = Collection { options, tools, interrupt, is_elevated, sink, gaps };
    let gaps = collection.run(say, true)?;
    writer.finish()?;
    Ok(gaps)
}

/// Collects for whoever judges it at once: traces that are there already are left there.
///
/// # Errors
/// Temporary files cannot be written; this is not Windows.
pub fn into_memory(
    options: &Options,
    interrupt: &Interrupt,
    say: &mut dyn FnMut(&str),
) -> Result<Memory, Failure> {
    let tools = Tools::find(options.tools_directory.as_deref(), options.bpftool.as_deref())?;
    let is_elevated = machine::is_elevated();
    let mut memory = Memory::default();
    let (sink, gaps) = (&mut memory, vec![]);
    let collection = Collection { options, tools, interrupt, is_elevated, sink, gaps };
    collection.run(say, false)?;
    Ok(memory)
}

/// What is collected from and into.
pub(super) struct Collection<'a> {
    pub(super) options: &'a Options,
    pub(super) tools: Tools,
    pub(super) interrupt: &'a Interrupt,
    is_elevated: Option<bool>,
    sink: &'a mut dyn Sink,
    gaps: Vec<Gap>,
}

impl Collection<'_> {
    /// `has_old` says to take along what nobody judges before it is asked for: old traces.
    fn run(mut self, say: &mut dyn FnMut(&str), has_old: bool) -> Result<Vec<Gap>, Failure> {
        let private = Private::new()?;
        if let Some(time) = self.options.trace {
            recording::record(&mut self, private.path(), time, say)?;
        }
        let deadline = Instant::now() + self.options.time_max;
        let (tools, interrupt) = (self.tools.clone(), self.interrupt);
        let ground = Ground::new(&tools, private.path(), deadline, interrupt);
        let mut leads = Leads::default();
        let asks = plan::first();
        for (ask, told) in asks.iter().zip(ground.round(&asks)) {
            let read = self.take(ask, told, private.path())?;
            leads.follow(ask, &read);
        }
        let asks = self.second(&leads);
        for (ask, told) in asks.iter().zip(ground.round(&asks)) {
            self.take(ask, told, private.path())?;
        }
        if has_old {
            left::copy(&mut self, &leads.trace_files)?;
        }
        self.machine(leads.clock_offset_ms)?;
        Ok(self.gaps)
    }

    /// What the first answers lead to.
    fn second(&mut self, leads: &Leads) -> Vec<Ask> {
        let sessions = leads.sessions.iter().map(|it| plan::session(it));
        let mut asks: Vec<Ask> = sessions.collect();
        if self.options.has_map_dumps {
            asks.extend(leads.maps.iter().map(|id| plan::map(*id)));
            if leads.maps_total > leads.maps.len() {
                let (maps, most) = (leads.maps_total, answers::MAPS_MAX);
                self.gap(Kind::MapDumps, None, format!("of {maps} maps {most} were dumped"), false);
            }
        }
        asks
    }

    /// Puts an answer where evidence goes, and returns the beginning of what was printed.
    fn take(&mut self, ask: &Ask, told: Told, private: &Path) -> Result<Vec<u8>, Failure> {
        let file = ask.program.file();
        let mut answer = match told.answer {
            Ok(answer) => answer,
            Err(why) => {
                self.gap(ask.kind, ask.which.clone(), why, false);
                return Ok(Vec::new());
            }
        };
        let about = About {
            path: ask.path.clone(),
            kind: ask.is_read.then_some(ask.kind),
            command: Some(ask.command()),
            exit_code: answer.exit_code,
            took_ms: u64::try_from(told.took.as_millis()).ok(),
            is_cut: answer.trouble.is_some(),
            is_old: false,
            stderr: text(&answer.errors),
        };
        if let Some(trouble) = &answer.trouble {
            let (why, limit) = (trouble.to_string(), ask.limit);
            let most = format!("at most {} s and {} bytes", limit.time.as_secs(), limit.bytes);
            self.gap(ask.kind, ask.which.clone(), format!("{file}: {why} ({most})"), false);
        }
        let read = beginning(&mut answer);
        match content(ask, &answer, private) {
            Some(mut file) => self.sink.add(about, &mut file)?,
            None if is_telling(ask, &answer, &read) => self.sink.add(about, &mut answer.output)?,
            None if answer.trouble.is_none() => {
                let why = refusal(file, &answer, &read);
                let is_denied = (ask.is_elevated_only && self.is_elevated == Some(false))
                    || (ask.answer == Where::Key && keys::is_denied(&ask.arguments));
                self.gap(ask.kind, ask.which.clone(), why, is_denied);
            }
            None => {}
        }
        Ok(read)
    }

    /// The machine itself, and the collector where it runs.
    fn machine(&mut self, clock_offset_ms: Option<i64>) -> Result<(), Failure> {
        let answers = match self.options.collector {
            Some(address) => self.metrics(address)?,
            None => None,
        };
        let mut system = machine::system(&self.tools, self.is_elevated);
        system.clock_offset_ms = clock_offset_ms;
        system.collector_answers = answers;
        let text = SystemFile::new(&system).to_json();
        self.add(of_kind("system.json", Kind::System), &mut Cursor::new(text))
    }

    /// What the collector says of itself; whether it is Weir's that answers.
    fn metrics(&mut self, address: SocketAddr) -> Result<Option<bool>, Failure> {
        let (why, answers) = match metrics::fetch(address) {
            metrics::Fetched::Page(page) => {
                let about = About {
                    command: Some(format!("GET http://{address}/metrics")),
                    ..of_kind("collector/metrics.txt", Kind::Telemetry)
                };
                self.sink.add(about, &mut Cursor::new(page))?;
                return Ok(Some(true));
            }
            metrics::Fetched::Other(why) => (why, Some(false)),
            metrics::Fetched::Unclear(why) => (why, None),
        };
        self.gap(Kind::Telemetry, None, why, false);
        Ok(answers)
    }

    pub(super) fn add(&mut self, about: About, content: &mut dyn Content) -> Result<(), Failure> {
        self.sink.add(about, content)
    }

    pub(super) fn gap(&mut self, kind: Kind, which: Option<String>, why: String, is_denied: bool) {
        let gap = Gap { kind, which, why, is_denied };
        self.gaps.push(gap.clone());
        self.sink.gap(gap);
    }

    pub(super) fn note(&mut self, path: String, what: String) {
        self.sink.note(path, what);
    }

    /// Whether what was refused was refused for want of rights.
    pub(super) fn is_plain_user(&self) -> bool {
        self.is_elevated == Some(false)
    }
}

pub(super) fn of_kind(path: impl Into<String>, kind: Kind) -> About {
    About { kind: Some(kind), ..About::path(path) }
}

/// What the first answers lead to.
#[derive(Default)]
struct Leads {
    maps: Vec<u32>,
    maps_total: usize,
    sessions: Vec<String>,
    trace_files: Vec<String>,
    clock_offset_ms: Option<i64>,
}

impl Leads {
    fn follow(&mut self, ask: &Ask, read: &[u8]) {
        let text = String::from_utf8_lossy(read);
        match ask.path.as_str() {
            plan::MAPS => (self.maps, self.maps_total) = answers::maps(read),
            plan::SESSIONS => self.sessions = answers::sessions(&text),
            plan::AUTOLOGGERS => self.trace_files = answers::autologger_files(&text),
            plan::CLOCK => self.clock_offset_ms = answers::clock_offset_ms(&text),
            _ => {}
        }
    }
}

/// The file that a tool wrote, no longer than it may be.
fn content(ask: &Ask, answer: &Answer, private: &Path) -> Option<File> {
    let Where::File(name) = ask.answer else { return None };
    let file = File::options().read(true).write(true).open(private.join(name)).ok()?;
    let bytes = file.metadata().ok()?.len();
    if bytes > ask.limit.bytes {
        file.set_len(ask.limit.bytes).ok()?;
    }
    (bytes > 0 || answer.trouble.is_none()).then_some(file)
}

/// Whether what was printed is an answer, or the lack of one.
fn is_telling(ask: &Ask, answer: &Answer, read: &[u8]) -> bool {
    match ask.answer {
        Where::File(_) => false,
        // That a store is not there is said in the machine's language, and told by the exit code.
        Where::Key if !read.windows(5).any(|it| it == b"HKEY_") => {
            let is_store = ask.kind == Kind::Store && answer.exit_code == Some(1);
            is_store && !keys::is_denied(&ask.arguments)
        }
        Where::Key | Where::Output => answer.bytes > 0 || answer.exit_code == Some(0),
    }
}

/// What a tool said instead of an answer.
fn refusal(file: &str, answer: &Answer, read: &[u8]) -> String {
    let told = text(&answer.errors).or_else(|| text(read)).unwrap_or_default();
    let told = told.lines().map(str::trim).find(|it| !it.is_empty()).unwrap_or("nothing");
    let told = told.get(..told.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default();
    let code = answer.exit_code.map_or_else(|| "no code".to_owned(), |it| it.to_string());
    format!("{file} ended with {code} and said: {}", one_line(told))
}

fn beginning(answer: &mut Answer) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What cannot be read again leads nowhere; whoever takes the answer says so.
    let _read = (&mut answer.output).take(READ_BYTES_MAX).read_to_end(&mut bytes);
    bytes
}

fn text(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
