//! `cargo xtask VERB`: everything that is done to this repository, in one place.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool talks to its terminal")]

mod bench;
// The simulated kernel runs x64 code on Linux.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod bench_driver;
mod bench_traces;
mod driver;
mod fuzz;
mod generate;
mod layout;
mod run;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod sim;
#[cfg(test)]
mod tidy;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Everything that is done to this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Format, lints, docs of the code, generated docs, dependencies.
    Check,
    /// The test command of the README.
    Test,
    /// Check, then test: what CI runs.
    Ci,
    /// Write the generated docs; with --check, fail if they differ.
    Gen {
        /// Only compare.
        #[arg(long)]
        check: bool,
    },
    /// Print every C-visible structure as JSON.
    Layout,
    /// Build weir.sys, debug and release, and check the images; the last line is the release
    /// image's path.
    Driver,
    /// Traffic through the real weir.sys in the simulated kernel: verdicts and metrics.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    Sim(sim::SimArgs),
    /// Build the sample programs from their C source.
    Programs,
    /// Feed arbitrary bytes to a target of tests/fuzz; findings become regressions there.
    Fuzz {
        /// Name of the target.
        target: String,
        /// How long.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        minutes: u32,
    },
    /// Print figures: replay beside ndpiReader and tshark, aggregation from memory, event traces
    /// beside dissect.etl and etl-parser. `bench driver` prints those of the driver's image in the
    /// simulated kernel.
    Bench {
        /// `driver`, or captures to replay, event traces (.etl) to read; without any, a generated
        /// capture.
        files: Vec<std::path::PathBuf>,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().verb {
        Verb::Check => run::check(),
        Verb::Test => run::test(),
        Verb::Ci => run::check().and_then(|()| run::test()),
        Verb::Gen { check } => generate::run(check),
        Verb::Layout => {
            println!("{}", layout::json());
            Ok(())
        }
        Verb::Driver => match driver::toolchain() {
            Ok(()) => driver::run(),
            Err(message) => {
                eprintln!("xtask: {message}");
                return ExitCode::from(driver::NO_TOOLCHAIN);
            }
        },
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        Verb::Sim(args) => sim::run(&args),
        Verb::Programs => run::programs(),
        Verb::Fuzz { target, minutes } => fuzz::run(&target, minutes),
        Verb::Bench { files } => bench::run(&files),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
