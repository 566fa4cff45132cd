//! What a receiver that others wrote decodes of `weir run` is what that run serves.

use crate::page::{assert_same, samples};
use crate::rotel::{Rotel, decoded};
use crate::running::{DEADLINE, Running, is_still, trace, trace_in};
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::time::Instant;
use tempfile::TempDir;
use weir_abi::event::{DriverState, Event as _};
use weir_abi::identifiers::PROVIDER;
use weir_etl::{Body, Trace};
use weir_stages::catalogue::{Kind, METRICS, Source};

/// The last total of a batch, the collector's own.
const PROCESS: &str = "process.cpu.time";

/// A run of the trace that exports to a receiver every second.
fn run(trace: &str, rotel: &Rotel, protocol: &str) -> Running {
    let address = if protocol == "grpc" { rotel.grpc } else { rotel.http };
    let endpoint = format!("http://{address}");
    let more = ["--otlp.endpoint", &endpoint, "--otlp.protocol", protocol];
    Running::start(&[&["--from", trace, "--otlp.interval", "1s"], &more[..]].concat())
}

/// What the receiver printed, once it is as wanted; what it is at the end if not.
fn heard(rotel: &Rotel, is_it: impl Fn(&str) -> bool) -> String {
    let started = Instant::now();
    loop {
        let said = rotel.said();
        if is_it(&said) || started.elapsed() > DEADLINE {
            return said;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn still(mut values: BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    values.retain(|series, _| is_still(series));
    values
}

/// Compares what was exported with what is served, and returns both: the figures, what was printed.
fn agreed(running: &Running, rotel: &Rotel) -> (BTreeMap<String, f64>, String) {
    let served = still(samples(&running.settled()));
    assert!(served.len() > 900, "{}", served.len());
    // Of a batch, figures of the process come last.
    let is_whole = |said: &str| starts(said).contains_key(PROCESS);
    let said = heard(rotel, |said| still(decoded(said)) == served && is_whole(said));
    assert_same(&still(decoded(&said)), &served);
    (served, said)
}

/// The last start of each total, by OTLP name.
fn starts(said: &str) -> BTreeMap<String, u64> {
    let (mut starts, mut name) = (BTreeMap::new(), "");
    for line in said.lines() {
        if let Some(found) = line.strip_prefix("     -> Name: ") {
            name = found;
        } else if let Some(start) = line.strip_prefix("StartTimestamp: ") {
            starts.insert(name.to_owned(), start.trim().parse().unwrap());
        }
    }
    let is_total = |name: &str| {
        let metric = METRICS.iter().find(|it| it.otel_name == name);
        metric.is_some_and(|it| matches!(it.kind, Kind::Counter | Kind::Histogram(_)))
    };
    starts.retain(|name, _| is_total(name));
    starts
}

/// When the driver of the trace was loaded, as it says itself.
fn loaded_ns() -> u64 {
    let mut trace = Trace::open(Cursor::new(trace())).unwrap();
    loop {
        let record = trace.next_record().unwrap().unwrap();
        let Body::Event(event) = record.body else { continue };
        if event.provider == PROVIDER && event.id == DriverState::ID {
            let (_, state) = DriverState::decode(event.payload).unwrap();
            return state.loaded_at.unix_nanos().unwrap();
        }
    }
}

/// The driver's totals count since its load, the collector's own since its start, which is later.
fn assert_starts(starts: &BTreeMap<String, u64>) {
    let loaded = loaded_ns();
    for metric in METRICS {
        let Some(start) = starts.get(metric.otel_name) else { continue };
        let is_drivers = matches!(metric.source, Source::Counters | Source::Events);
        assert!(if is_drivers { *start == loaded } else { *start > loaded }, "{}", metric.name);
    }
    let drivers = starts.values().filter(|start| **start == loaded).count();
    assert!(drivers >= 10 && starts.len() > drivers, "{starts:#?}");
}

/// While it runs, and once it was asked to end.
fn until_its_end(protocol: &str) {
    let Some(rotel) = Rotel::start() else { return };
    let folder = TempDir::new().unwrap();
    let running = run(&trace_in(folder.path()), &rotel, protocol);
    let (_, said) = agreed(&running, &rotel);
    assert_starts(&starts(&said));
    // They take less than the second to the next export: the last one brings them.
    let requests = |said: &str| decoded(said).get("weir_web_requests_total").copied();
    let expected = requests(&rotel.said()).unwrap() + 100.0;
    (0..100).for_each(|_| assert_eq!(running.request("/healthz").0, 200));
    let output = running.terminate();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), told.as_str()), (Some(0), ""));
    let has_all = |said: &str| requests(said).is_some_and(|count| count >= expected);
    let said = heard(&rotel, has_all);
    assert!(has_all(&said), "{:?} of {expected}", requests(&said));
}

/// Before a crash, and after the start that follows.
fn over_a_crash(protocol: &str) {
    let Some(rotel) = Rotel::start() else { return };
    let folder = TempDir::new().unwrap();
    let path = trace_in(folder.path());
    let running = run(&path, &rotel, protocol);
    let (before, said) = agreed(&running, &rotel);
    let started = starts(&said);
    assert_starts(&started);
    // Dropped, it is killed as by a crash. Another receiver, for this one may still be printing.
    drop(running);
    let Some(rotel) = Rotel::start() else { return };
    let running = run(&path, &rotel, protocol);
    let (after, said) = agreed(&running, &rotel);
    assert_same(&after, &before);
    let restarted = starts(&said);
    assert_starts(&restarted);
    assert!(started.keys().eq(restarted.keys()), "{started:?} {restarted:?}");
}

#[test]
fn grpc_brings_what_a_run_serves_up_to_its_last_figures() {
    until_its_end("grpc");
}

#[test]
fn http_brings_what_a_run_serves_up_to_its_last_figures() {
    until_its_end("http/protobuf");
}

#[test]
fn over_grpc_totals_and_their_start_survive_a_crash_of_the_collector() {
    over_a_crash("grpc");
}

#[test]
fn over_http_totals_and_their_start_survive_a_crash_of_the_collector() {
    over_a_crash("http/protobuf");
}
