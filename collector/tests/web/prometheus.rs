//! A real Prometheus scrapes over TLS with user and password, and has what /metrics has.

use crate::client::{Served, ask_tls, tls, view_of};
use crate::identities::Identities;
use crate::scraper::{Prometheus, samples, series};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use weir_abi::EventHead;
use weir_stages::batch::EventBatch;
use weir_stages::snapshot::Value;
use weir_stages::{Aggregator, Limits, Snapshot};
use weir_usermode::hook::{Hook, HookOptions};

/// A snapshot in which every number is another one, and histograms reach from end to end.
fn full() -> Snapshot {
    let options = weir_stages::SnapshotOptions::default();
    let mut snapshot = told().snapshot(1, &options);
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

/// The state after a driver's first totals: what it counts is shown from then on.
fn told() -> Aggregator {
    let events = Arc::new(Mutex::new(EventBatch::new()));
    let written = Arc::clone(&events);
    let sink = move |head: &EventHead, payload: &[u8]| {
        written.lock().unwrap().push(*head, payload).unwrap();
    };
    let mut hook = Hook::start(HookOptions::default(), Box::new(sink), 1);
    hook.tick(2_000_000_000);
    let mut state = Aggregator::new(Limits::default());
    state.apply(&events.lock().unwrap());
    state
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
