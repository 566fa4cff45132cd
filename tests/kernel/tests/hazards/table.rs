//! Every hazard of four lists, and the tests that hold the image of `weir.sys` against it.
//!
//! The lists: `A.9`, lessons from the history of netebpfext; `A.10`, bugs of the public prototypes;
//! `F.4`, what no simulation tests; `P`, weak spots of the prototypes, a scenario each. Tests of
//! `rules` count where they show it already. What cannot be shown here is said with the hazard.

mod lessons;
mod prototypes;
mod scenarios;
mod untested;

/// A hazard.
struct Hazard {
    /// The list, and which of it.
    key: &'static str,
    /// What must not be, or has to be.
    claim: &'static str,
    tests: &'static [&'static str],
    /// The part that is not shown here; empty where all is.
    elsewhere: &'static str,
}

const fn hazard(
    key: &'static str,
    claim: &'static str,
    tests: &'static [&'static str],
    elsewhere: &'static str,
) -> Hazard {
    Hazard { key, claim, tests, elsewhere }
}

/// The lists, with the number of their entries and how names of tests of this binary begin.
const LISTS: [(&str, usize, &str, &[Hazard]); 4] = [
    ("A.9", 11, "a09_", lessons::HAZARDS),
    ("A.10", 14, "a10_", prototypes::HAZARDS),
    ("F.4", 14, "f04_", untested::HAZARDS),
    ("P", 10, "p", scenarios::HAZARDS),
];

/// Every module of tests of this binary, by name.
const HERE: &[(&str, &str)] = &[
    ("answers", include_str!("answers.rs")),
    ("bytes", include_str!("bytes.rs")),
    ("deletions", include_str!("deletions.rs")),
    ("history", include_str!("history.rs")),
    ("prototypes", include_str!("prototypes.rs")),
    ("scenarios", include_str!("scenarios.rs")),
    ("untested", include_str!("untested.rs")),
    ("verdicts", include_str!("verdicts.rs")),
];

/// Tests of other binaries: of the rules, and of the kernel itself.
const ELSEWHERE: &[&str] = &[
    include_str!("../core/levels.rs"),
    include_str!("../core/memory.rs"),
    include_str!("../network/contexts.rs"),
    include_str!("../network/management.rs"),
    include_str!("../rules/associating.rs"),
    include_str!("../rules/attach.rs"),
    include_str!("../rules/blocked.rs"),
    include_str!("../rules/concurrency.rs"),
    include_str!("../rules/context.rs"),
    include_str!("../rules/data.rs"),
    include_str!("../rules/ends.rs"),
    include_str!("../rules/established.rs"),
    include_str!("../rules/failure.rs"),
    include_str!("../rules/indications.rs"),
    include_str!("../rules/layer.rs"),
    include_str!("../rules/life.rs"),
    include_str!("../rules/not_kept.rs"),
    include_str!("../rules/reading.rs"),
    include_str!("../rules/unload.rs"),
];

fn hazards() -> impl Iterator<Item = &'static Hazard> {
    LISTS.iter().flat_map(|list| list.3)
}

#[test]
fn every_entry_of_every_list_stands_once_in_its_order_with_a_test_or_a_reason() {
    for (list, count, _, hazards) in LISTS {
        assert_eq!(hazards.len(), count, "{list}");
        for (number, hazard) in (1..).zip(hazards) {
            // Lessons are keyed by their issue or commit, the others by their place.
            let numbered =
                if list == "P" { format!("P{number}") } else { format!("{list} {number}") };
            let is_keyed = if list == "A.9" {
                hazard.key.starts_with("A.9 #") || hazard.key.starts_with("A.9 d")
            } else {
                hazard.key == numbered
            };
            assert!(is_keyed, "{} is not {numbered}", hazard.key);
            assert!(!hazard.claim.is_empty(), "{} says nothing", hazard.key);
            let is_held = !hazard.tests.is_empty() || !hazard.elsewhere.is_empty();
            assert!(is_held, "{} has neither test nor reason", hazard.key);
        }
    }
    let mut keys: Vec<_> = hazards().map(|it| it.key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 49, "a key stands twice");
}

#[test]
fn every_module_of_tests_is_a_source() {
    let main = include_str!("main.rs").lines();
    let modules = main.filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    // What tests have in common, and the table itself.
    let modules = modules.filter(|it| !["counted", "kept", "scene", "table"].contains(it));
    assert!(modules.eq(HERE.iter().map(|(name, _)| *name)));
}

#[test]
fn every_test_of_the_table_exists() {
    for Hazard { key, tests: names, .. } in hazards() {
        for name in *names {
            let head = format!("#[test]\nfn {name}() {{");
            let mut sources =
                HERE.iter().map(|(_, source)| *source).chain(ELSEWHERE.iter().copied());
            assert!(sources.any(|source| source.contains(&head)), "{key}: no test {name}");
        }
    }
}

#[test]
fn every_test_of_a_hazard_stands_in_a_row_of_its_list() {
    for (module, source) in HERE {
        let tests = source.split("#[test]\nfn ").skip(1).filter_map(|it| it.split_once('('));
        for (name, _) in tests {
            let list = LISTS.iter().find(|list| name.starts_with(list.2));
            let is_listed =
                list.is_some_and(|list| list.3.iter().any(|it| it.tests.contains(&name)));
            assert!(is_listed, "{module}: {name} is not in the table");
        }
    }
}
