//! How panels look: what drawing them once showed to be unreadable stays away.

use crate::boards::{self, list, panels, panels_mut, text};
use serde_json::Value;

/// Pixels that a table has on a page of 1280, without menu and margins.
const PAGE: u64 = 1216;

/// Pixels that Grafana gives a column without a width at least.
///
/// Source: github.com/grafana/grafana packages/grafana-ui/src/components/Table/TableNG/constants.ts
/// (read 2026-11)
const COLUMN: u64 = 150;

/// The least bound that is a line of its own and not one on the zero line.
const LEAST_LINE: f64 = 1e-6;

fn of_type<'a>(board: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    panels(board).into_iter().filter(move |panel| panel["type"] == kind)
}

fn titles<'a>(wrong: impl Iterator<Item = &'a Value>) -> Vec<String> {
    wrong.map(|panel| text(panel, "title").to_owned()).collect()
}

fn custom(panel: &Value) -> &Value {
    &panel["fieldConfig"]["defaults"]["custom"]
}

/// What an override says of the column or line of this name.
fn said_of<'a>(panel: &'a Value, name: &str, property: &str) -> Option<&'a Value> {
    list(&panel["fieldConfig"], "overrides")
        .filter(|it| it["matcher"]["options"] == name)
        .flat_map(|it| list(it, "properties"))
        .find(|it| it["id"] == property)
        .map(|it| &it["value"])
}

/// The names of a table's columns: that of the field, and the one shown.
fn columns(panel: &Value) -> Vec<(&str, &str)> {
    let organize = list(panel, "transformations").find(|it| it["id"] == "organize").unwrap();
    let names = organize["options"]["renameByName"].as_object().unwrap();
    names.iter().map(|(field, name)| (field.as_str(), name.as_str().unwrap())).collect()
}

/// Charts of zeros would run to 100, as if 5 were nothing.
#[test]
fn axes_of_counts_and_rates_end_low_while_all_is_zero() {
    boards::hold(
        |board| {
            let wrong = of_type(board, "timeseries").filter(|panel| {
                let unit = text(&panel["fieldConfig"]["defaults"], "unit");
                ["short", "cps", "reqps"].contains(&unit)
                    && custom(panel)["scaleDistribution"]["type"] != "log"
                    && !custom(panel)["axisSoftMax"].as_f64().is_some_and(|it| it <= 5.0)
            });
            titles(wrong)
        },
        &[("an axis without an end", |board| {
            for panel in panels_mut(board) {
                panel["fieldConfig"]["defaults"]["custom"]["axisSoftMax"] = Value::Null;
            }
        })],
    );
}

#[test]
fn no_bound_is_drawn_on_the_zero_line() {
    boards::hold(
        |board| {
            let wrong = of_type(board, "timeseries").filter(|panel| {
                let style = &custom(panel)["thresholdsStyle"]["mode"];
                let bounds = list(&panel["fieldConfig"]["defaults"]["thresholds"], "steps");
                let mut bounds = bounds.filter_map(|it| it["value"].as_f64());
                style.is_string() && style != "off" && bounds.any(|it| it < LEAST_LINE)
            });
            titles(wrong)
        },
        &[("a line at almost nothing", |board| {
            for panel in panels_mut(board) {
                let defaults = &mut panel["fieldConfig"]["defaults"];
                defaults["custom"]["thresholdsStyle"]["mode"] = "dashed".into();
                defaults["thresholds"]["steps"] = serde_json::json!([{"value": 1e-9}]);
            }
        })],
    );
}

/// Powers of 2 of a second are no round numbers: 976.5625 µs.
#[test]
fn logarithms_of_seconds_go_by_powers_of_ten() {
    boards::hold(
        |board| {
            let wrong = of_type(board, "timeseries").filter(|panel| {
                let scale = &custom(panel)["scaleDistribution"];
                panel["fieldConfig"]["defaults"]["unit"] == "s"
                    && scale["type"] == "log"
                    && scale["log"] != 10
            });
            titles(wrong)
        },
        &[("powers of 2", |board| {
            for panel in panels_mut(board) {
                let defaults = &mut panel["fieldConfig"]["defaults"];
                defaults["unit"] = "s".into();
                defaults["custom"]["scaleDistribution"] =
                    serde_json::json!({"type": "log", "log": 2});
            }
        })],
    );
}

/// The number over its own sparkline cannot be read.
#[test]
fn numbers_of_now_stand_alone() {
    boards::hold(
        |board| titles(of_type(board, "stat").filter(|it| it["options"]["graphMode"] != "none")),
        &[("a sparkline", |board| {
            for panel in panels_mut(board) {
                panel["options"]["graphMode"] = "area".into();
            }
        })],
    );
}

#[test]
fn tables_fit_the_page() {
    boards::hold(
        |board| {
            let wrong = of_type(board, "table").filter(|panel| {
                let width = |(_, name): &(&str, &str)| {
                    said_of(panel, name, "custom.width").and_then(Value::as_u64).unwrap_or(COLUMN)
                };
                let page = PAGE * panel["gridPos"]["w"].as_u64().unwrap() / 24;
                columns(panel).iter().map(width).sum::<u64>() > page
            });
            titles(wrong)
        },
        &[("a wide column", |board| wider(board))],
    );
}

/// Makes a column of every table wider than the page.
fn wider(board: &mut Value) {
    for panel in panels_mut(board).into_iter().filter(|it| it["type"] == "table") {
        let name = columns(panel)[0].1.to_owned();
        let wide = serde_json::json!({
            "matcher": {"id": "byName", "options": name},
            "properties": [{"id": "custom.width", "value": 2000}],
        });
        panel["fieldConfig"]["overrides"].as_array_mut().unwrap().insert(0, wide);
    }
}

/// Grafana takes text that looks like a number for one, and writes process 31012 as 31.0 K.
#[test]
fn labels_in_tables_are_text_unless_they_count() {
    boards::hold(
        |board| {
            let mut wrong = Vec::new();
            for panel in of_type(board, "table") {
                let convert =
                    list(panel, "transformations").find(|it| it["id"] == "convertFieldType");
                let numbers: Vec<&str> = list(&convert.unwrap()["options"], "conversions")
                    .map(|it| text(it, "targetField"))
                    .collect();
                let labels = columns(panel)
                    .into_iter()
                    .filter(|(field, _)| !field.starts_with("Value") && !numbers.contains(field));
                let scaled = labels.filter(|(_, name)| {
                    said_of(panel, name, "unit").is_none_or(|unit| unit != "string")
                });
                wrong.extend(scaled.map(|(_, name)| format!("{}: {name}", text(panel, "title"))));
            }
            wrong
        },
        &[("a label with a unit", |board| {
            for panel in panels_mut(board).into_iter().filter(|it| it["type"] == "table") {
                panel["fieldConfig"]["overrides"] = serde_json::json!([]);
            }
        })],
    );
}
