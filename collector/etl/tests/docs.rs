//! The page about traces says of damage what the code says.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use weir_etl::{DamageKind, Kind};

fn page() -> String {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/traces.md");
    std::fs::read_to_string(page).unwrap()
}

#[test]
fn the_page_has_every_kind_of_damage_with_its_meaning() {
    let page = page();
    for kind in DamageKind::ALL {
        let row = format!("| `{}` | {}", kind.name(), kind.meaning().trim());
        assert!(page.contains(&row), "docs/traces.md lacks: {row}");
    }
    let rows = page.split("| damage | meaning |").nth(1).unwrap().split("\n\n").next().unwrap();
    assert_eq!(rows.lines().count() - 2, DamageKind::ALL.len(), "no row too many");
}

#[test]
fn kinds_have_distinct_names() {
    let mut names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Kind::ALL.len());
}
