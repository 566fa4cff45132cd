//! A trace while somebody reproduces the problem: begun and, whatever happens, ended.

use super::super::{Interrupt, into_bundle};
use super::{Options, Stand};
use core::time::Duration;
use std::time::Instant;
use weir_stages::checks::Kind;

const UPDATE: &str = "logman.exe update trace weir-doctor -p \
                      {394f321c-5cf4-404c-aa34-4df1428a7f9c} 0xffffffffffffffff 0xff -ets";
const STOP: &str = "logman.exe stop weir-doctor -ets";

/// A logman that writes the file.
fn stand() -> Stand {
    let stand = Stand::new();
    stand.does("logman.exe", r#"if [ "$1" = create ]; then echo trace > "$5"; fi"#);
    stand
}

fn options(stand: &Stand, time: Duration) -> Options {
    Options { trace: Some(time), ..stand.options() }
}

#[test]
fn a_recording_is_begun_with_three_providers_and_ended() {
    let stand = stand();
    let mut said = Vec::new();
    let (options, zip) = (options(&stand, Duration::from_millis(200)), stand.path("out.zip"));
    let mut say = |it: &str| said.push(it.to_owned());
    let gaps = into_bundle(&options, &zip, &Interrupt::default(), &mut say).unwrap();
    assert_eq!(gaps.len(), 1, "the collector alone: {gaps:#?}");
    assert!(said[0].starts_with("reproduce the problem now: recording for 0.2 s"), "{said:?}");
    let asked = stand.asked();
    assert!(asked[0].starts_with("logman.exe create trace weir-doctor -o "), "{asked:#?}");
    assert!(asked[0].ends_with("weir-doctor.etl -f bincirc -max 256 -ets"), "{asked:#?}");
    assert_eq!(asked[1..4].iter().filter(|it| it.contains(" update trace ")).count(), 3);
    assert!(asked[1..4].iter().any(|it| it == UPDATE), "{asked:#?}");
    assert_eq!(asked[4], STOP);
}

#[test]
fn what_was_recorded_is_in_the_bundle() {
    let stand = stand();
    let collected = stand.collect(&options(&stand, Duration::from_millis(50)));
    assert_eq!(collected.files["traces/weir-doctor.etl"], "trace\n");
}

#[test]
fn ctrl_c_ends_a_recording_and_the_rest_is_collected() {
    let stand = stand();
    let interrupt = Interrupt::default();
    interrupt.press();
    let begun = Instant::now();
    let collected = stand.collect_until(&options(&stand, Duration::from_secs(600)), &interrupt);
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert!(stand.asked().iter().any(|it| it == STOP));
    assert!(collected.files.contains_key("traces/weir-doctor.etl"));
    assert_eq!(collected.files["services/bfe.txt"], "sc.exe answers\n");
}

#[test]
fn a_provider_that_is_refused_is_a_gap_and_the_recording_is_ended() {
    let stand = Stand::new();
    stand.does("logman.exe", r#"if [ "$1" = update ]; then echo denied; exit 5; fi"#);
    let collected = stand.collect(&options(&stand, Duration::from_millis(50)));
    let gap = collected.gap("is not recorded");
    assert_eq!((gap.kind, gap.which.as_deref()), (Kind::Traces, Some("--trace")));
    assert!(gap.why.ends_with("logman.exe ended with 5 and said: denied"), "{gap:?}");
    assert!(stand.asked().iter().any(|it| it == STOP));
}

#[test]
fn a_recording_of_somebody_else_is_not_ended() {
    let stand = Stand::new();
    stand.does("logman.exe", r#"if [ "$1" = create ]; then echo exists already; exit 183; fi"#);
    let collected = stand.collect(&options(&stand, Duration::from_secs(600)));
    assert!(collected.gap("exists already").why.contains("logman stop weir-doctor -ets"));
    assert!(!stand.asked().iter().any(|it| it == STOP));
    assert!(collected.took < Duration::from_secs(60));
}

#[test]
fn a_recording_is_ended_where_the_bundle_cannot_be_written() {
    let stand = stand();
    // What was recorded has the path of a folder that is in its way.
    stand.does(
        "logman.exe",
        "if [ \"$1\" = create ]; then mkdir -p \"$here/out/traces/weir-doctor.etl\"; \
         echo t > \"$5\"; fi",
    );
    let (options, folder) = (options(&stand, Duration::from_millis(50)), stand.path("out"));
    let outcome = into_bundle(&options, &folder, &Interrupt::default(), &mut |_| {});
    assert!(outcome.unwrap_err().to_string().contains("traces/weir-doctor.etl"));
    assert!(stand.asked().iter().any(|it| it == STOP));
}
