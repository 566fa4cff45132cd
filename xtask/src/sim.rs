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
use weir_sim::sample::{BLOCKED, BLOCKED_MAP, Sample};
use weir_sim::simulate::{self, Input, Simulated};
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

    /// Attach a program: an ELF object with a flow_classify section; the samples unless given. Its
    /// label is the file's name without its ending unless given. A program with a map blocked_names
    /// blocks ads.tracker.test and blocked.example.
    #[arg(long, value_name = "[LABEL=]FILE")]
    program: Vec<String>,

    /// Seed of generated traffic, also in hexadecimal (0x1f).
    #[arg(long, default_value_t = 1, value_parser = seed)]
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
    let image = image::built().map_err(|error| error.to_string())?;
    let setup = Setup {
        policy: match args.policy {
            Policy::Open => FailurePolicy::Open,
            Policy::Closed => FailurePolicy::Closed,
        },
        ..Setup::default()
    };
    let input = (captures.as_slice(), Perspective::Initiator);
    let simulated = simulate::run(&image, &setup, input, &programs)?;
    let names: Vec<&str> = captures.iter().map(|it| it.name.as_str()).collect();
    say(&format!("{} through {} in the simulated kernel", names.join(", "), image.display()));
    if programs.iter().any(blocks_names) {
        say(&format!("blocked names: {}", BLOCKED.join(", ")));
    }
    say("");
    match &args.record {
        Some(path) => shown(&simulated, path)?,
        None => in_folder(|| shown(&simulated, Path::new("weir.etl")))?,
    }
    let (opened, indicated, events) =
        (simulated.opened, simulated.indicated, simulated.events.len());
    say(&format!("\n{opened} connections, {indicated} indications, {events} events of the driver"));
    if let Some(path) = &args.record {
        say(&path.display().to_string());
    }
    Ok(())
}

/// Records the driver's events, and shows them as an operator would see them.
fn shown(simulated: &Simulated, path: &Path) -> Outcome {
    simulate::record(simulated, path)?;
    replay(path, &[])?;
    replay(path, &["--metrics", "-"])
}

/// Does it in a folder that is gone afterwards: what is shown names a file as it is given, and two
/// equal runs are to show the same.
fn in_folder(show: impl FnOnce() -> Outcome) -> Outcome {
    let folder = std::env::temp_dir().join(format!("weir-sim-{}", std::process::id()));
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    let before = std::env::current_dir().map_err(told)?;
    std::fs::create_dir_all(&folder).map_err(told)?;
    let result = std::env::set_current_dir(&folder).map_err(told).and_then(|()| show());
    let back = std::env::set_current_dir(before).map_err(told);
    let _best_effort = std::fs::remove_dir_all(&folder);
    result.and(back)
}

/// A number as a person or a failed test writes it.
fn seed(text: &str) -> Result<u64, String> {
    let number =
        text.strip_prefix("0x").map_or_else(|| text.parse(), |it| u64::from_str_radix(it, 16));
    number.map_err(|error| error.to_string())
}

/// Whether a program has names to block.
fn blocks_names(sample: &Sample) -> bool {
    sample.load().is_ok_and(|mut program| program.map_mut(BLOCKED_MAP).is_some())
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
            _ => (stem(word), word.as_str()),
        };
        let object = std::fs::read(path).map_err(|error| format!("read `{path}`: {error}"))?;
        let blocked = BLOCKED.map(str::to_owned).to_vec();
        let sample = Sample { label: label.to_owned(), object, section: None, blocked };
        // Refused here rather than after minutes of building.
        let loaded = sample.load().and_then(|program| sample.text(&program).map(drop));
        loaded.map(|()| sample).map_err(|error| format!("{path}: {error}"))
    };
    words.iter().map(read).collect()
}

/// A file's name without folder and ending.
fn stem(path: &str) -> &str {
    Path::new(path).file_stem().and_then(|it| it.to_str()).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_read_as_failures_print_it_and_in_decimal() {
        assert_eq!(
            (seed("31"), seed("0x1f"), seed("0xFFFFFFFFFFFFFFFF")),
            (Ok(31), Ok(31), Ok(u64::MAX))
        );
        assert!(["", "0x", "1f", "-1", "0x10000000000000000"].iter().all(|it| seed(it).is_err()));
    }

    #[test]
    fn a_program_is_labelled_by_its_file_unless_told_and_an_error_names_it() {
        let objects = crate::run::root().join("driver/programs/obj");
        let object = objects.join("never_decides.o").display().to_string();
        let read = programs(&[object.clone(), format!("mine={object}")]).unwrap();
        assert!(read.iter().map(|it| it.label.as_str()).eq(["never_decides", "mine"]));
        let wrong = crate::run::root().join("Cargo.toml").display().to_string();
        let told = programs(core::slice::from_ref(&wrong)).unwrap_err();
        assert!(told.starts_with(&format!("{wrong}: load `Cargo`: ")), "{told}");
        assert!(!blocks_names(read.first().unwrap()));
        assert!(blocks_names(&Sample::ours("tls_sni_block").unwrap()));
    }
}
