//! Which exposition a scraper prefers.

/// Media type of OpenMetrics.
const OPENMETRICS: &str = "application/openmetrics-text";

/// Whether an `Accept` header prefers OpenMetrics to plain text.
///
/// Source: RFC 9110, section 12.5.1.
pub(super) fn prefers_openmetrics(accept: &str) -> bool {
    let quality = |wanted: &[&str]| {
        let offers = accept.split(',').map(weighed);
        offers.filter(|(kind, _)| wanted.contains(kind)).map(|(_, weight)| weight).max()
    };
    let openmetrics = quality(&[OPENMETRICS]).unwrap_or(0);
    openmetrics > 0 && openmetrics >= quality(&["text/plain", "text/*", "*/*"]).unwrap_or(0)
}

/// A media type and its weight in thousandths.
fn weighed(offer: &str) -> (&str, u16) {
    let mut parts = offer.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1_000, thousandths);
    (kind, weight)
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

    #[test]
    fn openmetrics_goes_to_those_who_ask_for_it() {
        let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
            application/openmetrics-text;version=0.0.1;q=0.4,\
            text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        for (accept, wanted) in [
            (prometheus, true),
            ("application/openmetrics-text", true),
            ("application/openmetrics-text; version=1.0.0, text/plain;q=0.5", true),
            ("application/openmetrics-text;q=0.2, text/plain;q=0.5", false),
            ("application/openmetrics-text;q=0", false),
            ("text/html,application/xhtml+xml,*/*;q=0.8", false),
            ("*/*", false),
            ("", false),
            (";;q=,,q=9.9", false),
        ] {
            assert_eq!(prefers_openmetrics(accept), wanted, "{accept}");
        }
    }
}
