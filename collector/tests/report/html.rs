//! The page: self-contained, and nothing from outside is markup.

use super::bundle::{files, folder, programs};
use super::{from, text};

fn page(name: &str) -> String {
    let mut files = files();
    files[1].1 = programs(name);
    let output = from(folder(&files).path(), &["--html", "-"]);
    text(&output.stdout)
}

#[test]
fn the_page_is_one_file_that_fetches_and_runs_nothing() {
    let page = page("authorize_connect4");
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"), "{page}");
    assert!(page.contains("default-src 'none'"));
    for part in ["<script", "<link", "<img", "<iframe", "url(", "@import", "src=", "onload"] {
        assert!(!page.contains(part), "{part}");
    }
    for id in ["WD0101", "WD0402", "WD0704"] {
        assert!(page.contains(id), "{id}");
    }
}

#[test]
fn what_a_bundle_says_is_text_on_the_page() {
    let page = page("</style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
    assert_eq!(page.matches("</style>").count(), 1);
}

#[test]
fn a_page_in_a_file_leaves_standard_output_to_the_report() {
    let folder = folder(&files());
    let path = folder.path().join("ticket.html");
    let output = from(&folder.path().join("prog.json"), &["--html", path.to_str().unwrap()]);
    assert!(text(&output.stdout).contains("WD0402"), "{}", text(&output.stdout));
    assert!(std::fs::read_to_string(&path).unwrap().contains("WD0402"));
}
