//! Health, readiness, bounds of heads, and what a web configuration adds.

use crate::client::{Served, ask, ask_tls, connect, tls};
use crate::identities::Identities;
use std::io::{Read as _, Write as _};
use std::time::Instant;
use weir::serve::Readiness;

#[test]
fn it_is_healthy_from_the_start_and_ready_when_the_source_is() {
    let served = Served::plain();
    assert_eq!(served.get("/readyz", "").status, 200);
    served.readiness.send_replace(Readiness::NotReady("the session has not started".into()));
    let answer = served.get("/readyz", "");
    let said = (answer.status, answer.text());
    assert_eq!(said, (503, "not ready: the session has not started\n"));
    assert_eq!((served.get("/healthz", "").status, served.get("/metrics", "").status), (200, 200));
    served.readiness.send_replace(Readiness::Ready);
    assert_eq!(served.get("/readyz", "").text(), "ready\n");
}

#[test]
fn heads_have_bounds() {
    let served = Served::plain();
    let long = format!("X-Long: {}\r\n", "x".repeat(9_000));
    assert_eq!(served.get("/metrics", &long).status, 431);
    let many: String = (0..80).map(|it| format!("X-{it}: 1\r\n")).collect();
    assert_eq!(served.get("/metrics", &many).status, 431);
    let target = format!("/{}", "x".repeat(9_000));
    assert!([414, 431].contains(&served.get(&target, "").status));
    assert_eq!(served.get("/metrics", &format!("X: {}\r\n", "x".repeat(6_000))).status, 200);
}

#[test]
fn a_connection_is_kept_for_the_next_request() {
    let served = Served::plain();
    let mut stream = connect(served.address());
    for _ in 0..3 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut found = String::new();
        while !found.ends_with("ok\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            found.push(char::from(byte[0]));
        }
        assert!(found.starts_with("HTTP/1.1 200 OK"));
    }
    assert_eq!(served.server.stats().connections_accepted, 1);
    assert_eq!(served.server.stats().requests, 3);
}

#[test]
fn who_does_not_wait_for_answers_gets_two_and_no_more() {
    let served = Served::plain();
    let mut stream = connect(served.address());
    stream.write_all("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(9).as_bytes()).unwrap();
    let mut found = Vec::new();
    let _closed_or_reset = stream.read_to_end(&mut found);
    let found = String::from_utf8(found).unwrap();
    assert!((1..=2).contains(&found.matches("HTTP/1.1 200 OK").count()), "{found}");
}

#[test]
fn a_head_that_never_ends_is_cut_off_and_so_is_a_handshake() {
    let identities = Identities::make();
    let path = identities.write("web.yml", TLS);
    for served in [Served::plain(), Served::with(&path)] {
        let mut stream = connect(served.address());
        let begin: &[u8] = if served.server.scheme() == "http" { b"GET / HTTP" } else { b"\x16" };
        stream.write_all(begin).unwrap();
        let started = Instant::now();
        let _closed = stream.read_to_end(&mut Vec::new());
        assert!(started.elapsed() < crate::client::DEADLINE);
    }
}

const TLS: &str = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";

#[test]
fn tls_serves_what_plain_http_does_and_nothing_to_plain_http() {
    let identities = Identities::make();
    let served = Served::with(&identities.write("web.yml", TLS));
    let client = tls(&identities, None);
    let answer = ask_tls(served.address(), &client, "/metrics", "").unwrap();
    assert!(answer.status == 200 && answer.text().contains("# TYPE weir_driver_up gauge"));
    assert_eq!(served.server.scheme(), "https");
    let plain = ask(connect(served.address()), "/metrics", "");
    assert!(plain.is_err(), "{plain:?}");
}

#[test]
fn configured_headers_come_with_every_answer_and_go_before_the_servers_own() {
    let identities = Identities::make();
    let text = "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n    \
        Strict-Transport-Security: max-age=31536000\n";
    let served = Served::with(&identities.write("web.yml", text));
    for path in ["/", "/metrics", "/nowhere"] {
        let head = served.get(path, "").head;
        assert!(head.contains("x-frame-options: sameorigin"), "{head}");
        assert!(head.contains("strict-transport-security: max-age=31536000"), "{head}");
        assert!(head.contains("x-content-type-options: nosniff"), "{head}");
        assert_eq!(head.matches("x-frame-options").count(), 1, "{head}");
    }
}

#[test]
fn requests_over_the_rate_are_told_so() {
    let identities = Identities::make();
    let text = "rate_limit:\n  interval: 1h\n  burst: 2\n";
    let served = Served::with(&identities.write("web.yml", text));
    let statuses: Vec<u16> = (0..4).map(|_| served.get("/metrics", "").status).collect();
    assert_eq!(statuses, [200, 200, 429, 429]);
    assert_eq!(served.server.stats().requests_limited, 2);
}

#[test]
fn a_renewed_certificate_is_served_without_a_restart_and_a_broken_file_serves_nobody() {
    let (old, new) = (Identities::make(), Identities::make());
    let served = Served::with(&old.write("web.yml", TLS));
    let (trusts_old, trusts_new) = (tls(&old, None), tls(&new, None));
    let asks = |client| ask_tls(served.address(), client, "/healthz", "").map(|it| it.status).ok();
    assert_eq!((asks(&trusts_old), asks(&trusts_new)), (Some(200), None));
    old.write("server.pem", &new.read("server.pem"));
    old.write("server.key", &new.read("server.key"));
    until(|| asks(&trusts_new) == Some(200));
    assert_eq!(asks(&trusts_old), None);
    old.write("web.yml", &format!("{TLS}  unknown: key\n"));
    until(|| asks(&trusts_new).is_none());
    assert!(served.server.stats().web_config_refused >= 1);
    old.write("web.yml", TLS);
    until(|| asks(&trusts_new) == Some(200));
}

fn until(is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < crate::client::DEADLINE);
        std::thread::sleep(core::time::Duration::from_millis(20));
    }
}
