//! The command line, defined once: parsing, help and docs come from here.

use crate::map_value::{MapEntry, parse_entry};
use clap::{Args, Parser, Subcommand, ValueEnum};
use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;
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
    /// Answer what programs would have decided on captured traffic.
    Replay(ReplayArgs),
    /// Classify live loopback traffic and show it on a page and as metrics.
    Demo(DemoArgs),
}

/// Arguments of `weir replay`.
///
/// A connection that began before its capture is classified from the first byte seen.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// Captures (.pcap, .pcapng; `-` for standard input), each replayed on its own, in this order.
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

    /// End from which connections are seen.
    #[arg(long, value_enum, default_value_t = PerspectiveArg::Initiator)]
    pub perspective: PerspectiveArg,

    /// What happens where a program fails or data is missing.
    #[arg(long, value_enum, default_value_t = PolicyArg::Open)]
    pub failure_policy: PolicyArg,

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

    /// Print the final entries of this map of each program that has it.
    #[arg(long, value_name = "MAP")]
    pub dump_map: Vec<String>,

    /// Measure run times with this machine's clock. Without it no output holds a wall-clock value,
    /// and the same input gives the same bytes.
    #[arg(long)]
    pub timings: bool,

    /// Show what a cut-off or corrupt capture held before its damage instead of failing. Standard
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
    /// Where the page and /metrics are served. 10061 stands in no public port register yet.
    #[arg(long = "web.listen-address", value_name = "ADDRESS:PORT", default_value = weir_abi::identifiers::LISTEN_ADDRESS)]
    pub listen_address: SocketAddr,

    /// Stop after this time, as in 20s or 2m; without it, run until Ctrl-C.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub duration: Option<Duration>,

    /// Age from which an undecided flow counts as stuck, once a program has seen data of it.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "30s")]
    pub stuck_after: Duration,
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

/// A duration with its unit: `250ms`, `20s`, `2m`, `1h`.
fn parse_duration(text: &str) -> Result<Duration, String> {
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
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
