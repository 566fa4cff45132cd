//! The report on a terminal, read from the top: what works, what fails first, what follows from it,
//! what else there is.

use super::lacks::lacks;
use super::view::{CheckView, FileView, QuoteView, StepView, View};
use crate::failure::one_line;
use core::fmt::Write as _;
use std::collections::BTreeMap;
use weir_stages::checks::{Check, Group, Verdict};

/// Columns that lines are wrapped at.
const WIDTH: usize = 98;

/// The report.
pub(super) fn report(view: &View<'_>) -> String {
    let mut out = String::new();
    head(&mut out, view);
    works(&mut out, view);
    let failures: Vec<&CheckView<'_>> = view.with(Verdict::Fail).collect();
    if let Some((first, others)) = failures.split_first() {
        heading(&mut out, "Fails first");
        in_full(&mut out, view, first);
        if !others.is_empty() {
            heading(&mut out, "Fails too");
            all_in_full(&mut out, view, others);
        }
    }
    let warnings: Vec<&CheckView<'_>> = view.with(Verdict::Warn).collect();
    if !warnings.is_empty() {
        heading(&mut out, "Warnings");
        all_in_full(&mut out, view, &warnings);
    }
    unknown(&mut out, view);
    not_collected(&mut out, view);
    files(&mut out, view);
    tail(&mut out, view);
    out
}

/// One check, for `--explain`.
pub(super) fn explain(check: &Check) -> String {
    let mut out = format!("{}  {}\n\n", check.id, check.title);
    wrapped(&mut out, "", check.about);
    out.push('\n');
    let needs: Vec<&str> = check.needs.iter().map(|it| it.name()).collect();
    field(&mut out, "group", check.group.title());
    field(&mut out, "needs", &needs.join(", "));
    field(&mut out, "allowed", check.privilege.name());
    if !check.after.is_empty() {
        field(&mut out, "follows", &format!("from {}, where that fails", check.after.join(", ")));
    }
    field(&mut out, "metric", &format!("weir_doctor_check_status{{check=\"{}\"}}", check.id));
    field(&mut out, "docs", check.docs);
    out
}

fn head(out: &mut String, view: &View<'_>) {
    let counts: Vec<String> = view
        .counts
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let _infallible = writeln!(out, "{}: {}", view.verdict.to_uppercase(), counts.join(", "));
    let source = view.source;
    let told = [
        Some(source.bundle.clone().unwrap_or_else(|| "this machine".to_owned())),
        source.host.clone().map(|it| format!("host {it}")),
        source.windows.clone().map(|it| format!("Windows {it}")),
        source.collected_at.clone().map(|it| format!("collected {it}")),
        (source.elevated == Some(false)).then(|| "not elevated".to_owned()),
    ];
    let told: Vec<String> = told.into_iter().flatten().map(|it| one_line(&it)).collect();
    let _infallible = writeln!(out, "{}", told.join(", "));
}

fn works(out: &mut String, view: &View<'_>) {
    let mut groups: BTreeMap<&str, Vec<&CheckView<'_>>> = BTreeMap::new();
    for check in view.with(Verdict::Ok) {
        groups.entry(check.group).or_default().push(check);
    }
    if groups.is_empty() {
        return;
    }
    heading(out, "Works");
    for group in Group::ALL {
        for check in groups.get(group.title()).into_iter().flatten() {
            let line = format!("{}  {}: ", check.id, check.title);
            hanging(out, &format!("  ok    {line}"), "                ", &one_line(check.found));
        }
    }
}

/// One below the other, a line apart.
fn all_in_full(out: &mut String, view: &View<'_>, checks: &[&CheckView<'_>]) {
    for (place, check) in checks.iter().enumerate() {
        if place > 0 {
            out.push('\n');
        }
        in_full(out, view, check);
    }
}

fn in_full(out: &mut String, view: &View<'_>, check: &CheckView<'_>) {
    let _infallible = writeln!(out, "  {:<5} {}  {}", check.verdict, check.id, check.title);
    field(out, "found", check.found);
    for quote in &check.evidence {
        field(out, "where", &place(quote));
    }
    if check.evidence_left_out > 0 {
        field(out, "", &places_more(check.evidence_left_out));
    }
    if let Some(cause) = check.cause {
        field(out, "cause", cause);
    }
    for (place, step) in check.remedy.iter().enumerate() {
        field(out, if place == 0 { "mend" } else { "" }, &remedy(step));
    }
    let followers: Vec<&str> =
        view.checks.iter().filter(|it| it.follows_from == Some(check.id)).map(|it| it.id).collect();
    if !followers.is_empty() {
        field(out, "follows", &format!("{}; look again once this is mended", followers.join(", ")));
    }
    field(out, "docs", check.docs);
}

fn unknown(out: &mut String, view: &View<'_>) {
    let every: Vec<&CheckView<'_>> = view.with(Verdict::Unknown).collect();
    let follows: Vec<_> = every.iter().filter(|it| it.follows_from.is_some()).collect();
    if !follows.is_empty() {
        heading(out, "Follows from what fails");
        for check in follows {
            let from = check.follows_from.unwrap_or_default();
            let line = format!("  {}  {} (from {from}): ", check.id, check.title);
            hanging(out, &line, "          ", &one_line(check.found));
        }
    }
    for (title, on_request) in [("Not known", false), ("Not asked for", true)] {
        let of_it = |it: &&&CheckView<'_>| it.follows_from.is_none() && it.on_request == on_request;
        // Many checks lack the same evidence: each lack is told once.
        let mut lacks: Vec<(String, Vec<&str>)> = Vec::new();
        for check in every.iter().filter(of_it) {
            let found = one_line(check.found);
            match lacks.iter_mut().find(|(it, _)| *it == found) {
                Some((_, ids)) => ids.push(check.id),
                None => lacks.push((found, vec![check.id])),
            }
        }
        if lacks.is_empty() {
            continue;
        }
        heading(out, title);
        for (found, ids) in lacks {
            hanging(out, &format!("  {}: ", in_short(view, &ids)), "          ", &found);
        }
    }
}

/// Ids; three or more that stand one after the other in the table as the first and the last.
fn in_short(view: &View<'_>, ids: &[&str]) -> String {
    let place = |id: &str| view.checks.iter().position(|it| it.id == id).unwrap_or_default();
    let mut parts: Vec<String> = Vec::new();
    let mut rest = ids;
    while let Some((first, others)) = rest.split_first() {
        let following = others.iter().zip(place(first) + 1..);
        let run = following.take_while(|(id, expected)| place(id) == *expected).count();
        let taken = if run < 2 { 0 } else { run };
        parts.push(match others.get(taken.wrapping_sub(1)) {
            Some(last) => format!("{first} to {last}"),
            None => (*first).to_owned(),
        });
        rest = others.get(taken..).unwrap_or_default();
    }
    parts.join(", ")
}

/// What lacks of kinds of which something is there; of others, checks that know nothing say it.
fn not_collected(out: &mut String, view: &View<'_>) {
    let lacks = lacks(view, |it| it.is_part);
    let lines = lacks.iter().map(|it| (it.what(), it.why.as_str()));
    told(out, "Not collected", lines);
}

fn files(out: &mut String, view: &View<'_>) {
    let source = view.source;
    let unread = source.unread.iter().map(|it| (it.path.clone(), it.why.as_str()));
    told(out, "Could not be read", unread);
    let not_judged = |it: &FileView| it.not_judged.map(|why| (it.path.clone(), why));
    told(out, "Taken along, not judged", source.files.iter().filter_map(not_judged));
    let notes = source.notes.iter().map(|it| (it.path.clone(), it.what.as_str()));
    told(out, "About the files", notes);
}

/// Lines of something, and what of it, below their heading; a reason that several share once.
fn told<'a>(out: &mut String, title: &str, lines: impl Iterator<Item = (String, &'a str)>) {
    let mut shared: Vec<(Vec<String>, &str)> = Vec::new();
    for (what, why) in lines {
        match shared.iter_mut().find(|(_, it)| *it == why) {
            Some((several, _)) => several.push(one_line(&what)),
            None => shared.push((vec![one_line(&what)], why)),
        }
    }
    if !shared.is_empty() {
        heading(out, title);
    }
    for (what, why) in shared {
        hanging(out, "  ", "          ", &format!("{}: {}", what.join(", "), one_line(why)));
    }
}

fn tail(out: &mut String, view: &View<'_>) {
    if let Some(first) = view.first_failure {
        let _infallible = writeln!(
            out,
            "\nMend {first} first, then look again. More: weir doctor --explain {first}"
        );
    } else if view.verdict == Verdict::Ok.name() {
        out.push_str("\nNothing to mend.\n");
    }
}

/// Places that are not shown.
pub(super) fn places_more(count: usize) -> String {
    format!("and {count} {} more", if count == 1 { "place" } else { "places" })
}

fn heading(out: &mut String, text: &str) {
    let _infallible = writeln!(out, "\n{text}");
}

fn place(quote: &QuoteView<'_>) -> String {
    match quote.line {
        0 => format!("{}  {}", quote.file, quote.text),
        line => format!("{}:{line}  {}", quote.file, quote.text),
    }
}

/// A command stands on a line of its own, as it is typed.
fn remedy(step: &StepView<'_>) -> String {
    match step.kind {
        "run" => format!("> {}", step.text),
        "careful" => format!("! {}", step.text),
        _ => format!("- {}", step.text),
    }
}

fn field(out: &mut String, name: &str, text: &str) {
    hanging(out, &format!("        {name:<8}"), "                ", &one_line(text));
}

fn wrapped(out: &mut String, indent: &str, text: &str) {
    hanging(out, indent, indent, text);
}

/// Text after a beginning, and its further lines indented. Commands are not broken.
fn hanging(out: &mut String, first: &str, indent: &str, text: &str) {
    let mut line = first.to_owned();
    let mut is_empty = true;
    let is_command = text.starts_with("> ");
    for word in text.split(' ') {
        let is_full = line.chars().count() + 1 + word.chars().count() > WIDTH;
        if is_full && !is_empty && !is_command {
            let _infallible = writeln!(out, "{}", line.trim_end());
            indent.clone_into(&mut line);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    let _infallible = writeln!(out, "{}", line.trim_end());
}
