//! PyPI's rotel, an OTLP receiver that others wrote, and what it says it decoded.
//!
//! Set `WEIR_ROTEL` to its program:
//!
//! ```text
//! python3 -m pip install --target target/rotel --python-version 3.11 --only-binary=:all: \
//!     --no-deps -r collector/tests/otlp/requirements.txt
//! WEIR_ROTEL=$PWD/target/rotel/rotel/rotel-agent cargo test -p weir --test otlp
//! ```

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::collections::BTreeMap;
use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use weir_stages::catalogue::{Kind, METRICS, Metric};

/// How long anything may take that is waited for.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A running receiver.
pub(crate) struct Rotel {
    child: Child,
    folder: tempfile::TempDir,
    pub grpc: SocketAddr,
    pub http: SocketAddr,
}

impl Rotel {
    /// Starts one; `None`, with a line, where `WEIR_ROTEL` names none.
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("WEIR_ROTEL") else {
            println!("SKIPPED: WEIR_ROTEL names no receiver");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let (grpc, http) = (free(), free());
        let child = Command::new(program)
            .args(["start", "--exporter", "blackhole", "--debug-log", "metrics"])
            .args(["--debug-log", "logs", "--debug-log-verbosity", "detailed"])
            .args(["--otlp-grpc-endpoint", &grpc.to_string()])
            .args(["--otlp-http-endpoint", &http.to_string()])
            .arg("--pid-file")
            .arg(folder.path().join("pid"))
            .arg("--log-file")
            .arg(folder.path().join("log"))
            .stdout(File::create(folder.path().join("out")).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let rotel = Self { child, folder, grpc, http };
        until("the receiver listens", || {
            [grpc, http].iter().all(|address| TcpStream::connect(address).is_ok()).then_some(())
        });
        Some(rotel)
    }

    /// What it printed so far.
    pub(crate) fn said(&self) -> String {
        let path: PathBuf = self.folder.path().join("out");
        String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
    }

    /// Waits until what it decoded is this.
    pub(crate) fn wait_for(&self, expected: &BTreeMap<String, f64>) {
        let begun = Instant::now();
        let mut found = BTreeMap::new();
        while begun.elapsed() < DEADLINE && found != *expected {
            found = decoded(&self.said());
            std::thread::yield_now();
        }
        crate::page::assert_same(&found, expected);
    }
}

impl Drop for Rotel {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Polls until there is something.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        std::thread::yield_now();
    }
}

/// An address that was free a moment ago.
fn free() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// A point as it is printed.
#[derive(Default)]
struct Point {
    labels: Vec<String>,
    value: Option<f64>,
    count: Option<f64>,
    sum: Option<f64>,
    bounds: Vec<f64>,
    /// Explicit counts by bucket.
    counts: Vec<f64>,
    /// Upper bound and count of exponential buckets.
    buckets: Vec<(f64, f64)>,
}

/// Lines of the page by what it printed of the catalogue's metrics; the last word counts.
pub(crate) fn decoded(said: &str) -> BTreeMap<String, f64> {
    let mut values = BTreeMap::new();
    let mut metric: Option<&'static Metric> = None;
    let mut point: Option<Point> = None;
    let number = |text: &str| text.trim().parse::<f64>().unwrap();
    // A line that is being written is not whole yet.
    let whole = &said[..said.rfind('\n').map_or(0, |at| at + 1)];
    for line in whole.lines() {
        if line.contains("DataPoints #") || line.starts_with("Metric #") || line.starts_with("Res")
        {
            finish(&mut values, metric, point.take());
        }
        if let Some(name) = line.strip_prefix("     -> Name: ") {
            metric = METRICS.iter().find(|it| it.otel_name == name);
        } else if line.contains("DataPoints #") {
            point = Some(Point::default());
        }
        let Some(point) = &mut point else { continue };
        if let Some(label) = line.strip_prefix("     -> ") {
            let (name, value) = label.split_once(": Str(").unwrap();
            let value = value.strip_suffix(')').unwrap();
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            point.labels.push(format!("{name}=\"{value}\""));
        } else if let Some(text) = line.strip_prefix("Value: ") {
            point.value = Some(number(text));
        } else if let Some(text) = line.strip_prefix("Count: ") {
            point.count = Some(number(text));
        } else if let Some(text) = line.strip_prefix("Sum: ") {
            point.sum = Some(number(text));
        } else if let Some(text) = line.strip_prefix("ExplicitBounds #") {
            point.bounds.push(number(text.split_once(": ").unwrap().1));
        } else if let Some(text) = line.strip_prefix("Buckets #") {
            point.counts.push(number(text.split_once("Count: ").unwrap().1));
        } else if let Some(text) = line.strip_prefix("Bucket ") {
            let (bounds, count) = text.split_once("], Count: ").unwrap();
            let upper = bounds.split_once(", ").unwrap().1;
            point.buckets.push((number(upper), number(count)));
        }
    }
    finish(&mut values, metric, point);
    values
}

fn finish(
    values: &mut BTreeMap<String, f64>,
    metric: Option<&'static Metric>,
    point: Option<Point>,
) {
    let (Some(metric), Some(point)) = (metric, point) else { return };
    let mut insert = |ending: &str, le: Option<f64>, value: f64| {
        let mut labels = point.labels.clone();
        labels.extend(le.map(|le| {
            if le.is_finite() { format!("le=\"{le:?}\"") } else { "le=\"+Inf\"".to_owned() }
        }));
        labels.sort_unstable();
        let name = format!("{}{ending}", metric.name);
        let line = if labels.is_empty() { name } else { format!("{name}{{{}}}", labels.join(",")) };
        values.insert(line, value);
    };
    let Kind::Histogram(scale) = metric.kind else {
        point.value.into_iter().for_each(|value| insert("", None, value));
        return;
    };
    // One that is being printed has no count yet, or not all buckets: it is read again.
    insert("_count", None, point.count.unwrap_or(-1.0));
    insert("_sum", None, point.sum.unwrap_or(-1.0));
    let bounds = scale.classic().map(|exponent| scale.bound(exponent)).chain([f64::INFINITY]);
    for (at, bound) in bounds.enumerate() {
        let below: f64 = if point.bounds.is_empty() {
            // Its bounds are computed, so the last digits differ.
            let within = |it: &&(f64, f64)| it.0 <= bound * (1.0 + 1e-9);
            point.buckets.iter().filter(within).map(|(_, count)| count).sum()
        } else {
            point.counts.iter().take(at + 1).sum()
        };
        insert("_bucket", Some(bound), below);
    }
}
