//! The shapes of outputs, and that the same input gives the same bytes.

use crate::support::{Folder, client, object, says, server, weir};
use std::io::Write as _;
use std::process::{Command, Stdio};
use weir_usermode::capture::synthetic::{Conversation, TcpPacket};
use weir_usermode::traffic::{client_hello, http_get};

/// 300 conversations: TLS, TLS in two segments, HTTP, and silence.
pub(crate) fn mix(folder: &Folder) -> String {
    let mut packets: Vec<TcpPacket> = Vec::new();
    for number in 0..300 {
        let name = format!("host{}.example.com", number % 7);
        let hello = client_hello(&name);
        packets.extend(match number % 4 {
            0 => says(number, 443, &[&hello]),
            1 => says(number, 443, &[&hello[..50], &hello[50..]]),
            2 => says(number, 80, &[&http_get(&name)]),
            _ => says(number, 22, &[]),
        });
    }
    folder.capture("mix.pcap", &packets)
}

/// Blocks one of the mix's names.
pub(crate) const ENTRY: &str = "blocked_names str:host3.example.com u32:1";

fn arguments<'a>(sni: &'a str, http: &'a str, capture: &'a str) -> Vec<&'a str> {
    vec!["replay", "--program", sni, "--program", http, "--map", ENTRY, capture]
}

#[test]
fn outputs_are_equal_byte_for_byte_at_any_thread_count() {
    let folder = Folder::new();
    let (capture, sni, http) = (mix(&folder), object("tls_sni_block"), object("http_host_block"));
    for format in [&["--flows"][..], &["--json"], &["--top", "5"], &["--metrics", "-"]] {
        let mut outputs = Vec::new();
        for threads in ["1", "2", "2", "64"] {
            let mut arguments = arguments(&sni, &http, &capture);
            arguments.extend_from_slice(format);
            arguments.extend(["--threads", threads]);
            outputs.push(weir(&arguments).ok());
        }
        assert!(outputs[0].len() > 200, "{format:?}");
        assert!(outputs.iter().all(|it| *it == outputs[0]), "{format:?}");
    }
}

#[test]
fn each_connection_is_one_line_seen_from_its_initiator_unless_asked_otherwise() {
    let folder = Folder::new();
    let v6 = Conversation::v6();
    let mut packets = says(0, 443, &[&client_hello("a.b")]);
    let mut talk = v6;
    talk.handshake();
    talk.client(&client_hello("a.b"));
    talk.close();
    packets.extend_from_slice(talk.packets());
    let (capture, object) = (folder.capture("two.pcap", &packets), object("tls_sni_block"));
    let run = |perspective: &str| {
        weir(&["replay", "--flows", "--program", &object, "--perspective", perspective, &capture])
            .flows()
    };
    let (from_initiator, from_responder, both) = (run("initiator"), run("responder"), run("both"));
    assert_eq!((from_initiator.len(), from_responder.len(), both.len()), (2, 2, 4));
    let (own, peer) = (client(0).to_string(), server(443).to_string());
    assert_eq!(from_initiator[0]["local"], own.as_str());
    assert_eq!(from_initiator[0]["remote"], peer.as_str());
    assert_eq!(from_initiator[0]["direction"], "outbound");
    assert_eq!(from_responder[0]["local"], peer.as_str());
    assert_eq!(from_responder[0]["direction"], "inbound");
    assert!(from_initiator[1]["local"].as_str().unwrap().starts_with('['));
    for flow in from_initiator.iter().chain(&from_responder).chain(&both) {
        assert_eq!(flow["verdict"], "allow", "the hello is found from either end: {flow}");
        let keys: Vec<&str> = flow.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = [
            "bytes",
            "direction",
            "flow_id",
            "local",
            "mid_capture",
            "program",
            "reason",
            "remote",
            "segments",
            "verdict",
        ];
        assert!(expected.iter().all(|key| keys.contains(key)), "{keys:?}");
    }
}

#[test]
fn a_flow_that_began_before_its_capture_says_so() {
    let folder = Folder::new();
    let mut packets = says(0, 443, &[&client_hello("a.b")]);
    packets.drain(..3);
    packets.extend(says(1, 443, &[&client_hello("a.b")]));
    let (capture, object) = (folder.capture("mid.pcap", &packets), object("tls_sni_block"));
    let flows = weir(&["replay", "--flows", "--program", &object, &capture]).flows();
    let began: Vec<bool> =
        flows.iter().map(|flow| flow["mid_capture"].as_bool().unwrap()).collect();
    assert_eq!(began, [true, false]);
}

#[test]
fn without_a_program_every_flow_is_uninspected() {
    let folder = Folder::new();
    let capture = folder.capture("one.pcap", &says(0, 443, &[b"x"]));
    let flows = weir(&["replay", "--flows", &capture]).flows();
    assert_eq!(
        (flows[0]["verdict"].as_str(), flows[0]["reason"].as_str()),
        (Some("uninspected"), Some("no_program"))
    );
    assert!(weir(&["replay", &capture]).ok().contains("no program attached"));
}

#[test]
fn json_tables_and_metrics_tell_the_same_numbers() {
    let folder = Folder::new();
    let (capture, sni, http) = (mix(&folder), object("tls_sni_block"), object("http_host_block"));
    let metrics = folder.path("metrics.prom").display().to_string();
    let mut arguments = arguments(&sni, &http, &capture);
    arguments.extend(["--json", "--metrics", &metrics]);
    let document: serde_json::Value = serde_json::from_str(&weir(&arguments).ok()).unwrap();
    let text = std::fs::read_to_string(&metrics).unwrap();
    let blocks = document["flows"]["block"].as_u64().unwrap();
    assert!(blocks > 20);
    assert_eq!(document["blocked"]["total"].as_u64(), Some(blocks));
    assert_eq!(document["complete"], true);
    let line = format!(
        "weir_flow_verdicts_total{{verdict=\"block\",direction=\"outbound\",network_type=\"ipv4\"}} {blocks}"
    );
    assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    let program = &document["programs"][0];
    let allow = program["verdicts"]["allow"].as_u64().unwrap();
    let prefix = format!(
        "weir_program_verdicts_total{{program=\"{}\"",
        program["program"].as_str().unwrap()
    );
    let told: u64 = text
        .lines()
        .filter(|it| it.starts_with(&prefix) && it.contains("verdict=\"allow\""))
        .map(|it| it.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(told, allow);
}

#[test]
fn promtool_finds_nothing_to_say_about_the_exposition() {
    let folder = Folder::new();
    let (capture, sni, http) = (mix(&folder), object("tls_sni_block"), object("http_host_block"));
    for extra in [&["--timings"][..], &[]] {
        let mut arguments = arguments(&sni, &http, &capture);
        arguments.extend(["--metrics", "-"]);
        arguments.extend(extra);
        let text = weir(&arguments).ok();
        let mut promtool = Command::new("promtool");
        let child = promtool
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            eprintln!("skipped: promtool is not installed (Debian package prometheus)");
            return;
        };
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert_eq!((output.status.code(), String::from_utf8_lossy(&said).as_ref()), (Some(0), ""));
    }
}

#[test]
fn several_captures_are_replayed_one_after_the_other() {
    let folder = Folder::new();
    let one = folder.capture("one.pcap", &says(0, 443, &[&client_hello("a.b")]));
    let two = folder.capture("two.pcap", &says(0, 443, &[&client_hello("a.b")]));
    let flows =
        weir(&["replay", "--flows", "--program", &object("tls_sni_block"), &one, &two]).flows();
    let numbers: Vec<u64> = flows.iter().map(|flow| flow["flow_id"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2]);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = Folder::new();
    let capture = mix(&folder);
    let mut child = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["replay", "--flows", &capture])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn s07_a_flow_allowed_at_new_counts_once_as_uninspected_in_every_output() {
    let folder = Folder::new();
    let capture = folder.capture("one.pcap", &says(0, 443, &[b"x"]));
    let program = object("allow_all");
    let run = |format: &str| weir(&["replay", format, "--program", &program, &capture]);
    let document: serde_json::Value = serde_json::from_str(&run("--json").ok()).unwrap();
    assert_eq!(
        (&document["flows"]["allow"], &document["flows"]["uninspected"]),
        (&0.into(), &1.into())
    );
    let flow = run("--flows").flows().remove(0);
    assert_eq!((&flow["verdict"], &flow["reason"]), (&"uninspected".into(), &"answer".into()));
    let tables = run("--threads=1").ok();
    let row = |name: &str| {
        let line = tables.lines().find(|it| it.split_whitespace().next() == Some(name));
        line.unwrap().split_whitespace().last().unwrap().to_owned()
    };
    assert_eq!((row("allow"), row("uninspected")), ("0".to_owned(), "1".to_owned()), "{tables}");
}

#[test]
fn s27_an_undecided_flow_names_only_those_still_classifying_it() {
    let folder = Folder::new();
    let capture = folder.capture("one.pcap", &says(0, 443, &[&client_hello("a.b")]));
    let (sni, never) = (object("tls_sni_block"), object("never_decides"));
    let program = format!("never={never}");
    let arguments = ["replay", "--flows", "--program", &sni, "--program", &program, &capture];
    let flow = weir(&arguments).flows().remove(0);
    assert_eq!((&flow["verdict"], &flow["program"]), (&"undecided".into(), &"never".into()));
}

#[test]
fn rows_left_out_of_a_table_are_told() {
    let folder = Folder::new();
    let packets: Vec<_> = (0..3).flat_map(|it| says(it, 443, &[b"x"])).collect();
    let capture = folder.capture("three.pcap", &packets);
    let program = object("block_all");
    let tables = weir(&["replay", "--top", "1", "--program", &program, &capture]).ok();
    assert!(tables.contains("and 2 more"), "{tables}");
}

#[test]
fn timings_fill_the_histogram_of_run_times_and_nothing_else_does() {
    let folder = Folder::new();
    let capture = folder.capture("one.pcap", &says(0, 443, &[&client_hello("a.b")]));
    let program = format!("p={}", object("tls_sni_block"));
    let count = |extra: &[&str]| {
        let fixed = ["replay", "--metrics", "-", "--program", &program, &capture];
        let text = weir(&[&fixed[..], extra].concat()).ok();
        let name = "weir_program_run_seconds_count{program=\"p\",state=\"new\"} ";
        text.lines().find_map(|it| it.strip_prefix(name)).unwrap().to_owned()
    };
    assert_eq!((count(&[]), count(&["--timings"])), ("0".to_owned(), "1".to_owned()));
}
