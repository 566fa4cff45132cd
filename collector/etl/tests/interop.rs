//! Files of the writer, read by two libraries that others wrote.
//!
//! Set `WEIR_ETL_PYTHON` to the interpreter of an environment that has what
//! `interop/requirements.txt` lists:
//!
//! ```text
//! python3 -m venv target/etl-python
//! target/etl-python/bin/pip install -r collector/etl/tests/interop/requirements.txt
//! WEIR_ETL_PYTHON=$PWD/target/etl-python/bin/python3 cargo test -p weir-etl --test interop
//! ```
#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

mod synthetic;

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use synthetic::{BUFFERS_LOST, EVENTS_LOST, SECOND, START, Written, events, later, options, write};
use weir_etl::write::TraceWriter;

const PYTHON: &str = "WEIR_ETL_PYTHON";

const END: i64 = 90 * SECOND;

/// Events in the order the file has them: buffer after buffer.
fn file_order(written: &[Written], buffers: &[(u16, usize)]) -> Vec<Written> {
    let mut queues: [_; 4] = core::array::from_fn(|cpu| {
        let of_cpu = written.iter().filter(move |event| usize::from(event.cpu) == cpu);
        of_cpu.cloned()
    });
    let mut order = Vec::new();
    for (cpu, records) in buffers {
        order.extend(queues[usize::from(*cpu)].by_ref().take(*records));
    }
    assert_eq!(order.len(), written.len(), "every event is in some buffer");
    order
}

/// Processor and number of records of each buffer behind the header's.
fn buffers(file: &[u8]) -> Vec<(u16, usize)> {
    let u16_at = |at: usize| u16::from_le_bytes(file[at..at + 2].try_into().unwrap());
    let starts = (4096..file.len()).step_by(4096);
    let records = |start: usize| {
        let end = start + usize::from(u16_at(start + 0x30));
        let mut at = start + 0x48;
        let mut count = 0;
        while at < end {
            at += usize::from(u16_at(at)).next_multiple_of(8);
            count += 1;
        }
        count
    };
    starts.map(|start| (u16_at(start + 0x28), records(start))).collect()
}

/// A file of its own for each reader: tests run side by side.
fn file(reader: &str) -> (PathBuf, Vec<Written>) {
    let name = format!("written-for-{reader}.etl");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let written = events(500);
    let mut writer = TraceWriter::new(File::create(&path).unwrap(), options()).unwrap();
    let (before, behind) = written.split_at(250);
    write(&mut writer, before).unwrap();
    writer.lost(EVENTS_LOST);
    writer.buffers_lost(BUFFERS_LOST);
    write(&mut writer, behind).unwrap();
    drop(writer.finish(later(END)).unwrap());
    (path, written)
}

/// The line that the script should print for an event.
fn line(event: &Written) -> String {
    let header = &event.header;
    let name = event.name.map_or_else(|| "null".to_owned(), |name| format!("\"{name}\""));
    let payload: String = event.payload.iter().map(|byte| format!("{byte:02x}")).collect();
    let provider = header.provider.to_string();
    let provider = provider.trim_matches(['{', '}']);
    format!(
        concat!(
            r#"{{"time":{},"cpu":{},"pid":{},"tid":{},"provider":"{}","id":{},"version":{},"#,
            r#""level":{},"keyword":{},"name":{},"payload":"{}"}}"#
        ),
        event.time.0,
        event.cpu,
        header.process_id,
        header.thread_id,
        provider,
        header.id,
        header.version,
        header.level,
        header.keyword,
        name,
        payload
    )
}

fn read(python: &OsStr, reader: &str, path: &Path) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/read.py");
    let output = Command::new(python).arg(script).arg(reader).arg(path).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{reader}: {words}");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(str::to_owned).collect()
}

/// Compares a reader's lines with what was written; `describe` makes the first one.
fn compare(python: &OsStr, reader: &str, describe: impl Fn(usize) -> String) {
    let (path, written) = file(reader);
    let lines = read(python, reader, &path);
    let buffers = buffers(&std::fs::read(&path).unwrap());
    assert_eq!(lines[0], describe(buffers.len() + 1));
    assert_eq!(lines.len() - 1, written.len(), "events");
    for (found, event) in lines[1..].iter().zip(file_order(&written, &buffers)) {
        assert_eq!(found, &line(&event));
    }
}

#[test]
fn dissect_reads_what_was_written() {
    let Some(python) = std::env::var_os(PYTHON) else {
        eprintln!("SKIPPED: {PYTHON} names no Python that has dissect");
        return;
    };
    compare(&python, "dissect", |buffers| {
        format!(
            concat!(
                r#"{{"session":"made up","file":"C:\\traces\\made up.etl","processors":4,"#,
                r#""buffers":{},"events_lost":{},"buffers_lost":{},"start":{},"end":{}}}"#
            ),
            buffers,
            EVENTS_LOST,
            BUFFERS_LOST,
            START.0,
            later(END).0
        )
    });
}

#[test]
fn etl_parser_reads_what_was_written() {
    let Some(python) = std::env::var_os(PYTHON) else {
        eprintln!("SKIPPED: {PYTHON} names no Python that has etl-parser");
        return;
    };
    compare(&python, "etl-parser", |buffers| {
        format!(
            r#"{{"processors":4,"buffers":{},"events_lost":{},"end":{}}}"#,
            buffers,
            EVENTS_LOST,
            later(END).0
        )
    });
}
