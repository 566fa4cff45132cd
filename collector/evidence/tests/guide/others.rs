//! A second callout where connections are redirected.

use crate::items::{doubled, items, leaves, removed, set};
use crate::objects::NOBODY;
use crate::samples::{HEALTHY, Sample};
use crate::tally::{Case, Tally, Told, cases, fail, warn};

const OTHERS: Told = warn("WD0305");

/// Values of the foreign callout, and what tells them.
fn values(path: &str) -> Vec<(&'static str, Told)> {
    match path {
        "calloutKey" => vec![
            (NOBODY, OTHERS),
            ("FWPM_CALLOUT_BUILT_IN_OF_WINDOWS", None),
            // The key of eBPF's callout for another layer.
            ("{98849e0d-b07d-11ec-9a30-18602489beee}", fail("WD0302")),
        ],
        "applicableLayer" => vec![
            ("FWPM_LAYER_ALE_CONNECT_REDIRECT_V6", OTHERS),
            ("FWPM_LAYER_ALE_AUTH_CONNECT_V4", None),
            ("FWPM_LAYER_ALE_BIND_REDIRECT_V4", None),
        ],
        "flags/item" | "displayData/name" | "displayData/description" => {
            vec![("something else", OTHERS)]
        }
        "providerKey" => vec![(NOBODY, OTHERS)],
        "calloutId" => vec![("31337", OTHERS)],
        "providerData" => vec![("<data>00</data>", OTHERS)],
        other => panic!("nobody says what {other} means"),
    }
}

fn change(tally: &mut Tally, case: &Case) {
    let text = case.samples.text(Sample::Others);
    let found = items(text);
    let [ours, theirs] = found.as_slice() else { panic!("{found:?}") };
    let mut judge = |what: &str, text: String, told: Told| {
        tally.judge(case, what, &case.samples.with(Sample::Others, text), told);
    };
    judge("as it is", text.to_owned(), OTHERS);
    judge("the other removed", removed(text, theirs), None);
    judge("the other doubled", doubled(text, theirs, "\n"), OTHERS);
    judge("eBPF's removed", removed(text, ours), OTHERS);
    judge("counted otherwise", text.replace("numItems=\"2\"", "numItems=\"5\""), OTHERS);
    for leaf in leaves(text, theirs) {
        for (value, told) in values(&leaf.path) {
            judge(&format!("{} {value}", leaf.path), set(text, &leaf, value), told);
        }
    }
}

#[test]
fn another_callout_is_warned_about_where_it_redirects_too() {
    let mut tally = Tally::default();
    for case in cases(&HEALTHY, &[Sample::Others]) {
        change(&mut tally, &case);
    }
    tally.end(105);
}
