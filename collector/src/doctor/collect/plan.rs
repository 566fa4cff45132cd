//! What the tools are asked.
//!
//! Source of the commands: the troubleshooting guide of eBPF for Windows
//! (microsoft/ebpf-for-windows, docs/TroubleshootingGuide.md and docs/Diagnostics.md), and for keys
//! learn.microsoft.com/windows/security/hardware-security/enable-virtualization-based-protection-of-code-integrity
//! (read 2026-11)

use super::tools::Program;
use core::time::Duration;
use weir_stages::checks::Kind;

/// A question.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    /// Path of the answer in the bundle.
    pub(super) path: String,
    /// What it is evidence of.
    pub(super) kind: Kind,
    /// A check reads it as it is; else it is for people, and for this collection itself.
    pub(super) is_read: bool,
    /// Of several of a kind, which.
    pub(super) which: Option<String>,
    pub(super) program: Program,
    pub(super) arguments: Vec<String>,
    pub(super) limit: Limit,
    pub(super) answer: Where,
    /// Without elevation it says nothing, or not all.
    pub(super) is_elevated_only: bool,
}

/// Where the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    Output,
    /// Its output, of a key of the registry; that there is no such key is an answer too.
    Key,
    /// A file of this name, which the tool writes into the folder that it is started in.
    File(&'static str),
}

/// How far a tool may go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) time: Duration,
    pub(super) bytes: u64,
}

/// Bytes of what is for people to read.
pub(super) const WORDS_BYTES_MAX: u64 = 4 << 20;

/// A page or two, at once.
const SHORT: Limit = Limit { time: Duration::from_secs(10), bytes: WORDS_BYTES_MAX };
/// Some thousand objects at 300 bytes each, with a call of the kernel for each.
const LISTS: Limit = Limit { time: Duration::from_secs(20), bytes: 16 << 20 };
/// A file of 100 MB on machines with many filters, and the engine is asked for each.
const STATE: Limit = Limit { time: Duration::from_secs(60), bytes: 512 << 20 };

/// Services of eBPF for Windows and of Weir, and the engine that they hang from.
const SERVICES: [&str; 6] = ["ebpfcore", "netebpfext", "ebpfsvc", "weir", "weir-collector", "bfe"];

const SCENARIO: &str =
    r"HKLM\SYSTEM\CurrentControlSet\Control\DeviceGuard\Scenarios\HypervisorEnforcedCodeIntegrity";

struct Row(&'static str, Kind, Program, &'static [&'static str], Limit, Where, bool);

/// What needs no answer of another. The longest comes first: others run beside it.
const ROWS: &[Row] = &{
    use Kind::{Boot, Links, Maps, Ports, Programs, Sessions, Store, System, WfpState};
    use Program::{Bcdedit, Bpftool, Logman, Netsh, Reg, W32tm};
    use Where::{File, Key, Output};
    [
        Row(
            "wfp/wfpstate.xml",
            WfpState,
            Netsh,
            &["wfp", "show", "state", "file=wfpstate.xml"],
            STATE,
            File("wfpstate.xml"),
            true,
        ),
        Row("bpftool/prog.json", Programs, Bpftool, &["-p", "prog"], LISTS, Output, true),
        Row("bpftool/link.json", Links, Bpftool, &["-p", "link"], LISTS, Output, true),
        Row(MAPS, Maps, Bpftool, &["-p", "map"], LISTS, Output, true),
        Row(SESSIONS, Sessions, Logman, &["query", "-ets"], SHORT, Output, true),
        Row(
            "registry/hklm-ebpf.txt",
            Store,
            Reg,
            &["query", r"HKLM\Software\eBPF\Providers", "/s"],
            SHORT,
            Key,
            false,
        ),
        Row(
            "registry/hkcu-ebpf.txt",
            Store,
            Reg,
            &["query", r"HKCU\Software\eBPF\Providers", "/s"],
            SHORT,
            Key,
            false,
        ),
        Row("boot/memory-integrity.txt", Boot, Reg, &["query", SCENARIO], SHORT, Key, false),
        Row(
            "boot/secure-boot.txt",
            Boot,
            Reg,
            &["query", r"HKLM\SYSTEM\CurrentControlSet\Control\SecureBoot\State"],
            SHORT,
            Key,
            false,
        ),
        Row(
            "boot/start-options.txt",
            Boot,
            Reg,
            &["query", r"HKLM\SYSTEM\CurrentControlSet\Control", "/v", "SystemStartOptions"],
            SHORT,
            Key,
            false,
        ),
        Row("boot/bcdedit.txt", Boot, Bcdedit, &["/enum", "{current}"], SHORT, Output, true),
        Row("ports/ipv4.txt", Ports, Netsh, &excluded::<4>(), SHORT, Output, false),
        Row("ports/ipv6.txt", Ports, Netsh, &excluded::<6>(), SHORT, Output, false),
        Row(CLOCK, System, W32tm, &["/query", "/status", "/verbose"], SHORT, Output, false),
        Row(AUTOLOGGERS, Sessions, Reg, &AUTOLOGGER_KEYS, LISTS, Output, false),
    ]
};

const fn excluded<const VERSION: u8>() -> [&'static str; 5] {
    let family = if VERSION == 4 { "ipv4" } else { "ipv6" };
    ["int", family, "show", "excludedportrange", "protocol=tcp"]
}

const AUTOLOGGER_KEYS: [&str; 5] =
    ["query", r"HKLM\SYSTEM\CurrentControlSet\Control\WMI\Autologger", "/s", "/v", "FileName"];

/// The list of maps.
pub(super) const MAPS: &str = "bpftool/map.json";
/// The list of event sessions.
pub(super) const SESSIONS: &str = "sessions/all.txt";
/// What the clock follows, and how well.
pub(super) const CLOCK: &str = "system/w32tm.txt";
/// Where sessions that begin at boot write to.
pub(super) const AUTOLOGGERS: &str = "sessions/autologgers.txt";

/// The first round.
pub(super) fn first() -> Vec<Ask> {
    let rows = ROWS.iter().map(|Row(path, kind, program, words, limit, answer, elevated)| Ask {
        path: (*path).to_owned(),
        kind: *kind,
        is_read: ![CLOCK, AUTOLOGGERS].contains(path),
        // Of several keys one may be withheld.
        which: words.get(1).filter(|_| *program == Program::Reg).map(|it| (*it).to_owned()),
        program: *program,
        arguments: words.iter().map(|it| (*it).to_owned()).collect(),
        limit: *limit,
        answer: *answer,
        is_elevated_only: *elevated,
    });
    let services = SERVICES.iter().map(|name| Ask {
        path: format!("services/{name}.txt"),
        kind: Kind::Services,
        is_read: true,
        which: Some((*name).to_owned()),
        program: Program::Sc,
        arguments: vec!["queryex".to_owned(), (*name).to_owned()],
        limit: SHORT,
        answer: Where::Output,
        is_elevated_only: false,
    });
    rows.chain(services).collect()
}

/// What is in a map.
pub(super) fn map(id: u32) -> Ask {
    let words = ["map", "dump", "id"].map(str::to_owned).into_iter();
    Ask {
        path: format!("bpftool/map-{id}.txt"),
        kind: Kind::MapDumps,
        is_read: true,
        which: Some(id.to_string()),
        program: Program::Bpftool,
        arguments: words.chain([id.to_string()]).collect(),
        limit: LISTS,
        answer: Where::Output,
        is_elevated_only: true,
    }
}

/// An event session by its name.
pub(super) fn session(name: &str) -> Ask {
    let plain = |it: char| if it.is_ascii_alphanumeric() || "-_.".contains(it) { it } else { '_' };
    let file: String = name.chars().map(plain).collect();
    Ask {
        path: format!("sessions/session-{file}.txt"),
        kind: Kind::Sessions,
        is_read: true,
        which: Some(name.to_owned()),
        program: Program::Logman,
        arguments: ["query", name, "-ets"].map(str::to_owned).to_vec(),
        limit: SHORT,
        answer: Where::Output,
        is_elevated_only: true,
    }
}

/// A command that changes a session; its answer is not kept.
pub(super) fn control(words: &[&str], time: Duration) -> Ask {
    Ask {
        path: String::new(),
        kind: Kind::Traces,
        is_read: false,
        which: None,
        program: Program::Logman,
        arguments: words.iter().map(|it| (*it).to_owned()).collect(),
        limit: Limit { time, ..SHORT },
        answer: Where::Output,
        is_elevated_only: true,
    }
}

impl Ask {
    /// The command as somebody would type it.
    pub(super) fn command(&self) -> String {
        let words = self
            .arguments
            .iter()
            .map(|it| if it.contains(' ') { format!("\"{it}\"") } else { it.clone() });
        let words: Vec<String> = words.collect();
        format!("{} {}", self.program.file(), words.join(" "))
    }
}
