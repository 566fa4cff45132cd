//! Rules about queries.

use crate::boards::{self, expressions, list, panels, rewrite, text};
use crate::expressions::{RATE_INTERVAL, Selected, selectors};
use serde_json::Value;

/// Alerts over hosts have no instance; the empty alternative keeps them on the page. The linter is
/// told of it in `dashboards/.lint`.
const HAS_NOT_ALWAYS_A_TARGET: &str = "ALERTS";

/// Selectors that a test refuses; what cannot be parsed is another rule's.
fn refused(board: &Value, is_wrong: impl Fn(&Selected) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for (title, expression) in expressions(board) {
        let found = selectors(expression).unwrap_or_default();
        wrong.extend(found.iter().filter(|it| is_wrong(it)).map(|it| format!("{title}: {it:?}")));
    }
    wrong
}

#[test]
fn target_promql_every_query_can_be_parsed() {
    boards::hold(
        |board| {
            let parsed = expressions(board).into_iter().map(|(_, it)| selectors(it));
            parsed.filter_map(Result::err).collect()
        },
        &[
            ("a brace too many", |board| rewrite(board, "{", "{{")),
            ("an expression left empty", |board| {
                let all = expressions(board)[0].1.to_owned();
                rewrite(board, &all, "");
            }),
            ("a function that is not there", |board| rewrite(board, "rate(", "speed(")),
        ],
    );
}

fn lacks(label: &str, selected: &Selected) -> bool {
    let chosen = format!("${label}");
    let is_alerts = selected.metric() == HAS_NOT_ALWAYS_A_TARGET;
    let is_kept = is_alerts && selected.filters(label, &format!("{chosen}|"));
    !selected.filters(label, &chosen) && !is_kept
}

#[test]
fn target_job_every_selector_asks_for_the_chosen_jobs() {
    boards::hold(
        |board| refused(board, |it| lacks("job", it)),
        &[
            ("no filter", |board| rewrite(board, "job=~\"$job\", ", "")),
            ("a fixed job", |board| rewrite(board, "job=~\"$job\"", "job=\"weir\"")),
            ("a filter that takes one job", |board| rewrite(board, "job=~", "job=")),
        ],
    );
}

#[test]
fn target_instance_every_selector_asks_for_the_chosen_hosts() {
    boards::hold(
        |board| refused(board, |it| lacks("instance", it)),
        &[
            ("no filter", |board| rewrite(board, ", instance=~\"$instance\"", "")),
            ("an empty alternative", |board| {
                rewrite(board, "instance=~\"$instance\"", "instance=~\"$instance|\"");
            }),
        ],
    );
}

#[test]
fn where_programs_can_be_chosen_what_has_a_program_is_filtered_by_it() {
    boards::hold(
        |board| {
            if !boards::variables(board).any(|it| it["name"] == "program") {
                return Vec::new();
            }
            let known = weir_deploy::names::Known::catalogue();
            let has_program =
                |metric: &str| known.check(metric).is_ok_and(|labels| labels.has("program"));
            refused(board, |it| has_program(it.metric()) && !it.filters("program", "$program"))
        },
        &[("no filter", |board| rewrite(board, ", program=~\"$program\"", ""))],
    );
}

#[test]
fn target_rate_interval_growth_is_taken_over_what_grafana_thinks_right() {
    boards::hold(
        |board| refused(board, |it| it.is_growth() != (it.range == Some(RATE_INTERVAL))),
        &[
            ("a fixed interval", |board| rewrite(board, "$__rate_interval", "5m")),
            ("the step alone", |board| rewrite(board, "$__rate_interval", "$__interval")),
            ("an interval for rates elsewhere", |board| {
                rewrite(board, "rate(", "avg_over_time(");
            }),
        ],
    );
}

#[test]
fn target_counter_agg_counters_are_shown_as_growth() {
    boards::hold(
        |board| {
            refused(board, |it| {
                let counters = ["_total", "_bucket", "_sum", "_count"];
                counters.iter().any(|end| it.metric().ends_with(end)) && !it.is_growth()
            })
        },
        &[
            ("a bare counter", |board| {
                let bare = "weir_web_requests_total{job=~\"$job\", instance=~\"$instance\"}";
                board["panels"][1]["targets"][0]["expr"] = bare.into();
            }),
            ("a counter's greatest", |board| rewrite(board, "rate(", "max_over_time(")),
        ],
    );
}

/// An age contains those above it.
#[test]
fn flows_older_than_one_age_are_never_added_to_those_of_another() {
    boards::hold(
        |board| {
            let of_ages = expressions(board).into_iter().filter(|(_, expression)| {
                expression.contains("weir_flow_undecided_older")
                    && !expression.starts_with("sum by (than) (weir_flow_undecided_older{")
            });
            of_ages.map(|(title, _)| title.to_owned()).collect()
        },
        &[("a sum over ages", |board| rewrite(board, "sum by (than)", "sum"))],
    );
}

#[test]
fn ages_that_contain_one_another_are_not_stacked() {
    boards::hold(
        |board| {
            let stacked = panels(board).into_iter().filter(|panel| {
                panel["fieldConfig"]["defaults"]["custom"]["stacking"]["mode"] == "normal"
                    && panel.to_string().contains("than")
                    && panel["targets"].to_string().contains("undecided_older")
            });
            stacked.map(|panel| text(panel, "title").to_owned()).collect()
        },
        &[("a stack of ages", |board| {
            for panel in boards::panels_mut(board) {
                if panel["targets"].to_string().contains("undecided_older") {
                    panel["fieldConfig"]["defaults"]["custom"]["stacking"]["mode"] =
                        "normal".into();
                }
            }
        })],
    );
}

#[test]
fn queries_of_a_panel_have_names_of_their_own() {
    boards::hold(
        |board| {
            let twice = panels(board).into_iter().filter(|panel| {
                let mut names: Vec<&str> =
                    list(panel, "targets").map(|it| text(it, "refId")).collect();
                names.sort_unstable();
                names.iter().any(|name| name.is_empty())
                    || names.windows(2).any(|it| it[0] == it[1])
            });
            twice.map(|panel| text(panel, "title").to_owned()).collect()
        },
        &[("a name twice", |board| {
            for panel in boards::panels_mut(board) {
                let targets = panel["targets"].as_array_mut().unwrap();
                targets.iter_mut().for_each(|target| target["refId"] = "A".into());
            }
        })],
    );
}
