//! Every name in a query, a legend and a table is one of the catalogue.

use crate::boards::{self, expressions, list, panels, panels_mut, rewrite, targets, text};
use serde_json::Value;
use weir_deploy::names::{self, Known, Labels};

#[test]
fn every_query_names_only_what_the_catalogue_has() {
    boards::hold(
        |board| {
            let known = Known::catalogue();
            let checked = expressions(board).into_iter().map(|(_, it)| known.check(it));
            checked.filter_map(Result::err).collect()
        },
        &[
            ("a metric that is not there", |board| rewrite(board, "weir_", "wier_")),
            ("a label that is not there", |board| rewrite(board, "{job=~", "{dc=\"x\", job=~")),
            ("a grouping by what was summed away", |board| {
                rewrite(board, "sum(", "sum by (dc) (");
            }),
            ("a value that is not there", |board| rewrite(board, "\"block\"", "\"blocked\"")),
        ],
    );
}

/// Names within double braces.
fn in_legend(legend: &str) -> impl Iterator<Item = &str> {
    legend.split("{{").skip(1).filter_map(|rest| rest.split("}}").next())
}

fn labels_of(target: &Value) -> Labels {
    let expression = text(target, "expr");
    Known::catalogue().check(expression).unwrap_or(Labels::Scalar)
}

#[test]
fn legends_name_labels_that_the_answer_has() {
    boards::hold(
        |board| {
            let legends = panels(board).into_iter().flat_map(|panel| {
                targets(panel).flat_map(move |target| {
                    let labels = labels_of(target);
                    in_legend(text(target, "legendFormat"))
                        .filter(move |label| !labels.has(label))
                        .map(move |label| format!("{}: {label}", text(panel, "title")))
                })
            });
            legends.collect()
        },
        &[("a label that was summed away", |board| {
            first_legend(board, "{{program_id}}");
        })],
    );
}

/// A chart with lines that have no name cannot be read.
#[test]
fn every_line_of_a_chart_has_a_legend() {
    boards::hold(
        |board| {
            let charts = panels(board).into_iter().filter(|panel| panel["type"] == "timeseries");
            let bare =
                charts.filter(|panel| targets(panel).any(|it| text(it, "legendFormat").is_empty()));
            bare.map(|panel| text(panel, "title").to_owned()).collect()
        },
        &[("a line without a name", |board| first_legend(board, ""))],
    );
}

fn first_legend(board: &mut Value, legend: &str) {
    let charts = panels_mut(board).into_iter().filter(|panel| panel["type"] == "timeseries");
    charts.take(1).for_each(|chart| chart["targets"][0]["legendFormat"] = legend.into());
}

/// Two lines of one name would be taken for one another: the legend tells all that is summed by.
#[test]
fn legends_tell_all_labels_but_that_of_the_job() {
    boards::hold(
        |board| {
            let mut untold = Vec::new();
            for panel in panels(board).into_iter().filter(|it| it["type"] == "timeseries") {
                for target in targets(panel) {
                    let Labels::Of(labels) = labels_of(target) else { continue };
                    let told: Vec<&str> = in_legend(text(target, "legendFormat")).collect();
                    let missing =
                        labels.iter().filter(|it| *it != "job" && !told.contains(&it.as_str()));
                    untold.extend(missing.map(|it| format!("{}: {it}", text(panel, "title"))));
                }
            }
            untold
        },
        &[("a label untold", |board| {
            let charts = panels_mut(board).into_iter().filter(|it| {
                it["type"] == "timeseries" && text(&it["targets"][0], "legendFormat").contains("{{")
            });
            charts.take(1).for_each(|chart| chart["targets"][0]["legendFormat"] = "x".into());
        })],
    );
}

/// Fields of tables are labels, or the value of one of the queries.
#[test]
fn columns_of_tables_are_labels_or_values_of_its_queries() {
    boards::hold(
        |board| {
            let mut wrong = Vec::new();
            for panel in panels(board).into_iter().filter(|it| it["type"] == "table") {
                let labels: Vec<Labels> = targets(panel).map(labels_of).collect();
                // The value of the only query has no letter.
                let values: Vec<String> = match labels.len() {
                    1 => vec!["Value".to_owned()],
                    _ => targets(panel).map(|it| format!("Value #{}", text(it, "refId"))).collect(),
                };
                let shown =
                    list(panel, "transformations").find(|it| it["id"] == "filterFieldsByName");
                let shown = list(&shown.unwrap()["options"]["include"], "names");
                let names: Vec<&str> = shown.filter_map(Value::as_str).collect();
                let is_there = |name: &&str| {
                    labels.iter().any(|it| it.has(name)) || values.iter().any(|it| it == name)
                };
                let gone = names.iter().filter(|name| !is_there(name));
                wrong.extend(gone.map(|it| format!("{}: {it}", text(panel, "title"))));
                // Every query is there for a column, its value or a label that only it has.
                for (at, value) in values.iter().enumerate() {
                    let is_own = |name: &&str| {
                        labels[at].has(name) && labels.iter().filter(|it| it.has(name)).count() == 1
                    };
                    if !names.contains(&value.as_str()) && !names.iter().any(is_own) {
                        wrong.push(format!("{}: {value} is not shown", text(panel, "title")));
                    }
                }
            }
            wrong
        },
        &[
            ("a column that is not there", |board| {
                for panel in panels_mut(board) {
                    if panel["type"] == "table" {
                        panel["transformations"][1]["options"]["include"]["names"][0] = "dc".into();
                    }
                }
            }),
            ("a query for nothing", |board| {
                for panel in panels_mut(board) {
                    if panel["type"] == "table" {
                        let mut target = panel["targets"][0].clone();
                        target["refId"] = "Z".into();
                        panel["targets"].as_array_mut().unwrap().push(target);
                    }
                }
            }),
        ],
    );
}

/// A bare selector's answer has the metric's name as one more label: rows of several would not join.
#[test]
fn tables_of_several_queries_join_rows_without_names_of_metrics() {
    boards::hold(
        |board| {
            let tables = panels(board).into_iter().filter(|panel| panel["type"] == "table");
            let joined = tables.filter(|panel| targets(panel).count() > 1);
            let bare = joined.flat_map(targets).map(|it| text(it, "expr")).filter(|it| {
                matches!(names::parse(it), Ok(promql_parser::parser::Expr::VectorSelector(_)))
            });
            bare.map(str::to_owned).collect()
        },
        &[("a bare selector", |board| {
            for panel in panels_mut(board) {
                let is_table = panel["type"] == "table";
                let targets = panel["targets"].as_array_mut().unwrap();
                if targets.len() > 1 && is_table {
                    targets[0]["expr"] = "weir_flow_set_complete".into();
                }
            }
        })],
    );
}
