//! Basic authentication over the wire.

use crate::client::Served;
use crate::identities::Identities;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

fn header(user: &str, password: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{password}")))
}

#[test]
fn every_path_asks_for_user_and_password() {
    let identities = Identities::make();
    let hash = bcrypt::hash("sesame", 4).unwrap();
    let text = format!("basic_auth_users:\n  alice: {hash}\n");
    let served = Served::with(&identities.write("web.yml", &text));
    for path in ["/", "/metrics", "/api/state", "/healthz", "/readyz", "/nowhere"] {
        for headers in [String::new(), header("alice", "wrong"), header("bob", "sesame")] {
            let answer = served.get(path, &headers);
            assert_eq!(answer.status, 401, "{path}");
            assert!(answer.head.contains("www-authenticate: basic"), "{}", answer.head);
            assert!(answer.body.len() < 100);
        }
    }
    assert_eq!(served.get("/metrics", &header("alice", "sesame")).status, 200);
    assert_eq!(served.get("/nowhere", &header("alice", "sesame")).status, 404);
    assert_eq!(served.server.stats().requests_denied, 18);
}
