//! `weir`: parses the command line, runs the command, says how it ended.
#![forbid(unsafe_code)]

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};
use std::io::Write as _;
use std::process::ExitCode as ProcessExit;
use weir::cli::{Cli, Command, DoctorArgs, ReplayArgs};
use weir::failure::{ExitCode, Failure};
use weir::programs::Spec;

fn main() -> ProcessExit {
    let parsed = Cli::command().try_get_matches();
    let parsed = parsed.and_then(|it| Cli::from_arg_matches(&it).map(|cli| (cli, it)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return refused(&error),
    };
    let result = match &cli.command {
        Command::Doctor(args) => return doctor(args),
        Command::Run(args) => weir::run::run(args, &mut std::io::stdout().lock()),
        Command::Replay(args) => replay(args, &matches),
        Command::Demo(args) => weir::demo::run(args, &mut std::io::stdout().lock()),
        Command::Driver(args) => weir::driver::run(&args.command, &mut std::io::stdout().lock()),
        Command::Events(args) => weir::events::run(args, &mut std::io::stdout().lock()),
        Command::Traces(args) => weir::traces::run(args, &mut std::io::stdout().lock()),
    };
    match result {
        Ok(()) => ProcessExit::SUCCESS,
        Err(failure) => {
            let _nowhere_else_to_say_it = writeln!(std::io::stderr(), "{failure}");
            ProcessExit::from(failure.code().number())
        }
    }
}

/// Its verdict is the exit code, so failures of its own have codes that no verdict has.
fn doctor(args: &DoctorArgs) -> ProcessExit {
    match weir::doctor::run(args, &mut std::io::stdout().lock()) {
        Ok(verdict) => ProcessExit::from(verdict.number()),
        Err(failure) => {
            let _nowhere_else_to_say_it = writeln!(std::io::stderr(), "{failure}");
            ProcessExit::from(weir::doctor::exit_code(failure.code()).number())
        }
    }
}

/// A command line that is wrong, or that asks for help.
fn refused(error: &clap::Error) -> ProcessExit {
    let _nowhere_else_to_say_it = error.print();
    if !error.use_stderr() {
        return ProcessExit::SUCCESS;
    }
    let is_doctor = std::env::args_os().nth(1).is_some_and(|it| it == "doctor");
    let code = if is_doctor { weir::doctor::exit_code(ExitCode::Usage) } else { ExitCode::Usage };
    ProcessExit::from(code.number())
}

fn replay(args: &ReplayArgs, matches: &ArgMatches) -> Result<(), Failure> {
    let matches = matches.subcommand_matches("replay");
    let indices = |name: &str| -> Vec<usize> {
        matches.and_then(|it| it.indices_of(name)).map(Iterator::collect).unwrap_or_default()
    };
    let specs = specs(args, &indices("program"), &indices("section"))?;
    weir::replay::run(args, &specs, &mut std::io::stdout().lock())
}

/// Gives each `--section` to the `--program` before it.
fn specs(
    args: &ReplayArgs,
    program_places: &[usize],
    section_places: &[usize],
) -> Result<Vec<Spec>, Failure> {
    let mut specs: Vec<Spec> =
        args.program.iter().map(|word| Spec { word: word.clone(), section: None }).collect();
    for (section, place) in args.section.iter().zip(section_places) {
        let before = program_places.iter().filter(|program| *program < place).count();
        let spec = before.checked_sub(1).and_then(|at| specs.get_mut(at));
        let spec = spec.filter(|spec| spec.section.is_none()).ok_or_else(|| {
            let message = format!("use --section `{section}`: no --program stands before it");
            Failure::new(ExitCode::Usage, message, "write --program OBJ --section NAME")
        })?;
        spec.section = Some(section.clone());
    }
    Ok(specs)
}
