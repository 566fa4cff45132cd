//! Bundles as people send them: output of tools in a folder or a zip, with no manifest.

use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Files of a machine where a program is loaded and attached, and nothing else is known.
pub(crate) fn files() -> Vec<(&'static str, String)> {
    let services = ["bfe", "ebpfcore", "netebpfext", "ebpfsvc"].map(running).join("\n");
    vec![
        ("services.txt", services),
        ("prog.json", programs("authorize_connect4")),
        ("link.json", LINK.to_owned()),
        ("map.json", MAPS.to_owned()),
    ]
}

pub(crate) fn running(name: &str) -> String {
    service(name, 4, "RUNNING", 0)
}

pub(crate) fn service(name: &str, state: u32, word: &str, exit_code: u32) -> String {
    format!(
        "\r\nSERVICE_NAME: {name}\r\n        TYPE               : 1  KERNEL_DRIVER\r\n        \
         STATE              : {state}  {word}\r\n                                (STOPPABLE, \
         NOT_PAUSABLE, IGNORES_SHUTDOWN)\r\n        WIN32_EXIT_CODE    : {exit_code}  \
         ({exit_code:#x})\r\n        SERVICE_EXIT_CODE  : 0  (0x0)\r\n        CHECKPOINT         : \
         0x0\r\n        WAIT_HINT          : 0x0\r\n        PID                : 0\r\n        FLAGS  \
         \x20           :\r\n"
    )
}

pub(crate) fn programs(name: &str) -> String {
    let name = serde_json::to_string(name).unwrap();
    format!(
        "[{{\n    \"id\": 196867,\n    \"type\": \"sock_addr\",\n    \"name\": {name},\n    \
         \"map_ids\": [66054]\n}}]\n"
    )
}

const LINK: &str = r#"[{ "id": 262403, "type": 2, "prog_id": 196867, "cgroup_id": 0,
    "attach_type": "cgroup/connect4" }]"#;
const MAPS: &str = r#"[{ "id": 66054, "type": "hash", "name": "policy_map", "flags": 0,
    "bytes_key": 24, "bytes_value": 24, "max_entries": 10 }]"#;

/// A folder with these files.
pub(crate) fn folder(files: &[(&str, String)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// A zip with these files, beside them.
pub(crate) fn zip(folder: &Path, files: &[(&str, String)]) -> PathBuf {
    let path = folder.join("ticket.zip");
    let mut writer = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    for (name, text) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
    }
    writer.finish().unwrap();
    path
}
