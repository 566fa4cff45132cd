//! `weir doctor --collect` on Windows.

use crate::stand::Stand;
use crate::tools::tools_or_skip;
use core::time::Duration;
use weir_stages::checks::Kind;

/// The longest limit of the tools that hang below, and as much again for a machine that does much
/// else.
const IN_TIME: Duration = Duration::from_secs(45);

#[test]
fn everything_is_asked_for_and_comes_whole() {
    let Some(tools) = tools_or_skip() else { return };
    let stand = Stand::new(tools);
    stand.does("bcdedit.exe", "tells");
    stand.does("reg.exe", "leaves");
    let collected = stand.collect(&["--no-host"]);
    assert_eq!(collected.gaps.len(), 1, "the collector alone: {:#?}", collected.gaps);
    assert_eq!(collected.gaps[0].kind, Kind::Telemetry);
    assert_eq!(collected.text("wfp/wfpstate.xml"), "<wfpstate/>");
    for name in ["services/bfe.txt", "services/weir-collector.txt"] {
        assert_eq!(collected.text(name), "sc.exe answers\n");
    }
    assert!(collected.text("registry/hkcu-ebpf.txt").ends_with("reg.exe answers\n"));
    assert!(
        stand.asked().contains("netsh.exe\" wfp show state file=wfpstate.xml"),
        "{}",
        stand.asked()
    );
    assert!(!collected.text("system.json").contains("collector_answers"));
    stand.leaves_nothing();
    let known = ["SystemRoot=", "windir=", "SystemDrive=", "PATH=", "TEMP=", "TMP="];
    let environment = collected.text("boot/bcdedit.txt").lines();
    let environment = environment.filter(|it| it.contains('=') && !it.starts_with('='));
    // Wine's own come from itself.
    let environment = environment.filter(|it| !it.starts_with("WINE"));
    for line in environment {
        assert!(known.iter().any(|it| line.starts_with(it)), "{line}");
    }
}

#[test]
fn one_hangs_one_floods_one_is_missing_and_the_rest_is_whole() {
    let Some(tools) = tools_or_skip() else { return };
    let stand = Stand::new(tools);
    stand.does("bpftool.exe", "hangs");
    stand.does("netsh.exe", "floods");
    stand.is_missing("sc.exe");
    stand.does("w32tm.exe", "fails");
    let collected = stand.collect(&[]);
    assert!(collected.took < IN_TIME, "{:?}", collected.took);
    let slow = collected.gap("too long");
    assert_eq!((slow.kind, slow.why.starts_with("bpftool.exe: ")), (Kind::Programs, true));
    let flood = collected.gap("printed too much");
    assert!(flood.why.starts_with("netsh.exe: "), "{flood:?}");
    let (about, text) = &collected.files["ports/ipv4.txt"];
    assert!(about.is_cut && text.len() == 4 << 20, "{} bytes", text.len());
    let missing = collected.gaps.iter().filter(|it| it.why == "sc.exe is missing");
    let missing: Vec<Option<&str>> = missing.map(|it| it.which.as_deref()).collect();
    assert_eq!(missing.len(), 6, "each service says so: {missing:?}");
    assert_eq!(
        collected.gap("this tool fails").why,
        "w32tm.exe ended with 5 and said: this tool fails"
    );
    assert_eq!(collected.text("sessions/all.txt"), "logman.exe answers\n");
    assert_eq!(collected.text("boot/bcdedit.txt"), "bcdedit.exe answers\n");
    stand.leaves_nothing();
}

#[test]
fn a_recording_is_begun_and_ended() {
    let Some(tools) = tools_or_skip() else { return };
    let stand = Stand::new(tools);
    let collected = stand.collect(&["--trace", "100ms"]);
    assert!(collected.run.err.contains("weir: reproduce the problem now"), "{}", collected.run.err);
    assert!(collected.files.contains_key("traces/weir-doctor.etl"));
    let asked = stand.asked();
    assert_eq!(asked.matches("update trace weir-doctor -p {").count(), 3, "{asked}");
    let (begin, end) = (asked.find("create trace"), asked.find("stop weir-doctor -ets"));
    assert!(begin < asked.find("update trace") && begin < end, "{asked}");
    stand.leaves_nothing();
}

#[test]
fn windows_own_tools_are_found_without_a_word_of_the_environment() {
    let Some(tools) = tools_or_skip() else { return };
    let stand = Stand::new(tools);
    let collected = stand.collect_from(&[]);
    // Wine has `reg.exe`, and no store of eBPF's: an answer, whatever language it is told in.
    let (about, _) = &collected.files["registry/hkcu-ebpf.txt"];
    assert_eq!((about.exit_code, about.is_cut), (Some(1), false));
    assert_eq!(collected.gap("bpftool.exe is not installed").kind, Kind::Programs);
    assert!(collected.text("system.json").contains("\"is_elevated\": true"));
    assert_eq!(stand.asked(), "", "no stand-in ran");
    stand.leaves_nothing();
}
