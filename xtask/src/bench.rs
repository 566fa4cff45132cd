//! `cargo xtask bench`: figures, side by side in one run, as ratios. Nothing here passes or fails
//! on time.

use crate::bench_traces;
use crate::run::{Outcome, has, root, tool};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs of each tool; the best counts, because noise only ever adds.
const RUNS: usize = 3;

/// Prints every figure; of event traces alone where only those are given.
pub(crate) fn run(files: &[PathBuf]) -> Outcome {
    if let [only] = files
        && only == Path::new("driver")
    {
        return driver();
    }
    files.iter().try_for_each(|file| is_readable(file))?;
    tool("cargo", &["build", "--release", "--locked", "--package", "weir"])?;
    let is_trace = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "etl");
    let (traces, captures): (Vec<_>, Vec<_>) = files.iter().cloned().partition(is_trace);
    if !traces.is_empty() {
        bench_traces::run(&traces, &target().join("release/weir").display().to_string())?;
        if captures.is_empty() {
            return Ok(());
        }
    }
    tool(
        "cargo",
        &[
            "run",
            "--release",
            "--locked",
            "--package",
            "weir-stages",
            "--example",
            "aggregate_bench",
        ],
    )?;
    let mut arguments = vec![
        "run",
        "--release",
        "--locked",
        "--package",
        "weir-usermode",
        "--features",
        "synthetic",
        "--example",
        "replay_bench",
        "--",
    ];
    let generated = target().join("bench.pcap");
    let shown = generated.display().to_string();
    arguments.push(&shown);
    tool("cargo", &arguments)?;
    let captures = if captures.is_empty() { vec![generated.clone()] } else { captures };
    for capture in &captures {
        compare(capture)?;
    }
    Ok(())
}

/// Found before the first figure, not after minutes of others.
fn is_readable(file: &Path) -> Outcome {
    let told = |what: &str| {
        let expected = "`driver` alone, or captures (.pcap, .pcapng) and event traces (.etl)";
        Err(format!("{}: {what}; expected {expected}", file.display()))
    };
    match File::open(file).and_then(|it| it.metadata()) {
        Ok(it) if it.is_file() => Ok(()),
        Ok(_) => told("not a file"),
        Err(error) => told(&error.to_string()),
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn driver() -> Outcome {
    crate::bench_driver::run()
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn driver() -> Outcome {
    Err("the simulated kernel runs on x64 Linux only".to_owned())
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// One tool on one file.
pub(crate) struct Figure {
    name: &'static str,
    pub(crate) cpu_seconds: f64,
    pub(crate) memory_kib: u64,
}

fn compare(capture: &Path) -> Outcome {
    let bytes = std::fs::metadata(capture).map_err(|error| error.to_string())?.len();
    println!(
        "\n{} ({:.1} MB), best of {RUNS}, CPU seconds (user + system):",
        capture.display(),
        to_f64(bytes) / 1e6
    );
    let path = capture.to_string_lossy().into_owned();
    let weir = target().join("release/weir").display().to_string();
    let object = root().join("driver/programs/obj/tls_sni_block.o").display().to_string();
    let entry = "blocked_names str:example.com u32:1";
    let replay =
        [weir.as_str(), "replay", "--threads", "1", "--program", &object, "--map", entry, &path];
    let ahead = [weir.as_str(), "replay", "--program", &object, "--map", entry, &path];
    let lines = [weir.as_str(), "replay", "--flows", "--program", &object, "--map", entry, &path];
    let ndpi = ["ndpiReader", "-q", "-i", &path];
    let fields = [
        "tshark",
        "-r",
        &path,
        "-T",
        "fields",
        "-e",
        "tls.handshake.extensions_server_name",
        "-e",
        "http.host",
    ];
    let mut figures = Vec::new();
    for (name, command) in [
        ("weir replay --threads 1", &replay[..]),
        ("weir replay", &ahead[..]),
        ("weir replay --flows", &lines[..]),
        ("ndpiReader -q", &ndpi[..]),
        ("tshark -T fields", &fields[..]),
    ] {
        match measure(name, command) {
            Some(figure) => figures.push(figure),
            None => println!("  {name}: skipped"),
        }
    }
    // The clock of GNU time counts in hundredths: below this a ratio says nothing.
    let Some(own) = figures.first().map(|it| it.cpu_seconds).filter(|it| *it >= 0.05) else {
        println!("  too short to compare: replay a larger capture");
        return Ok(());
    };
    for figure in &figures {
        println!(
            "  {:24} {:>9.3} s  {:>7.1} x  {:>9} KiB",
            figure.name,
            figure.cpu_seconds,
            figure.cpu_seconds / own,
            figure.memory_kib
        );
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
const fn to_f64(value: u64) -> f64 {
    value as f64
}

/// Best CPU time and memory by GNU time, the one tool that tells both of a child.
pub(crate) fn measure(name: &'static str, command: &[&str]) -> Option<Figure> {
    if !command.first().is_some_and(|tool| tool.contains('/') || has(tool)) {
        return None;
    }
    let mut best: Option<Figure> = None;
    for _ in 0..RUNS {
        let output = Command::new("/usr/bin/time")
            .args(["-f", "%U %S %M"])
            .args(command)
            .stdout(Stdio::null())
            .output()
            .ok()?;
        if !output.status.success() {
            println!("  {name}: ended with {}, no figure", output.status);
            return None;
        }
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = text.lines().last()?;
        let mut words = line.split(' ');
        let user: f64 = words.next()?.parse().ok()?;
        let system: f64 = words.next()?.parse().ok()?;
        let memory_kib: u64 = words.next()?.parse().ok()?;
        let figure = Figure { name, cpu_seconds: user + system, memory_kib };
        if best.as_ref().is_none_or(|it| figure.cpu_seconds < it.cpu_seconds) {
            best = Some(figure);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_is_named_with_what_was_expected() {
        let wrong = [PathBuf::from("drivr"), root(), root().join("Cargo.toml/driver")];
        for file in wrong {
            let told = run(core::slice::from_ref(&file)).unwrap_err();
            assert!(told.starts_with(&format!("{}: ", file.display())), "{told}");
            assert!(told.contains("`driver`") && told.contains(".pcap"), "{told}");
        }
        // One that can be read does not hide one that cannot.
        let files = [root().join("Cargo.toml"), PathBuf::from("driver")];
        assert!(run(&files).unwrap_err().starts_with("driver: "));
        assert_eq!(is_readable(&root().join("Cargo.toml")), Ok(()));
    }
}
