//! Files that promtool and we judge alike, and the few that we do not, each with its reason.
//!
//! One case for each file in web/testdata of exporter-toolkit (read 2026-11), written here, named
//! as there; then cases of our own. A file that is named `.bad` there and is good here has a comment
//! that says why. The test prints how many of them promtool's judgement is not asked of.

use crate::identities::Identities;
use std::path::Path;
use std::process::Command;

/// Where the two judgements may differ.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Expect {
    /// Both accept.
    Good,
    /// Both refuse.
    Bad,
    /// The toolkit accepts, and the library here cannot do it: refused by name.
    Lacking,
    /// The toolkit accepts what would serve nobody, or would only look like a protection.
    Stricter,
    /// We accept, as the toolkit does today; Prometheus 2.42 is older than the key.
    Newer,
}

use Expect::{Bad, Good, Lacking, Newer, Stricter};

/// A certificate and its key; what follows belongs to the same section.
macro_rules! tls {
    ($($more:literal)*) => {
        concat!("tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n", $($more),*)
    };
}

const HASH: &str = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

/// Published cases that are not compared with promtool, because their keys are newer than 2.42.
/// `docs/web-config.md` names this number.
const NOT_COMPARED: usize = 6;

const PUBLISHED: &[(&str, Expect, &str)] = &[
    (
        "tls_config_noAuth.requireandverifyclientcert.good",
        Good,
        tls!("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"),
    ),
    (
        "tls_config_noAuth.requireanyclientcert.good",
        Good,
        tls!("  client_auth_type: RequireAnyClientCert\n"),
    ),
    (
        "tls_config_noAuth.requireanyclientcertkeyinline.good",
        Newer,
        "tls_server_config:\n  cert_file: server.pem\n  key: |\nSERVER_KEY  \
        client_auth_type: RequireAnyClientCert\n",
    ),
    ("web_config_auth_clientCAs_invalid.bad", Bad, tls!("  client_ca_file: nowhere.pem\n")),
    // The file is good, for promtool too, and no test of the toolkit uses it; here it serves nobody.
    (
        "web_config_auth_clientCAs_missing.bad",
        Good,
        tls!("  client_auth_type: RequireAndVerifyClientCert\n"),
    ),
    // The file is good; "bad" is the client of the toolkit's test, which has none of the names.
    (
        "web_config_auth_client_san.bad",
        Newer,
        tls!("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
            "  client_allowed_sans:\n    - nobody\n"),
    ),
    (
        "web_config_auth_client_san.good",
        Newer,
        tls!("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
            "  client_allowed_sans: [a, scraper.example]\n"),
    ),
    ("web_config_auth_user_list_invalid.bad", Bad, tls!("basic_auth_users:\n  jane: plain\n")),
    ("web_config_empty", Good, ""),
    (
        "web_config_headers.good",
        Good,
        "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n    \
        Strict-Transport-Security: max-age=600\n    X-Content-Type-Options: nosniff\n    \
        X-XSS-Protection: 0\n    Content-Security-Policy: \"default-src 'none'\"\n",
    ),
    (
        "web_config_headers_content_type_options.bad",
        Bad,
        "http_server_config:\n  headers:\n    X-Content-Type-Options: sniffing\n",
    ),
    (
        "web_config_headers_extra_header.bad",
        Bad,
        "http_server_config:\n  headers:\n    Server: weir\n",
    ),
    (
        "web_config_headers_frame_options.bad",
        Bad,
        "http_server_config:\n  headers:\n    X-Frame-Options: allowall\n",
    ),
    ("web_config_junk", Bad, "c2VydmVy\nbm90IGEgbWFwcGluZw\n"),
    ("web_config_junk_key", Bad, "tls_server_config:\n  certificate: \"server.pem\"\n"),
    ("web_config_noAuth.bad", Bad, tls!("  client_ca_file: /dev/null\n")),
    (
        "web_config_noAuth.good.blocking",
        Good,
        tls!("  client_auth_type: RequireAndVerifyClientCert\n"),
    ),
    ("web_config_noAuth.good", Good, tls!("  client_auth_type: VerifyClientCertIfGiven\n")),
    (
        "web_config_noAuth_allCiphers.good",
        Lacking,
        tls!("  cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]\n"),
    ),
    (
        "web_config_noAuth_allCurves.good",
        Lacking,
        tls!("  curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]\n"),
    ),
    (
        "web_config_noAuth_certPath_empty.bad",
        Bad,
        "tls_server_config:\n  cert_file: \"\"\n  key_file: server.key\n",
    ),
    (
        "web_config_noAuth_certPath_invalid.bad",
        Bad,
        "tls_server_config:\n  cert_file: nowhere.pem\n  key_file: server.key\n",
    ),
    (
        "web_config_noAuth_certPath_keyPath_empty.bad",
        Bad,
        "tls_server_config:\n  cert_file: \"\"\n  key_file: \"\"\n  client_auth_type: y\n",
    ),
    (
        "web_config_noAuth_certPath_keyPath_invalid.bad",
        Bad,
        "tls_server_config:\n  cert_file: nowhere.pem\n  key_file: nowhere.key\n",
    ),
    (
        "web_config_noAuth_cert_empty.bad",
        Bad,
        "tls_server_config:\n  cert: \"\"\n  key_file: server.key\n",
    ),
    (
        "web_config_noAuth_inventedCiphers.bad",
        Bad,
        tls!("  cipher_suites:\n  - TLS_ECDHE_RSA_WITH_AES_512_GCM_SHA512\n"),
    ),
    ("web_config_noAuth_inventedCurves.bad", Bad, tls!("  curve_preferences: [CurveP999]\n")),
    (
        "web_config_noAuth_keyPath_empty.bad",
        Bad,
        "tls_server_config:\n  cert_file: server.pem\n  key_file: \"\"\n",
    ),
    (
        "web_config_noAuth_keyPath_invalid.bad",
        Bad,
        "tls_server_config:\n  cert_file: server.pem\n  key_file: nowhere.key\n",
    ),
    (
        "web_config_noAuth_key_empty.bad",
        Bad,
        "tls_server_config:\n  cert_file: server.pem\n  key: \"\"\n",
    ),
    (
        "web_config_noAuth_noHTTP2.good",
        Good,
        tls!("  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n  max_version: TLS12\n"
            "http_server_config:\n  http2: false\n"),
    ),
    // Refused by the toolkit when it listens, not when it checks; no HTTP/2 is offered here.
    (
        "web_config_noAuth_noHTTP2Cipher.bad",
        Good,
        tls!("  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n  max_version: TLS12\n"),
    ),
    (
        "web_config_noAuth_someCiphers.good",
        Good,
        tls!("  cipher_suites:\n  - TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256\n"
            "  - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n  min_version: TLS12\n  max_version: TLS12\n"),
    ),
    (
        "web_config_noAuth_someCiphers_noOrder.good",
        Good,
        tls!("  cipher_suites:\n  - TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\n"
            "  prefer_server_cipher_suites: false\n  min_version: TLS12\n"),
    ),
    (
        "web_config_noAuth_someCurves.good",
        Lacking,
        tls!("  min_version: TLS13\n  curve_preferences:\n  - CurveP521\n"),
    ),
    (
        "web_config_noAuth_tlsInline.good",
        Newer,
        "tls_server_config:\n  cert: |\nSERVER_CERT  key: |\nSERVER_KEY",
    ),
    ("web_config_noAuth_wrongTLSVersion.bad", Bad, tls!("  min_version: TLS14\n")),
    ("web_config_rate_limiter_nonblocking", Newer, "rate_limit:\n  interval: 0\n  burst: 1\n"),
    ("web_config_rate_limiter_one_second", Newer, "rate_limit:\n  interval: 2s\n  burst: 0\n"),
    ("web_config_users.good", Good, tls!("basic_auth_users:\n  jane: HASH\n  joe: HASH\n")),
    ("web_config_users_noTLS.good", Good, "basic_auth_users:\n  jane: HASH\n"),
];

const OUR_OWN: &[(&str, Expect, &str)] = &[
    ("only a comment", Good, "# nothing\n"),
    ("sections without anything in them", Good, "tls_server_config:\nhttp_server_config:\n"),
    ("unknown section", Bad, "tls_config: {}\n"),
    ("repeated section", Bad, "basic_auth_users: {}\nbasic_auth_users: {}\n"),
    ("repeated user", Bad, "basic_auth_users:\n  jane: HASH\n  jane: HASH\n"),
    ("limits without a certificate", Good, "tls_server_config:\n  min_version: TLS13\n"),
    ("unknown version without a certificate", Bad, "tls_server_config:\n  min_version: TLS9\n"),
    (
        "a policy without a certificate",
        Bad,
        "tls_server_config:\n  client_auth_type: NoClientCert\n",
    ),
    ("no policy by name", Good, tls!("  client_auth_type: NoClientCert\n")),
    ("the old name of a policy", Good, tls!("  client_auth_type: RequireClientCert\n")),
    ("unknown policy", Bad, tls!("  client_auth_type: requireanyclientcert\n")),
    ("client CA and no policy", Bad, tls!("  client_ca_file: ca.pem\n")),
    (
        "key of another certificate",
        Bad,
        "tls_server_config:\n  cert_file: server.pem\n  key_file: other.key\n",
    ),
    (
        "certificate and key mixed up",
        Bad,
        "tls_server_config:\n  cert_file: server.key\n  key_file: server.pem\n",
    ),
    (
        "folder for a certificate",
        Bad,
        "tls_server_config:\n  cert_file: .\n  key_file: server.key\n",
    ),
    (
        "booleans of YAML 1.1",
        Good,
        tls!("  prefer_server_cipher_suites: yes\nhttp_server_config:\n  http2: off\n"),
    ),
    ("a word for a boolean", Bad, tls!("  prefer_server_cipher_suites: sometimes\n")),
    ("a list for a map", Bad, "basic_auth_users: [jane]\n"),
    (
        "a header of another case",
        Bad,
        "http_server_config:\n  headers:\n    x-frame-options: deny\n",
    ),
    (
        "a value of another case",
        Bad,
        "http_server_config:\n  headers:\n    X-Frame-Options: DENY\n",
    ),
    ("JSON", Good, "{\"http_server_config\": {\"http2\": true}}\n"),
    ("a tab for indentation", Bad, "http_server_config:\n\thttp2: true\n"),
    ("aliases", Good, "basic_auth_users:\n  jane: &hash HASH\n  joe: *hash\n"),
    ("versions that are no longer safe", Lacking, tls!("  min_version: TLS10\n")),
    (
        "versions the wrong way round",
        Stricter,
        tls!("  min_version: TLS13\n  max_version: TLS12\n"),
    ),
    (
        "a client CA file without certificates",
        Stricter,
        tls!("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: server.key\n"),
    ),
];

/// Whether promtool accepts a file; `None` where it is not installed.
fn promtool_accepts(path: &Path) -> Option<bool> {
    let check = Command::new("promtool").args(["check", "web-config"]).arg(path).output().ok()?;
    Some(check.status.success())
}

fn indented(pem: &str) -> String {
    pem.lines().map(|line| format!("    {line}\n")).collect()
}

#[test]
fn promtool_and_we_judge_files_alike() {
    let identities = Identities::make();
    let mut has_promtool = true;
    let mut wrong = Vec::new();
    let is_newer = |cases: &[(&str, Expect, &str)]| {
        cases.iter().filter(|(_, expect, _)| *expect == Newer).count()
    };
    for (name, expect, text) in PUBLISHED.iter().chain(OUR_OWN) {
        let text = text
            .replace("SERVER_CERT", &indented(&identities.read("server.pem")))
            .replace("SERVER_KEY", &indented(&identities.read("server.key")))
            .replace("HASH", HASH);
        let path = identities.write("web.yml", &text);
        let ours = weir::web_config::check(&path);
        if ours.is_ok() != matches!(expect, Good | Newer) {
            wrong.push(format!("{name}: {expect:?}, and we: {ours:?}"));
        }
        match promtool_accepts(&path) {
            None => has_promtool = false,
            // A newer promtool knows the key, and need not refuse it.
            Some(_) if *expect == Newer => {}
            Some(accepts) if accepts == matches!(expect, Good | Lacking | Stricter) => {}
            Some(accepts) => wrong.push(format!("{name}: {expect:?}, and promtool: {accepts}")),
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "{}", identities.folder().display());
    assert_eq!(PUBLISHED.len(), 41);
    assert_eq!((is_newer(PUBLISHED), is_newer(OUR_OWN)), (NOT_COMPARED, 0));
    if has_promtool {
        let all = PUBLISHED.len();
        println!(
            "{NOT_COMPARED} of {all} published cases are not compared: keys newer than promtool"
        );
    } else {
        println!("SKIPPED: promtool is not installed; only our own judgement was checked");
    }
}

#[test]
fn a_refusal_says_what_where_and_what_to_do() {
    let identities = Identities::make();
    for (text, what) in [
        (tls!("  min_version: TLS11\n"), "min_version: TLS11"),
        (
            tls!("  cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]\n"),
            "cipher_suites: TLS_RSA_WITH_AES_128_CBC_SHA cannot be had here",
        ),
        (tls!("  curve_preferences: [CurveP521]\n"), "curve_preferences: CurveP521"),
        ("tls_server_config:\n  cert_file: a.pem\n  key_file: b\n", "cert_file a.pem: "),
        ("basic_auth_users:\n  joe: secret\n", "basic_auth_users: joe: "),
        ("rate_limit:\n  interval: soon\n", "rate_limit.interval: soon"),
    ] {
        let path = identities.write("web.yml", text);
        let failure = weir::web_config::check(&path).unwrap_err().into_failure(&path);
        let said = failure.to_string();
        assert!(said.contains(what) && said.contains("\nhint: "), "{said}");
        assert!(said.contains("web.yml") && said.lines().count() == 2, "{said}");
        assert_eq!(failure.code().number(), 13);
    }
}

#[test]
fn a_refused_file_is_exit_code_13_before_anything_is_served() {
    let identities = Identities::make();
    let path = identities.write("web.yml", "tls_server_config:\n  min_version: TLS10\n");
    let run = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["demo", "--web.listen-address", "127.0.0.1:0", "--web.config.file"])
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!((run.status.code(), run.stdout.len()), (Some(13), 0), "{said}");
    assert!(said.starts_with("weir: failed to use web configuration "), "{said}");
}
