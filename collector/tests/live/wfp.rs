//! `weir run` looks at the filtering engine, and says what it sees.

use crate::feed::Feed;
use crate::filtering::{self, INSPECTION, LAYERS, TERMINATING, UNKNOWN};
use crate::parity::trace;
use crate::run::{Collector, Host};
use crate::stage::{until, windows};
use crate::tools::tools_or_skip;
use weir_abi::identifiers::{CALLOUTS, FILTERS, Guid};

/// A machine whose filtering engine has this; `None` where a tool is missing.
fn host(lines: &[String]) -> Option<Host> {
    let host = Host::new(tools_or_skip()?, Feed::new);
    host.stage.filtering(lines);
    Some(host)
}

/// The lines about the filtering engine's objects, but for this many looks.
fn said(collector: &Collector, surveys: u64, failures: u64) -> Vec<String> {
    let looks = [
        format!("weir_wfp_surveys_total {surveys}"),
        format!("weir_wfp_survey_failures_total {failures}"),
    ];
    let read = || {
        let text = collector.request("/metrics").1;
        let of_wfp = text.lines().filter(|it| it.starts_with("weir_wfp_"));
        of_wfp.map(str::to_owned).collect::<Vec<_>>()
    };
    until("a look", || {
        let lines = read();
        // Objects come with the end of a look that works.
        let is_over = lines.len() > looks.len() || failures > 0;
        is_over && looks.iter().all(|it| lines.contains(it))
    });
    read().into_iter().filter(|it| !looks.contains(it)).collect()
}

/// What it said until now: nobody waits for its end.
fn errors(host: &Host, collector: Collector) -> String {
    host.stage.append(&Feed::default().then("kill"));
    collector.running.wait().err
}

/// Series with another value than this, as `value labels`.
fn other_than<'a>(lines: &'a [String], name: &str, value: &str) -> Vec<String> {
    let series = lines.iter().filter_map(|it| it.strip_prefix(name)?.strip_prefix('{'));
    let pairs = series.filter_map(|it: &'a str| it.split_once("} "));
    let pairs = pairs.filter(|(_, it)| *it != value);
    pairs.map(|(labels, it)| format!("{it} {}", labels.replace('"', ""))).collect()
}

const PRESENT: &str = "weir_wfp_object_present";
const FOREIGN: &str = "weir_wfp_foreign_callouts";

/// Somebody else's key.
const fn other(number: u16) -> Guid {
    Guid::new(0xffff, number, 0, 0, [0; 6])
}

#[test]
fn objects_as_the_driver_made_them_are_present_and_callouts_of_others_are_counted() {
    let [_, v6, stream_v4, stream_v6] = LAYERS;
    let mut lines = filtering::of_the_driver();
    let call = |key, layer, action, callout| {
        filtering::filter(other(key), layer, 0, action, other(callout))
    };
    lines.extend([
        call(1, stream_v4, INSPECTION, 1),
        call(2, stream_v4, INSPECTION, 1),
        call(3, stream_v4, UNKNOWN, 1),
        // These block, and what follows is on another page.
        format!("many 600 {}", call(4, stream_v6, 0x1001, 2)),
        call(5, stream_v6, TERMINATING, 3),
        // This one does nothing.
        filtering::filter(other(6), v6, 0x20, TERMINATING, other(4)),
        // And this one is at a layer of no interest.
        call(7, "c38d57d1-05a7-4c33-904f-7fbceee60e82", TERMINATING, 5),
    ]);
    let Some(host) = host(&lines) else { return };
    let collector = host.run(&[]);
    let said = said(&collector, 1, 0);
    assert_eq!(said.len(), 10 + 12, "{said:#?}");
    assert_eq!(other_than(&said, PRESENT, "1"), [""; 0]);
    let mut foreign = other_than(&said, FOREIGN, "0");
    foreign.sort_unstable();
    let expected = [
        "1 layer=stream_v4,kind=inspection",
        "1 layer=stream_v4,kind=unknown",
        "1 layer=stream_v6,kind=terminating",
    ];
    assert_eq!(foreign, expected);
    assert_eq!(errors(&host, collector), "");
    assert_eq!(host.stage.filtering_notes(), ["lists 0, memory 0"], "all was given back");
}

#[test]
fn objects_that_are_gone_or_changed_are_not_present() {
    let mut lines = filtering::of_the_driver();
    // A filter is gone, another calls somebody else, a callout is registered no more.
    lines.retain(|it| !it.starts_with(&format!("filter {}", FILTERS[0].bare())));
    for line in &mut lines {
        if line.starts_with(&format!("filter {}", FILTERS[3].bare())) {
            let (ours, theirs) = (CALLOUTS[3].bare().to_string(), other(1).bare().to_string());
            *line = line.replace(&ours, &theirs);
        }
        if line.starts_with(&format!("callout {}", CALLOUTS[1].bare())) {
            *line = line.replace(" 40000", " 0");
        }
    }
    let Some(host) = host(&lines) else { return };
    let collector = host.run(&[]);
    let said = said(&collector, 1, 0);
    let mut absent = other_than(&said, PRESENT, "1");
    absent.sort_unstable();
    let expected = [
        "0 layer=ale_flow_established_v4,kind=filter",
        "0 layer=ale_flow_established_v6,kind=callout",
        "0 layer=stream_v6,kind=filter",
    ];
    assert_eq!(absent, expected);
    assert_eq!(other_than(&said, FOREIGN, "0"), ["1 layer=stream_v6,kind=terminating"]);
    assert_eq!(errors(&host, collector), "");
}

#[test]
fn an_engine_without_the_driver_has_none_of_its_objects() {
    let Some(host) = host(&[]) else { return };
    let collector = host.run(&[]);
    let said = said(&collector, 1, 0);
    assert_eq!(other_than(&said, PRESENT, "0"), [""; 0]);
    assert_eq!(said.len(), 10 + 12);
    assert_eq!(errors(&host, collector), "");
}

#[test]
fn a_look_that_is_refused_or_has_too_much_to_read_says_nothing_of_objects_and_what_to_do() {
    let Some(tools) = tools_or_skip() else { return };
    // Otherwise each run would make its own, which takes longer than the run.
    let _shared = windows(tools);
    let filter = filtering::filter(other(1), LAYERS[2], 0, TERMINATING, other(1));
    let flood = format!("many 16384 {filter}");
    for (line, told, notes) in [
        ("answer FwpmEngineOpen0 6d9", "sc start bfe", 0),
        ("answer FwpmFilterCreateEnumHandle0 5", "Network Configuration Operators", 1),
        ("answer FwpmFilterEnum0 80320010", "list filters of the filtering engine: its service", 1),
        ("answer FwpmCalloutGetByKey0 5", "read a callout of the driver", 1),
        // With the driver's own, more than a look reads.
        (&flood, "there are 16384 or more at one layer", 1),
    ] {
        let mut lines = filtering::of_the_driver();
        lines.push(line.to_owned());
        let Some(host) = host(&lines) else { return };
        let collector = host.run(&[]);
        assert_eq!(said(&collector, 1, 1), [""; 0], "{line}");
        assert_eq!(collector.request("/readyz").0, 200, "{line}: events are read all the same");
        let errors = errors(&host, collector);
        assert_eq!(errors.matches("weir: warning: failed to ").count(), 1, "{errors}");
        assert!(errors.contains(told), "{line}: {errors}");
        assert_eq!(host.stage.filtering_notes(), vec!["lists 0, memory 0"; notes], "{line}");
    }
}

#[test]
fn an_engine_that_hangs_holds_nothing_up_and_is_told() {
    let Some(host) = host(&["hang FwpmEngineOpen0".to_owned()]) else { return };
    let collector = host.run(&["--duration", "26s"]);
    until("the first look", || {
        collector.request("/metrics").1.contains("weir_wfp_surveys_total 1\n")
    });
    assert_eq!(collector.request("/readyz").0, 200);
    // Twenty seconds on, nothing is known, and everything else goes on.
    assert_eq!(said(&collector, 1, 1), [""; 0]);
    assert_eq!(collector.request("/readyz").0, 200);
    let ended = collector.running.wait();
    assert_eq!(ended.code, 0, "it ends although its thread hangs: {}", ended.err);
    assert!(ended.err.contains("did not answer within 20 s"), "{}", ended.err);
    assert_eq!(host.stage.names(), [""; 0]);
}

#[test]
fn a_trace_is_of_another_machine_and_nobody_looks() {
    let Some(host) = host(&filtering::of_the_driver()) else { return };
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("trace.etl");
    std::fs::write(&file, trace()).unwrap();
    let file = format!("Z:{}", file.to_str().unwrap().replace('/', r"\"));
    let collector = host.run(&["--from", &file, "--duration", "5s"]);
    until("the trace", || collector.request("/readyz").0 == 200);
    let text = collector.request("/metrics").1;
    assert!(!text.lines().any(|it| it.starts_with("weir_wfp_")), "{text}");
    let ended = collector.running.wait();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert_eq!(host.stage.filtering_notes(), [""; 0]);
}
