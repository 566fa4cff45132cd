//! `cargo xtask sim`: traffic through the real `weir.sys` in the simulated kernel, into the
//! collector's own stages, with the tables of `weir replay`.
//!
//! The driver's events are written as an event trace, and `weir replay` reads it: what is printed
//! is what an operator would see of that trace.

use crate::run::Outcome;
use clap::{Args, Parser as _, ValueEnum};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use weir::cli::{Cli, Command};
use weir_abi::event::FailurePolicy;
use weir_sim::generate;
use weir_sim::machine::Setup;
use weir_sim::sample::{BLOCKED, Sample};
use weir_sim::simulate::{self, Input};
use weir_sim_kernel::image;
use weir_usermode::replay::Perspective;

/// The sample programs in the order in which they are asked, where none is named.
const SAMPLES: [&str; 3] = ["tls_sni_block", "http_host_block", "protocol_detect"];

/// Arguments of `cargo xtask sim`.
#[derive(Args, Debug)]
pub(crate) struct SimArgs {
    /// Captures (.pcap, .pcapng); without any, generated traffic.
    #[arg(value_name = "CAPTURE")]
    captures: Vec<PathBuf>,

    /// Attach a program: an ELF object with a flow_classify section; the samples unless given.
    #[arg(long, value_name = "[LABEL=]FILE")]
    program: Vec<String>,

    /// Seed of generated traffic.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Connections of generated traffic.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    flows: u32,

    /// What happens where a program fails or data is missing.
    #[arg(long, value_enum, default_value_t = Policy::Open)]
    policy: Policy,

    /// Keep the driver's events as an event trace file (.etl).
    #[arg(long, value_name = "FILE.etl")]
    record: Option<PathBuf>,
}

/// `FailurePolicy`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Policy {
    /// Failures let traffic pass.
    Open,
    /// Failures block it.
    Closed,
}

/// Runs the traffic and prints what came of it.
pub(crate) fn run(args: &SimArgs) -> Outcome {
    // What can be wrong without the driver is found before it is built.
    let captures = captures(args)?;
    let programs = programs(&args.program)?;
    let image = image::built()?;
    let setup = Setup {
        policy: match args.policy {
            Policy::Open => FailurePolicy::Open,
            Policy::Closed => FailurePolicy::Closed,
        },
        ..Setup::default()
    };
    let names: Vec<&str> = captures.iter().map(|it| it.name.as_str()).collect();
    say(&format!("{} through {} in the simulated kernel\n", names.join(", "), image.display()));
    let input = (captures.as_slice(), Perspective::Initiator);
    let simulated = simulate::run(&image, &setup, input, &programs)?;
    let folder = std::env::temp_dir().join(format!("weir-sim-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let path = args.record.clone().unwrap_or_else(|| folder.join("weir.etl"));
    let written = simulate::record(&simulated, &path)
        .and_then(|()| replay(&path, &[]))
        .and_then(|()| replay(&path, &["--metrics", "-"]));
    let _best_effort = std::fs::remove_dir_all(&folder);
    written?;
    let (opened, indicated, events) =
        (simulated.opened, simulated.indicated, simulated.events.len());
    say(&format!("\n{opened} connections, {indicated} indications, {events} events of the driver"));
    if let Some(path) = &args.record {
        say(&path.display().to_string());
    }
    Ok(())
}

/// Prints a line; whoever reads may have seen enough.
fn say(line: &str) {
    let _reader_is_gone = writeln!(std::io::stdout(), "{line}");
}

/// `weir replay` of a trace.
fn replay(path: &Path, options: &[&str]) -> Outcome {
    let shown = path.display().to_string();
    let words = ["weir", "replay"].iter().chain(options).copied().chain([shown.as_str()]);
    let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
    let Command::Replay(args) = cli.command else {
        return Err("`weir replay` is another command".to_owned());
    };
    weir::replay::run(&args, &[], &mut std::io::stdout().lock()).map_err(|error| error.to_string())
}

fn captures(args: &SimArgs) -> Result<Vec<Input>, String> {
    if args.captures.is_empty() {
        let name = format!("{} generated connections (seed {})", args.flows, args.seed);
        return Ok(vec![Input { name, bytes: generate::capture(args.seed, args.flows) }]);
    }
    let read = |path: &PathBuf| {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| format!("read `{name}`: {error}"))?;
        Ok(Input { name, bytes })
    };
    args.captures.iter().map(read).collect()
}

fn programs(words: &[String]) -> Result<Vec<Sample>, String> {
    if words.is_empty() {
        return Ok(SAMPLES.iter().filter_map(|name| Sample::ours(name)).collect());
    }
    let read = |word: &String| {
        let (label, path) = match word.split_once('=') {
            Some((label, path)) if !Path::new(word).exists() => (label, path),
            _ => ("", word.as_str()),
        };
        let object = std::fs::read(path).map_err(|error| format!("read `{path}`: {error}"))?;
        let blocked = BLOCKED.map(str::to_owned).to_vec();
        let sample = Sample { label: label.to_owned(), object, section: None, blocked };
        // Refused here rather than after minutes of building.
        sample.load().map(|_| sample).map_err(|error| format!("{path}: {error}"))
    };
    words.iter().map(read).collect()
}
