//! The dashboards under test, what is in them, and how a rule is tried.

use serde_json::Value;
use weir_deploy::place;

/// What is wrong with a dashboard.
pub(crate) type Rule = fn(&Value) -> Vec<String>;

/// A violation to plant: what it is, and how.
pub(crate) type Planted = (&'static str, fn(&mut Value));

/// The dashboards by file name.
pub(crate) fn all() -> Vec<(String, Value)> {
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).unwrap();
        (name, serde_json::from_str(&text).unwrap())
    };
    place::files("dashboards", ".json").iter().map(read).collect()
}

/// The rule holds, and finds each violation in every dashboard that is not planted in vain.
#[track_caller]
pub(crate) fn hold(rule: Rule, planted: &[Planted]) {
    let boards = all();
    for (name, board) in &boards {
        assert_eq!(rule(board), Vec::<String>::new(), "{name}");
    }
    for (what, plant) in planted {
        let mut tried = 0;
        for (name, board) in &boards {
            let mut copy = board.clone();
            plant(&mut copy);
            if copy != *board {
                tried += 1;
                assert!(!rule(&copy).is_empty(), "{name}: {what} was not found");
            }
        }
        assert!(tried > 0, "{what} could be planted nowhere");
    }
}

/// Every panel with its number on the page, those within rows too; rows themselves are not.
pub(crate) fn panels(board: &Value) -> Vec<&Value> {
    list(board, "panels")
        .flat_map(|panel| core::iter::once(panel).chain(list(panel, "panels")))
        .filter(|panel| !is_row(panel))
        .collect()
}

/// The same, to plant something into.
pub(crate) fn panels_mut(board: &mut Value) -> Vec<&mut Value> {
    let mut found = Vec::new();
    for panel in board["panels"].as_array_mut().unwrap() {
        if is_row(panel) {
            found.extend(panel["panels"].as_array_mut().unwrap());
        } else {
            found.push(panel);
        }
    }
    found
}

/// Whether this is a heading.
pub(crate) fn is_row(panel: &Value) -> bool {
    panel["type"] == "row"
}

/// The queries of a panel.
pub(crate) fn targets(panel: &Value) -> impl Iterator<Item = &Value> {
    list(panel, "targets")
}

/// Every panel's title and expression.
pub(crate) fn expressions(board: &Value) -> Vec<(&str, &str)> {
    let of = |panel| targets(panel).map(move |target| (text(panel, "title"), text(target, "expr")));
    panels(board).into_iter().flat_map(of).collect()
}

/// Puts another text into every expression, or into the first that has this one.
pub(crate) fn rewrite(board: &mut Value, from: &str, to: &str) {
    for panel in panels_mut(board) {
        for target in panel["targets"].as_array_mut().unwrap() {
            let changed = text(target, "expr").replacen(from, to, 1);
            if text(target, "expr") != changed {
                target["expr"] = changed.into();
                return;
            }
        }
    }
}

/// The variables.
pub(crate) fn variables(board: &Value) -> impl Iterator<Item = &Value> {
    list(&board["templating"], "list")
}

/// The variable of this name, to plant something into.
pub(crate) fn variable_mut<'a>(board: &'a mut Value, name: &str) -> &'a mut Value {
    let variables = board["templating"]["list"].as_array_mut().unwrap();
    variables.iter_mut().find(|variable| variable["name"] == name).unwrap()
}

/// What this field lists; nothing where it is not there.
pub(crate) fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value[field].as_array().into_iter().flatten()
}

/// The text of this field; empty where it is none.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}
