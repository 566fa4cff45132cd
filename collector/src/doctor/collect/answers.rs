//! What answers say of what to ask next. They are a stranger's text too: what is asked in their
//! words goes to tools as arguments.

use serde::Deserialize;
use std::collections::BTreeSet;

/// Maps whose contents are asked for.
pub(super) const MAPS_MAX: usize = 512;
/// Sessions that are asked for by name. Windows has 64 at most.
const SESSIONS_MAX: usize = 16;
/// Characters of a session's name, as Windows has it.
const NAME_MAX: usize = 1_024;

#[derive(Deserialize)]
struct Map {
    id: u32,
}

/// Ids of the maps in what `bpftool -p map` printed, and how many there are.
pub(super) fn maps(bytes: &[u8]) -> (Vec<u32>, usize) {
    let maps: Vec<Map> = serde_json::from_slice(bytes).unwrap_or_default();
    let ids: BTreeSet<u32> = maps.iter().map(|it| it.id).collect();
    (ids.iter().copied().take(MAPS_MAX).collect(), ids.len())
}

/// Sessions of eBPF and of Weir in what `logman query -ets` printed: a table in the system's
/// language, names first, and at least two spaces behind them.
pub(super) fn sessions(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| {
        let name = line.split("  ").next().unwrap_or_default().trim_end();
        let is_ours = ["weir-control", "weir-detail"].contains(&name);
        let is_name = is_ours || name.to_ascii_lowercase().contains("ebpf");
        // No option of logman's, and nothing that its command line could be cut at.
        let is_plain = !name.starts_with(['-', '/', ' ', '\t'])
            && !name.chars().any(|it| it.is_control() || it == '"')
            && name.len() <= NAME_MAX;
        (is_name && is_plain).then(|| name.to_owned())
    });
    let names: BTreeSet<String> = names.take(SESSIONS_MAX).collect();
    names.into_iter().collect()
}

/// Files that sessions of eBPF write from boot on, in what `reg query` printed of autologgers: the
/// session's key, then `    FileName    REG_SZ    C:\…`.
pub(super) fn autologger_files(text: &str) -> Vec<String> {
    let mut is_ebpf = false;
    let mut files = Vec::new();
    for line in text.lines() {
        if let Some((_, session)) =
            line.trim().rsplit_once('\\').filter(|_| line.starts_with("HKEY"))
        {
            is_ebpf = session.to_ascii_lowercase().contains("ebpf");
        } else if is_ebpf && let Some((_, file)) = line.split_once("SZ    ") {
            files.push(file.trim().to_owned());
        }
    }
    files
}

/// Milliseconds that the clock is off, in what `w32tm /query /status /verbose` printed: the tenth
/// line, whatever it is called, as in `Phase Offset: 0.0012345s`.
///
/// Source: learn.microsoft.com/windows-server/networking/windows-time-service/windows-time-service-tools-and-settings
/// (read 2026-11)
pub(super) fn clock_offset_ms(text: &str) -> Option<i64> {
    let line = text.lines().filter(|it| !it.trim().is_empty()).nth(9)?;
    let seconds = line.rsplit_once([':', '：'])?.1.trim().strip_suffix('s')?;
    // A decimal comma is no translation, but some systems write it.
    let seconds = seconds.replace(',', ".");
    let (whole, fraction) = seconds.split_once('.')?;
    let is_negative = whole.starts_with('-');
    let whole: i64 = whole.parse().ok()?;
    let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let millis = if is_negative { -millis } else { millis };
    whole.checked_mul(1_000)?.checked_add(millis)
}

#[cfg(test)]
mod tests {
    use super::{autologger_files, clock_offset_ms, maps, sessions};

    #[test]
    fn sessions_of_ebpf_and_weir_are_found_in_any_language() {
        let text = "\r\n\
            Datensammlersatz                        Typ                           Status\r\n\
            -------------------------------------------------------------------------------\r\n\
            Circular Kernel Context Logger          Ablaufverfolgung              Wird ausgeführt\r\n\
            EbpfForWindows                          Ablaufverfolgung              Wird ausgeführt\r\n\
            my eBPF trace                           Ablaufverfolgung              Wird ausgeführt\r\n\
            weir-control                            Ablaufverfolgung              Wird ausgeführt\r\n\
            weir-controls                           Ablaufverfolgung              Wird ausgeführt\r\n";
        assert_eq!(sessions(text), ["EbpfForWindows", "my eBPF trace", "weir-control"]);
    }

    #[test]
    fn a_name_that_a_tool_could_take_for_something_else_is_not_asked_for() {
        for name in ["-ebpf", "/ebpf", "ebpf\"", "e\tebpf", &"ebpf".repeat(500)] {
            assert!(sessions(&format!("{name}   Trace   Running")).is_empty(), "{name}");
        }
        let many: String = (0..99).map(|it| format!("ebpf{it}   Trace\n")).collect();
        assert_eq!(sessions(&many).len(), 16);
    }

    #[test]
    fn maps_are_asked_for_once_each() {
        assert_eq!(maps(br#"[{"id":7,"type":"hash"},{"id":7},{"id":2}]"#), (vec![2, 7], 2));
        assert_eq!(maps(br#"[{"error":"x"}]"#), (vec![], 0));
        assert_eq!(maps(b"").1, 0);
        let many: Vec<String> = (0..600).map(|it| format!(r#"{{"id":{it}}}"#)).collect();
        let (ids, all) = maps(format!("[{}]", many.join(",")).as_bytes());
        assert_eq!((ids.len(), all), (512, 600));
    }

    #[test]
    fn files_of_other_autologgers_are_left_alone() {
        let key = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\WMI\Autologger";
        let text = format!(
            "\r\n{key}\\Secret\r\n    FileName    REG_SZ    C:\\secret.etl\r\n\r\n\
             {key}\\EbpfForWindowsBoot\r\n    FileName    REG_EXPAND_SZ    %SystemRoot%\\a b.etl\r\n\
             \r\nEnd of search: 2 match(es) found.\r\n"
        );
        assert_eq!(autologger_files(&text), [r"%SystemRoot%\a b.etl"]);
    }

    #[test]
    fn the_clock_is_off_by_the_tenth_line() {
        let told = |offset: &str| {
            let nine: String = (0..9).map(|it| format!("Label: {it}.5s\r\n")).collect();
            clock_offset_ms(&format!("{nine}\r\nPhasenabweichung: {offset}\r\nMore: 1.0s\r\n"))
        };
        assert_eq!(told("0.0359112s"), Some(35));
        assert_eq!(told("-1.25s"), Some(-1_250));
        assert_eq!(told("-0.0359112s"), Some(-35));
        assert_eq!(told("12,5s"), Some(12_500));
        for other in ["", "none", "1s", "s", "é.és", "99999999999999999999.0s"] {
            assert_eq!(told(other), None, "{other}");
        }
        assert_eq!(clock_offset_ms("The service has not been started. (0x80070426)"), None);
    }
}
