//! `register` and `unregister` on a registry.

use crate::tools::tools_or_skip;
use crate::windows::{Windows, weir_here};

const HIVES: [(&str, &str); 2] = [("HKCU", "HKEY_CURRENT_USER"), ("HKLM", "HKEY_LOCAL_MACHINE")];

const PROGRAM: &str = r"Software\eBPF\Providers\ProgramData\{aa3ccdea-026e-400a-9fff-5081c44fc5a2}";
const SECTION: &str = r"Software\eBPF\Providers\SectionData\flow_classify";

/// What eBPF for Windows reads, in the words of `reg query`: written down here once more, from its
/// source, and not taken from the code.
///
/// Source: microsoft/ebpf-for-windows, libs/store_helper/`ebpf_store_helper.c` (read 2026-11)
fn registered(hive: &str) -> String {
    let providers = format!(r"{hive}\Software\eBPF\Providers");
    let lines = [
        "",
        &providers,
        "",
        &format!(r"{providers}\ProgramData"),
        "",
        &format!(r"{hive}\{PROGRAM}"),
        "    HelperCount    REG_DWORD    0x0",
        "    Size    REG_DWORD    0x40",
        "    Version    REG_DWORD    0x1",
        "",
        &format!(r"{hive}\{PROGRAM}\TypeDescriptor"),
        "    BpfProgType    REG_DWORD    0x7",
        "    ContextDescriptor    REG_BINARY    680000005800000060000000FFFFFFFF",
        "    IsPrivileged    REG_DWORD    0x0",
        "    Name    REG_SZ    flow_classify",
        "    Size    REG_DWORD    0x3d",
        "    Version    REG_DWORD    0x1",
        "",
        &format!(r"{providers}\SectionData"),
        "",
        &format!(r"{hive}\{SECTION}"),
        "    AttachType    REG_BINARY    5EF7C601DD69494DBF96C4CB80FE7246",
        "    BpfAttachType    REG_DWORD    0x12",
        "    BpfProgType    REG_DWORD    0x7",
        "    ProgramType    REG_BINARY    EACD3CAA6E020A409FFF5081C44FC5A2",
        "    Size    REG_DWORD    0x38",
        "    Version    REG_DWORD    0x1",
        "",
    ];
    lines.join("\n") + "\n"
}

/// The stores of both hives.
fn stores(windows: &Windows) -> [String; 2] {
    HIVES.map(|(hive, _)| windows.registry(&format!(r"{hive}\Software\eBPF")))
}

fn all_registered() -> [String; 2] {
    HIVES.map(|(_, hive)| registered(hive))
}

#[test]
fn registered_is_what_ebpf_for_windows_reads_and_unregistered_is_nothing() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = Windows::new(tools);
    let first = windows.weir(&["register"]).ok();
    assert_eq!(first.matches(": registered, 18 keys and values").count(), 2, "{first}");
    assert_eq!(stores(&windows), all_registered());
    let second = windows.weir(&["register"]).ok();
    assert_eq!(second.matches("registered already, nothing changed").count(), 2, "{second}");
    assert_eq!(stores(&windows), all_registered());
    let gone = windows.weir(&["unregister"]).ok();
    assert_eq!(gone.matches(": unregistered, ").count(), 2, "{gone}");
    assert_eq!(stores(&windows), ["", ""]);
    let again = windows.weir(&["unregister"]).ok();
    assert_eq!(again.matches("not registered, nothing changed").count(), 2, "{again}");
}

#[test]
fn entries_of_others_stay_as_they_are() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = Windows::new(tools);
    for (hive, _) in HIVES {
        let providers = format!(r"{hive}\Software\eBPF\Providers");
        let bind = r"ProgramData\{608c517c-6c52-4a26-b677-bb01c34425ad}";
        windows.add(&format!(r"{providers}\{bind}"), "Version", "REG_DWORD", "1");
        windows.add(&format!(r"{providers}\SectionData\bind"), "Size", "REG_DWORD", "56");
        // A name that begins as Weir's does.
        let longer = format!(r"{providers}\SectionData\flow_classify_more");
        windows.add(&longer, "Size", "REG_DWORD", "56");
        windows.add(&format!(r"{hive}\Software\eBPF"), "Installed", "REG_SZ", "yes");
    }
    let before = stores(&windows);
    windows.weir(&["register"]).ok();
    assert_eq!(windows.registry(&format!(r"HKCU\{SECTION}")).matches("REG_").count(), 6);
    assert_ne!(stores(&windows), before);
    windows.weir(&["unregister"]).ok();
    assert_eq!(stores(&windows), before);
}

#[test]
fn half_written_and_wrong_entries_are_repaired() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = Windows::new(tools);
    for (hive, _) in HIVES {
        let (program, section) = (format!(r"{hive}\{PROGRAM}"), format!(r"{hive}\{SECTION}"));
        windows.add(&program, "Size", "REG_SZ", "sixty-four");
        windows.add(&program, "HelperCount", "REG_DWORD", "7");
        windows.add(&program, "Unknown", "REG_BINARY", "00ff");
        windows.add(&format!(r"{program}\Helpers\bpf_gone"), "Size", "REG_DWORD", "1");
        windows.add(&format!(r"{program}\TypeDescriptor"), "Name", "REG_EXPAND_SZ", "%PATH%");
        windows.add(&section, "ProgramType", "REG_BINARY", "00112233445566778899aabbccddeeff");
        windows.add(&section, "BPFATTACHTYPE", "REG_DWORD", "17");
    }
    let text = windows.weir(&["register"]).ok();
    assert_eq!(text.matches(": registered, ").count(), 2, "{text}");
    // A value keeps the capitals of the name under which it was first written.
    let found = stores(&windows).map(|it| it.replace("BPFATTACHTYPE", "BpfAttachType"));
    assert_eq!(found, all_registered());
    windows.run(&["reg", "delete", &format!(r"HKLM\{PROGRAM}\TypeDescriptor"), "/f"]).ok();
    windows.run(&["reg", "delete", &format!(r"HKCU\{SECTION}"), "/f"]).ok();
    windows.weir(&["unregister"]).ok();
    assert_eq!(stores(&windows), ["", ""]);
}

#[test]
fn a_user_who_has_no_store_is_given_none_that_hides_everybodys() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = Windows::new(tools);
    windows.add(r"HKLM\Software\eBPF\Providers\SectionData\bind", "Size", "REG_DWORD", "56");
    let text = windows.weir(&["register"]).ok();
    assert!(text.contains("HKEY_CURRENT_USER: left to the entries for everybody"), "{text}");
    let [user, everybody] = stores(&windows);
    assert_eq!(user, "");
    assert!(everybody.contains(PROGRAM), "{everybody}");
    let status = windows.weir(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    for check in status["checks"].as_array().unwrap() {
        let is_store = check["part"].as_str().unwrap().starts_with("store");
        assert!(!is_store || check["verdict"] == "ok", "{check}");
    }
}

#[test]
fn what_a_dry_run_prints_is_what_is_written_for_everybody() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = Windows::new(tools);
    let text = weir_here(&["register", "--dry-run"]).ok();
    assert_eq!(windows.weir(&["register", "--dry-run"]).ok(), text);
    assert_eq!(stores(&windows), ["", ""]);
    windows.import(&text);
    assert_eq!(stores(&windows), [String::new(), registered("HKEY_LOCAL_MACHINE")]);
    let removal = weir_here(&["unregister", "--dry-run"]).ok();
    assert_eq!(windows.weir(&["unregister", "--dry-run"]).ok(), removal);
    assert_eq!(stores(&windows), [String::new(), registered("HKEY_LOCAL_MACHINE")]);
    windows.import(&removal);
    for key in [PROGRAM, SECTION] {
        assert_eq!(windows.registry(&format!(r"HKLM\{key}")), "");
    }
}

#[test]
fn no_file_of_a_dry_run_makes_or_empties_a_users_store() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = Windows::new(tools);
    let files = ["register", "install", "unregister", "remove"];
    let files = files.map(|it| windows.weir(&[it, "--dry-run"]).ok());
    // A user without a store reads everybody's, others' too, until there is a key of the user's.
    windows.add(r"HKLM\Software\eBPF\Providers\SectionData\bind", "Size", "REG_DWORD", "56");
    for file in &files {
        windows.import(file);
        let [user, everybody] = stores(&windows);
        assert_eq!(user, "", "{file}");
        assert!(everybody.contains(r"SectionData\bind"), "{everybody}");
    }
    // What a user has stays, also what is Weir's.
    windows.add(&format!(r"HKCU\{SECTION}"), "Size", "REG_DWORD", "56");
    let before = windows.registry(r"HKCU\Software\eBPF");
    for file in &files {
        windows.import(file);
        assert_eq!(windows.registry(r"HKCU\Software\eBPF"), before, "{file}");
    }
}
