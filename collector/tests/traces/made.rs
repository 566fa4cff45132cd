//! A small trace of every kind of thing, as text, and runs of the binary.

use std::io::Write as _;
use std::process::{Command, Stdio};
use tempfile::NamedTempFile;

/// What a run came to.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// What was printed, where nothing was said.
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""));
        self.out
    }

    /// The lines of JSON.
    pub(crate) fn json(self) -> Vec<serde_json::Value> {
        self.ok().lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

pub(crate) fn weir(arguments: &[&str]) -> Run {
    weir_fed(arguments, &[])
}

/// Runs the binary with something on standard input.
pub(crate) fn weir_fed(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_weir"))
        .arg("traces")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // A run that fails early closes its end.
    let _may_be_closed = feeder.join().unwrap();
    Run {
        code: output.status.code().expect("ended by itself"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

pub(crate) fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

const EBPF: &str = "EbpfForWindowsProvider";
const NET: &str = "NetEbpfExtProvider";

/// An event of a thread, so many milliseconds after a start.
pub(crate) fn event(
    thread: u32,
    millis: u32,
    (provider, name, level): (&str, &str, u8),
    fields: &str,
) -> String {
    let time = format!("14:00:{:02}.{:03}", millis / 1_000, millis % 1_000);
    format!(
        "[1]64.{thread:X}::2026/11/21-{time}000000 [{provider}]{{{fields},\"meta\":{{\
         \"provider\":\"{provider}\",\"event\":\"{name}\",\"time\":\"2026-11-21T{time}0000Z\",\
         \"cpu\":1,\"pid\":100,\"tid\":{thread},\"level\":{level},\"keywords\":\"0x80\"}}}}\n"
    )
}

fn message(millis: u32, level: u8, fields: &str) -> String {
    event(10, millis, (EBPF, "EbpfGenericMessage", level), fields)
}

fn returned(millis: u32, function: &str, error: u32) -> String {
    let fields = format!("\"ErrorMessage\":\"{function} returned error\",\"Error\":{error}");
    event(10, millis, (EBPF, "EbpfGenericError", 2), &fields)
}

/// Two loads, the first of which fails, redirections, something of another provider.
pub(crate) fn made() -> String {
    let old = concat!(
        r#""Message":"connect_redirect_classify","TransportEndpointHandle":463,"Protocol":6,"#,
        r#""src_ip":"0.0.0.0","src_port":51346,"dst_ip":"192.0.2.8","dst_port":6666,"#,
        r#""redirected_ip":"127.0.0.1","redirected_port":5555,"Verdict":1"#
    );
    let other = old.replace("192.0.2.8", "192.0.2.9").replace("463", "464");
    let auth = concat!(
        r#""Message":"auth_connect_classify","TransportEndpointHandle":463,"Protocol":6,"#,
        r#""src_ip":"10.0.0.1","src_port":51346,"dst_ip":"127.0.0.1","dst_port":5555,"Verdict":1"#
    );
    let v6 = concat!(
        r#""message":"connect_redirect_classify","transport_endpoint_handle":465,"protocol":17,"#,
        r#""source_ip":"::","source_port":1,"destination_ip":"2001:db8::1","destination_port":53,"#,
        r#""redirected_ip":"2001:db8::1","redirected_port":53,"verdict":0,"compartment_id":1"#
    );
    [
        message(0, 5, r#""Entry":"ebpf_object_open""#),
        message(1, 4, r#""Message":"ebpf_object_open: loading (file)","string_value":"C:\\x\\a.o""#),
        message(2, 5, r#""Message":"ebpf_object_open returned success""#),
        message(3, 2, r#""Message":"Program information provider module ID mismatch.""#),
        message(
            4,
            2,
            r#""Message":"Program type must be specified.","*guid":"{00000000-0000-0000-0000-000000000000}""#,
        ),
        returned(5, "ebpf_program_create", 6),
        returned(6, "ebpf_object_load", 6),
        event(11, 7, (NET, "NetEbpfExtGenericMessage", 4), old),
        event(11, 8, (NET, "NetEbpfExtGenericMessage", 4), &other),
        event(11, 9, (NET, "NetEbpfExtGenericMessage", 4), auth),
        event(11, 10, (NET, "NetEbpfExtSockAddrRedirect", 4), v6),
        message(11, 4, r#""Message":"ebpf_object_open: loading (file)","string_value":"b.o""#),
        message(12, 5, r#""Message":"ebpf_object_load returned success""#),
        event(12, 13, ("Microsoft-Windows-Other", "Thing", 2), r#""status":5"#),
    ]
    .concat()
}
