//! Where panels stand.

use crate::boards::{self, is_row, list, text};
use serde_json::Value;

/// Columns of Grafana's grid.
const COLUMNS: u64 = 24;

/// Every panel, rows and what is in them included.
fn everything(board: &Value) -> Vec<&Value> {
    list(board, "panels").flat_map(|it| core::iter::once(it).chain(list(it, "panels"))).collect()
}

fn side(panel: &Value, name: &str) -> u64 {
    panel["gridPos"][name].as_u64().unwrap()
}

fn overlap(one: &Value, other: &Value) -> bool {
    let apart = |at: &str, size: &str| {
        side(one, at) + side(one, size) <= side(other, at)
            || side(other, at) + side(other, size) <= side(one, at)
    };
    !(apart("x", "w") || apart("y", "h"))
}

#[test]
fn no_panel_stands_on_another() {
    boards::hold(
        |board| {
            let all = everything(board);
            let mut wrong = Vec::new();
            for (at, one) in all.iter().enumerate() {
                let others = all[at + 1..].iter().filter(|other| overlap(one, other));
                wrong.extend(others.map(|it| format!("{}: {}", one["id"], text(it, "title"))));
            }
            wrong
        },
        &[("a panel on another", |board| {
            board["panels"][2]["gridPos"] = board["panels"][1]["gridPos"].clone();
        })],
    );
}

#[test]
fn every_panel_is_on_the_grid_and_every_line_is_full() {
    boards::hold(
        |board| {
            let mut lines = std::collections::BTreeMap::<u64, u64>::new();
            for panel in everything(board) {
                *lines.entry(side(panel, "y")).or_default() += side(panel, "w");
            }
            let uneven = lines.into_iter().filter(|(_, width)| *width != COLUMNS);
            uneven.map(|(y, width)| format!("line {y} is {width} wide")).collect()
        },
        &[
            ("a gap", |board| board["panels"][1]["gridPos"]["w"] = 1.into()),
            ("a panel off the grid", |board| board["panels"][1]["gridPos"]["w"] = 25.into()),
        ],
    );
}

#[test]
fn no_number_of_a_panel_is_there_twice() {
    boards::hold(
        |board| {
            let mut numbers: Vec<Option<u64>> =
                everything(board).iter().map(|it| it["id"].as_u64()).collect();
            numbers.sort_unstable();
            let is_missing = numbers.first().is_none_or(Option::is_none);
            let twice = numbers.windows(2).filter(|it| it[0] == it[1]).map(|it| format!("{it:?}"));
            twice.chain(is_missing.then(|| "no number".to_owned())).collect()
        },
        &[
            ("a number twice", |board| board["panels"][2]["id"] = 1.into()),
            ("no number", |board| board["panels"][2]["id"] = Value::Null),
        ],
    );
}

/// Grafana strips panels within a row that is open.
#[test]
fn only_rows_that_are_closed_hold_panels() {
    boards::hold(
        |board| {
            let rows = list(board, "panels").filter(|panel| is_row(panel));
            let wrong = rows.filter(|row| {
                let holds = list(row, "panels").next().is_some();
                (row["collapsed"] == true) != holds
            });
            wrong.map(|row| text(row, "title").to_owned()).collect()
        },
        &[("a closed row without panels", |board| board["panels"][0]["collapsed"] = true.into())],
    );
}
