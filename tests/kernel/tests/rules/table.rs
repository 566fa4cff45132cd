//! Every rule of the hook's semantics, and the tests that hold the image of `weir.sys` to it.
//!
//! What a rule says that cannot be shown here is said with it: where it is shown instead, or why
//! it cannot be. `from_01` and `from_21` are the rows.

mod from_01;
mod from_21;

/// A rule.
struct Rule {
    number: u8,
    /// What it comes to.
    claim: &'static str,
    tests: &'static [&'static str],
    /// The part that is not shown here; empty where all is.
    elsewhere: &'static str,
}

const fn rule(
    number: u8,
    claim: &'static str,
    tests: &'static [&'static str],
    elsewhere: &'static str,
) -> Rule {
    Rule { number, claim, tests, elsewhere }
}

/// Every module of tests, by name.
const SOURCES: &[(&str, &str)] = &[
    ("associating", include_str!("associating.rs")),
    ("attach", include_str!("attach.rs")),
    ("blocked", include_str!("blocked.rs")),
    ("capture", include_str!("capture.rs")),
    ("concurrency", include_str!("concurrency.rs")),
    ("context", include_str!("context.rs")),
    ("counted", include_str!("counted.rs")),
    ("data", include_str!("data.rs")),
    ("ends", include_str!("ends.rs")),
    ("established", include_str!("established.rs")),
    ("failure", include_str!("failure.rs")),
    ("indications", include_str!("indications.rs")),
    ("layer", include_str!("layer.rs")),
    ("life", include_str!("life.rs")),
    ("limits", include_str!("limits.rs")),
    ("not_kept", include_str!("not_kept.rs")),
    ("parameters", include_str!("parameters.rs")),
    ("random", include_str!("random.rs")),
    ("reading", include_str!("reading.rs")),
    ("telling", include_str!("telling.rs")),
    ("unload", include_str!("unload.rs")),
];

/// Every rule.
fn rules() -> impl Iterator<Item = &'static Rule> {
    from_01::RULES.iter().chain(from_21::RULES)
}

/// The names of the functions of a source that are named after a rule.
fn functions(source: &str) -> impl Iterator<Item = (u8, &str)> {
    source.lines().filter_map(|line| {
        let name = line.strip_prefix("fn ")?.split_once('(')?.0;
        let number = name.strip_prefix('s')?.get(..2)?.parse().ok()?;
        Some((number, name))
    })
}

#[test]
fn every_rule_stands_once_in_ascending_order_with_a_test_or_a_reason() {
    assert!(rules().map(|rule| rule.number).eq(1..=40));
    for Rule { number, claim, tests, elsewhere } in rules() {
        assert!(!claim.is_empty(), "S{number:02} says nothing");
        assert!(!tests.is_empty() || !elsewhere.is_empty(), "S{number:02} has no test");
    }
}

#[test]
fn every_module_of_tests_is_a_source() {
    let main = include_str!("main.rs").lines();
    let modules = main.filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    // The scene has no tests, and the table's own are of no rule.
    let modules = modules.filter(|module| !["scene", "table"].contains(module));
    assert!(modules.eq(SOURCES.iter().map(|(name, _)| *name)));
}

#[test]
fn every_test_of_the_table_exists() {
    for Rule { number, tests: names, .. } in rules() {
        for name in *names {
            let head = format!("#[test]\nfn {name}() {{");
            let is_there = SOURCES.iter().any(|(_, source)| source.contains(&head));
            assert!(is_there, "S{number:02}: no test {name}");
        }
    }
}

#[test]
fn every_test_named_after_a_rule_stands_in_its_row() {
    for (number, name) in SOURCES.iter().flat_map(|(_, source)| functions(source)) {
        let row = rules().find(|rule| rule.number == number);
        assert!(row.is_some_and(|rule| rule.tests.contains(&name)), "{name} is not in the table");
    }
}
