//! `cargo xtask bench FILE.etl…`: event trace files read here and by two libraries that others
//! wrote, in one run.

use crate::bench::measure;
use crate::run::{Outcome, root};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// Names the Python that has the libraries of `collector/etl/tests/interop/requirements.txt`.
const PYTHON: &str = "WEIR_ETL_PYTHON";

/// What a reader found in one file.
struct Found {
    records: u64,
    events: u64,
    seconds: f64,
    error: Option<String>,
}

/// A reader and what it found in each file.
struct Reader {
    name: &'static str,
    found: Vec<Found>,
}

/// Prints every figure.
pub(crate) fn run(files: &[PathBuf], weir: &str) -> Outcome {
    let example = ["run", "--release", "--locked", "--quiet", "--package", "weir-etl", "--example"];
    let own = |options: &[&str]| {
        let mut command = Command::new("cargo");
        command.current_dir(root()).args(example).args(["count", "--"]).args(options).args(files);
        command
    };
    let mut readers =
        vec![reader("weir-etl", own(&[]))?, reader("weir-etl --fields", own(&["--fields"]))?];
    match std::env::var_os(PYTHON) {
        None => println!("skipped: dissect.etl and etl-parser, {PYTHON} is not set"),
        Some(python) => {
            let script = root().join("collector/etl/tests/interop/count.py");
            for (name, library) in [("dissect.etl", "dissect"), ("etl-parser", "etl-parser")] {
                let mut command = Command::new(&python);
                command.arg(&script).arg(library).args(files);
                readers.push(reader(name, command)?);
            }
        }
    }
    for (place, file) in files.iter().enumerate() {
        let bytes = std::fs::metadata(file).map_err(|error| error.to_string())?.len();
        println!("\n{} ({:.2} MB)", file.display(), bytes as f64 / 1e6);
        print(&readers, place, bytes as f64);
    }
    println!(
        "\nall files whose counts are equal, seconds of each reader and of weir-etl for the same:"
    );
    readers.iter().for_each(|reader| print_total(reader, &readers[0], files));
    println!("\nweir events, a line for every record, to nowhere (CPU seconds):");
    for file in files {
        let path = file.display().to_string();
        if let Some(figure) = measure("weir events", &[weir, "events", &path]) {
            println!("  {:>7.2} s {:>8} KiB  {path}", figure.cpu_seconds, figure.memory_kib);
        }
    }
    Ok(())
}

fn reader(name: &'static str, mut command: Command) -> Result<Reader, String> {
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let found = text.lines().map(|line| {
        let line: Value = serde_json::from_str(line).map_err(|error| format!("{name}: {error}"))?;
        let number = |key: &str| line[key].as_u64().unwrap_or(0);
        Ok(Found {
            records: number("records"),
            events: number("events"),
            seconds: line["seconds"].as_f64().unwrap_or(f64::NAN),
            error: line["error"].as_str().map(ToOwned::to_owned),
        })
    });
    Ok(Reader { name, found: found.collect::<Result<_, String>>()? })
}

/// A reader's sums over the files in which it finds what is there.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn print_total(reader: &Reader, own: &Reader, files: &[PathBuf]) {
    let same = reader
        .found
        .iter()
        .zip(&own.found)
        .zip(files)
        .filter(|((found, own), _)| (found.records, found.events) == (own.records, own.events));
    let (mut records, mut bytes, mut seconds, mut own_seconds, mut count) = (0, 0, 0.0, 0.0, 0);
    for ((found, own), file) in same {
        records += found.records;
        bytes += file.metadata().map_or(0, |it| it.len());
        seconds += found.seconds;
        own_seconds += own.seconds;
        count += 1;
    }
    println!(
        "  {:18} {count:>3} files {records:>8} records {seconds:>10.6} s {:>12.0} records/s {:>9.1} MB/s {:>8.1} x",
        reader.name,
        records as f64 / seconds,
        bytes as f64 / seconds / 1e6,
        seconds / own_seconds,
    );
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn print(readers: &[Reader], place: usize, bytes: f64) {
    let Some(own) = readers.first().and_then(|reader| reader.found.get(place)) else { return };
    for reader in readers {
        let Some(found) = reader.found.get(place) else { continue };
        let counts = match &found.error {
            Some(error) => error.clone(),
            None if (found.records, found.events) == (own.records, own.events) => {
                "equal".to_owned()
            }
            None => "other counts".to_owned(),
        };
        println!(
            "  {:18} {:>8} records {:>7} events {:>10.6} s {:>12.0} records/s {:>9.1} MB/s {:>8.1} x  {counts}",
            reader.name,
            found.records,
            found.events,
            found.seconds,
            found.records as f64 / found.seconds,
            bytes / found.seconds / 1e6,
            found.seconds / own.seconds,
        );
    }
}
