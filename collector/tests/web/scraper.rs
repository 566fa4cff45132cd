//! A real Prometheus that scrapes us, and the series that it and a page have.
//!
//! For the web server's tests and for those of `weir run`.

use crate::client::DEADLINE;
use crate::identities::Identities;
use core::net::SocketAddr;
use core::time::Duration;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// A Prometheus at work; dropping it ends it.
pub(crate) struct Prometheus {
    child: Child,
    address: SocketAddr,
}

impl Prometheus {
    /// `None` where it is not installed.
    pub(crate) fn scraping(
        target: SocketAddr,
        identities: &Identities,
        more: &[&str],
    ) -> Option<Self> {
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
    pub(crate) fn rows(&self, query: &str) -> Vec<Json> {
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

    pub(crate) fn try_rows(&self, query: &str) -> Option<Vec<Json>> {
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

/// Labels that a target has and its page has not.
const OF_THE_TARGET: [&str; 2] = ["instance", "job"];

/// The series of a row, labels in alphabetical order, as `name{a="b"}`.
pub(crate) fn series(row: &Json) -> String {
    let metric = row["metric"].as_object().unwrap();
    let labels: BTreeMap<&str, &str> =
        metric.iter().map(|(name, value)| (&**name, value.as_str().unwrap())).collect();
    let shown = labels.iter().filter(|(name, _)| **name != "__name__");
    let shown = shown.filter(|(name, _)| !OF_THE_TARGET.contains(name));
    let shown: Vec<String> = shown.map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    format!("{}{{{}}}", labels["__name__"], shown.join(","))
}

/// The samples of a page, written as [`series`] writes them: an empty label is none.
/// No value of a label has a comma here.
pub(crate) fn samples(page: &str) -> BTreeMap<String, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = name.split_once('{').unwrap_or((name, "}"));
        let mut labels: Vec<&str> = labels.trim_end_matches('}').split(',').collect();
        labels.retain(|label| !label.ends_with("=\"\""));
        labels.sort_unstable();
        (format!("{name}{{{}}}", labels.join(",")), value.parse().unwrap())
    };
    lines.map(sample).collect()
}
