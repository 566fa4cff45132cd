//! Who exports: the attributes of the resource.

use super::variables::{Variables, pairs};
use std::collections::BTreeMap;

/// Most attributes: a resource has some ten, and each request carries them all. More are left out
/// with a warning.
const ATTRIBUTES_MAX: usize = 64;

/// Attributes by name: our own, then `OTEL_RESOURCE_ATTRIBUTES`, then `OTEL_SERVICE_NAME`.
///
/// `service.instance.id` is the host's name and not random: one collector runs on a host, and its
/// series go on after a restart, because they count since the driver was loaded.
pub(super) fn attributes(variables: &mut Variables<'_>, host: &str) -> Vec<(String, String)> {
    let mut found = BTreeMap::new();
    let mut set = |name: &str, value: &str| found.insert(name.to_owned(), value.to_owned());
    set("service.name", "weir");
    set("service.version", env!("CARGO_PKG_VERSION"));
    set("os.type", std::env::consts::OS);
    if !host.is_empty() {
        set("host.name", host);
        set("service.instance.id", host);
    }
    if let Some(given) = variables.get("OTEL_RESOURCE_ATTRIBUTES") {
        // The specification discards all of it where a part is bad.
        match pairs(&given.value).collect::<Result<Vec<_>, _>>() {
            Ok(pairs) => found.extend(pairs),
            Err(what) => variables.warn(&given.name, what),
        }
    }
    if let Some(given) = variables.get("OTEL_SERVICE_NAME") {
        found.insert("service.name".to_owned(), given.value);
    }
    if found.len() > ATTRIBUTES_MAX {
        variables.warn("OTEL_RESOURCE_ATTRIBUTES", "in part: it has more than 64 attributes");
    }
    found.into_iter().take(ATTRIBUTES_MAX).collect()
}

/// This machine's name; empty where it has none.
pub(super) fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(attributes_given: &str, service: &str) -> (BTreeMap<String, String>, usize) {
        let lookup = |name: &str| match name {
            "OTEL_RESOURCE_ATTRIBUTES" => Some(attributes_given.to_owned()),
            "OTEL_SERVICE_NAME" => Some(service.to_owned()),
            _ => None,
        };
        let mut variables = Variables::new(&lookup);
        let found = attributes(&mut variables, "pc1").into_iter().collect();
        (found, variables.warnings.len())
    }

    #[test]
    fn variables_beat_ours_and_the_service_name_beats_all() {
        let (found, warnings) = of("service.name=x,host.name=h,a=b%20c", "");
        let value = |name: &str| found[name].as_str();
        assert_eq!([value("service.name"), value("host.name"), value("a")], ["x", "h", "b c"]);
        assert_eq!((value("service.instance.id"), value("os.type")), ("pc1", std::env::consts::OS));
        assert_eq!((warnings, of("service.name=x", "y").0["service.name"].as_str()), (0, "y"));
    }

    #[test]
    fn attributes_that_are_bad_in_part_are_discarded_whole() {
        let (found, warnings) = of("a=b,c", "");
        assert_eq!((found.get("a"), warnings), (None, 1));
    }
}
