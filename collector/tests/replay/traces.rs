//! Event trace files: written by a replay, replayed themselves.

use crate::outputs::{ENTRY, mix};
use crate::support::{Folder, object, says, weir};
use std::collections::BTreeMap;
use weir_usermode::traffic::client_hello;

/// A replay of the mix with two programs that also writes a trace: the trace, and the exposition.
fn recorded(folder: &Folder) -> (String, String) {
    let (sni, http) = (object("tls_sni_block"), object("http_host_block"));
    let (capture, trace) = (mix(folder), folder.path("mix.etl").display().to_string());
    let metrics = weir(&[
        "replay",
        "--program",
        &sni,
        "--program",
        &http,
        "--map",
        ENTRY,
        &capture,
        "--write-etl",
        &trace,
        "--metrics",
        "-",
    ]);
    (trace, metrics.ok())
}

/// The lines of `weir events`.
fn events(arguments: &[&str]) -> Vec<serde_json::Value> {
    let mut all = vec!["events"];
    all.extend(arguments);
    weir(&all).flows()
}

#[test]
fn a_trace_gives_the_exposition_of_the_replay_that_wrote_it() {
    let folder = Folder::new();
    let (trace, metrics) = recorded(&folder);
    assert!(metrics.contains("weir_flow_verdicts_total{verdict=\"block\""), "{metrics}");
    assert_eq!(weir(&["replay", &trace, "--metrics", "-"]).ok(), metrics);
}

#[test]
fn a_trace_gives_the_flows_of_the_replay_that_wrote_it() {
    let folder = Folder::new();
    let (sni, capture) = (object("tls_sni_block"), mix(&folder));
    let trace = folder.path("flows.etl").display().to_string();
    let direct =
        ["replay", "--flows", "--program", &sni, "--map", ENTRY, &capture, "--write-etl", &trace];
    let direct = weir(&direct).ok();
    assert_eq!(direct.lines().count(), 300);
    assert!(direct.contains("\"block\""));
    assert_eq!(weir(&["replay", "--flows", &trace]).ok(), direct);
    let document = weir(&["replay", "--json", &trace]).ok();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["complete"], true);
    assert_eq!(document["captures"], serde_json::json!([]));
    assert_eq!(document["traces"][0]["file"], trace.as_str());
    assert_eq!(document["traces"][0]["session"], "weir");
    assert_eq!(document["traces"][0]["other_records"], 1, "the header alone");
    assert_eq!(document["traces"][0]["events"], events(&[&trace]).len() - 1);
}

#[test]
fn other_readers_find_every_event_of_a_trace() {
    let Some(python) = std::env::var_os("WEIR_ETL_PYTHON") else {
        eprintln!("skipped: WEIR_ETL_PYTHON names no Python with dissect.etl and etl-parser");
        return;
    };
    let folder = Folder::new();
    let (trace, _) = recorded(&folder);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/etl/tests/interop/count.py");
    let count = events(&[&trace]).len();
    for library in ["dissect", "etl-parser"] {
        let mut command = std::process::Command::new(&python);
        let output = command.args([script, library, &trace]).output().unwrap();
        assert!(output.status.success(), "{library}: {output:?}");
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found["events"], count - 1, "{library}: all but the header's record: {found}");
        assert_eq!(found["records"], count, "{library}: {found}");
    }
}

#[test]
fn every_event_of_a_replay_is_in_its_trace_with_names_and_times() {
    let folder = Folder::new();
    let (trace, _) = recorded(&folder);
    let events = events(&["--provider", "weir.flowclassify", &trace]);
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    let mut last = "";
    for event in &events {
        *kinds.entry(event["event"].as_str().unwrap()).or_default() += 1;
        let time = event["timestamp"].as_str().unwrap();
        assert!(time >= last, "in order");
        last = time;
        assert_eq!(event["provider"], "Weir.FlowClassify");
        assert_eq!(event["provider_id"], "35a333c2-4a21-5096-9128-1437b3606b9a");
        // Numbers of a kind count up without a gap.
        assert_eq!(event["fields"]["sequence"], kinds[event["event"].as_str().unwrap()]);
        assert_eq!(event.get("payload_rest"), None, "{event}");
    }
    for (kind, count) in [("Attached", 2), ("FlowEstablished", 300), ("Verdict", 300)] {
        assert_eq!(kinds[kind], count, "{kinds:?}");
    }
    assert!(kinds["Invocation"] > 600, "both programs, NEW and segments: {kinds:?}");
    assert!(kinds["Counters"] > 1, "{kinds:?}");
    let blocked = events.iter().find(|it| it["event"] == "Verdict" && it["fields"]["fate"] == 1);
    let fields = &blocked.unwrap()["fields"];
    assert!([80, 443].map(Into::into).contains(&fields["remote_port"]), "{fields}");
    assert_eq!(fields["remote_address"], "::ffff:192.0.2.1");
}

#[test]
fn invocations_are_plain_and_decoded_all_the_same() {
    let folder = Folder::new();
    let (trace, _) = recorded(&folder);
    let bytes = std::fs::read(&trace).unwrap();
    let count = |text: &str| bytes.windows(text.len()).filter(|it| *it == text.as_bytes()).count();
    assert_eq!(count("Invocation\0"), 0, "no metadata of its own");
    assert_eq!(count("Attached\0fixed_length\0"), 2);
    let first = events(&["--event", "invocation", &trace]).remove(0);
    assert_eq!((&first["id"], &first["level"]), (&1.into(), &5.into()));
    assert!(first["fields"]["attach_id"].is_u64(), "{first}");
}

/// Invocations and answers by program, and flows by verdict.
fn figures(arguments: &[&str]) -> (serde_json::Value, serde_json::Value) {
    let mut all = vec!["replay", "--json"];
    all.extend(arguments);
    let run = weir(&all);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    (document["programs"].clone(), document["flows"].clone())
}

#[test]
fn traces_of_several_replays_add_up_in_any_order() {
    let folder = Folder::new();
    let (sni, all) = (object("tls_sni_block"), mix(&folder));
    let few: Vec<_> =
        (0..7).flat_map(|it| says(it, 443, &[&client_hello("one.example")])).collect();
    let few = folder.capture("few.pcap", &few);
    let traces = [("all.etl", &all), ("few.etl", &few)].map(|(name, capture)| {
        let trace = folder.path(name).display().to_string();
        weir(&["replay", "--program", &sni, capture, "--write-etl", &trace]).ok();
        trace
    });
    let together = figures(&["--program", &sni, &all, &few]);
    assert_eq!(together.1["allow"], 225 + 7, "{together:?}");
    for order in [[&traces[0], &traces[1]], [&traces[1], &traces[0]]] {
        let found = figures(&[order[0], order[1]]);
        assert_eq!(found.1, together.1, "flows");
        assert_eq!(found.0[0]["verdicts"], together.0[0]["verdicts"]);
        assert_eq!(found.0[0]["invocations"], together.0[0]["invocations"]);
    }
}

#[test]
fn a_trace_given_twice_is_refused() {
    let folder = Folder::new();
    let (trace, _) = recorded(&folder);
    let copy = folder.path("copy.etl").display().to_string();
    std::fs::copy(&trace, &copy).unwrap();
    for other in [&trace, &copy] {
        let run = weir(&["replay", &trace, other]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{}", run.err);
        assert!(run.err.contains("same trace"), "{}", run.err);
    }
}

#[test]
fn a_trace_that_is_cut_off_fails_unless_allowed_and_says_what_is_missing() {
    let folder = Folder::new();
    let (trace, _) = recorded(&folder);
    let bytes = std::fs::read(&trace).unwrap();
    let cut = folder.write("cut.etl", &bytes[..bytes.len() * 2 / 3]);
    let refused = weir(&["replay", &cut]);
    assert_eq!((refused.code, refused.out.as_str()), (4, ""));
    assert!(refused.err.contains("cut_off") && refused.err.contains("hint: --allow-truncated"));
    let partial = weir(&["replay", "--allow-truncated", "--metrics", "-", &cut]);
    assert_eq!(partial.code, 0, "{}", partial.err);
    assert!(partial.out.starts_with(&format!("# PARTIAL: {cut}\n")));
    assert!(partial.err.contains("cut_off"), "{}", partial.err);
    let document = weir(&["replay", "--allow-truncated", "--json", &cut]).out;
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["complete"], false);
}

#[test]
fn events_that_are_missing_from_a_trace_are_counted() {
    use weir_etl::write::{EventHeader, Options, TraceWriter};
    use weir_etl::{Body, Trace};
    let folder = Folder::new();
    let (trace, _) = recorded(&folder);
    // The same trace without every third AttachmentVerdict.
    let mut writer =
        TraceWriter::new(std::io::Cursor::new(Vec::new()), Options::default()).unwrap();
    let mut source = Trace::open(std::fs::File::open(&trace).unwrap()).unwrap();
    let (mut seen, mut dropped) = (0, 0);
    while let Some(record) = source.next_record().unwrap() {
        let Body::Event(event) = record.body else { continue };
        seen += u64::from(event.id == 13);
        if event.id == 13 && seen % 3 == 0 {
            dropped += 1;
            continue;
        }
        let header = EventHeader {
            id: event.id,
            version: event.version,
            level: event.level,
            keyword: event.keyword,
            ..EventHeader::new(event.provider)
        };
        let early = weir_etl::FileTime(Options::default().start.0);
        writer.event(0, early, &header, &[], event.payload).unwrap();
    }
    let bytes = writer.finish(Options::default().start).unwrap().into_inner();
    let thinned = folder.write("thinned.etl", &bytes);
    let run = weir(&["replay", "--metrics", "-", &thinned]);
    assert!(dropped > 10);
    let series = format!("weir_etw_events_lost_total{{event=\"attachment_verdict\"}} {dropped}\n");
    assert!(run.out.contains(&series), "{dropped} {}", run.err);
    let warning = format!("{dropped} attachment_verdict events are missing from the traces");
    assert!(run.err.contains(&warning), "{}", run.err);
}

#[test]
fn options_about_programs_do_not_go_with_traces() {
    let folder = Folder::new();
    let (trace, _) = recorded(&folder);
    let sni = object("tls_sni_block");
    let other = folder.path("other.etl").display().to_string();
    for options in [
        &["--program", &sni][..],
        &["--map", ENTRY],
        &["--dump-map", "m"],
        &["--perspective", "both"],
        &["--failure-policy", "open"],
        &["--timings"],
        &["--write-etl", &other],
    ] {
        let mut arguments = vec!["replay", trace.as_str()];
        arguments.extend(options);
        let run = weir(&arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{options:?}: {}", run.err);
        assert!(run.err.contains(options[0]), "{options:?}: {}", run.err);
    }
    let capture = folder.path("mix.pcap").display().to_string();
    let run = weir(&["replay", &trace, &capture]);
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("--write-etl"), "{}", run.err);
}

#[test]
fn a_trace_never_takes_a_captures_place_and_is_whole_or_not_there() {
    let folder = Folder::new();
    let capture = mix(&folder);
    let run = weir(&["replay", &capture, "--write-etl", &capture]);
    assert_eq!(run.code, 2, "{}", run.err);
    let damaged = std::fs::read(&capture).unwrap();
    let damaged = folder.write("damaged.pcap", &damaged[..damaged.len() - 7]);
    let trace = folder.path("never.etl");
    let run = weir(&["replay", &damaged, "--write-etl", &trace.display().to_string()]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(!trace.exists());
    let both = folder.path("both").display().to_string();
    let run = weir(&["replay", &capture, "--write-etl", &both, "--metrics", &both]);
    assert_eq!(run.code, 2, "{}", run.err);
    for nowhere in ["-", "/dev/null", "/nowhere/at/all.etl"] {
        let run = weir(&["replay", &capture, "--write-etl", nowhere]);
        assert_eq!((run.code, run.out.as_str()), (7, ""), "{nowhere}: {}", run.err);
    }
}

#[test]
fn a_trace_of_nobody_we_know_says_so() {
    use weir_etl::Guid;
    use weir_etl::write::{EventHeader, Options, TraceWriter};
    let folder = Folder::new();
    let options = Options::default();
    let mut writer = TraceWriter::new(std::io::Cursor::new(Vec::new()), options.clone()).unwrap();
    writer.event(0, options.start, &EventHeader::new(Guid([1; 16])), &[], b"x").unwrap();
    let bytes = writer.finish(options.start).unwrap().into_inner();
    let run = weir(&["replay", &folder.write("other.etl", &bytes)]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("it holds no event of Weir"), "{}", run.err);
    assert!(run.out.contains("no program in the trace"), "{}", run.out);
}

#[test]
fn a_trace_through_a_pipe_is_told_to_be_a_file() {
    let folder = Folder::new();
    let (trace, _) = recorded(&folder);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["replay", "-"])
        .stdin(std::fs::File::open(&trace).unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(4), &[][..]), "{said}");
    assert!(said.contains("has to be a whole file, not a pipe"), "{said}");
}
