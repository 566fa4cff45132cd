//! What stands beside the dashboards: the linter's exceptions, examples of provisioning, the page.

use crate::boards::{self, list, panels, targets, text};
use serde_json::Value;
use weir_deploy::place;

fn read(path: &str) -> String {
    std::fs::read_to_string(place::root().join("dashboards").join(path)).unwrap()
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// An exception for more than that would hide what the linter finds.
#[test]
fn the_linter_looks_away_from_queries_for_alerts_and_from_nothing_else() {
    let all = boards::all();
    let lint = yaml(".lint");
    assert_eq!(lint.as_object().unwrap().keys().collect::<Vec<_>>(), ["exclusions"]);
    let exclusions = lint["exclusions"].as_object().unwrap();
    assert_eq!(exclusions.len(), 2);
    for (rule, exclusion) in exclusions {
        let entries: Vec<&Value> = list(exclusion, "entries").collect();
        assert!(!entries.is_empty(), "{rule} is excluded everywhere");
        for entry in entries {
            let board = all.iter().find(|(_, board)| board["title"] == entry["dashboard"]);
            let panels = panels(&board.unwrap_or_else(|| panic!("no dashboard of {entry}")).1);
            let panel = panels.iter().find(|panel| panel["title"] == entry["panel"]);
            let panel = panel.unwrap_or_else(|| panic!("no panel of {entry}"));
            let is_alerts = targets(panel).all(|it| text(it, "expr").contains("ALERTS{"));
            assert!(is_alerts, "{rule}: {entry}");
        }
    }
}

#[test]
fn the_examples_of_provisioning_can_be_read_and_name_no_data_source_s_uid() {
    let dashboards = yaml("provisioning/dashboards.yml");
    assert_eq!(dashboards["providers"][0]["type"], "file");
    assert_eq!(dashboards["providers"][0]["allowUiUpdates"], false);
    let sources = yaml("provisioning/datasources.yml");
    assert_eq!(sources["datasources"][0]["type"], "prometheus");
    assert!(sources["datasources"][0]["uid"].is_null());
    // `$__rate_interval` follows from it.
    let scrape = std::fs::read_to_string(place::root().join("deploy/prometheus/scrape.yml"));
    let scrape: Value = serde_saphyr::from_str(&scrape.unwrap()).unwrap();
    let interval = &sources["datasources"][0]["jsonData"]["timeInterval"];
    assert_eq!(*interval, scrape["global"]["scrape_interval"]);
}

#[test]
fn the_page_lists_every_dashboard_with_its_uid() {
    let page = read("README.md");
    let all = boards::all();
    let missing = all.iter().filter(|(file, board)| {
        let row = format!("]({file}) | `{}` |", text(board, "uid"));
        !page.contains(&row)
    });
    assert_eq!(missing.map(|(file, _)| file.as_str()).collect::<Vec<_>>(), Vec::<&str>::new());
}
