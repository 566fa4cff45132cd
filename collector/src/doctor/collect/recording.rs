//! A trace of eBPF for Windows' and the filtering engine's diagnostics, while somebody reproduces
//! the problem.
//!
//! The session is ended whatever happens but the end of this process; a later run then says what
//! still records, and how to end it.
//!
//! Source of providers and commands: microsoft/ebpf-for-windows, docs/Diagnostics.md
//! (read 2026-11)

use super::interrupt::Interrupt;
use super::order::{Collection, of_kind};
use super::plan::{self, Ask};
use super::process::Answer;
use super::round::Ground;
use crate::failure::{Failure, one_line};
use core::time::Duration;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;
use weir_stages::checks::Kind;

/// The session, and the file that it writes.
const NAME: &str = "weir-doctor";
/// Its file, after which it writes over its beginning; the guide has 1,024.
const MEGABYTES_MAX: &str = "256";
/// `NetEbpfExtProvider`, `EbpfForWindowsProvider`, `Microsoft.Windows.Networking.WFP.Callout`.
const PROVIDERS: [&str; 3] = [
    "{f2f2ca01-ad02-4a07-9e90-95a2334f3692}",
    "{394f321c-5cf4-404c-aa34-4df1428a7f9c}",
    "{00e7ee66-5b24-5c41-22cb-af98f63e2f90}",
];
/// Beginning and ending a session takes moments.
const CONTROL_TIME_MAX: Duration = Duration::from_secs(30);
/// Between two looks at Ctrl-C.
const PAUSE: Duration = Duration::from_millis(50);

/// Records for this time, or until Ctrl-C, which then is spent.
pub(super) fn record(
    collection: &mut Collection<'_>,
    private: &Path,
    time: Duration,
    say: &mut dyn FnMut(&str),
) -> Result<(), Failure> {
    let (tools, interrupt) = (collection.tools.clone(), collection.interrupt);
    let mut session = Session { ground: control(&tools, private), is_running: false };
    let file = private.join(NAME).with_extension("etl");
    let troubles = session.begin(&file);
    let is_denied = collection.is_plain_user();
    for why in troubles {
        collection.gap(Kind::Traces, Some("--trace".to_owned()), why, is_denied);
    }
    if !session.is_running {
        return Ok(());
    }
    let seconds = time.as_secs_f64();
    say(&format!(
        "reproduce the problem now: recording for {seconds} s (Ctrl-C ends the recording, and the \
         rest is collected)"
    ));
    let begun = Instant::now();
    while begun.elapsed() < time && !interrupt.take() {
        std::thread::sleep(PAUSE.min(time.saturating_sub(begun.elapsed())));
    }
    if let Err(why) = session.end() {
        say(&format!("the recording was not ended ({why}): type logman stop {NAME} -ets"));
        collection.gap(Kind::Traces, Some("--trace".to_owned()), why, false);
    }
    for file in written(private) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let about = of_kind(format!("traces/{name}"), Kind::Traces);
        match File::open(&file) {
            Ok(mut file) => collection.add(about, &mut file)?,
            Err(error) => {
                collection.gap(
                    Kind::Traces,
                    Some(name),
                    format!("it cannot be read: {error}"),
                    false,
                );
            }
        }
    }
    Ok(())
}

/// Ctrl-C neither hinders the end of a recording, nor does the time of the other tools.
fn control<'a>(tools: &'a super::Tools, private: &'a Path) -> Ground<'a> {
    static NOBODY: std::sync::LazyLock<Interrupt> = std::sync::LazyLock::new(Interrupt::default);
    let long = Instant::now() + Duration::from_secs(365 * 24 * 3_600);
    Ground::new(tools, private, long, &NOBODY)
}

/// A session that may be recording.
struct Session<'a> {
    ground: Ground<'a>,
    is_running: bool,
}

impl Session<'_> {
    /// Begins, and returns what went wrong.
    fn begin(&mut self, file: &Path) -> Vec<String> {
        let file = file.display().to_string();
        let create =
            ["create", "trace", NAME, "-o", &file, "-f", "bincirc", "-max", MEGABYTES_MAX, "-ets"];
        // One that was killed meanwhile may have begun it.
        self.is_running = true;
        if let Err((why, is_over)) = self.logman(&create) {
            self.is_running = !is_over;
            return vec![format!(
                "{why} (where a recording was not ended: logman stop {NAME} -ets)"
            )];
        }
        let updates = PROVIDERS.iter().filter_map(|provider| {
            let update =
                ["update", "trace", NAME, "-p", provider, "0xffffffffffffffff", "0xff", "-ets"];
            self.logman(&update).err().map(|(why, _)| format!("{provider} is not recorded: {why}"))
        });
        updates.collect()
    }

    fn end(&mut self) -> Result<(), String> {
        self.is_running = false;
        self.logman(&["stop", NAME, "-ets"]).map_err(|(why, _)| why)
    }

    /// The error says why, and whether the tool ended by itself.
    fn logman(&self, words: &[&str]) -> Result<(), (String, bool)> {
        let ask: Ask = plan::control(words, CONTROL_TIME_MAX);
        match self.ground.ask(&ask).answer {
            Ok(Answer { exit_code: Some(0), trouble: None, .. }) => Ok(()),
            Ok(Answer { trouble: Some(trouble), .. }) => {
                Err((format!("logman.exe: {trouble}"), false))
            }
            Ok(Answer { output, errors, exit_code, .. }) => {
                let mut told = errors;
                // Less is told then.
                let _read = output.take(1 << 10).read_to_end(&mut told);
                let told = String::from_utf8_lossy(&told);
                let told = told.lines().map(str::trim).filter(|it| !it.is_empty());
                let told: Vec<&str> = told.collect();
                let code = exit_code.unwrap_or(-1);
                let told = one_line(&told.join(" "));
                Err((format!("logman.exe ended with {code} and said: {told}"), true))
            }
            Err(why) => Err((why, true)),
        }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if self.is_running {
            let _nobody_left_to_tell = self.end();
        }
    }
}

/// What was recorded; some versions of Windows number the file.
fn written(private: &Path) -> Vec<PathBuf> {
    let entries = private.read_dir().into_iter().flatten().flatten().map(|it| it.path());
    let is_ours = |it: &PathBuf| {
        let name = it.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with(NAME) && name.contains(".etl")
    };
    let mut files: Vec<PathBuf> = entries.filter(is_ours).collect();
    files.sort_unstable();
    files
}
