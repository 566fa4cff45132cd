//! Samples as they are: each alone, any of them together, and each item alone.

use crate::bundle::{Form, read};
use crate::items::{Leaf, items, leaves, removed, set};
use crate::objects::NOBODY;
use crate::samples::{ALL, HEALTHY, Sample, Samples, sources};
use crate::tally::told;
use weir_stages::checks::{Report, Verdict};

fn report(samples: &Samples, which: &[Sample], form: Form) -> Report {
    let read = read(samples, which, form);
    assert!(read.unread.is_empty(), "{which:?}: {:?}", read.unread);
    Report::of(&read.evidence)
}

fn verdict(report: &Report, id: &str) -> Verdict {
    report.outcome(id).unwrap().judgement.verdict
}

#[test]
fn each_sample_alone_is_judged_as_the_guide_says() {
    use Verdict::{Fail, Ok, Warn};
    for samples in sources() {
        for sample in ALL {
            let (bad, ok): (&[(Verdict, &str)], &[&str]) = match sample {
                Sample::Core => (&[], &["WD0102"]),
                Sample::Extension => (&[], &["WD0103"]),
                Sample::Sublayers => (&[], &["WD0301"]),
                Sample::RedirectV4 | Sample::RedirectV6 | Sample::AuthorizeV4 => {
                    (&[], &["WD0302", "WD0303", "WD0304"])
                }
                Sample::Others => (&[(Warn, "WD0305")], &["WD0302"]),
                Sample::Programs => (&[], &["WD0402"]),
                Sample::Links | Sample::Maps | Sample::Dump => (&[], &[]),
                Sample::NoProgramType => (&[(Fail, "WD0503")], &["WD0504", "WD0511", "WD0512"]),
                Sample::NoAttachType => (&[(Fail, "WD0504")], &["WD0503", "WD0505", "WD0511"]),
                // Its events are the extension's: of loads it says nothing.
                Sample::Redirected => (&[], &["WD0513"]),
            };
            let report = report(&samples, &[sample], Form::Parts);
            // A block of the redirect layers alone says nothing of services.
            assert_eq!(told(&report), bad, "{sample:?} of {}", samples.source);
            for id in ok {
                let outcome = report.outcome(id).unwrap();
                assert_eq!(outcome.judgement.verdict, Ok, "{sample:?}: {outcome:#?}");
            }
        }
    }
}

#[test]
fn all_samples_together_are_the_guides_verdicts_together() {
    for samples in sources() {
        for form in [Form::Parts, Form::Whole, Form::WholeUtf16] {
            let healthy = report(&samples, &HEALTHY, form);
            assert_eq!(told(&healthy), []);
            for id in [
                "WD0102", "WD0103", "WD0301", "WD0302", "WD0303", "WD0304", "WD0402", "WD0403",
                "WD0404", "WD0405", "WD0406", "WD0513",
            ] {
                assert_eq!(verdict(&healthy, id), Verdict::Ok, "{:#?}", healthy.outcome(id));
            }
            // Items that were copied out do not say whom they left out.
            let others = if form == Form::Parts { Verdict::Unknown } else { Verdict::Ok };
            assert_eq!(verdict(&healthy, "WD0305"), others);
            let all = report(&samples, &ALL, form);
            let expected =
                [(Verdict::Warn, "WD0305"), (Verdict::Fail, "WD0503"), (Verdict::Fail, "WD0504")];
            assert_eq!(told(&all), expected, "{} as {form:?}", samples.source);
        }
    }
}

/// Whoever sends some of it sends nothing wrong: what is missing is not known, and no failure.
#[test]
fn any_of_the_healthy_samples_together_fail_nothing() {
    for samples in sources() {
        for set in 0_u32..1 << HEALTHY.len() {
            let is_in = |place: &usize| set & (1 << place) != 0;
            let places = (0..HEALTHY.len()).filter(is_in);
            let which: Vec<Sample> = places.map(|place| HEALTHY[place]).collect();
            // Maps without programs, and links without them, are lists that lack nothing.
            let report = report(&samples, &which, Form::Parts);
            let failed: Vec<_> =
                told(&report).into_iter().filter(|it| it.0 == Verdict::Fail).collect();
            assert_eq!(failed, [], "{which:?} of {}", samples.source);
        }
    }
}

/// A part says what is wrong in it, and does not vouch for what is not in it.
#[test]
fn a_block_alone_with_an_item_removed_is_a_doubt() {
    for samples in sources() {
        for sample in [Sample::RedirectV4, Sample::RedirectV6, Sample::AuthorizeV4] {
            let text = samples.text(sample);
            let [callout, filter] = items(text).try_into().unwrap();
            let lone =
                |item| report(&samples.with(sample, removed(text, item)), &[sample], Form::Parts);
            let without_callout = lone(&callout);
            assert_eq!(told(&without_callout), []);
            assert_eq!(verdict(&without_callout, "WD0302"), Verdict::Unknown);
            assert_eq!(verdict(&without_callout, "WD0304"), Verdict::Unknown);
            let without_filter = lone(&filter);
            assert_eq!(told(&without_filter), []);
            assert_eq!(verdict(&without_filter, "WD0303"), Verdict::Unknown);
        }
    }
}

#[test]
fn a_block_alone_with_a_value_changed_is_one_failure() {
    let changes = [
        ("calloutKey", NOBODY, "WD0302"),
        ("applicableLayer", "FWPM_LAYER_DATAGRAM_DATA_V4", "WD0302"),
        ("flags/item", "", "WD0302"),
        ("layerKey", "FWPM_LAYER_DATAGRAM_DATA_V4", "WD0303"),
        ("subLayerKey", NOBODY, "WD0303"),
        ("action/type", "FWP_ACTION_BLOCK", "WD0303"),
        // Whose filter it is, only its sublayer says; whose callout it asks, nobody.
        ("action/filterType", NOBODY, "WD0304"),
    ];
    for samples in sources() {
        for sample in [Sample::RedirectV4, Sample::RedirectV6, Sample::AuthorizeV4] {
            let text = samples.text(sample);
            let all: Vec<Leaf> = items(text).iter().flat_map(|it| leaves(text, it)).collect();
            for (path, value, id) in changes {
                let leaf = all.iter().find(|it| it.path == path).unwrap();
                let changed = samples.with(sample, set(text, leaf, value));
                let report = report(&changed, &[sample], Form::Parts);
                assert_eq!(told(&report), [(Verdict::Fail, id)], "{sample:?}: {path}");
            }
        }
    }
}

#[test]
fn a_sublayer_missing_in_the_block_of_sublayers_is_one_failure() {
    for samples in sources() {
        let text = samples.text(Sample::Sublayers);
        for item in items(text) {
            let fewer = samples.with(Sample::Sublayers, removed(text, &item));
            let report = report(&fewer, &[Sample::Sublayers], Form::Parts);
            assert_eq!(told(&report), [(Verdict::Fail, "WD0301")]);
        }
    }
}
