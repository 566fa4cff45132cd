//! What Driver Verifier and its compliance rules ask of the functions that the driver imports,
//! what is asked here beyond them, and the test that shows each check on misuse.
//!
//! Rules of functions that the driver does not import are left out: interrupt requests, DMA,
//! mutexes, resources, remove locks, lookaside lists. Names are those of the documents.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/devtest/driver-verifier-options,
//! ddi-compliance-checking and the pages of its rules (read 2026-11)

mod beyond;
mod verifier;

/// One thing that is asked.
struct Row {
    /// The option or rule, or `beyond` where neither asks for it.
    rule: &'static str,
    /// What must not be.
    misuse: &'static str,
    tests: &'static [&'static str],
    /// What of it is not looked at, and why; empty where all is.
    elsewhere: &'static str,
}

const fn row(
    rule: &'static str,
    misuse: &'static str,
    tests: &'static [&'static str],
    elsewhere: &'static str,
) -> Row {
    Row { rule, misuse, tests, elsewhere }
}

/// Tests of this binary and of others that may stand in a row.
const SOURCES: &[&str] = &[
    include_str!("image.rs"),
    include_str!("memory.rs"),
    include_str!("objects.rs"),
    include_str!("platform.rs"),
    include_str!("scribbles.rs"),
    include_str!("whole.rs"),
    include_str!("../core/clocks.rs"),
    include_str!("../core/events.rs"),
    include_str!("../core/images.rs"),
    include_str!("../core/levels.rs"),
    include_str!("../core/memory.rs"),
    include_str!("../core/objects.rs"),
    include_str!("../core/stacks.rs"),
    include_str!("../core_driver.rs"),
    include_str!("../network/contexts.rs"),
    include_str!("../network/indications.rs"),
    include_str!("../network/management.rs"),
    include_str!("../network/programs.rs"),
    include_str!("../network/registrar.rs"),
    include_str!("../../src/lock_order.rs"),
];

fn rows() -> impl Iterator<Item = &'static Row> {
    verifier::ROWS.iter().chain(beyond::ROWS)
}

#[test]
fn every_check_has_a_test_that_misuses_it_or_a_reason() {
    for Row { rule, misuse, tests, elsewhere } in rows() {
        assert!(!rule.is_empty() && !misuse.is_empty());
        assert!(!tests.is_empty() || !elsewhere.is_empty(), "{rule}: {misuse}");
        for name in *tests {
            let head = format!("fn {name}() {{");
            assert!(SOURCES.iter().any(|source| source.contains(&head)), "no test {name}");
        }
    }
}

#[test]
fn every_test_of_misuse_stands_in_a_row() {
    // The first six sources are this binary's.
    for source in SOURCES.iter().take(6) {
        for (name, _) in source.split("#[test]\nfn ").skip(1).filter_map(|it| it.split_once('(')) {
            assert!(rows().any(|row| row.tests.contains(&name)), "{name} is in no row");
        }
    }
}
