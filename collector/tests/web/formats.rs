//! What /metrics answers to which wishes.

use crate::client::{Served, view_of};
use flate2::read::GzDecoder;
use std::io::Read as _;
use std::sync::Arc;
use weir::serve::View;
use weir_stages::exposition::{openmetrics, protobuf, text};
use weir_stages::{Aggregator, Limits, SnapshotOptions};

const PROTOBUF: &str = "Accept: application/vnd.google.protobuf;\
    proto=io.prometheus.client.MetricFamily;encoding=delimited\r\n";

#[test]
fn every_format_is_the_published_view_plain_and_compressed() {
    let served = Served::plain();
    let snapshot = served.views.borrow().snapshot.clone();
    for (wish, kind, page) in [
        ("", "text/plain; version=0.0.4", text(&snapshot).unwrap().into_bytes()),
        (
            "Accept: application/openmetrics-text; version=1.0.0\r\n",
            "application/openmetrics-text; version=1.0.0",
            openmetrics(&snapshot).unwrap().into_bytes(),
        ),
        (PROTOBUF, "application/vnd.google.protobuf; proto=io.", protobuf(&snapshot)),
    ] {
        let answer = served.get("/metrics", wish);
        assert_eq!(answer.status, 200);
        assert!(answer.head.contains(&format!("content-type: {kind}")), "{}", answer.head);
        assert!(!answer.head.contains("content-encoding"), "{}", answer.head);
        assert_eq!(answer.body, page, "{kind}");
        let answer = served.get("/metrics", &format!("{wish}Accept-Encoding: gzip\r\n"));
        assert!(answer.head.contains("content-encoding: gzip"), "{}", answer.head);
        assert!(answer.head.contains("vary: accept, accept-encoding"), "{}", answer.head);
        let mut unpacked = Vec::new();
        GzDecoder::new(&answer.body[..]).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == page && answer.body.len() < page.len() / 2, "{kind}");
    }
}

#[test]
fn a_scrape_is_never_of_an_older_view_than_the_published_one() {
    let served = Served::plain();
    let first = served.get("/metrics", "").body;
    assert_eq!(served.get("/metrics", "").body, first);
    served.views.send_replace(changed());
    let second = served.get("/metrics", "").body;
    assert_ne!(second, first);
    assert_eq!(second, text(&served.views.borrow().snapshot.clone()).unwrap().into_bytes());
}

/// A view that differs in a number.
fn changed() -> Arc<View> {
    let mut state = Aggregator::new(Limits::default());
    state.queue_dropped(1, 7);
    view_of(state.snapshot(2_000_000_000, &SnapshotOptions::default()))
}
