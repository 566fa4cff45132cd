//! Where requests go, and what may be said about it.

use super::args::Protocol;
use super::signal::Signal;
use core::fmt;
use http::Uri;
use http::uri::{PathAndQuery, Scheme};

/// An endpoint of one signal.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Where to; with gRPC its path is empty.
    pub(super) uri: Uri,
    /// The same without a query, which may hold a key: for labels and messages.
    pub(super) label: String,
}

impl fmt::Debug for Endpoint {
    /// Without the query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

/// How an endpoint was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// For all signals: HTTP appends the signal's path.
    Base,
    /// For this one: HTTP takes it as it is.
    AsIs,
}

impl Endpoint {
    /// Reads one. The error says what is wrong and not what was given: it may hold a password.
    /// `is_insecure` says which scheme one without has; only gRPC knows such.
    pub(super) fn parse(
        text: &str,
        given: Given,
        (protocol, signal): (Protocol, Signal),
        is_insecure: bool,
    ) -> Result<Self, &'static str> {
        let is_grpc = protocol == Protocol::Grpc;
        let text = match text.contains("://") {
            true => text.to_owned(),
            false if is_grpc => {
                format!("{}://{text}", if is_insecure { "http" } else { "https" })
            }
            false => return Err("it has no http:// or https://"),
        };
        let mut parts = text.parse::<Uri>().map_err(|_| "it is no URL")?.into_parts();
        if !matches!(parts.scheme.as_ref().map(Scheme::as_str), Some("http" | "https")) {
            return Err("it has no http:// or https://");
        }
        let authority = parts.authority.as_ref().ok_or("it names no host")?;
        if authority.as_str().contains('@') {
            return Err("it holds a user: credentials go into headers");
        }
        let path = match (protocol, given) {
            (Protocol::Grpc, _) => "/".to_owned(),
            (Protocol::HttpProtobuf, Given::AsIs) => {
                parts.path_and_query.as_ref().map_or("/", |it| it.as_str()).to_owned()
            }
            (Protocol::HttpProtobuf, Given::Base) => {
                let base = parts.path_and_query.as_ref().map_or("", |it| it.path());
                format!("{}{}", base.trim_end_matches('/'), signal.path())
            }
        };
        parts.path_and_query = Some(PathAndQuery::try_from(path).map_err(|_| "its path is bad")?);
        let uri = Uri::from_parts(parts).map_err(|_| "it is no URL")?;
        let path = if is_grpc { "" } else { uri.path() };
        let host = uri.authority().map_or("", |it| it.as_str());
        let label = format!("{}://{host}{path}", uri.scheme_str().unwrap_or_default());
        Ok(Self { uri, label })
    }

    /// Whether the connection is encrypted.
    pub(super) fn is_https(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(text: &str, given: Given) -> Result<(String, String), &'static str> {
        let it = Endpoint::parse(text, given, (Protocol::HttpProtobuf, Signal::Metrics), false)?;
        Ok((it.uri.to_string(), it.label))
    }

    #[test]
    fn http_appends_the_path_to_a_base_and_takes_the_signals_own_as_it_is() {
        let both = |it: &str| Ok((it.to_owned(), it.to_owned()));
        for base in ["http://c:4318", "http://c:4318/"] {
            assert_eq!(http(base, Given::Base), both("http://c:4318/v1/metrics"));
        }
        assert_eq!(http("https://c/x/", Given::Base), both("https://c/x/v1/metrics"));
        assert_eq!(http("http://c:1", Given::AsIs), both("http://c:1/"));
        assert_eq!(http("http://c/my", Given::AsIs), both("http://c/my"));
        let keyed = http("http://c/my?key=secret", Given::AsIs);
        assert_eq!(keyed, Ok(("http://c/my?key=secret".into(), "http://c/my".into())));
        let target = (Protocol::HttpProtobuf, Signal::Metrics);
        let keyed = Endpoint::parse("http://c/?key=secret", Given::AsIs, target, false).unwrap();
        assert!(!format!("{keyed:?}").contains("secret"));
    }

    #[test]
    fn grpc_knows_hosts_without_a_scheme() {
        let grpc = |text, insecure| {
            Endpoint::parse(text, Given::Base, (Protocol::Grpc, Signal::Metrics), insecure)
                .map(|it| it.label)
        };
        assert_eq!(grpc("c:4317", false), Ok("https://c:4317".to_owned()));
        assert_eq!(grpc("c:4317", true), Ok("http://c:4317".to_owned()));
        assert_eq!(grpc("http://c:4317/x", false), Ok("http://c:4317".to_owned()));
        assert_eq!(grpc("https://[::1]:4317", true), Ok("https://[::1]:4317".to_owned()));
    }

    #[test]
    fn what_is_no_endpoint_is_refused_and_a_password_never_told() {
        for wrong in ["", "c:4318", "ftp://c", "http://", "http://a b", "unix:///run/x"] {
            assert!(http(wrong, Given::Base).is_err(), "{wrong}");
        }
        let refused = http("http://user:secret@c", Given::Base).unwrap_err();
        assert!(!refused.contains("secret"));
    }
}
