//! The web configuration file as it is written: YAML straight into types.
//!
//! Keys and their meaning are exporter-toolkit's; unknown and repeated ones are refused, as there.
//! A key without a value is as good as left out.
//! Source: docs/web-configuration.md of github.com/prometheus/exporter-toolkit (read 2026-11).

use super::refusal::Refusal;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The file.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) tls_server_config: Option<Tls>,
    pub(super) http_server_config: Option<Http>,
    pub(super) basic_auth_users: Option<BTreeMap<String, Option<String>>>,
    pub(super) rate_limit: Option<Rate>,
}

/// `tls_server_config`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tls {
    pub(super) cert: Option<String>,
    pub(super) key: Option<String>,
    pub(super) client_ca: Option<String>,
    pub(super) cert_file: Option<String>,
    pub(super) key_file: Option<String>,
    pub(super) client_ca_file: Option<String>,
    pub(super) client_auth_type: Option<String>,
    pub(super) client_allowed_sans: Option<Vec<String>>,
    pub(super) cipher_suites: Option<Vec<String>>,
    pub(super) curve_preferences: Option<Vec<String>>,
    pub(super) min_version: Option<String>,
    pub(super) max_version: Option<String>,
    pub(super) prefer_server_cipher_suites: Option<bool>,
}

/// `http_server_config`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Http {
    /// Either value is taken: the server offers HTTP/1.1 only, and clients agree to that.
    pub(super) http2: Option<bool>,
    pub(super) headers: Option<BTreeMap<String, Option<String>>>,
}

/// `rate_limit`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rate {
    pub(super) interval: Option<String>,
    pub(super) burst: Option<i64>,
}

impl Tls {
    /// Whether the section asks for TLS at all; limits alone do not.
    pub(super) fn is_enabled(&self) -> bool {
        let keys = [
            &self.cert,
            &self.key,
            &self.client_ca,
            &self.cert_file,
            &self.key_file,
            &self.client_ca_file,
            &self.client_auth_type,
        ];
        keys.into_iter().any(|value| given(value).is_some())
    }
}

/// A value that is there and not empty.
pub(super) fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().filter(|text| !text.is_empty())
}

/// Reads the file's text.
///
/// # Errors
/// No YAML, unknown or repeated keys, values of the wrong type.
pub(super) fn parse(text: &str) -> Result<File, Refusal> {
    let options = serde_saphyr::options! {
        // A snippet of the file might show a private key.
        with_snippet: false,
    };
    let file: Result<Option<File>, _> = serde_saphyr::from_str_with_options(text, options);
    file.map(Option::unwrap_or_default).map_err(|error| {
        Refusal::new(error.to_string(), "docs/web-config.md shows every key and its values")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_file_without_wishes() {
        for text in ["", "\n", "# only a comment\n", "---\n", "~\n", "tls_server_config:\n"] {
            let file = parse(text).unwrap();
            assert!(!file.tls_server_config.unwrap_or_default().is_enabled(), "{text:?}");
        }
    }

    #[test]
    fn unknown_keys_repeated_keys_and_other_shapes_are_refused() {
        for text in [
            "tls_config: {}",
            "tls_server_config:\n  certfile: x\n",
            "http_server_config:\n  http3: true\n",
            "rate_limit:\n  rate: 1\n",
            "tls_server_config: {}\ntls_server_config: {}\n",
            "basic_auth_users:\n  a: x\n  a: y\n",
            "just words",
            "[1, 2]",
            "tls_server_config: [",
            "tls_server_config:\n  cipher_suites: {a: b}\n",
            "http_server_config:\n  http2: maybe\n",
            "rate_limit:\n  burst: many\n",
            "tls_server_config:\n\tcert: x\n",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn scalars_are_taken_as_the_toolkit_takes_them() {
        let text = "http_server_config:\n  http2: no\n  headers:\n    X-XSS-Protection: 1\n\
            rate_limit:\n  interval: 0\n  burst: 5\ntls_server_config:\n  cert_file:\n  key: \"\"\n";
        let file = parse(text).unwrap();
        let http = file.http_server_config.unwrap();
        assert_eq!(http.http2, Some(false));
        assert_eq!(http.headers.unwrap()["X-XSS-Protection"].as_deref(), Some("1"));
        assert_eq!(file.rate_limit.unwrap().interval.as_deref(), Some("0"));
        assert!(!file.tls_server_config.unwrap().is_enabled());
    }

    #[test]
    fn a_refusal_does_not_quote_the_file() {
        let text = "tls_server_config:\n  key: |\n    SECRET\n  unknown: 1\n";
        let said = parse(text).unwrap_err().to_string();
        assert!(said.contains("unknown") && !said.contains("SECRET"), "{said}");
    }

    #[test]
    fn aliases_have_a_budget() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            let row = vec![before; 9].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{row}]\n"));
        }
        assert!(parse(&text).is_err());
    }
}
