//! Objects of the filtering engine: each item, and each value of it.

use crate::items::{Leaf, doubled, items, leaves, removed, replaced, set};
use crate::samples::{HEALTHY, Sample};
use crate::tally::{Case, Tally, Told, cases, fail};
use core::ops::Range;

const SAMPLES: [Sample; 4] =
    [Sample::Sublayers, Sample::RedirectV4, Sample::RedirectV6, Sample::AuthorizeV4];

/// Nobody's key.
pub(crate) const NOBODY: &str = "{0badc0de-0000-4000-8000-00000000000f}";

/// What changes with versions and starts.
const VOLATILE: [&str; 14] = [
    "displayData/name",
    "displayData/description",
    "providerKey",
    "providerData",
    "weight",
    "weight/type",
    "effectiveWeight/type",
    "effectiveWeight/uint64",
    "calloutId",
    "filterId",
    "filterKey",
    "rawContext",
    "reserved",
    "filterCondition",
];

/// A value and what tells it.
type Value = (&'static str, Told);

const SUBLAYER: [Value; 4] = [
    (NOBODY, fail("WD0301")),
    ("FWPM_SUBLAYER_UNIVERSAL", fail("WD0301")),
    ("{98849e14-b07d-11ec-9a30-18602489beee}", fail("WD0301")),
    ("{9cc0db5c-53e4-4f13-9552-d9b516cab8e7}", fail("WD0301")),
];

const CALLOUT: [Value; 2] =
    [(NOBODY, fail("WD0302")), ("FWPM_CALLOUT_BUILT_IN_OF_WINDOWS", fail("WD0302"))];

const CALLOUT_LAYER: [Value; 4] = [
    ("FWPM_LAYER_DATAGRAM_DATA_V4", fail("WD0302")),
    ("FWPM_LAYER_ALE_AUTH_CONNECT_V6", fail("WD0302")),
    (NOBODY, fail("WD0302")),
    ("", fail("WD0302")),
];

const CALLOUT_FLAG: [Value; 2] =
    [("FWPM_CALLOUT_FLAG_USES_PROVIDER_CONTEXT", fail("WD0302")), ("", fail("WD0302"))];

const FILTER_FLAGS: [Value; 3] = [
    ("<item>FWPM_FILTER_FLAG_DISABLED</item>", fail("WD0303")),
    ("<item>FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED</item>", None),
    ("<item>FWPM_FILTER_FLAG_CLEAR_ACTION_RIGHT</item>", None),
];

const FILTER_LAYER: [Value; 4] = [
    ("FWPM_LAYER_DATAGRAM_DATA_V4", fail("WD0303")),
    ("FWPM_LAYER_ALE_AUTH_CONNECT_V6", fail("WD0303")),
    (NOBODY, fail("WD0303")),
    ("", fail("WD0303")),
];

const FILTER_SUBLAYER: [Value; 4] = [
    (NOBODY, fail("WD0303")),
    ("FWPM_SUBLAYER_UNIVERSAL", fail("WD0303")),
    ("{98849e13-b07d-11ec-9a30-18602489beee}", fail("WD0303")),
    ("", fail("WD0303")),
];

const ACTION: [Value; 8] = [
    ("FWP_ACTION_CALLOUT_UNKNOWN", None),
    ("FWP_ACTION_CALLOUT_INSPECTION", None),
    ("FWP_ACTION_BLOCK", fail("WD0303")),
    ("FWP_ACTION_PERMIT", fail("WD0303")),
    ("FWP_ACTION_CONTINUE", fail("WD0303")),
    ("FWP_ACTION_NONE", fail("WD0303")),
    ("FWP_ACTION_BITMAP_INDEX_SET", fail("WD0303")),
    ("", fail("WD0303")),
];

const FILTER_TYPE: [Value; 4] = [
    (NOBODY, fail("WD0303")),
    ("FWPM_CALLOUT_BUILT_IN_OF_WINDOWS", fail("WD0303")),
    // The callout of another hook, and the sublayer's key.
    ("{98849e0d-b07d-11ec-9a30-18602489beee}", fail("WD0303")),
    ("", fail("WD0303")),
];

/// Other values of a leaf; `None` where nothing that it says matters.
fn values(kind: &str, path: &str) -> Option<&'static [Value]> {
    Some(match (kind, path) {
        ("subLayerKey", "subLayerKey") => &SUBLAYER,
        ("calloutKey", "calloutKey") => &CALLOUT,
        ("calloutKey", "applicableLayer") => &CALLOUT_LAYER,
        ("calloutKey", "flags/item") => &CALLOUT_FLAG,
        ("subLayerKey", "flags") => &[("<item>FWPM_SUBLAYER_FLAG_PERSISTENT</item>", None)],
        ("filterKey", "flags") => &FILTER_FLAGS,
        ("filterKey", "layerKey") => &FILTER_LAYER,
        ("filterKey", "subLayerKey") => &FILTER_SUBLAYER,
        ("filterKey", "action/type") => &ACTION,
        ("filterKey", "action/filterType") => &FILTER_TYPE,
        (_, path) => {
            assert!(VOLATILE.contains(&path), "nobody says what {path} of a {kind} means");
            return None;
        }
    })
}

/// Another value where none matters.
fn other(leaf: &Leaf) -> &'static str {
    match leaf.path.as_str() {
        "weight" | "calloutId" | "filterId" | "effectiveWeight/uint64" | "rawContext" => "31337",
        "providerKey" | "filterKey" => NOBODY,
        "weight/type" | "effectiveWeight/type" => "FWP_UINT8",
        "filterCondition" => {
            "<item><fieldKey>FWPM_CONDITION_COMPARTMENT_ID</fieldKey><matchType>FWP_MATCH_EQUAL\
             </matchType></item>"
        }
        "providerData" | "reserved" => "<data>00</data>",
        _ => "something else",
    }
}

/// The check of an item that is not there, or twice.
fn check(kind: &str) -> &'static str {
    match kind {
        "subLayerKey" => "WD0301",
        "calloutKey" => "WD0302",
        "filterKey" => "WD0303",
        other => panic!("an item of {other}"),
    }
}

/// What an item is of: its first element.
fn kind(text: &str, item: &Range<usize>) -> String {
    leaves(text, item).into_iter().next().unwrap().path
}

fn change(tally: &mut Tally, case: &Case, sample: Sample) {
    let text = case.samples.text(sample);
    for (number, item) in items(text).into_iter().enumerate() {
        let kind = kind(text, &item);
        let mut judge = |what: &str, text: String, told: Told| {
            let what = format!("{sample:?}, item {number}: {what}");
            tally.judge(case, &what, &case.samples.with(sample, text), told);
        };
        judge("removed", removed(text, &item), fail(check(&kind)));
        judge("doubled", doubled(text, &item, "\n"), fail(check(&kind)));
        for leaf in leaves(text, &item) {
            let Some(values) = values(&kind, &leaf.path) else {
                judge(&format!("another {}", leaf.path), set(text, &leaf, other(&leaf)), None);
                if leaf.path == "providerKey" {
                    judge("no providerKey", set(text, &leaf, ""), None);
                }
                continue;
            };
            for (value, told) in values.iter().filter(|it| it.0 != leaf.value) {
                judge(&format!("{} {value}", leaf.path), set(text, &leaf, value), *told);
            }
        }
    }
}

#[test]
fn an_object_removed_doubled_or_changed_is_told_by_one_check() {
    let mut tally = Tally::default();
    for case in cases(&HEALTHY, &[]) {
        for sample in SAMPLES {
            change(&mut tally, &case, sample);
        }
    }
    tally.end(1200);
}

/// A filter that somebody made again gets another key.
#[test]
fn a_second_filter_with_a_key_of_its_own_is_no_fault() {
    let mut tally = Tally::default();
    for case in cases(&HEALTHY, &[]) {
        for sample in SAMPLES {
            let text = case.samples.text(sample);
            let is_filter = |it: &&Range<usize>| kind(text, it) == "filterKey";
            for item in items(text).iter().filter(is_filter) {
                let key = leaves(text, item).into_iter().next().unwrap();
                let again = &set(text, &key, NOBODY)[item.start..item.end];
                let text = replaced(text, &(item.end..item.end), again);
                tally.judge(&case, "a second filter", &case.samples.with(sample, text), None);
            }
        }
    }
    tally.end(18);
}

#[test]
fn an_object_that_cannot_be_read_is_told() {
    let keys = ["subLayerKey", "calloutKey", "filterKey", "action/filterType", "providerKey"];
    let mut tally = Tally::default();
    for case in cases(&HEALTHY, &[]) {
        for sample in SAMPLES {
            let text = case.samples.text(sample);
            for item in items(text) {
                for leaf in leaves(text, &item).iter().filter(|it| keys.contains(&&*it.path)) {
                    for value in ["17", "{98849e0b-b07d-11ec-9a30}", "<a/>", "&lost;"] {
                        let what = format!("{sample:?}: {} {value}", leaf.path);
                        let text = set(text, leaf, value);
                        tally.unread(&case, &what, &case.samples.with(sample, text));
                    }
                }
                let cut = text[..item.end - 9].to_owned();
                if case.form == crate::bundle::Form::Parts {
                    let what = format!("{sample:?}: cut off");
                    tally.unread(&case, &what, &case.samples.with(sample, cut));
                }
            }
        }
    }
    tally.end(590);
}
