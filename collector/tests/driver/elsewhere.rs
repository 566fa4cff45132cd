//! `weir driver` where there is no Windows.

use crate::windows::weir_here;

const COMMANDS: [&str; 5] = ["register", "unregister", "install", "remove", "status"];

#[cfg(not(windows))]
#[test]
fn every_command_says_that_this_is_not_windows() {
    for command in COMMANDS {
        let run = weir_here(&[command]);
        assert_eq!(run.out, "");
        let err = run.fails(9);
        assert!(err.contains(&format!("weir driver {command}`: this is not Windows")), "{err}");
        assert_eq!(err.contains("--dry-run"), command != "status", "{err}");
    }
}

#[test]
fn a_dry_run_prints_the_entries_for_everybody_and_no_others() {
    let text = weir_here(&["register", "--dry-run"]).ok();
    let providers = r"HKEY_LOCAL_MACHINE\Software\eBPF\Providers";
    let program = format!(r"{providers}\ProgramData\{{aa3ccdea-026e-400a-9fff-5081c44fc5a2}}");
    let section = format!(r"{providers}\SectionData\flow_classify");
    let wanted = format!(
        "\n[{program}]\n\
         \"HelperCount\"=dword:00000000\n\
         \"Size\"=dword:00000040\n\
         \"Version\"=dword:00000001\n\
         \n[{program}\\TypeDescriptor]\n\
         \"BpfProgType\"=dword:00000007\n\
         \"ContextDescriptor\"=hex:68,00,00,00,58,00,00,00,60,00,00,00,ff,ff,ff,ff\n\
         \"IsPrivileged\"=dword:00000000\n\
         \"Name\"=\"flow_classify\"\n\
         \"Size\"=dword:0000003d\n\
         \"Version\"=dword:00000001\n\
         \n[{section}]\n\
         \"AttachType\"=hex:5e,f7,c6,01,dd,69,49,4d,bf,96,c4,cb,80,fe,72,46\n\
         \"BpfAttachType\"=dword:00000012\n\
         \"BpfProgType\"=dword:00000007\n\
         \"ProgramType\"=hex:ea,cd,3c,aa,6e,02,0a,40,9f,ff,50,81,c4,4f,c5,a2\n\
         \"Size\"=dword:00000038\n\
         \"Version\"=dword:00000001\n"
    );
    let (comments, entries) = text.split_at(text.find("\n[").unwrap());
    assert_eq!(entries, wanted);
    let mut comments = comments.lines();
    assert_eq!(comments.next(), Some("Windows Registry Editor Version 5.00"));
    assert!(comments.all(|line| line.is_empty() || line.starts_with(';')), "{text}");
    let text = weir_here(&["unregister", "--dry-run"]).ok();
    let entries = text.split_at(text.find("\n[").unwrap()).1;
    assert_eq!(entries, format!("\n[-{program}]\n\n[-{section}]\n"));
}

#[test]
fn a_dry_run_of_install_refuses_what_is_no_driver() {
    let text = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let err = weir_here(&["install", "--dry-run", "--image", text]).fails(4);
    assert!(err.contains(text) && err.contains("is no 64-bit image"), "{err}");
    weir_here(&["install", "--dry-run", "--image", "/nowhere/weir.sys"]).fails(3);
}

#[test]
fn wrong_words_are_usage_errors() {
    for words in [
        &[][..],
        &["unknown"],
        &["register", "--json"],
        &["status", "--dry-run"],
        &["install", "--image"],
        &["remove", "--stop-within", "60"],
        &["register", "more"],
    ] {
        let run = weir_here(words);
        assert!(run.code == 2 && run.out.is_empty(), "{words:?}: {}", run.out);
    }
}
