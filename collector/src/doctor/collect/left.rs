//! Traces that are there already: of sessions that begin at boot, and of eBPF for Windows' scripts.
//!
//! They go into a bundle for whoever wants to read them, marked as old, and are not judged: nothing
//! says that they are of the day of the problem. So what is wrong with one is a note, and no gap.
//!
//! Source: microsoft/ebpf-for-windows, docs/Diagnostics.md (`C:\ebpf_trace.etl`) and
//! scripts/ebpf_tracing.cmd (`%SystemRoot%\Logs\eBPF`, its folder `committed`);
//! learn.microsoft.com/windows/win32/etw/configuring-and-starting-an-autologger-session (a FileName
//! of its own, else `%SystemRoot%\System32\LogFiles\WMI`, and numbers behind it with `FileMax`)
//! (read 2026-11)

use super::interrupt::Interrupt;
use super::order::{Collection, of_kind};
use crate::doctor::bundle::About;
use crate::failure::Failure;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};
use weir_stages::checks::Kind;

/// Files that are taken along, the newest first: those of the problem are among them.
const FILES_MAX: usize = 8;
/// Bytes of one; the guide's own are at most 1 GiB.
const BYTES_MAX: u64 = (1 << 30) + (1 << 20);
/// Entries of a folder that are looked at.
const ENTRIES_MAX: usize = 10_000;
/// Bytes by which a trace is known: the header of its first buffer and of its first event.
const BEGINNING_BYTES: u64 = 4 << 10;

/// Copies what is there; `named` are the files that the registry names.
pub(super) fn copy(collection: &mut Collection<'_>, named: &[String]) -> Result<(), Failure> {
    let files = files(collection.tools.root(), named);
    let more = files.get(FILES_MAX..).unwrap_or_default().iter();
    for path in more {
        let what = format!("it was left where it is: there are {FILES_MAX} newer traces");
        collection.note(path.display().to_string(), what);
    }
    let limit = Limit {
        deadline: Instant::now() + collection.options.time_max,
        interrupt: collection.interrupt,
    };
    let mut names = BTreeSet::new();
    for path in files.into_iter().take(FILES_MAX) {
        if let Some(why) = limit.reached() {
            let what = format!("it was left where it is: {why}");
            collection.note(path.display().to_string(), what);
            continue;
        }
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let same = names.iter().filter(|it: &&(String, usize)| it.0 == file).count();
        names.insert((file.clone(), same));
        let name = if same == 0 { file } else { format!("{same}-{file}") };
        let name = format!("traces/{name}");
        match open(&path) {
            Ok(file) => {
                let about = About { is_old: true, ..of_kind(name.clone(), Kind::Traces) };
                collection.add(about, &mut Limited { file, limit: &limit })?;
                if let Some(why) = limit.reached() {
                    collection.note(name, format!("it may be cut off: {why}"));
                }
            }
            Err(why) => collection.note(path.display().to_string(), why),
        }
    }
    Ok(())
}

/// When copying ends, whatever is left: gigabytes may lie there, on a slow disk.
struct Limit<'a> {
    deadline: Instant,
    interrupt: &'a Interrupt,
}

impl Limit<'_> {
    fn reached(&self) -> Option<&'static str> {
        if self.interrupt.is_pressed() {
            return Some("Ctrl-C came");
        }
        (Instant::now() >= self.deadline).then_some("copying took too long")
    }
}

/// A file that ends where copying has to.
struct Limited<'a> {
    file: File,
    limit: &'a Limit<'a>,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.limit.reached().is_some() { Ok(0) } else { self.file.read(buffer) }
    }
}

impl Seek for Limited<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// A trace and nothing else: whoever collects may read files that others only link to.
fn open(path: &Path) -> Result<File, String> {
    let fail = |error: io::Error| format!("it cannot be read: {error}");
    let mut file = File::open(path).map_err(fail)?;
    let bytes = file.metadata().map_err(fail)?.len();
    if bytes > BYTES_MAX {
        return Err(format!("it has {bytes} bytes, where {BYTES_MAX} are the most"));
    }
    let mut beginning = Vec::new();
    (&mut file).take(BEGINNING_BYTES).read_to_end(&mut beginning).map_err(fail)?;
    if !weir_etl::is_trace(&beginning) {
        return Err("it is no event trace".to_owned());
    }
    file.seek(SeekFrom::Start(0)).map_err(fail)?;
    Ok(file)
}

/// Files that are there, the newest first.
fn files(root: &Path, named: &[String]) -> Vec<PathBuf> {
    let mut found = BTreeSet::new();
    let logs = root.join("Logs").join("eBPF");
    for folder in [logs.join("committed"), logs] {
        found.extend(in_folder(&folder, |name| name.ends_with(".etl")));
    }
    let boot = root.join("System32").join("LogFiles").join("WMI");
    found.extend(in_folder(&boot, |name| name.contains("ebpf") && name.contains(".etl")));
    if let Some(drive) = root.parent() {
        found.extend(in_folder(drive, |name| name == "ebpf_trace.etl"));
    }
    for path in named.iter().filter_map(|it| expanded(it, root)) {
        let begin = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let folder = path.parent().unwrap_or(root);
        found.extend(in_folder(folder, |name| !begin.is_empty() && name.starts_with(&begin)));
    }
    let changed = |it: &PathBuf| it.metadata().and_then(|it| it.modified());
    let dated = found.into_iter().map(|it| (changed(&it).unwrap_or(SystemTime::UNIX_EPOCH), it));
    let mut dated: Vec<(SystemTime, PathBuf)> = dated.collect();
    dated.sort_unstable_by(|one, other| other.cmp(one));
    dated.into_iter().map(|(_, path)| path).collect()
}

/// Files, not links, whose names in small letters are wanted.
fn in_folder(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().take(ENTRIES_MAX).flatten();
    let files = entries.filter(|it| {
        it.file_type().is_ok_and(|kind| kind.is_file())
            && is_wanted(&it.file_name().to_string_lossy().to_lowercase())
    });
    files.map(|it| it.path()).collect()
}

/// A full path, from one with the variables that Windows' own paths begin with.
fn expanded(path: &str, root: &Path) -> Option<PathBuf> {
    let lower = path.to_ascii_lowercase();
    for variable in ["%systemroot%", "%windir%"] {
        if lower.starts_with(variable) {
            let rest = path.get(variable.len()..)?.trim_start_matches(['\\', '/']);
            return (!rest.contains('%')).then(|| root.join(rest));
        }
    }
    let path = PathBuf::from(path);
    (path.is_absolute() && !lower.contains('%')).then_some(path)
}
