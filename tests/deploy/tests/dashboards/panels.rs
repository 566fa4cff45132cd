//! Rules about single panels.

use crate::boards::{self, is_row, list, panels, panels_mut, targets, text};
use serde_json::Value;

/// Units that the dashboards use: a few of those that Grafana knows, so that panels compare.
///
/// Source: github.com/grafana/grafana packages/grafana-data/src/valueFormats/categories.ts
/// (read 2026-11)
const UNITS: [&str; 8] = ["short", "percentunit", "s", "bytes", "Bps", "cps", "reqps", "string"];

/// A description says more than this many words more than its title.
const WORDS: usize = 6;

/// Titles of panels that a test refuses.
fn refused(board: &Value, is_wrong: impl Fn(&Value) -> bool) -> Vec<String> {
    let wrong = panels(board).into_iter().filter(|panel| is_wrong(panel));
    wrong.map(|panel| format!("{}: {}", panel["id"], text(panel, "title"))).collect()
}

fn first(board: &mut Value) -> &mut Value {
    panels_mut(board).swap_remove(0)
}

#[test]
fn panel_datasource_is_the_one_chosen() {
    boards::hold(
        |board| {
            let is_chosen = |it: &Value| {
                it["datasource"]["uid"] == "${datasource}"
                    && it["datasource"]["type"] == "prometheus"
            };
            refused(board, |panel| !is_chosen(panel) || !targets(panel).all(is_chosen))
        },
        &[
            ("a fixed data source", |board| first(board)["datasource"]["uid"] = "prod".into()),
            ("a query's own", |board| {
                first(board)["targets"][0]["datasource"]["uid"] = "prod".into();
            }),
        ],
    );
}

/// The linter's rules target-logql and target-logql-auto are about Loki, which nobody asks here.
#[test]
fn target_logql_no_query_goes_to_loki() {
    boards::hold(
        |board| {
            refused(board, |panel| {
                !targets(panel).all(|it| it["datasource"]["type"] == "prometheus")
            })
        },
        &[("a query to Loki", |board| {
            first(board)["targets"][0]["datasource"]["type"] = "loki".into();
        })],
    );
}

#[test]
fn panel_title_description_says_more_than_the_title() {
    boards::hold(
        |board| {
            refused(board, |panel| {
                let (title, description) = (text(panel, "title"), text(panel, "description"));
                let words = |text: &str| text.split_whitespace().count();
                title.is_empty()
                    || !description.ends_with('.')
                    || words(description) < words(title) + WORDS
            })
        },
        &[
            ("no title", |board| first(board)["title"] = "".into()),
            ("no description", |board| first(board)["description"] = Value::Null),
            ("the title again", |board| {
                let title = text(first(board), "title").to_owned();
                first(board)["description"] = format!("{title}.").into();
            }),
        ],
    );
}

#[test]
fn titles_are_there_once_so_that_they_can_be_spoken_of() {
    boards::hold(
        |board| {
            let mut titles: Vec<&str> = panels(board).iter().map(|it| text(it, "title")).collect();
            titles.sort_unstable();
            let pairs = titles.windows(2).filter(|pair| pair[0] == pair[1]);
            pairs.map(|pair| pair[0].to_owned()).collect()
        },
        &[("a title twice", |board| {
            let title = text(first(board), "title").to_owned();
            panels_mut(board).pop().unwrap()["title"] = title.into();
        })],
    );
}

#[test]
fn panel_units_are_there_and_few() {
    boards::hold(
        |board| {
            refused(board, |panel| {
                let axis = &panel["options"]["yAxis"]["unit"];
                let is_known = |unit: &Value| UNITS.iter().any(|known| unit == known);
                !is_known(&panel["fieldConfig"]["defaults"]["unit"])
                    || (panel["type"] == "heatmap" && !is_known(axis))
            })
        },
        &[
            ("no unit", |board| {
                first(board)["fieldConfig"]["defaults"]["unit"] = Value::Null;
            }),
            ("a unit that Grafana has not", |board| {
                first(board)["fieldConfig"]["defaults"]["unit"] = "flows".into();
            }),
            ("a heat map whose axis has none", |board| {
                for panel in panels_mut(board) {
                    panel["options"].as_object_mut().unwrap().remove("yAxis");
                }
            }),
        ],
    );
}

/// Panels with counts that should be 0 are found by their thresholds.
#[test]
fn thresholds_begin_below_and_ascend() {
    boards::hold(
        |board| {
            refused(board, |panel| {
                let thresholds = &panel["fieldConfig"]["defaults"]["thresholds"];
                let steps: Vec<&Value> = list(thresholds, "steps").map(|it| &it["value"]).collect();
                let is_ordered =
                    steps.windows(2).all(|pair| match (pair[0].as_f64(), pair[1].as_f64()) {
                        (None, Some(_)) => true,
                        (Some(low), Some(high)) => low < high,
                        _ => false,
                    });
                let has_none = ["table", "heatmap"].iter().any(|kind| panel["type"] == *kind);
                !is_ordered || !(has_none || steps.first().is_some_and(|first| first.is_null()))
            })
        },
        &[("no thresholds", |board| {
            first(board)["fieldConfig"]["defaults"]["thresholds"] = Value::Null;
        })],
    );
}

#[test]
fn panel_no_targets_every_panel_asks_something() {
    boards::hold(
        |board| refused(board, |panel| targets(panel).next().is_none()),
        &[("a panel without a query", |board| first(board)["targets"] = Value::Null)],
    );
}

#[test]
fn rows_have_titles() {
    boards::hold(
        |board| {
            let rows = list(board, "panels").filter(|panel| is_row(panel));
            rows.filter(|row| text(row, "title").is_empty())
                .map(|row| row["id"].to_string())
                .collect()
        },
        &[("a row without a title", |board| board["panels"][0]["title"] = "".into())],
    );
}
