//! Which exposition a scraper prefers, and whether compressed.
//!
//! Source: RFC 9110, sections 12.4.2, 12.5.1 and 12.5.3; which parameters each format has is what
//! Negotiate of github.com/prometheus/common's expfmt looks at (read 2026-11).

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, ACCEPT_ENCODING, AsHeaderName};
use weir_stages::exposition::{OPENMETRICS_CONTENT_TYPE, PROTOBUF_CONTENT_TYPE, TEXT_CONTENT_TYPE};

/// Offers that are looked at in one header: scrapers send five or six.
///
/// Further ones are passed over, as offers of unknown types are; nothing counts them.
const OFFERS_MAX: usize = 32;

/// A format of /metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Prometheus text 0.0.4, also where nothing better is asked for.
    Text,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
    /// Delimited protobuf, the only one with native histograms.
    Protobuf,
}

impl Format {
    pub(super) const ALL: [Self; 3] = [Self::Text, Self::OpenMetrics, Self::Protobuf];

    /// One of few words.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::OpenMetrics => "openmetrics",
            Self::Protobuf => "protobuf",
        }
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Text => TEXT_CONTENT_TYPE,
            Self::OpenMetrics => OPENMETRICS_CONTENT_TYPE,
            Self::Protobuf => PROTOBUF_CONTENT_TYPE,
        }
    }

    /// The format with the highest weight; of two alike the one that is named first.
    pub(super) fn negotiated(headers: &HeaderMap) -> Self {
        let mut best = (0, Self::Text);
        for offer in offers(headers, ACCEPT) {
            if let Some(format) = Self::of(&offer)
                && offer.weight > best.0
            {
                best = (offer.weight, format);
            }
        }
        best.1
    }

    fn of(offer: &Offer<'_>) -> Option<Self> {
        let has = |name: &str, value: &str| offer.parameter(name) == Some(value);
        let version = offer.parameter("version");
        if offer.is("application/vnd.google.protobuf") {
            let is_ours =
                has("proto", "io.prometheus.client.MetricFamily") && has("encoding", "delimited");
            return is_ours.then_some(Self::Protobuf);
        }
        if offer.is("application/openmetrics-text") {
            return matches!(version, None | Some("1.0.0")).then_some(Self::OpenMetrics);
        }
        if offer.is("text/plain") {
            return matches!(version, None | Some("0.0.4")).then_some(Self::Text);
        }
        (offer.is("text/*") || offer.is("*/*")).then_some(Self::Text)
    }
}

/// Whether the answer may be compressed with gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let mut wildcard = 0;
    for offer in offers(headers, ACCEPT_ENCODING) {
        if offer.is("gzip") || offer.is("x-gzip") {
            return offer.weight > 0;
        }
        if offer.is("*") {
            wildcard = offer.weight;
        }
    }
    wildcard > 0
}

/// One of the things that a header offers.
struct Offer<'a> {
    kind: &'a str,
    parameters: &'a str,
    weight: u16,
}

impl<'a> Offer<'a> {
    fn parse(text: &'a str) -> Self {
        let (kind, parameters) = text.split_once(';').unwrap_or((text, ""));
        let mut offer = Self { kind: kind.trim(), parameters, weight: 1_000 };
        offer.weight = offer.parameter("q").map_or(1_000, thousandths);
        offer
    }

    fn is(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        let mut pairs = self.parameters.split(';').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(found, _)| found.trim().eq_ignore_ascii_case(name))?;
        Some(value.trim().trim_matches('"'))
    }
}

/// Everything that the lines of one header offer, in order.
fn offers(headers: &HeaderMap, name: impl AsHeaderName) -> impl Iterator<Item = Offer<'_>> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).take(OFFERS_MAX).map(Offer::parse)
}

fn thousandths(weight: &str) -> u16 {
    let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
    if whole != "0" {
        return 1_000;
    }
    let digits = part.bytes().chain([b'0'; 3]).take(3);
    digits.fold(0, |sum, digit| sum * 10 + u16::from(digit.saturating_sub(b'0').min(9)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (name.parse().unwrap(), line.parse().unwrap())).collect()
    }

    #[test]
    fn a_scraper_gets_the_format_that_it_prefers() {
        use Format::{OpenMetrics, Protobuf, Text};
        const PROTO: &str = "application/vnd.google.protobuf;\
            proto=io.prometheus.client.MetricFamily;encoding=delimited";
        let native = format!(
            "{PROTO},application/openmetrics-text;version=1.0.0;q=0.8,\
            application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
        );
        let late = format!("text/plain;q=0.3,{PROTO};q=0.4");
        let late_openmetrics = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
            application/openmetrics-text;version=0.0.1;q=0.4,\
            text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        for (accept, wanted) in [
            (&*native, Protobuf),
            (PROTO, Protobuf),
            (&*late, Protobuf),
            ("application/vnd.google.protobuf", Text),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
                Text,
            ),
            ("APPLICATION/OpenMetrics-Text; Version=\"1.0.0\"", OpenMetrics),
            (late_openmetrics, OpenMetrics),
            ("application/openmetrics-text; version=1.0.0, text/plain;q=0.5", OpenMetrics),
            ("application/openmetrics-text; version=0.0.1", Text),
            ("application/openmetrics-text;q=0.2, text/plain;q=0.5", Text),
            ("application/openmetrics-text;q=0", Text),
            ("text/plain, application/openmetrics-text", Text),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Text),
            ("*/*", Text),
            ("", Text),
            (";;q=,,q=9.9", Text),
        ] {
            assert_eq!(Format::negotiated(&headers("accept", &[accept])), wanted, "{accept}");
        }
    }

    #[test]
    fn lines_of_one_header_are_one_list() {
        let accept = headers("accept", &["text/plain;q=0.5", "application/openmetrics-text;q=0.9"]);
        assert_eq!(Format::negotiated(&accept), Format::OpenMetrics);
        assert_eq!(Format::negotiated(&HeaderMap::new()), Format::Text);
    }

    #[test]
    fn gzip_goes_to_those_who_take_it() {
        for (accept, wanted) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("*", true),
            ("*;q=0.1, gzip;q=0", false),
            ("gzip;q=0, *", false),
            ("gzip;q=0.0", false),
            ("identity, br, zstd", false),
            ("", false),
        ] {
            assert_eq!(takes_gzip(&headers("accept-encoding", &[accept])), wanted, "{accept}");
        }
    }
}
