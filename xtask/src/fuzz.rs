//! `cargo xtask fuzz TARGET`: libFuzzer on the pinned toolchain.
//!
//! The flags are those of `cargo fuzz` without a sanitizer, which stable Rust has none of; all of
//! them are stable. A C++ compiler is needed, because libFuzzer is built from source.

use crate::run::{Outcome, root};
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Coverage of edges and of what is compared.
const FLAGS: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// Longest input; seeds have 12 KiB at most.
const INPUT_BYTES_MAX: u32 = 32 << 10;

/// An input that takes longer than this is a finding.
const INPUT_SECONDS_MAX: u32 = 10;

/// Builds a target and runs it. The corpus stays in the build folder for the next run.
pub(crate) fn run(target: &str, minutes: u32) -> Outcome {
    let folder = root().join("tests/fuzz");
    let build = crate::bench::target().join("fuzz");
    // With a target named, flags do not apply to build scripts, which are not linked to libFuzzer.
    let host = host()?;
    let manifest = folder.join("Cargo.toml");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--locked", "--bin", target, "--target", &host]);
    cargo.arg("--manifest-path").arg(manifest).arg("--target-dir").arg(&build);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"));
    ended(&mut cargo)?;

    let (corpus, regressions) = (build.join("corpus").join(target), folder.join("regressions"));
    std::fs::create_dir_all(&corpus).map_err(|error| format!("{}: {error}", corpus.display()))?;
    let mut fuzzer = Command::new(build.join(host).join("release").join(target));
    fuzzer.args([corpus.as_path(), regressions.as_path()]);
    fuzzer.arg(prefixed("-artifact_prefix=", &regressions));
    fuzzer.arg(format!("-max_total_time={}", u64::from(minutes) * 60));
    fuzzer.arg(format!("-max_len={INPUT_BYTES_MAX}"));
    fuzzer.arg(format!("-timeout={INPUT_SECONDS_MAX}"));
    fuzzer.args(["-print_final_stats=1", "-use_value_profile=1"]);
    fuzzer.env("WEIR_FUZZ_SEEDS", &corpus);
    ended(&mut fuzzer)
}

/// The folder as libFuzzer wants it, with a slash at its end.
fn prefixed(option: &str, folder: &Path) -> String {
    format!("{option}{}/", folder.display())
}

fn ended(command: &mut Command) -> Outcome {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.current_dir(root()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{name}` ended with {status}")),
        Err(error) => Err(format!("`{name}` cannot be run: {error}")),
    }
}

/// What the compiler builds for by itself.
fn host() -> Result<String, String> {
    let rustc = std::env::var_os("RUSTC");
    let rustc = rustc.as_deref().unwrap_or_else(|| OsStr::new("rustc"));
    let output = Command::new(rustc).arg("-vV").output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "the compiler names no host".to_owned())
}
