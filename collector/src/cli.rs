//! The command line, defined once: parsing, help and docs come from here.

mod doctor;
mod traces;

pub use crate::otlp::OtlpArgs;
pub use doctor::DoctorArgs;
pub use traces::TracesArgs;

use crate::map_value::{MapEntry, parse_entry};
use clap::{Args, Parser, Subcommand, ValueEnum};
use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;
use weir_etl::FileTime;
use weir_usermode::replay::Perspective;

/// Tells, and decides, what eBPF programs do to network flows on Windows.
#[derive(Debug, Parser)]
#[command(name = "weir", version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Collect: read the driver's events, serve metrics and a page, export.
    Run(RunArgs),
    /// Answer what programs would have decided on captured traffic, or did decide in a trace.
    Replay(ReplayArgs),
    /// Classify live loopback traffic and show it on a page and as metrics.
    Demo(DemoArgs),
    /// Show the events of trace files (.etl) of any provider, decoded, on any machine.
    Events(EventsArgs),
    /// Show diagnostic traces of eBPF for Windows and of WFP callouts, known failures marked.
    Traces(TracesArgs),
    /// Find out why a program is not invoked, or a flow not redirected: on this machine, or on a
    /// bundle of evidence, on any machine.
    Doctor(DoctorArgs),
    /// Install, remove and look at the driver and its program type, on Windows.
    Driver(DriverArgs),
}

/// Arguments of `weir run`.
///
/// Without `--from` it listens to the driver, which needs Windows and an elevated command prompt or a
/// member of Performance Log Users.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// Read an event trace file (.etl) instead, or standard input with `-`. A file is read to its
    /// end and shown as it ended; what comes through standard input is shown as it comes.
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,

    /// Go on reading as the file grows, until stopped.
    #[arg(long, requires = "from")]
    pub follow: bool,

    /// Listen to every invocation and copy too, on a session of its own. Without it, segments of
    /// undecided flows are known as of the last capture state only.
    #[arg(long = "events.invocation", conflicts_with = "from")]
    pub invocation_events: bool,

    /// Ask Windows to let only those write into the sessions whom it permits that. An access list
    /// can be set for the driver's provider only, as a session's id is random: at best this makes
    /// forging events harder. Not tried with a kernel driver yet.
    #[arg(long, conflicts_with = "from")]
    pub secure_session: bool,

    /// Where and how metrics are served.
    #[command(flatten)]
    pub web: WebArgs,

    /// What is exported, and where to.
    #[command(flatten)]
    pub otlp: OtlpArgs,

    /// Stop after this time, as in 20s or 2m; without it, run until Ctrl-C.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub duration: Option<Duration>,

    /// Age from which an undecided flow counts as stuck, once a program has seen data of it.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "30s")]
    pub stuck_after: Duration,

    /// How many of the oldest undecided flows have metrics of their own; 0 for none, 1000 at most.
    #[arg(long, value_name = "FLOWS", default_value_t = 50)]
    pub flow_detail: usize,

    /// bpftool.exe by its full path: it is asked for the names of programs that were attached
    /// without a label. Unless given, that of the installed eBPF for Windows, where there is one.
    #[arg(long = "names.bpftool", value_name = "PATH")]
    pub names_bpftool: Option<PathBuf>,

    /// How often the doctor's checks are judged, for weir_doctor_check_status; 0s for never.
    #[arg(long = "doctor.interval", value_name = "TIME", value_parser = parse_duration, default_value = "15m")]
    pub doctor_interval: Duration,
}

/// Arguments of `weir replay`.
///
/// A connection that began before its capture is classified from the first byte seen. Event trace
/// files (.etl) hold Weir's own events, live or recorded: they are aggregated as the live collector
/// aggregates them, and options about programs do not go with them.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// Captures (.pcap, .pcapng; `-` for standard input), each replayed on its own, in this order;
    /// or event trace files (.etl), aggregated together.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Attach a program: an ELF object with a flow_classify section. Repeat to attach several;
    /// they are asked in this order. The label names it in every output.
    #[arg(long, value_name = "[LABEL=]OBJ")]
    pub program: Vec<String>,

    /// Section or function of the program before it, where its object has several.
    #[arg(long, value_name = "NAME")]
    pub section: Vec<String>,

    /// Write a map entry before the replay: three words, KEY and VALUE as str:…, hex:…, u8:… to
    /// u64:…, padded with zeros to the map's sizes. Goes to every program that has the map.
    #[arg(long, value_name = "'MAP KEY VALUE'", value_parser = parse_entry)]
    pub map: Vec<MapEntry>,

    /// End from which connections are seen; initiator unless given.
    #[arg(long, value_enum)]
    pub perspective: Option<PerspectiveArg>,

    /// What happens where a program fails or data is missing; open unless given.
    #[arg(long, value_enum)]
    pub failure_policy: Option<PolicyArg>,

    /// Print one JSON document instead of tables.
    #[arg(long, conflicts_with = "flows")]
    pub json: bool,

    /// Print one JSON line for each flow instead of tables.
    #[arg(long)]
    pub flows: bool,

    /// Write the Prometheus exposition (text 0.0.4) of the replay to a file; `-` for standard
    /// output, and nothing else goes there.
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,

    /// Write every event of the replay, invocations included, to an event trace file (.etl) that
    /// `weir events`, `weir replay` and Windows' own tools read.
    #[arg(long, value_name = "FILE")]
    pub write_etl: Option<PathBuf>,

    /// Print the final entries of this map of each program that has it.
    #[arg(long, value_name = "MAP")]
    pub dump_map: Vec<String>,

    /// Measure run times with this machine's clock. Without it no output holds a wall-clock value,
    /// and the same input gives the same bytes.
    #[arg(long)]
    pub timings: bool,

    /// Show what could be read of a cut-off or corrupt file instead of failing. Standard
    /// error, tables, JSON and exposition say that it is partial; flows that were open at the damage
    /// say `open_at_end`.
    #[arg(long)]
    pub allow_truncated: bool,

    /// Rows in the tables of undecided and blocked flows.
    #[arg(long, value_name = "ROWS", default_value_t = 20)]
    pub top: usize,

    /// Threads: 1 does everything in turn, 2 or more read the capture ahead. Results are the same.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub threads: u8,
}

/// Arguments of `weir demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Where and how the page and /metrics are served.
    #[command(flatten)]
    pub web: WebArgs,

    /// What is exported, and where to.
    #[command(flatten)]
    pub otlp: OtlpArgs,

    /// Stop after this time, as in 20s or 2m; without it, run until Ctrl-C.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub duration: Option<Duration>,

    /// Age from which an undecided flow counts as stuck, once a program has seen data of it.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "30s")]
    pub stuck_after: Duration,

    /// Record every event to an event trace file (.etl) that `weir events`, `weir replay` and
    /// Windows' own tools read. A file of that name is overwritten.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// Where and how metrics are served, for commands that serve them.
#[derive(Args, Clone, Debug)]
pub struct WebArgs {
    /// Where the page and /metrics are served; this machine only unless another address is given. 10061
    /// stands in no public port register yet.
    #[arg(long = "web.listen-address", value_name = "ADDRESS:PORT", default_value = weir_abi::identifiers::LISTEN_ADDRESS)]
    pub listen_address: SocketAddr,

    /// Serve with TLS, client certificates, users, headers and a rate limit, as this file says. It is
    /// exporter-toolkit's file, and read again when it changes: docs/web-config.md.
    #[arg(long = "web.config.file", value_name = "FILE")]
    pub config_file: Option<PathBuf>,
}

/// Arguments of `weir events`.
///
/// Prints one JSON object a line, in the order of time over all processors. What could not be read
/// is said on standard error, and the exit code is then 4, after everything else was printed.
#[derive(Args, Debug)]
pub struct EventsArgs {
    /// Event trace files (.etl; `-` for standard input), one after the other.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Only events of this provider, by name (any case) or GUID. Repeat for any of several.
    #[arg(long, value_name = "NAME|GUID")]
    pub provider: Vec<String>,

    /// Only events of this name (any case) or id. Repeat for any of several.
    #[arg(long, value_name = "NAME|ID")]
    pub event: Vec<String>,

    /// Take descriptions of events from this file too: an instrumentation manifest (.man) or another
    /// event trace. What a trace says of its own events goes before. Repeat for several; the first
    /// that describes an event counts.
    #[arg(long, value_name = "FILE")]
    pub manifest: Vec<PathBuf>,

    /// Only events at this level or more severe: 1 or critical, 2 or error, 3 or warning, 4 or
    /// information, 5 or verbose. Level 0, always logged, passes too; records without a level do
    /// not.
    #[arg(long, value_name = "LEVEL", value_parser = parse_level)]
    pub level: Option<u8>,

    /// Only events at or after this time, as in 2026-11-21T14:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub since: Option<FileTime>,

    /// Only events before this time.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub until: Option<FileTime>,

    /// Only events that this process wrote. Repeat for any of several.
    #[arg(long, value_name = "PID")]
    pub pid: Vec<u32>,

    /// Print a table of providers and their events instead of the events.
    #[arg(long)]
    pub summary: bool,

    /// Print the summary as one JSON document.
    #[arg(long, requires = "summary")]
    pub json: bool,
}

/// Arguments of `weir driver`.
#[derive(Args, Debug)]
pub struct DriverArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: DriverCommand,
}

/// The commands of `weir driver`.
#[derive(Debug, Subcommand)]
pub enum DriverCommand {
    /// Write the program type into the registry, where loaders and the verifier of eBPF for Windows
    /// look it up, for this user and for everybody. Done twice, it changes nothing.
    Register(DriverRegisterArgs),
    /// Delete what `register` wrote, and nothing else.
    Unregister(DriverUnregisterArgs),
    /// Copy the driver to System32\drivers, create its service, register, start it. A step that
    /// fails undoes those before it.
    Install(DriverInstallArgs),
    /// Stop the driver, delete service and image, unregister.
    Remove(DriverRemoveArgs),
    /// Show what of an installation is there. The exit code is 0 only if all of it is.
    Status(DriverStatusArgs),
}

impl DriverCommand {
    /// The word on the command line.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Register(_) => "register",
            Self::Unregister(_) => "unregister",
            Self::Install(_) => "install",
            Self::Remove(_) => "remove",
            Self::Status(_) => "status",
        }
    }
}

/// Arguments of `weir driver register`.
#[derive(Args, Debug)]
pub struct DriverRegisterArgs {
    /// Change nothing; print a file for `reg import` with what it writes for everybody on a machine
    /// without entries. Works on any system.
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `weir driver unregister`.
#[derive(Args, Debug)]
pub struct DriverUnregisterArgs {
    /// Change nothing; print a file for `reg import` with what it deletes for everybody, of what
    /// `register` writes. Works on any system.
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `weir driver install`.
#[derive(Args, Debug)]
pub struct DriverInstallArgs {
    /// The signed driver; weir.sys beside this program unless given.
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,

    /// Change nothing; look at the image and print what it does on a machine without Weir: the file
    /// of `register --dry-run`, with the other steps as comments. Works on any system.
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `weir driver remove`.
#[derive(Args, Debug)]
pub struct DriverRemoveArgs {
    /// How long the driver may take to stop: it waits for programs and connections. Where it takes
    /// longer, nothing is deleted.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "60s")]
    pub stop_within: Duration,

    /// Change nothing; print what it does where `install` was: the file of `unregister --dry-run`,
    /// with the other steps as comments. Works on any system.
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `weir driver status`.
#[derive(Args, Debug)]
pub struct DriverStatusArgs {
    /// Print one JSON document instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// `--perspective`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PerspectiveArg {
    /// The host that opened the connection.
    Initiator,
    /// The host that accepted it.
    Responder,
    /// Both, as on loopback: two flows a connection.
    Both,
}

impl From<PerspectiveArg> for Perspective {
    fn from(perspective: PerspectiveArg) -> Self {
        match perspective {
            PerspectiveArg::Initiator => Self::Initiator,
            PerspectiveArg::Responder => Self::Responder,
            PerspectiveArg::Both => Self::Both,
        }
    }
}

/// `--failure-policy`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PolicyArg {
    /// Let the flow pass.
    Open,
    /// Block the flow.
    Closed,
}

/// A level by number or name.
fn parse_level(text: &str) -> Result<u8, String> {
    let names = ["critical", "error", "warning", "information", "verbose"];
    let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    match named.map(|at| u8::try_from(at + 1)) {
        Some(Ok(level)) => Ok(level),
        _ => text.parse().map_err(|_| {
            "needs a number or critical, error, warning, information, verbose".to_owned()
        }),
    }
}

/// A time as RFC 3339 has it.
fn parse_time(text: &str) -> Result<FileTime, String> {
    FileTime::from_rfc3339(text)
        .ok_or_else(|| "needs date, time and offset, as in 2026-11-21T14:00:00Z".to_owned())
}

/// A duration with its unit: `250ms`, `20s`, `2m`, `1h`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err("needs a number and a unit: ms, s, m or h, as in 20s".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "needs a whole number before its unit")?;
    number.checked_mul(millis).map(Duration::from_millis).ok_or_else(|| "is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(parse_duration("20s"), Ok(Duration::from_secs(20)));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_mins(2)));
        for wrong in ["20", "s", "", "-1s", "1.5s", "18446744073709551615h"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn levels_have_numbers_and_names() {
        assert_eq!(parse_level("Error"), Ok(2));
        assert_eq!(parse_level("verbose"), Ok(5));
        assert_eq!(parse_level("17"), Ok(17));
        for wrong in ["", "bad", "-1", "256"] {
            assert!(parse_level(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
