//! A real Prometheus scrapes over TLS with user and password, and has what /metrics has.

use crate::client::{DEADLINE, Served, ask_tls, tls, view_of};
use crate::identities::Identities;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::net::SocketAddr;
use core::time::Duration;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use weir_stages::Snapshot;
use weir_stages::snapshot::Value;

/// A Prometheus at work; dropping it ends it.
struct Prometheus {
    child: Child,
    address: SocketAddr,
}

impl Prometheus {
    /// `None` where it is not installed.
    fn scraping(target: SocketAddr, identities: &Identities, more: &[&str]) -> Option<Self> {
        let config = format!(
            "global:\n  scrape_interval: 1s\nscrape_configs:\n- job_name: weir\n  scheme: https\n  \
            basic_auth:\n    username: alice\n    password: sesame\n  tls_config:\n    \
            ca_file: ca.pem\n    server_name: localhost\n  \
            static_configs:\n  - targets: ['{target}']\n"
        );
        let config = identities.write("prometheus.yml", &config);
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", identities.path("tsdb").display()))
            .arg(format!("--web.listen-address={free}"))
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Some(Self { child: child.ok()?, address: free })
    }

    /// The rows of a query, once it has any.
    fn rows(&self, query: &str) -> Vec<Json> {
        let started = Instant::now();
        loop {
            let rows = self.try_rows(query).unwrap_or_default();
            if !rows.is_empty() {
                return rows;
            }
            assert!(started.elapsed() < DEADLINE, "nothing to {query}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn try_rows(&self, query: &str) -> Option<Vec<Json>> {
        let mut stream = std::net::TcpStream::connect(self.address).ok()?;
        // 1.0: the answer ends where the connection does.
        write!(stream, "GET /api/v1/query?query={query} HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let body: Json = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
        body["data"]["result"].as_array().cloned()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ended_already = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// A snapshot in which every number is another one, and histograms reach from end to end.
fn full() -> Snapshot {
    let options = weir_stages::SnapshotOptions::default();
    let state = weir_stages::Aggregator::new(weir_stages::Limits::default());
    let mut snapshot = state.snapshot(1, &options);
    let samples = snapshot.families.iter_mut().flat_map(|family| &mut family.samples);
    for (sample, number) in samples.zip(1_u32..) {
        match &mut sample.value {
            Value::Counter(value) => *value = u64::from(number),
            Value::Gauge(value) => *value = i64::from(number),
            Value::CounterFloat(value) | Value::GaugeFloat(value) => {
                *value = f64::from(number) + 0.5;
            }
            Value::Info => {}
            Value::Histogram(histogram) => {
                let range = histogram.scale.range;
                let mut buckets = vec![0; usize::from(range.buckets())];
                for (value, count) in [
                    (0, 3),
                    (1 << 9, 5),
                    ((1 << 9) + 1, 7),
                    (1 << 20, 11),
                    (1 << 28, 13),
                    (u64::MAX, 2),
                ] {
                    buckets[usize::from(range.bucket(value))] += count;
                }
                histogram.buckets = buckets.into();
                histogram.sum = u64::from(number) << 30;
            }
        }
    }
    snapshot
}

/// Served with TLS and a user, and what a client that may scrape sees.
fn served(identities: &Identities) -> (Served, String) {
    let hash = bcrypt::hash("sesame", 10).unwrap();
    let text = format!(
        "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n\
        basic_auth_users:\n  alice: {hash}\n"
    );
    let served = Served::with(&identities.write("web.yml", &text));
    served.views.send_replace(view_of(full()));
    let client = tls(identities, None);
    let header = format!("Authorization: Basic {}\r\n", STANDARD.encode("alice:sesame"));
    let answer = ask_tls(served.address(), &client, "/metrics", &header).unwrap();
    assert_eq!(answer.status, 200);
    let page = answer.text().to_owned();
    (served, page)
}

/// Labels that a target has and its page has not.
const OF_THE_TARGET: [&str; 2] = ["instance", "job"];

/// The series of a row, labels in alphabetical order, as `name{a="b"}`.
fn series(row: &Json) -> String {
    let metric = row["metric"].as_object().unwrap();
    let labels: BTreeMap<&str, &str> =
        metric.iter().map(|(name, value)| (&**name, value.as_str().unwrap())).collect();
    let shown = labels.iter().filter(|(name, _)| **name != "__name__");
    let shown = shown.filter(|(name, _)| !OF_THE_TARGET.contains(name));
    let shown: Vec<String> = shown.map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    format!("{}{{{}}}", labels["__name__"], shown.join(","))
}

/// The samples of a page, written as [`series`] writes them. No value of a label has a comma here.
fn samples(page: &str) -> BTreeMap<String, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = name.split_once('{').unwrap_or((name, "}"));
        let mut labels: Vec<&str> = labels.trim_end_matches('}').split(',').collect();
        labels.sort_unstable();
        (format!("{name}{{{}}}", labels.join(",")), value.parse().unwrap())
    };
    lines.map(sample).collect()
}

#[test]
fn prometheus_has_every_sample_of_the_page_over_tls_with_a_password() {
    let identities = Identities::make();
    let (served, page) = served(&identities);
    let Some(prometheus) = Prometheus::scraping(served.address(), &identities, &[]) else {
        println!("SKIPPED: prometheus is not installed");
        return;
    };
    prometheus.rows("weir_build_info");
    let rows = prometheus.rows("{job=%22weir%22}");
    let found: BTreeMap<String, f64> = rows
        .iter()
        .map(|row| (series(row), row["value"][1].as_str().unwrap().parse().unwrap()))
        .filter(|(name, _)| name.starts_with("weir_"))
        .collect();
    let expected = samples(&page);
    assert!(expected.len() > 150, "{}", expected.len());
    for (name, value) in &expected {
        assert_eq!(found.get(name), Some(value), "{name}");
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn native_histograms_in_prometheus_have_the_counts_of_the_text() {
    let identities = Identities::make();
    let (served, page) = served(&identities);
    let feature = ["--enable-feature=native-histograms"];
    let Some(prometheus) = Prometheus::scraping(served.address(), &identities, &feature) else {
        println!("SKIPPED: prometheus is not installed");
        return;
    };
    let expected = samples(&page);
    let mut compared = 0;
    let rows = prometheus.rows("weir_classify_seconds");
    assert_eq!(rows.len(), 2);
    for row in rows {
        let name = series(&row);
        let of = |ending: &str| expected[&name.replace('{', &format!("{ending}{{"))];
        let number = |value: &Json| value.as_str().unwrap().parse::<f64>().unwrap();
        let histogram = &row["histogram"][1];
        assert_eq!(number(&histogram["count"]), of("_count"), "{name}");
        assert_eq!(number(&histogram["sum"]), of("_sum"), "{name}");
        let buckets = histogram["buckets"].as_array().unwrap();
        // Each classic bucket is what lies below its bound among the native ones.
        for (classic, count) in expected.iter().filter(|(classic, _)| {
            let labels = name.split_once('{').unwrap().1.trim_end_matches('}');
            classic.starts_with("weir_classify_seconds_bucket") && classic.contains(labels)
        }) {
            let bound = classic.split("le=\"").nth(1).unwrap().split('"').next().unwrap();
            let bound: f64 = bound.parse().unwrap();
            let below = buckets.iter().filter(|bucket| number(&bucket[2]) <= bound * (1.0 + 1e-9));
            let below: f64 = below.map(|bucket| number(&bucket[3])).sum();
            assert_eq!(below, *count, "{classic}");
            compared += 1;
        }
    }
    assert_eq!(compared, 2 * 22);
    // The same scrape has the rest: it is one protobuf page.
    assert_eq!(prometheus.rows("weir_build_info").len(), 1);
}
