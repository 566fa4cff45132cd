//! Programs and links: each object, each value.

use crate::bundle::Form;
use crate::fields::{Field, fields, objects};
use crate::items::{doubled, removed, replaced};
use crate::samples::{HEALTHY, Sample};
use crate::tally::{Case, Tally, Told, cases, doubt, fail, warn};
use weir_stages::checks::{Report, Verdict};

/// A value and what tells it: to somebody who expects nothing, and to somebody who does.
type Value = (String, Told, Told);

fn alike(value: &str, told: Told) -> Value {
    (value.to_owned(), told, told)
}

fn of_program(field: &Field, _: Form) -> Vec<Value> {
    match field.path.as_str() {
        // The link is of a program that is not there.
        "id" => vec![alike("77", fail("WD0403"))],
        "type" => ["xdp", "bind", "sockops", "flow_classify", "unspec", "of_tomorrow"]
            .map(|it| alike(&format!("\"{it}\""), fail("WD0404")))
            .into_iter()
            // Nobody registered a name of it with whoever asked, and a number says nothing.
            .chain([alike("999", None)])
            .collect(),
        "name" => vec![("\"another\"".to_owned(), None, fail("WD0402"))],
        "map_ids" => map_ids(&field.value),
        other => panic!("nobody says what {other} of a program means"),
    }
}

/// A map removed, doubled, changed.
fn map_ids(value: &str) -> Vec<Value> {
    let ids: Vec<&str> = value.trim_matches(['[', ']']).split(',').collect();
    let list = |ids: &[&str]| format!("[{}]", ids.join(","));
    let mut values = Vec::new();
    for place in 0..ids.len() {
        let mut fewer = ids.clone();
        let it = fewer.remove(place);
        values.push((list(&fewer), None, warn("WD0405")));
        values.push(alike(&list(&[&ids[..], &[it]].concat()), fail("WD0405")));
        let mut changed = ids.clone();
        changed[place] = "7777";
        values.push(alike(&list(&changed), fail("WD0405")));
    }
    values
}

fn of_link(field: &Field, form: Form) -> Vec<Value> {
    match field.path.as_str() {
        "id" | "cgroup_id" => vec![alike("77", None)],
        "type" => vec![alike("3", None), alike("\"cgroup\"", None)],
        "prog_id" => vec![alike("77", fail("WD0403")), alike("0", fail("WD0403"))],
        "attach_type" => {
            let mismatches = ["bind", "cgroup/sock_ops", "flow_classify", "unspec"];
            let mismatches = mismatches.map(|it| alike(&format!("\"{it}\""), fail("WD0404")));
            let unknown = |it: &str| (it.to_owned(), warn("WD0404"), fail("WD0404"));
            // Objects are those of another hook. Parts have nothing of one of its layers, which is
            // a test of its own.
            let other = ("\"cgroup/connect6\"".to_owned(), fail("WD0302"), fail("WD0404"));
            let is_told = form != Form::Parts;
            mismatches
                .into_iter()
                .chain([unknown("\"cgroup/of_tomorrow\""), unknown("77")])
                .chain(is_told.then_some(other))
                .collect()
        }
        other => panic!("nobody says what {other} of a link means"),
    }
}

fn change(
    tally: &mut Tally,
    case: &Case,
    (sample, id): (Sample, &'static str),
    values: fn(&Field, Form) -> Vec<Value>,
) {
    let text = case.samples.text(sample);
    let mut judge = |what: &str, text: String, told: Told| {
        let what = format!("{sample:?}: {what}");
        tally.judge(case, &what, &case.samples.with(sample, text), told);
    };
    for object in objects(text) {
        judge("removed", removed(text, &object), fail(id));
        judge("doubled", doubled(text, &object, ","), fail(id));
        if let Some((before, after)) = text.split_once(",\n    \"attach_type\"") {
            let (_, after) = after.split_once("connect4\"").unwrap();
            let told = if case.is_expecting { doubt("WD0404") } else { None };
            judge("attach_type not told", [before, after].concat(), told);
        }
        for field in fields(text, &object) {
            for (value, unexpecting, expecting) in values(&field, case.form) {
                let told = if case.is_expecting { expecting } else { unexpecting };
                judge(
                    &format!("{} {value}", field.path),
                    replaced(text, &field.range, &value),
                    told,
                );
            }
        }
    }
}

#[test]
fn a_program_removed_doubled_or_changed_is_told_by_one_check() {
    let mut tally = Tally::default();
    for case in cases(&HEALTHY, &[]) {
        change(&mut tally, &case, (Sample::Programs, "WD0402"), of_program);
    }
    tally.end(100);
}

#[test]
fn a_link_removed_doubled_or_changed_is_told_by_one_check() {
    let mut tally = Tally::default();
    for case in cases(&HEALTHY, &[]) {
        change(&mut tally, &case, (Sample::Links, "WD0403"), of_link);
    }
    tally.end(90);
}

#[test]
fn a_list_that_cannot_be_read_is_told() {
    let mut tally = Tally::default();
    for case in cases(&HEALTHY, &[]) {
        for sample in [Sample::Programs, Sample::Links, Sample::Maps] {
            let text = case.samples.text(sample);
            for object in objects(text) {
                for field in fields(text, &object).iter().filter(|it| it.path != "flags") {
                    for value in ["-1", "{}", "[[]]", "\"", ""] {
                        // A number is read as a name where there may be either.
                        let what = format!("{sample:?}: {} {value}", field.path);
                        let text = replaced(text, &field.range, value);
                        if field.path == "cgroup_id" && ["-1", "{}", "[[]]"].contains(&value) {
                            tally.judge(&case, &what, &case.samples.with(sample, text), None);
                        } else {
                            tally.unread(&case, &what, &case.samples.with(sample, text));
                        }
                    }
                }
            }
            let cut = text[..text.len() - 6].to_owned();
            tally.unread(&case, "cut off", &case.samples.with(sample, cut));
        }
    }
    tally.end(640);
}

/// What a link needs at a layer that is in no part is not known; at one that is, it is missing.
#[test]
fn a_link_of_another_hook_is_judged_by_the_layers_that_parts_have() {
    for samples in crate::samples::sources() {
        let text = samples.text(Sample::Links).replace("connect4", "connect6");
        let samples = samples.with(Sample::Links, text);
        let read = crate::bundle::read(&samples, &HEALTHY, Form::Parts);
        let report = Report::of(&read.evidence);
        assert_eq!(crate::tally::told(&report), [(Verdict::Fail, "WD0303")]);
        assert_eq!(report.outcome("WD0302").unwrap().judgement.verdict, Verdict::Unknown);
    }
}
