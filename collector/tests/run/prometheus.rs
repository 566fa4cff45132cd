//! A real Prometheus scrapes `weir run` over TLS with user and password.

use crate::client::{Answer, DEADLINE, ask_tls, tls};
use crate::identities::Identities;
use crate::running::{Running, is_still, trace_in};
use crate::scraper::{Prometheus, samples, series};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::time::Duration;
use std::collections::BTreeMap;
use std::time::Instant;

/// What a user of the driver's figures looks at first; none is 0 after a trace of the demo.
const SHOWN: [&str; 14] = [
    "weir_flow_verdicts_total{direction=\"outbound\",network_type=\"ipv4\",verdict=\"allow\"}",
    "weir_flow_verdicts_total{direction=\"outbound\",network_type=\"ipv4\",verdict=\"block\"}",
    "weir_program_invocations_total\
     {direction=\"outbound\",program=\"http_host_block\",state=\"new\"}",
    "weir_program_verdicts_total\
     {program=\"tls_sni_block\",state=\"new\",verdict=\"need_more_data\"}",
    "weir_program_run_seconds_count{program=\"protocol_detect\",state=\"new\"}",
    "weir_program_run_seconds_sum{program=\"protocol_detect\",state=\"new\"}",
    "weir_program_run_seconds_bucket{le=\"0.125\",program=\"protocol_detect\",state=\"new\"}",
    "weir_program_run_seconds_bucket{le=\"+Inf\",program=\"protocol_detect\",state=\"new\"}",
    "weir_stream_absorbed_bytes_total{direction=\"outbound\"}",
    "weir_etw_events_received_total{event=\"flow_established\"}",
    "weir_etw_events_received_total{event=\"counters\"}",
    "weir_flow_set_complete{}",
    "weir_classify_seconds_count{layer=\"stream\"}",
    "weir_series_active{metric=\"weir_flow_verdicts_total\"}",
];

const INFOS: [&str; 3] = ["weir_build_info{", "weir_driver_info{", "weir_program_info{"];

struct Guarded {
    identities: Identities,
    running: Running,
}

impl Guarded {
    /// A run of a trace behind TLS and a password.
    fn start() -> Self {
        let identities = Identities::make();
        let hash = bcrypt::hash("sesame", 10).unwrap();
        let text = format!(
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n\
            basic_auth_users:\n  alice: {hash}\n"
        );
        let web = identities.write("web.yml", &text);
        let trace = trace_in(identities.folder());
        let web = web.to_str().unwrap();
        let running = Running::start(&["--from", &trace, "--web.config.file", web]);
        Self { identities, running }
    }

    fn ask(&self, path: &str, headers: &str) -> Answer {
        let client = tls(&self.identities, None);
        ask_tls(self.running.address(), &client, path, headers).unwrap()
    }

    /// What a client that may scrape sees once the trace was read.
    fn settled(&self) -> BTreeMap<String, f64> {
        let started = Instant::now();
        while self.ask("/readyz", &as_user("alice:sesame")).status != 200 {
            assert!(started.elapsed() < DEADLINE, "never ready");
            std::thread::sleep(Duration::from_millis(50));
        }
        let page = self.ask("/metrics", &as_user("alice:sesame"));
        assert_eq!(page.status, 200);
        still(samples(page.text()))
    }
}

fn as_user(who: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(who))
}

fn still(mut samples: BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    samples.retain(|name, _| name.starts_with("weir_") && is_still(name));
    samples
}

#[test]
fn nobody_reads_a_run_without_tls_and_the_password() {
    let guarded = Guarded::start();
    for path in ["/", "/metrics", "/api/state", "/readyz"] {
        for headers in [String::new(), as_user("alice:wrong"), as_user("bob:sesame")] {
            let answer = guarded.ask(path, &headers);
            assert_eq!(answer.status, 401, "{path}");
            assert!(!answer.text().contains("weir_"), "{path}");
        }
    }
    assert_eq!(guarded.ask("/metrics", &as_user("alice:sesame")).status, 200);
    let (address, headers) = (guarded.running.address(), as_user("alice:sesame"));
    let plain = crate::client::ask(crate::client::connect(address), "/metrics", &headers);
    assert!(plain.is_err(), "{plain:?}");
}

#[test]
fn prometheus_has_what_a_run_serves_over_tls_with_a_password() {
    let guarded = Guarded::start();
    let expected = guarded.settled();
    for name in SHOWN {
        assert!(
            expected.get(name).is_some_and(|value| *value > 0.0),
            "{name}: {:?}",
            expected.get(name)
        );
    }
    for name in INFOS {
        assert!(expected.keys().any(|it| it.starts_with(name)), "{name}");
    }
    let address = guarded.running.address();
    let Some(prometheus) = Prometheus::scraping(address, &guarded.identities, &[]) else {
        println!("SKIPPED: prometheus is not installed");
        return;
    };
    prometheus.rows("weir_build_info");
    let rows = prometheus.rows("{job=%22weir%22}");
    let number = |row: &serde_json::Value| row["value"][1].as_str().unwrap().parse().unwrap();
    let found = still(rows.iter().map(|row| (series(row), number(row))).collect());
    crate::page::assert_same(&found, &expected);
    assert_eq!(guarded.running.terminate().status.code(), Some(0));
}
