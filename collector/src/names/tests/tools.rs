//! Which file may be the tool.

use super::super::tool::{Tool, folders};
use crate::failure::ExitCode;
use std::path::Path;

fn refused(path: &Path) -> (ExitCode, String) {
    let failure = Tool::given(path).unwrap_err();
    (failure.code(), failure.to_string())
}

#[test]
fn a_tool_without_a_full_path_is_refused() {
    for path in ["bpftool.exe", "./bpftool.exe", "../bpftool.exe", "tools/bpftool.exe"] {
        let (code, text) = refused(Path::new(path));
        assert_eq!(code, ExitCode::Usage, "{path}");
        assert!(text.contains("no full path") && text.contains("hint:"), "{text}");
    }
}

#[test]
fn a_tool_that_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(refused(folder.path()).0, ExitCode::InputUnreadable);
    assert_eq!(refused(&folder.path().join("bpftool.exe")).0, ExitCode::InputUnreadable);
}

#[test]
fn the_usual_folder_comes_before_the_machines_path() {
    let path = r#"C:\Windows;"D:\eBPF tools\";E:\x"#;
    assert_eq!(
        folders(Some(r"C:\Program Files\"), Some(path)),
        [r"C:\Program Files\ebpf-for-windows", r"C:\Windows", r"D:\eBPF tools\", r"E:\x"]
    );
    assert!(folders(None, None).is_empty());
}

#[test]
fn folders_that_others_may_move_are_not_looked_into() {
    let path =
        r".;;..\x;x;\x;C:x;C:;\\server\share;%USERPROFILE%\x;C:\%X%;C:\a\..\b;1:\x;C:/x;é:\x";
    assert!(folders(None, Some(path)).is_empty());
    assert_eq!(folders(None, Some(&r"C:\x;".repeat(5_000))).len(), 1_024);
}
