//! `weir demo` from outside: the built binary, its terminal, its web server.
#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Instant;
use weir_stages::catalogue::{Kind, METRICS, Metric};

/// No step takes longer, even on a machine that does much else.
const DEADLINE: Duration = Duration::from_secs(30);

/// A demo at work; dropping it ends it.
struct Demo {
    child: Child,
    stdout: BufReader<ChildStdout>,
    greeting: String,
    address: SocketAddr,
}

impl Demo {
    fn start(args: &[&str]) -> Self {
        let mut child = command(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = String::new();
        while !greeting.ends_with("\n\n") || !greeting.contains("stop ") {
            assert_ne!(stdout.read_line(&mut greeting).unwrap(), 0, "ended early: {greeting}");
        }
        let from = greeting.split_once("http://").unwrap().1;
        let address = from.split_once('/').unwrap().0.parse().unwrap();
        Self { child, stdout, greeting, address }
    }

    /// The head and the body of an answer.
    fn request(&self, path: &str, headers: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let host = self.address;
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_ascii_lowercase(), body.to_owned())
    }

    fn metrics(&self) -> String {
        self.request("/metrics", "").1
    }

    /// Scrapes until every one of these series is above 0.
    fn scrape_until(&self, series: &[&str]) -> String {
        let started = Instant::now();
        loop {
            let text = self.metrics();
            let missing: Vec<_> = series.iter().filter(|name| value(&text, name) < 1.0).collect();
            if missing.is_empty() {
                return text;
            }
            assert!(started.elapsed() < DEADLINE, "still 0: {missing:?}\n{text}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits for its end: its status and what it still printed.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ended_already = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.arg("demo").args(args).stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

fn start_on_a_free_port(more: &[&str]) -> Demo {
    Demo::start(&[&["--web.listen-address", "127.0.0.1:0"], more].concat())
}

/// The value of a series that is written exactly so; 0 where it is missing.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |number| number.parse().unwrap())
}

const DECIDED: [&str; 5] = [
    r#"weir_program_verdicts_total{program="tls_sni_block",state="established",verdict="block"}"#,
    r#"weir_program_verdicts_total{program="http_host_block",state="established",verdict="block"}"#,
    r#"weir_program_verdicts_total{program="protocol_detect",state="established",verdict="allow"}"#,
    r#"weir_flow_verdicts_total{verdict="allow",direction="outbound",network_type="ipv4"}"#,
    r#"weir_flow_verdicts_total{verdict="block",direction="outbound",network_type="ipv4"}"#,
];

#[test]
fn live_flows_are_allowed_and_blocked_and_no_event_is_lost() {
    let demo = start_on_a_free_port(&["--duration", "60s"]);
    let text = demo.scrape_until(&DECIDED);
    for series in ["weir_driver_up", "weir_bfe_up", "weir_flow_set_complete"] {
        assert_eq!(value(&text, series), 1.0, "{series}");
    }
    let is_loss = |line: &&str| {
        let names = ["weir_etw_events_lost_total{", "weir_etw_unaccounted{", "weir_events_dropped"];
        names.iter().any(|name| line.starts_with(name)) && !line.ends_with(" 0")
    };
    assert_eq!(text.lines().find(is_loss), None);
}

/// Metrics that say something of Windows only.
const WINDOWS_ONLY: [&str; 2] = ["weir_wfp_", "weir_doctor_"];

#[test]
fn every_metric_that_needs_no_windows_has_a_value() {
    // Where nobody listens, so that the export has something to say.
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{nowhere}");
    let demo = start_on_a_free_port(&["--duration", "60s", "--otlp.endpoint", &endpoint]);
    assert!(demo.greeting.contains(&format!("exports   to {endpoint}")), "{}", demo.greeting);
    let text = demo.scrape_until(&[
        DECIDED[0],
        r#"weir_etw_session_up{session="demo"}"#,
        r#"weir_etw_source_lag_seconds_count{session="demo"}"#,
        r#"weir_web_requests_total"#,
    ]);
    let is_shown = |metric: &&Metric| {
        let bucket = if matches!(metric.kind, Kind::Histogram(_)) { "_bucket" } else { "" };
        text.lines().any(|line| {
            let rest = line.strip_prefix(metric.name).and_then(|rest| rest.strip_prefix(bucket));
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
        })
    };
    let silent: Vec<_> =
        METRICS.iter().filter(|it| !is_shown(it)).map(|metric| metric.name).collect();
    let is_excused = |name: &&str| WINDOWS_ONLY.iter().any(|it| name.starts_with(it));
    assert!(silent.iter().all(is_excused), "{silent:?}");
}

#[test]
fn waiting_flows_get_stuck_after_the_time_that_is_given() {
    let demo = start_on_a_free_port(&["--duration", "60s", "--stuck-after", "500ms"]);
    demo.scrape_until(&[
        r#"weir_flow_stuck{program="tls_sni_block"}"#,
        r#"weir_flow_stuck{program="http_host_block"}"#,
        r#"weir_flow_waiting{program="protocol_detect"}"#,
        r#"weir_flow_undecided{program="tls_sni_block"}"#,
    ]);
}

#[test]
fn promtool_has_nothing_to_say_about_the_metrics() {
    let demo = start_on_a_free_port(&["--duration", "60s"]);
    let text = demo.scrape_until(&DECIDED);
    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = promtool else {
        println!("SKIPPED: promtool is not installed");
        return;
    };
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = promtool.wait_with_output().unwrap();
    let said = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert_eq!((status.code(), said), (Some(0), [String::new(), String::new()]));
}

#[test]
fn metrics_come_in_the_format_that_is_asked_for() {
    let demo = start_on_a_free_port(&["--duration", "60s"]);
    let (head, body) = demo.request("/metrics", "");
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    assert!(!body.contains("# EOF"));
    let (head, body) =
        demo.request("/metrics", "Accept: application/openmetrics-text; version=1.0.0\r\n");
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{head}");
    assert!(body.ends_with("# EOF\n"));
}

#[test]
fn the_page_comes_whole_from_here_and_everything_else_is_not_found() {
    let demo = start_on_a_free_port(&["--duration", "60s"]);
    for (path, kind) in [
        ("/", "text/html"),
        ("/weir.css", "text/css"),
        ("/weir.js", "text/javascript"),
        ("/icon.svg", "image/svg+xml"),
        ("/api/state", "application/json"),
        ("/healthz", "text/plain"),
    ] {
        let (head, body) = demo.request(path, "");
        assert!(head.starts_with("http/1.1 200 "), "{path}: {head}");
        assert!(head.contains(&format!("content-type: {kind}")), "{path}: {head}");
        assert!(head.contains("content-security-policy: default-src 'self';"), "{path}: {head}");
        assert!(head.contains("x-content-type-options: nosniff"), "{path}: {head}");
        let outside = ["https://", "innerHTML", "insertAdjacentHTML", "eval("];
        assert_eq!(outside.iter().find(|it| body.contains(**it)), None, "{path}");
    }
    for path in ["/index.html", "/metrics/", "/api", "/../etc/passwd"] {
        assert!(demo.request(path, "").0.starts_with("http/1.1 404 "), "{path}");
    }
}

#[test]
fn the_state_names_verdicts_with_their_program_and_what_was_asked_for() {
    let demo = start_on_a_free_port(&["--duration", "60s"]);
    demo.scrape_until(&DECIDED);
    let state: serde_json::Value = serde_json::from_str(&demo.request("/api/state", "").1).unwrap();
    let names: Vec<_> =
        state["programs"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["tls_sni_block", "http_host_block", "protocol_detect"]);
    let verdicts = state["verdicts"].as_array().unwrap();
    let blocked: Vec<_> = verdicts.iter().filter(|it| it["verdict"] == "block").collect();
    assert!(!blocked.is_empty());
    for row in blocked {
        let note = row["note"].as_str().unwrap();
        let program = if note == "blocked.example" { "http_host_block" } else { "tls_sni_block" };
        assert!(note == "blocked.example" || note.ends_with("ads.tracker.test"), "{note}");
        assert_eq!(row["program"], program);
    }
    for row in verdicts.iter().filter(|it| it["verdict"] == "allow") {
        let note = row["note"].as_str().unwrap();
        assert!(note != "blocked.example" && !note.ends_with("ads.tracker.test"), "{note}");
    }
}

#[test]
fn the_terminal_says_what_to_open_and_in_the_end_what_was_decided() {
    let demo = start_on_a_free_port(&["--duration", "5s"]);
    let page = format!("http://{}/", demo.address);
    assert!(demo.greeting.contains(&page) && demo.greeting.lines().count() <= 8);
    demo.scrape_until(&DECIDED);
    let (code, rest) = demo.end();
    assert_eq!(code, Some(0));
    for word in ["allow", "block", "tls_sni_block", "http_host_block", "protocol_detect"] {
        assert!(rest.contains(word), "{word}: {rest}");
    }
}

#[cfg(unix)]
#[test]
fn interrupt_and_terminate_end_it_within_a_second() {
    for signal in ["-INT", "-TERM"] {
        let demo = start_on_a_free_port(&[]);
        demo.scrape_until(&DECIDED);
        let sent = Instant::now();
        let pid = demo.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let (code, rest) = demo.end();
        let took = sent.elapsed();
        assert!(took < Duration::from_secs(1), "{signal}: {took:?}");
        assert_eq!(code, Some(0), "{signal}");
        assert!(rest.contains("tls_sni_block"), "{rest}");
    }
}

#[test]
fn an_address_in_use_is_exit_code_8_with_a_hint_and_nothing_on_stdout() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = command(&["--web.listen-address", &address]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(8), "{said}");
    assert!(said.starts_with(&format!("weir: failed to listen on {address}: ")), "{said}");
    assert!(said.contains("\nhint: ") && said.contains("127.0.0.1:0"), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_client_that_never_finishes_its_request_is_sent_away() {
    let demo = start_on_a_free_port(&["--duration", "60s"]);
    let mut stream = TcpStream::connect(demo.address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: ").unwrap();
    let started = Instant::now();
    let _closed_or_408 = stream.read_to_end(&mut Vec::new());
    let took = started.elapsed();
    assert!(took < DEADLINE, "{took:?}");
}
