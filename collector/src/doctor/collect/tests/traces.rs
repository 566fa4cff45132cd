//! Traces that are there already. Windows' folder is that of the tools here.

use super::super::Interrupt;
use super::Stand;
use core::time::Duration;
use std::path::PathBuf;
use weir_etl::FileTime;
use weir_etl::write::{Options, TraceWriter};
use weir_stages::checks::Kind;

/// An event trace of no events.
fn trace() -> Vec<u8> {
    let file = std::io::Cursor::new(Vec::new());
    let writer = TraceWriter::new(file, Options::default()).unwrap();
    writer.finish(FileTime(133_000_000_000_000_000)).unwrap().into_inner()
}

fn put(stand: &Stand, path: &str, bytes: &[u8]) -> PathBuf {
    let path = stand.path(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn traces_of_boot_and_of_scripts_are_taken_along() {
    let stand = Stand::new();
    let trace = trace();
    put(&stand, "System32/LogFiles/WMI/EbpfForWindowsBoot.etl.001", &trace);
    put(&stand, "System32/LogFiles/WMI/Other.etl", &trace);
    put(&stand, "Logs/eBPF/ebpf_trace_000001.etl", &trace);
    put(&stand, "Logs/eBPF/committed/ebpf_trace_000001.etl", &trace);
    let collected = stand.collect(&stand.options());
    let names: Vec<&str> =
        collected.files.keys().filter_map(|it| it.strip_prefix("traces/")).collect();
    assert_eq!(
        names,
        ["1-ebpf_trace_000001.etl", "EbpfForWindowsBoot.etl.001", "ebpf_trace_000001.etl"]
    );
}

#[test]
fn the_file_of_an_autologger_is_found_where_the_registry_says() {
    let stand = Stand::new();
    put(&stand, "else/where.etl.002", &trace());
    let key = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\WMI\Autologger\EbpfForWindows";
    stand.put(
        "reg.exe.out",
        &format!("{key}\n    FileName    REG_SZ    %SystemRoot%/else/where.etl\n"),
    );
    let collected = stand.collect(&stand.options());
    assert!(collected.files.contains_key("traces/where.etl.002"));
}

#[test]
fn what_is_no_trace_is_not_carried_whatever_it_is_called() {
    let stand = Stand::new();
    let secret = put(&stand, "secret", &trace());
    put(&stand, "Logs/eBPF/password.etl", b"password");
    std::os::unix::fs::symlink(secret, stand.path("Logs/eBPF/link.etl")).unwrap();
    let collected = stand.collect(&stand.options());
    assert!(!collected.files.keys().any(|it| it.starts_with("traces/")));
    assert!(collected.noted("no event trace").ends_with("password.etl"));
    assert_lacks_no_trace(&collected);
}

/// Old traces are nothing that a check waits for.
fn assert_lacks_no_trace(collected: &super::Collected) {
    assert!(!collected.gaps.iter().any(|it| it.kind == Kind::Traces), "{:#?}", collected.gaps);
}

#[test]
fn traces_from_before_are_marked_and_never_collected_for_who_judges_at_once() {
    let stand = Stand::new();
    put(&stand, "Logs/eBPF/ebpf_trace_000001.etl", &trace());
    let collected = stand.collect(&stand.options());
    assert_eq!(collected.old, ["traces/ebpf_trace_000001.etl"]);
    let memory = stand.in_memory(&stand.options());
    assert!(!memory.items.iter().any(|it| it.about.path.starts_with("traces/")));
}

#[test]
fn a_recording_is_not_from_before() {
    let stand = Stand::new();
    stand.does("logman.exe", "if [ \"$1\" = create ]; then echo t > \"$5\"; fi");
    let trace = Some(Duration::from_millis(10));
    let collected = stand.collect(&super::Options { trace, ..stand.options() });
    assert!(collected.files.contains_key("traces/weir-doctor.etl"));
    assert_eq!(collected.old, [""; 0]);
}

#[test]
fn copying_ends_in_time_and_at_ctrl_c() {
    let stand = Stand::new();
    put(&stand, "Logs/eBPF/a.etl", &trace());
    let late = stand.collect(&super::Options { time_max: Duration::ZERO, ..stand.options() });
    assert!(late.noted("took too long").ends_with("a.etl"));
    let interrupt = Interrupt::default();
    interrupt.press();
    let pressed = stand.collect_until(&stand.options(), &interrupt);
    assert!(pressed.noted("Ctrl-C").ends_with("a.etl"));
    for collected in [late, pressed] {
        assert!(!collected.files.contains_key("traces/a.etl"));
        assert_lacks_no_trace(&collected);
    }
}

#[test]
fn of_many_traces_the_newest_are_taken() {
    let stand = Stand::new();
    for number in 0..10 {
        let path = put(&stand, &format!("Logs/eBPF/{number}.etl"), &trace());
        let file = std::fs::File::options().write(true).open(path).unwrap();
        let time = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000 + number);
        file.set_modified(time).unwrap();
    }
    let collected = stand.collect(&stand.options());
    assert_eq!(collected.files.keys().filter(|it| it.starts_with("traces/")).count(), 8);
    assert!(collected.files.contains_key("traces/9.etl"));
    let left = collected.notes.iter().filter(|(_, what)| what.contains("8 newer traces"));
    let left: Vec<&str> = left.filter_map(|(path, _)| path.rsplit('/').next()).collect();
    assert_eq!(left, ["1.etl", "0.etl"]);
    assert_lacks_no_trace(&collected);
}
