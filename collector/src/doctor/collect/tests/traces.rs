//! Traces that are there already. Windows' folder is that of the tools here.

use super::Stand;
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
    let gap = collected.gap("no event trace");
    assert_eq!((gap.kind, gap.which.as_deref()), (Kind::Traces, Some("password.etl")));
}

#[test]
fn of_many_traces_the_newest_are_taken() {
    let stand = Stand::new();
    for number in 0..10 {
        let path = put(&stand, &format!("Logs/eBPF/{number}.etl"), &trace());
        let file = std::fs::File::options().write(true).open(path).unwrap();
        let time = std::time::UNIX_EPOCH + core::time::Duration::from_secs(1_000_000 + number);
        file.set_modified(time).unwrap();
    }
    let collected = stand.collect(&stand.options());
    assert_eq!(collected.files.keys().filter(|it| it.starts_with("traces/")).count(), 8);
    assert!(collected.files.contains_key("traces/9.etl"));
    assert!(collected.gap("2 older traces").which.is_none());
}
