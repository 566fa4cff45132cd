//! A real Prometheus and what it answers.

use core::net::SocketAddr;
use core::time::Duration;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// No answer takes longer.
const DEADLINE: Duration = Duration::from_secs(30);

/// A Prometheus at work; dropping it ends it.
pub(crate) struct Prometheus {
    child: Child,
    address: SocketAddr,
}

/// Rows of an answer; an error says what Prometheus said.
pub(crate) type Answer = Result<Vec<Json>, String>;

impl Prometheus {
    /// Starts it on a configuration and a store, and waits until it answers.
    pub(crate) fn start(config: &Path, store: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", store.display()))
            .arg(format!("--web.listen-address={free}"))
            .arg("--log.level=error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let it = Self { child, address: free };
        let started = Instant::now();
        while it.instant("vector(1)", None).is_err() {
            assert!(started.elapsed() < DEADLINE, "Prometheus does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        it
    }

    /// What an expression is now, or at a time in seconds since 1970.
    pub(crate) fn instant(&self, expression: &str, time: Option<u64>) -> Answer {
        let time = time.map_or_else(String::new, |time| format!("&time={time}"));
        self.ask(&format!("query?query={}{time}", encoded(expression)))
    }

    /// What an expression was over a time; rows whose values are not numbers are left out.
    pub(crate) fn range(&self, expression: &str, from: u64, to: u64) -> Answer {
        let query = encoded(expression);
        let rows = self.ask(&format!("query_range?query={query}&start={from}&end={to}&step=15"))?;
        Ok(rows.into_iter().filter(has_number).collect())
    }

    /// The rules that it evaluates.
    pub(crate) fn rule_failures(&self) -> Vec<String> {
        let answer = self.get("rules").unwrap();
        let groups = answer["data"]["groups"].as_array().unwrap();
        assert!(!groups.is_empty());
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
        let bad = rules.filter(|rule| rule["health"] == "err");
        bad.map(|rule| format!("{}: {}", rule["name"], rule["lastError"])).collect()
    }

    fn ask(&self, path: &str) -> Answer {
        let answer = self.get(path)?;
        match answer["data"]["result"].as_array() {
            Some(rows) => Ok(rows.clone()),
            None => Err(answer["error"].to_string()),
        }
    }

    fn get(&self, path: &str) -> Result<Json, String> {
        let mut stream = TcpStream::connect(self.address).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        // 1.0: the answer ends where the connection does.
        write!(stream, "GET /api/v1/{path} HTTP/1.0\r\n\r\n").map_err(|error| error.to_string())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or_else(|| answer.clone())?;
        serde_json::from_str(body).map_err(|error| format!("{error}: {body}"))
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ended_already = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn encoded(expression: &str) -> String {
    utf8_percent_encode(expression, NON_ALPHANUMERIC).to_string()
}

/// Whether any value of a row is a number: the quantile of nothing is none.
fn has_number(row: &Json) -> bool {
    let values = row["values"].as_array().unwrap();
    values.iter().any(|pair| pair[1].as_str().unwrap() != "NaN")
}
