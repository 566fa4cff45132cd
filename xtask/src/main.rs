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
#[cfg(test)]
mod lab;
mod layout;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod planted;
mod prometheus_rule;
mod run;
mod sign;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod sim;
#[cfg(test)]
mod tidy;
mod windows;

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
    Driver {
        /// Sign the images too, under a certificate made for that, into folders `signed` beside
        /// them.
        #[arg(long)]
        sign_test: bool,
    },
    /// Build weir.exe, the collector for Windows; the last line is its path.
    Windows {
        /// Build it quickly, for tests.
        #[arg(long)]
        debug: bool,
    },
    /// Traffic through the real weir.sys in the simulated kernel: verdicts and metrics.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    Sim(sim::SimArgs),
    /// Plant bugs into the driver, one at a time, and see the tests in the simulated kernel catch
    /// each.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    Planted {
        /// Only print what is planted and where it was seen.
        #[arg(long)]
        list: bool,
        /// Names of bugs; all of them unless given.
        names: Vec<String>,
    },
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
        Verb::Driver { sign_test } => match driver::toolchain() {
            Ok(()) => build_driver(sign_test),
            Err(message) => return no_toolchain(&message),
        },
        Verb::Windows { debug } => match windows::toolchain() {
            Ok(()) => windows::run(debug),
            Err(message) => return no_toolchain(&message),
        },
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        Verb::Sim(args) => sim::run(&args),
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        Verb::Planted { list: true, names } => planted::list(&names),
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        Verb::Planted { list: false, names } => match driver::toolchain() {
            Ok(()) => planted::run(&names),
            Err(message) => return no_toolchain(&message),
        },
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

fn no_toolchain(message: &str) -> ExitCode {
    eprintln!("xtask: {message}");
    ExitCode::from(driver::NO_TOOLCHAIN)
}

/// Builds the driver's images, and signs them if that is asked for.
fn build_driver(is_signed: bool) -> run::Outcome {
    if is_signed {
        sign::tools()?;
    }
    driver::run()?;
    if is_signed { sign::run() } else { Ok(()) }
}
