//! Rules about variables, and about the dashboard itself.

use crate::boards::{self, text, variable_mut, variables};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn template_datasource_there_is_one_and_it_is_prometheus() {
    boards::hold(
        |board| {
            let sources: Vec<_> =
                variables(board).filter(|it| it["type"] == "datasource").collect();
            let [source] = sources.as_slice() else {
                return vec![format!("{} data sources to choose", sources.len())];
            };
            let is_right = source["name"] == "datasource"
                && source["label"] == "Data source"
                && source["query"] == "prometheus";
            if is_right { Vec::new() } else { vec![source.to_string()] }
        },
        &[
            ("no choice of the data source", |board| {
                variable_mut(board, "datasource")["type"] = "custom".into();
            }),
            ("another name", |board| variable_mut(board, "datasource")["name"] = "ds".into()),
            ("another kind", |board| variable_mut(board, "datasource")["query"] = "loki".into()),
        ],
    );
}

#[test]
fn template_datasource_is_not_one_installation_s() {
    boards::hold(
        |board| {
            let source = variables(board).find(|it| it["type"] == "datasource").unwrap();
            let is_chosen = !source["current"].is_null();
            if is_chosen { vec![source["current"].to_string()] } else { Vec::new() }
        },
        &[("a data source chosen beforehand", |board| {
            variable_mut(board, "datasource")["current"] = json!({"value": "prod"});
        })],
    );
}

fn choice_of_targets(board: &Value, name: &str) -> Vec<String> {
    let Some(choice) = variables(board).find(|it| it["name"] == name) else {
        return vec![format!("no variable {name}")];
    };
    let mut label = name.to_owned();
    label[..1].make_ascii_uppercase();
    [
        choice["type"] == "query",
        choice["label"] == label.as_str(),
        choice["datasource"]["uid"] == "${datasource}",
        choice["multi"] == true,
        choice["includeAll"] == true,
        choice["allValue"] == ".+",
        // So that the page shows something when it is first opened.
        choice["current"]["value"] == "$__all",
    ]
    .iter()
    .filter(|is_right| !**is_right)
    .map(|_| choice.to_string())
    .collect()
}

#[test]
fn template_job_and_instance_are_several_of_all_that_there_are() {
    boards::hold(
        |board| {
            let mut wrong = choice_of_targets(board, "job");
            wrong.extend(choice_of_targets(board, "instance"));
            wrong
        },
        &[
            ("no job", |board| variable_mut(board, "job")["name"] = "service".into()),
            ("one host only", |board| variable_mut(board, "instance")["multi"] = false.into()),
            ("all is what the list has", |board| {
                variable_mut(board, "instance")["allValue"] = Value::Null;
            }),
            ("a fixed data source", |board| {
                variable_mut(board, "job")["datasource"]["uid"] = "prod".into();
            }),
            ("another label", |board| variable_mut(board, "job")["label"] = "Cluster".into()),
        ],
    );
}

/// The selector within `label_values(selector, label)`.
fn selector_of(query: &str) -> Option<(&str, &str)> {
    query.strip_prefix("label_values(")?.strip_suffix(')')?.rsplit_once(", ")
}

#[test]
fn template_label_promql_lists_labels_that_the_catalogue_has() {
    boards::hold(
        |board| {
            let known = weir_deploy::names::Known::catalogue();
            let queries = variables(board).filter(|it| it["type"] == "query");
            queries
                .filter_map(|it| {
                    let query = text(it, "query");
                    let Some((selector, label)) = selector_of(query) else {
                        return Some(format!("not label_values(): {query}"));
                    };
                    match known.check(selector) {
                        Ok(labels) if labels.has(label) => None,
                        Ok(_) => Some(format!("no label {label}: {query}")),
                        Err(error) => Some(error),
                    }
                })
                .collect()
        },
        &[
            ("no function", |board| variable_mut(board, "job")["query"] = "up".into()),
            ("not PromQL", |board| {
                variable_mut(board, "job")["query"] = "label_values(up{, job)".into();
            }),
            ("a label that is not there", |board| {
                variable_mut(board, "job")["query"] = "label_values(weir_build_info, dc)".into();
            }),
        ],
    );
}

#[test]
fn template_on_time_change_reload_lists_follow_the_time_shown() {
    boards::hold(
        |board| {
            let lists = variables(board).filter(|it| it["type"] == "query");
            lists.filter(|it| it["refresh"] != 2).map(|it| text(it, "name").to_owned()).collect()
        },
        &[("a list read once", |board| variable_mut(board, "instance")["refresh"] = 1.into())],
    );
}

#[test]
fn every_variable_is_used_and_every_one_used_is_there() {
    boards::hold(
        |board| {
            let there: BTreeSet<&str> = variables(board).map(|it| text(it, "name")).collect();
            let page = board.to_string();
            let used = |name: &&&str| {
                page.contains(&format!("${name}")) || page.contains(&format!("${{{name}}}"))
            };
            let unused = there.iter().filter(|name| !used(name)).map(|it| format!("unused {it}"));
            let wants_program = page.contains("$program") && !there.contains("program");
            unused.chain(wants_program.then(|| "no variable program".to_owned())).collect()
        },
        &[
            ("a variable too many", |board| {
                variable_mut(board, "job")["name"] = "cluster".into();
            }),
            ("a variable that is not there", |board| {
                boards::rewrite(board, "instance=~", "program=~\"$program\", instance=~");
                let list = board["templating"]["list"].as_array_mut().unwrap();
                list.retain(|variable| variable["name"] != "program");
            }),
        ],
    );
}

#[test]
fn uneditable_dashboards_change_in_their_code() {
    boards::hold(
        |board| if board["editable"] == false { Vec::new() } else { vec!["editable".to_owned()] },
        &[("a dashboard that can be edited", |board| board["editable"] = true.into())],
    );
}
