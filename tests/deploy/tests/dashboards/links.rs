//! Links lead somewhere.

use crate::boards::{self, list, panels, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use weir_deploy::place;

const RUNBOOKS: &str = "https://github.com/weir-project/weir/blob/main/docs/runbooks/";

fn uids() -> BTreeSet<String> {
    boards::all().iter().map(|(_, board)| text(board, "uid").to_owned()).collect()
}

/// Every address in a dashboard, wherever it stands.
fn addresses(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let address = field.as_str().filter(|_| name == "url");
                found.extend(address.map(str::to_owned));
                addresses(field, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| addresses(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn dashboards_have_the_uids_that_bookmarks_hold() {
    let uids: Vec<String> = uids().into_iter().collect();
    assert_eq!(uids, ["weir-fleet", "weir-flows", "weir-pipeline", "weir-programs"]);
}

#[test]
fn every_dashboard_links_to_the_others_and_keeps_what_was_chosen() {
    boards::hold(
        |board| {
            let own = text(board, "uid");
            let is_linked = |uid: &String| {
                list(board, "links").any(|link| {
                    link["url"] == format!("/d/{uid}")
                        && link["keepTime"] == true
                        && link["includeVars"] == true
                })
            };
            uids().into_iter().filter(|uid| uid != own && !is_linked(uid)).collect()
        },
        &[
            ("no links", |board| board["links"] = Value::Null),
            ("the time is lost", |board| board["links"][0]["keepTime"] = false.into()),
        ],
    );
}

#[test]
fn every_link_leads_to_a_dashboard_or_a_runbook() {
    boards::hold(
        |board| {
            let mut all = Vec::new();
            addresses(board, &mut all);
            let uids = uids();
            all.retain(|address| match address.strip_prefix("/d/") {
                Some(rest) => !uids.contains(rest.split('?').next().unwrap()),
                None => !address.strip_prefix(RUNBOOKS).is_some_and(is_page),
            });
            all
        },
        &[
            ("a dashboard that is not there", |board| {
                board["links"][0]["url"] = "/d/weir-hosts".into();
            }),
            ("another place", |board| board["links"][0]["url"] = "https://example.org/".into()),
            ("not a page", |board| {
                board["links"][0]["url"] = format!("{RUNBOOKS}WeirFlowsStuck").into();
            }),
            ("a runbook that is not there", |board| {
                if has_runbooks() {
                    board["links"][0]["url"] = format!("{RUNBOOKS}WeirNothing.md").into();
                } else {
                    board["links"] = json!([{"url": format!("{RUNBOOKS}WeirNothing")}]);
                }
            }),
        ],
    );
}

/// Whether there is this runbook; where there are none at all, the name's form is what can be held.
fn is_page(name: &str) -> bool {
    name.ends_with(".md") && (!has_runbooks() || runbooks().join(name).is_file())
}

fn runbooks() -> PathBuf {
    place::root().join("docs/runbooks")
}

fn has_runbooks() -> bool {
    let is_there = runbooks().join("README.md").is_file();
    if !is_there {
        eprintln!("skipped: no docs/runbooks, so nobody knows which of them are there");
    }
    is_there
}

/// Who is woken by an alert finds a panel that shows what it is about.
#[test]
fn every_runbook_is_linked_from_a_panel() {
    if !has_runbooks() {
        return;
    }
    let boards = boards::all();
    let panels = boards.iter().flat_map(|(_, board)| panels(board));
    let links = panels.flat_map(|panel| list(panel, "links")).map(|link| text(link, "url"));
    let linked: BTreeSet<&str> = links.filter_map(|it| it.strip_prefix(RUNBOOKS)).collect();
    let pages = place::files("docs/runbooks", ".md");
    let names = pages.iter().map(|page| page.file_name().unwrap().to_string_lossy());
    let lost: Vec<_> =
        names.filter(|name| name != "README.md" && !linked.contains(name.as_ref())).collect();
    assert!(lost.is_empty(), "no panel links to {lost:?}: name the alert in weir_dashboards/");
}

#[test]
fn links_of_a_panel_say_which_runbook_they_open() {
    boards::hold(
        |board| {
            let links = panels(board).into_iter().flat_map(|panel| list(panel, "links"));
            let wrong = links.filter(|link| {
                let name = text(link, "url").trim_start_matches(RUNBOOKS).trim_end_matches(".md");
                text(link, "title") != format!("Runbook {name}")
            });
            wrong.map(ToString::to_string).collect()
        },
        &[("a title of another", |board| {
            for panel in boards::panels_mut(board) {
                if !panel["links"][0].is_null() {
                    panel["links"][0]["title"] = "Runbook".into();
                }
            }
        })],
    );
}
