//! Headers that a web configuration adds to every answer.

use super::file::Http;
use super::refusal::Refusal;
use axum::http::{HeaderName, HeaderValue};

/// Headers that may be set, and their values where only some are allowed.
///
/// Source: extraHTTPHeaders of web/handler.go of exporter-toolkit (read 2026-11).
const ALLOWED: [(&str, &[&str]); 5] = [
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
    ("Content-Security-Policy", &[]),
];

const HINT: &str = "docs/web-config.md lists the headers and their values";

/// The headers of a section.
///
/// # Errors
/// A header that cannot be set, or a value that it cannot have.
pub(super) fn headers(section: &Http) -> Result<Vec<(HeaderName, HeaderValue)>, Refusal> {
    let mut out = Vec::new();
    for (name, value) in section.headers.iter().flatten() {
        let value = value.as_deref().unwrap_or("");
        let refused = |why: String| Refusal::new(format!("header {name}: {why}"), HINT);
        let Some((known, values)) = ALLOWED.iter().find(|(known, _)| known == name) else {
            return Err(refused("cannot be set".to_owned()));
        };
        if !values.is_empty() && !values.contains(&value) {
            return Err(refused(format!("{value} is none of {}", values.join(", "))));
        }
        // Left blank, it is not set, and the server's own stays.
        if value.is_empty() {
            continue;
        }
        let known = known.parse().map_err(|_| refused("is no header name".to_owned()))?;
        let value = value.parse().map_err(|_| refused("its value fits no header".to_owned()))?;
        out.push((known, value));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, value: &str) -> Result<usize, Refusal> {
        let headers = Some([(name.to_owned(), Some(value.to_owned()))].into());
        headers_of(&Http { http2: None, headers })
    }

    fn headers_of(section: &Http) -> Result<usize, Refusal> {
        headers(section).map(|found| found.len())
    }

    #[test]
    fn only_known_headers_with_their_values_are_set() {
        assert_eq!(of("X-Frame-Options", "deny"), Ok(1));
        assert_eq!(of("X-XSS-Protection", "1; mode=block"), Ok(1));
        assert_eq!(of("Content-Security-Policy", ""), Ok(0));
        for (name, value) in [
            ("X-Frame-Options", "DENY"),
            ("X-Frame-Options", ""),
            ("X-Content-Type-Options", "sniff"),
            ("x-frame-options", "deny"),
            ("Content-Type", "text/plain"),
            ("Strict-Transport-Security", "a\r\nSet-Cookie: b"),
        ] {
            assert!(of(name, value).is_err(), "{name}: {value}");
        }
    }
}
