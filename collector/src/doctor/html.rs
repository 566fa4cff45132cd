//! The report as one self-contained page, for a ticket: no script, no file beside it, light and
//! dark, and it prints.
//!
//! Everything that is quoted is from outside; the templates escape it.

use super::lacks::lacks;
use super::terminal::places_more;
use super::view::{CheckView, QuoteView, Source, StepView, View};
use crate::failure::one_line;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use weir_stages::checks::{Group, Verdict};

const STYLE: &str = include_str!("doctor.css");

/// Keeps a browser from fetching or running anything, whatever a bundle says.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page.
pub(super) fn page(view: &View<'_>) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { "weir doctor: " (view.verdict) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(view))
                main {
                    (in_full(view))
                    (follows(view))
                    (every_check(view))
                    (not_known(view))
                    (files(view.source))
                }
                footer { "weir " (view.weir) ", weir doctor --explain ID says more of each check." }
            }
        }
    };
    page.into_string()
}

fn head(view: &View<'_>) -> Markup {
    let counts = [Verdict::Fail, Verdict::Warn, Verdict::Unknown, Verdict::Ok];
    html! {
        header class=(view.verdict) {
            h1 { (badge(view.verdict)) " " (sentence(view)) }
            dl class="counts" {
                @for verdict in counts {
                    div class=(verdict.name()) {
                        dt { (verdict.name()) }
                        dd { (view.with(verdict).count()) }
                    }
                }
            }
            p class="source" { (source(view.source)) }
        }
    }
}

/// What to take away.
fn sentence(view: &View<'_>) -> String {
    let first = view.first_failure.and_then(|id| view.checks.iter().find(|it| it.id == id));
    match first {
        Some(check) => format!("Mend {} first: {}", check.id, one_line(check.found)),
        None if view.verdict == Verdict::Ok.name() => "Nothing to mend".to_owned(),
        None if view.verdict == Verdict::Warn.name() => "It works; somebody should look".to_owned(),
        None => "Evidence is missing".to_owned(),
    }
}

fn source(source: &Source) -> String {
    let told = [
        Some(source.bundle.clone().unwrap_or_else(|| "this machine".to_owned())),
        source.host.clone().map(|it| format!("host {it}")),
        source.windows.clone().map(|it| format!("Windows {it}")),
        source.collected_at.clone().map(|it| format!("collected {it}")),
        source.elevated.map(|it| if it { "elevated" } else { "not elevated" }.to_owned()),
    ];
    let told: Vec<String> = told.into_iter().flatten().map(|it| one_line(&it)).collect();
    told.join(" · ")
}

fn in_full(view: &View<'_>) -> Markup {
    html! {
        @for (verdict, title) in [(Verdict::Fail, "Fails"), (Verdict::Warn, "Warnings")] {
            @if view.with(verdict).next().is_some() {
                section {
                    h2 { (title) }
                    @for check in view.with(verdict) { (card(view, check)) }
                }
            }
        }
    }
}

fn card(view: &View<'_>, check: &CheckView<'_>) -> Markup {
    let followers = view.checks.iter().filter(|it| it.follows_from == Some(check.id));
    let followers: Vec<&str> = followers.map(|it| it.id).collect();
    html! {
        article class=(check.verdict) id=(check.id) {
            h3 { (badge(check.verdict)) " " (check.id) " " (check.title) }
            p class="found" { (one_line(check.found)) }
            @if !check.evidence.is_empty() {
                h4 { "Where it stands" }
                ul class="evidence" { @for quote in &check.evidence { li { (place(quote)) } } }
                @if check.evidence_left_out > 0 {
                    p { (places_more(check.evidence_left_out)) }
                }
            }
            @if let Some(cause) = check.cause { h4 { "Why" } p { (one_line(cause)) } }
            @if !check.remedy.is_empty() {
                h4 { "What to do" }
                ol class="remedy" { @for step in &check.remedy { (remedy(step)) } }
            }
            @if !followers.is_empty() {
                p class="follows" {
                    "Follows from it: " (followers.join(", ")) ". Look again once it is mended."
                }
            }
            p class="docs" { (docs(check.docs)) }
        }
    }
}

fn place(quote: &QuoteView<'_>) -> Markup {
    html! {
        span class="place" {
            (one_line(quote.file)) @if quote.line > 0 { ":" (quote.line) }
        }
        " " code { (one_line(quote.text)) }
    }
}

fn remedy(step: &StepView<'_>) -> Markup {
    html! {
        @match step.kind {
            "run" => li class="run" { code { (one_line(step.text)) } },
            "careful" => li class="careful" { strong { "Careful: " } (one_line(step.text)) },
            _ => li { (one_line(step.text)) },
        }
    }
}

/// Pages of the project are named; others are linked.
fn docs(docs: &str) -> Markup {
    html! {
        @if docs.starts_with("https://") { a href=(docs) rel="noreferrer" { (docs) } }
        @else { (docs) }
    }
}

fn follows(view: &View<'_>) -> Markup {
    let every: Vec<_> = view.checks.iter().filter(|it| it.follows_from.is_some()).collect();
    html! {
        @if !every.is_empty() {
            section {
                h2 { "Follows from what fails" }
                ul {
                    @for check in every {
                        li {
                            (check.id) " " (check.title)
                            " (from " (check.follows_from.unwrap_or_default()) "): "
                            (one_line(check.found))
                        }
                    }
                }
            }
        }
    }
}

fn every_check(view: &View<'_>) -> Markup {
    html! {
        section {
            h2 { "Every check" }
            table {
                thead { tr { th { "check" } th { "verdict" } th { "found" } } }
                @for group in Group::ALL {
                    tbody {
                        tr { th colspan="3" scope="rowgroup" { (group.title()) } }
                        @for check in view.checks.iter().filter(|it| it.group == group.title()) {
                            tr class=(check.verdict) {
                                td { (check.id) " " (check.title) }
                                td { (badge(check.verdict)) }
                                td { (one_line(check.found)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn not_known(view: &View<'_>) -> Markup {
    let lacks = lacks(view, |_| true);
    html! {
        @if !lacks.is_empty() {
            section {
                h2 { "Evidence that is missing" }
                ul {
                    @for lack in &lacks { li { (lack.what()) ": " (lack.why) } }
                }
            }
        }
    }
}

fn files(source: &Source) -> Markup {
    html! {
        section {
            h2 { "Evidence" }
            ul class="files" {
                @for file in &source.files {
                    li {
                        code { (one_line(&file.path)) } " " (file.holds.join(", "))
                        @if let Some(why) = file.not_judged { ", not judged: " (why) }
                    }
                }
                @for file in &source.unread {
                    li class="warn" {
                        code { (one_line(&file.path)) } " not read: " (one_line(&file.why))
                    }
                }
            }
            @if !source.notes.is_empty() {
                h3 { "About the files" }
                ul {
                    @for note in &source.notes {
                        li { code { (one_line(&note.path)) } " " (one_line(&note.what)) }
                    }
                }
            }
        }
    }
}

/// A verdict as a word and a form, not as a colour alone.
fn badge(verdict: &str) -> Markup {
    html! { span class={ "badge " (verdict) } { (verdict) } }
}
