//! Maps and what is in one: each object, each value, each entry.

use crate::fields::{fields, objects};
use crate::items::{doubled, removed, replaced};
use crate::samples::{HEALTHY, Sample};
use crate::tally::{Case, Tally, Told, cases, fail, warn};

const SHAPE: Told = fail("WD0405");

/// Other values of a field, with what tells them: to somebody who expects nothing, and to somebody
/// who gives the object. Of the first map there is a dump, which says how large its entries are.
fn values(place: usize, path: &str, value: &str) -> Vec<(String, Told, Told)> {
    let is_dumped = place == 0;
    let seen = if is_dumped { SHAPE } else { None };
    let more = || (value.parse::<u32>().unwrap() + 4).to_string();
    let zero = "0".to_owned();
    match path {
        "id" => vec![("7777".to_owned(), SHAPE, SHAPE)],
        "type" => vec![
            ("\"array\"".to_owned(), SHAPE, SHAPE),
            ("\"percpu_array\"".to_owned(), SHAPE, SHAPE),
            ("\"lpm_trie\"".to_owned(), None, SHAPE),
        ],
        "name" => vec![("\"another\"".to_owned(), None, SHAPE)],
        "flags" => vec![("1".to_owned(), None, None)],
        "bytes_key" => vec![(more(), seen, SHAPE), (zero, SHAPE, SHAPE)],
        "bytes_value" => vec![(more(), seen, SHAPE)],
        "max_entries" => {
            let full = if is_dumped { warn("WD0406") } else { None };
            vec![("1".to_owned(), full, SHAPE), (more(), None, SHAPE), (zero, SHAPE, SHAPE)]
        }
        other => panic!("nobody says what {other} of a map means"),
    }
}

fn change(tally: &mut Tally, case: &Case) {
    let text = case.samples.text(Sample::Maps);
    for (place, object) in objects(text).into_iter().enumerate() {
        let mut judge = |what: &str, text: String, told: Told| {
            let what = format!("map {place}: {what}");
            tally.judge(case, &what, &case.samples.with(Sample::Maps, text), told);
        };
        judge("removed", removed(text, &object), SHAPE);
        judge("doubled", doubled(text, &object, "\n"), SHAPE);
        for field in fields(text, &object) {
            for (value, unexpecting, expecting) in values(place, &field.path, &field.value) {
                let told = if case.is_expecting { expecting } else { unexpecting };
                let text = replaced(text, &field.range, &value);
                judge(&format!("{} {value}", field.path), text, told);
            }
        }
    }
}

#[test]
fn a_map_removed_doubled_or_changed_is_told_by_one_check() {
    let mut tally = Tally::default();
    for case in cases(&HEALTHY, &[]) {
        change(&mut tally, &case);
    }
    tally.end(165);
}

#[test]
fn what_is_in_a_map_is_counted_and_measured() {
    let mut tally = Tally::default();
    for case in cases(&HEALTHY, &[]) {
        let text = case.samples.text(Sample::Dump);
        let (entry, _) = text.split_once("Found ").unwrap();
        let many = |count: usize| format!("{}Found {count} elements\n", entry.repeat(count));
        let entries_max = case.samples.object.maps[0].entries_max as usize;
        let first_line = text.lines().nth(1).unwrap();
        let wider = text.replacen(first_line, &format!("{first_line} ff"), 1);
        let mut judge = |what: &str, text: String, told: Told| {
            tally.judge(&case, what, &case.samples.with(Sample::Dump, text), told);
        };
        judge("removed", "Found 0 elements\n".to_owned(), None);
        judge("doubled", many(2), None);
        judge("full", many(entries_max), warn("WD0406"));
        judge("a key of another size", wider, SHAPE);
        judge("other bytes", text.replace("00 00", "a5 5a"), None);
        let mut named = case.samples.clone();
        named.map_id = 7777;
        tally.judge(&case, "of a map that is not listed", &named, warn("WD0406"));
        for (what, text) in [
            ("an entry too few", "Found 1 element\n".to_owned()),
            ("an entry too many", [entry, text].concat()),
            ("cut off", entry.to_owned()),
            ("no bytes", text.replacen(first_line, "17 and four", 1)),
        ] {
            tally.unread(&case, what, &case.samples.with(Sample::Dump, text));
        }
    }
    tally.end(60);
}
