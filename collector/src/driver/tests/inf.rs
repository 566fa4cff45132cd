//! `driver/weir.inf` installs the same service as `install`, for both architectures.

use super::super::service::{DESCRIPTION, DISPLAY_NAME, NAME, START};
use super::super::store;
use std::collections::BTreeMap;

type Sections = BTreeMap<String, Vec<(String, String)>>;

/// The file's sections: keys and values, without comments, with strings put in.
fn sections() -> Sections {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../driver/weir.inf");
    let text = std::fs::read_to_string(path).unwrap();
    let mut sections = Sections::new();
    let mut name = String::new();
    for line in text.lines().map(|line| line.split(';').next().unwrap().trim()) {
        if let Some(inner) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            name = inner.to_owned();
            sections.entry(name.clone()).or_default();
        } else if !line.is_empty() {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            let entry = (key.trim().to_owned(), value.trim().trim_matches('"').to_owned());
            sections.get_mut(&name).unwrap().push(entry);
        }
    }
    let strings = sections["Strings"].clone();
    for (_, value) in sections.values_mut().flatten() {
        for (key, text) in &strings {
            *value = value.replace(&format!("%{key}%"), text);
        }
    }
    sections
}

fn value<'a>(sections: &'a Sections, section: &str, key: &str) -> &'a str {
    let found = sections.get(section).and_then(|it| it.iter().find(|(name, _)| name == key));
    &found.unwrap_or_else(|| panic!("[{section}] {key}")).1
}

#[test]
fn the_inf_makes_the_service_that_install_makes() {
    let inf = sections();
    for machine in ["amd64", "arm64"] {
        let section = format!("Weir.Service.{machine}");
        let services = format!("DefaultInstall.NT{machine}.Services");
        assert_eq!(value(&inf, &services, "AddService"), format!("{NAME},,{section}"));
        let start = START.to_string();
        for (key, wanted) in [
            ("DisplayName", DISPLAY_NAME),
            ("Description", DESCRIPTION),
            ("ServiceType", "1"),
            ("StartType", start.as_str()),
            ("ErrorControl", "1"),
        ] {
            assert_eq!(value(&inf, &section, key), wanted, "{section} {key}");
        }
        assert!(value(&inf, &section, "ServiceBinary").ends_with(r"\weir.sys"));
        let uninstall = format!("DefaultUninstall.NT{machine}.Services");
        assert_eq!(value(&inf, &uninstall, "DelService"), format!("{NAME},0x200"));
    }
}

#[test]
fn the_inf_writes_nothing_to_the_registry_but_its_service() {
    // A driver's package that writes elsewhere is not isolated; `register` writes the eBPF store.
    let inf = sections();
    let keys: Vec<&String> = inf.values().flatten().map(|(key, _)| key).collect();
    for word in ["AddReg", "DelReg"] {
        assert!(!keys.iter().any(|key| key.eq_ignore_ascii_case(word)), "{word}");
    }
    assert!(!inf.values().flatten().any(|(_, value)| value.contains(store::PROVIDERS)));
}
