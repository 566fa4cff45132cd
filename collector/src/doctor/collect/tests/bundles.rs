//! Whole collections: what is in them, and what one bad tool costs.

use super::super::Interrupt;
use super::{Stand, TOOLS};
use core::time::Duration;
use std::net::TcpListener;
use std::time::Instant;
use weir_stages::checks::Kind;

const FILES: [&str; 22] = [
    "boot/bcdedit.txt",
    "boot/memory-integrity.txt",
    "boot/secure-boot.txt",
    "boot/start-options.txt",
    "bpftool/link.json",
    "bpftool/map.json",
    "bpftool/prog.json",
    "ports/ipv4.txt",
    "ports/ipv6.txt",
    "registry/hkcu-ebpf.txt",
    "registry/hklm-ebpf.txt",
    "services/bfe.txt",
    "services/ebpfcore.txt",
    "services/ebpfsvc.txt",
    "services/netebpfext.txt",
    "services/weir-collector.txt",
    "services/weir.txt",
    "sessions/all.txt",
    "sessions/autologgers.txt",
    "system.json",
    "system/w32tm.txt",
    "wfp/wfpstate.xml",
];

/// A moment in which a well-behaved tool has long answered, on a machine that does much else.
const TIME_MAX: Duration = Duration::from_secs(6);

#[test]
fn everything_is_asked_for_and_comes_whole() {
    let stand = Stand::new();
    stand.does("w32tm.exe", "pwd > \"$here/where\"");
    let collected = stand.collect(&stand.options());
    let names: Vec<&str> = collected.files.keys().map(String::as_str).collect();
    assert_eq!(names, FILES);
    assert_eq!(collected.files["wfp/wfpstate.xml"], "<wfpstate/>\n");
    assert_eq!(collected.files["services/bfe.txt"], "sc.exe answers\n");
    let gaps: Vec<Kind> = collected.gaps.iter().map(|it| it.kind).collect();
    assert_eq!(gaps, [Kind::Telemetry], "{:#?}", collected.gaps);
    assert!(!stand.private().exists(), "nothing is left behind");
    for asked in [
        "sc.exe queryex weir-collector",
        "netsh.exe wfp show state file=wfpstate.xml",
        "netsh.exe int ipv6 show excludedportrange protocol=tcp",
        "bpftool.exe -p link",
        r"reg.exe query HKCU\Software\eBPF\Providers /s",
        "bcdedit.exe /enum {current}",
        "logman.exe query -ets",
    ] {
        assert!(stand.asked().iter().any(|it| it == asked), "{asked}: {:#?}", stand.asked());
    }
    let system: serde_json::Value = serde_json::from_str(&collected.files["system.json"]).unwrap();
    assert_eq!((&system["format"], &system["version"]), (&"weir-system".into(), &1.into()));
    assert!(system["collector_answers"].is_null());
}

#[test]
fn in_memory_is_the_same_as_in_a_bundle() {
    let stand = Stand::new();
    let memory = stand.in_memory(&stand.options());
    let mut names: Vec<&str> = memory.items.iter().map(|it| it.about.path.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, FILES);
    assert_eq!(memory.gaps.len(), 1);
    let state = memory.items.iter().find(|it| it.about.path == "wfp/wfpstate.xml").unwrap();
    assert_eq!(state.about.kind, Some(Kind::WfpState));
    assert_eq!(state.about.command.as_deref(), Some("netsh.exe wfp show state file=wfpstate.xml"));
}

#[test]
fn what_is_in_maps_is_asked_for_only_on_request() {
    let stand = Stand::new();
    stand.put("bpftool.exe.out", r#"[{"id":7,"name":"a"},{"id":9}]"#);
    let plain = stand.collect(&stand.options());
    assert!(!stand.asked().iter().any(|it| it.contains("dump")), "{:#?}", stand.asked());
    assert_eq!(plain.files.len(), 22);
    let dumped = stand.collect(&super::Options { has_map_dumps: true, ..stand.options() });
    assert!(dumped.files.contains_key("bpftool/map-7.txt"));
    assert!(stand.asked().iter().any(|it| it == "bpftool.exe map dump id 9"));
}

#[test]
fn sessions_of_ebpf_are_asked_for_by_name() {
    let stand = Stand::new();
    stand.put("logman.exe.out", "EbpfForWindows    Trace\nOther    Trace\nweir-detail    Trace\n");
    let collected = stand.collect(&stand.options());
    assert!(collected.files.contains_key("sessions/session-EbpfForWindows.txt"));
    assert!(stand.asked().iter().any(|it| it == "logman.exe query weir-detail -ets"));
    assert!(!stand.asked().iter().any(|it| it.contains("Other")));
}

#[test]
fn one_hangs_one_floods_one_is_missing_and_the_rest_is_whole() {
    let stand = Stand::new();
    stand.does("netsh.exe", "sleep 600 & wait");
    stand.does("bpftool.exe", "exec cat /dev/zero");
    std::fs::remove_file(stand.path("logman.exe")).unwrap();
    stand.does("w32tm.exe", "pwd > \"$here/where\"");
    let collected = stand.collect(&super::Options { time_max: TIME_MAX, ..stand.options() });
    assert!(collected.took < TIME_MAX * 3, "{:?}", collected.took);
    let slow = collected.gap("too long");
    assert!(slow.why.starts_with("netsh.exe: it took too long (at most"), "{slow:?}");
    assert_eq!(collected.gap("printed too much").kind, Kind::Programs);
    let missing = collected.gap("missing");
    assert_eq!((missing.kind, missing.why.as_str()), (Kind::Sessions, "logman.exe is missing"));
    for name in FILES.iter().filter(|it| it.starts_with("services/") || it.starts_with("boot/")) {
        assert!(collected.files[*name].ends_with(".exe answers\n"), "{name}");
    }
    assert!(!collected.files.contains_key("wfp/wfpstate.xml"));
    assert!(!stand.private().exists(), "nothing is left behind");
}

#[test]
fn where_all_tools_hang_the_whole_ends_in_time() {
    let stand = Stand::new();
    TOOLS.iter().for_each(|tool| stand.does(tool, "exec sleep 600"));
    let time_max = Duration::from_secs(1);
    let collected = stand.collect(&super::Options { time_max, ..stand.options() });
    assert!(collected.took < Duration::from_secs(20), "{:?}", collected.took);
    assert_eq!(collected.files.keys().collect::<Vec<_>>(), ["system.json"]);
    assert!(collected.gap("not asked").why.contains("the time for all tools was over"));
}

#[test]
fn ctrl_c_ends_the_questions_that_are_left() {
    let stand = Stand::new();
    stand.does("netsh.exe", "exec sleep 600");
    let interrupt = Interrupt::default();
    let pressed = interrupt.clone();
    let presses = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        pressed.press();
    });
    let collected = stand.collect_until(&stand.options(), &interrupt);
    presses.join().unwrap();
    assert!(collected.took < Duration::from_secs(30), "{:?}", collected.took);
    assert_eq!(collected.gap("Ctrl-C").kind, Kind::WfpState);
}

#[test]
fn a_file_that_floods_is_cut_and_said() {
    let stand = Stand::new();
    stand.does("netsh.exe", r#"if [ "$2" = show ]; then truncate -s 600M wfpstate.xml; fi"#);
    let memory = stand.in_memory(&stand.options());
    let state = memory.items.iter().find(|it| it.about.path == "wfp/wfpstate.xml").unwrap();
    assert!(state.about.is_cut);
    assert!(memory.gaps.iter().any(|it| it.why.contains("printed too much")), "{:#?}", memory.gaps);
}

#[test]
fn a_tool_that_writes_a_file_may_not_flood_beside_it() {
    let stand = Stand::new();
    let flood =
        r#"if [ "$2" = show ]; then echo "<wfpstate/>" > wfpstate.xml; exec cat /dev/zero; fi"#;
    stand.does("netsh.exe", flood);
    let collected = stand.collect(&stand.options());
    assert_eq!(collected.gap("printed too much").kind, Kind::WfpState);
    assert_eq!(collected.files["wfp/wfpstate.xml"], "<wfpstate/>\n", "what it wrote is kept");
}

#[test]
fn a_refusal_is_a_gap_in_the_tools_own_words() {
    let stand = Stand::new();
    stand.does("netsh.exe", "echo; echo 'Run as administrator.'; exit 1");
    stand.does("bcdedit.exe", "echo 'Zugriff verweigert' >&2; exit 1");
    stand.does("reg.exe", "echo 'FEHLER: nicht gefunden' >&2; exit 1");
    stand.does("sc.exe", "echo '[SC] OpenService FAILED 1060:'; exit 36");
    let collected = stand.collect(&stand.options());
    let said = "netsh.exe ended with 1 and said: Run as administrator.";
    assert_eq!(collected.gap("administrator").why, said);
    assert_eq!(collected.gap("Zugriff").kind, Kind::Boot);
    assert_eq!(
        collected.files["registry/hklm-ebpf.txt"], "",
        "that there is no store is an answer"
    );
    assert!(!collected.files.contains_key("boot/secure-boot.txt"));
    assert_eq!(collected.gap("FEHLER").kind, Kind::Boot);
    assert_eq!(collected.files["services/bfe.txt"], "[SC] OpenService FAILED 1060:\n");
}

#[test]
fn figures_of_a_collector_are_taken_along() {
    use std::io::{Read as _, Write as _};
    let stand = Stand::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let collector = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _asked = stream.read(&mut [0; 1_024]).unwrap();
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nweir_build_info 1\n").unwrap();
    });
    let collected =
        stand.collect(&super::Options { collector: Some(collector), ..stand.options() });
    server.join().unwrap();
    assert_eq!(collected.files["collector/metrics.txt"], "weir_build_info 1\n");
    assert!(collected.files["system.json"].contains("\"collector_answers\": true"));
    assert_eq!(collected.gaps, []);
}

#[test]
fn a_machine_keeps_its_name_where_that_is_asked() {
    let stand = Stand::new();
    let begun = Instant::now();
    stand.collect(&super::Options { is_nameless: true, ..stand.options() });
    let bundle = super::Bundle::open(&stand.path("out.zip")).unwrap();
    assert_eq!(bundle.manifest().unwrap().host, None);
    assert!(begun.elapsed() < Duration::from_secs(60));
}
