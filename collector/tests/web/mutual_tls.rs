//! Which clients get in under which policy, by their certificates.

use crate::client::{Served, ask_tls, tls};
use crate::identities::{CLIENT_NAMES, Identities};

/// Who gets in: without a certificate, with a good one, one of another CA, an expired one.
fn who_gets_in(policy: &str) -> [bool; 4] {
    let identities = Identities::make();
    let text =
        format!("tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n{policy}");
    let served = Served::with(&identities.write("web.yml", &text));
    [None, Some("client"), Some("stranger"), Some("expired")].map(|own| {
        let client = tls(&identities, own);
        ask_tls(served.address(), &client, "/healthz", "").is_ok_and(|it| it.status == 200)
    })
}

#[test]
fn each_policy_lets_in_whom_go_would_let_in() {
    for (policy, wanted) in [
        ("  client_auth_type: NoClientCert\n", [true; 4]),
        ("  client_auth_type: RequestClientCert\n", [true; 4]),
        ("  client_auth_type: RequireAnyClientCert\n", [false, true, true, true]),
        ("  client_auth_type: RequireClientCert\n", [false, true, true, true]),
        (
            "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n",
            [true, true, false, false],
        ),
        (
            "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n",
            [false, true, false, false],
        ),
    ] {
        assert_eq!(who_gets_in(policy), wanted, "{policy}");
    }
}

#[test]
fn without_a_client_ca_nobody_is_verified() {
    assert_eq!(
        who_gets_in("  client_auth_type: RequireAndVerifyClientCert\n"),
        [false, false, false, false]
    );
    assert_eq!(
        who_gets_in("  client_auth_type: VerifyClientCertIfGiven\n"),
        [true, false, false, false]
    );
}

#[test]
fn allowed_names_bound_whom_verification_lets_in() {
    let policy = |name: &str| {
        format!(
            "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  \
            client_allowed_sans: [other.example, \"{name}\"]\n"
        )
    };
    for name in CLIENT_NAMES {
        assert_eq!(who_gets_in(&policy(name)), [false, true, false, false], "{name}");
    }
    assert_eq!(who_gets_in(&policy("SCRAPER.example")), [false; 4]);
}
