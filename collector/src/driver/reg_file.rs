//! The eBPF store's entries as those of a file that `reg import` and the registry editor read.
//!
//! Only those for everybody. An entry of the user's own makes the user's key `Providers`, and
//! deleting it leaves that key empty: either hides from the user what other vendors have for
//! everybody. `registration` looks first and cleans up, which a file cannot; `dry_run` says so in
//! it.
//!
//! Source of the format: support.microsoft.com, "How to add, modify, or delete registry subkeys and
//! values by using a .reg file" (read 2026-11)

use super::store::{Hive, REG_DWORD, REG_SZ, Tree, Value, entries};
use core::fmt::Write as _;

/// The first line, without which the file is none.
pub(crate) const HEAD: &str = "Windows Registry Editor Version 5.00\n";

/// The hive of every entry here.
const EVERYBODY: Hive = Hive::LocalMachine;

/// What `register` writes for everybody where nothing is there yet.
pub(crate) fn additions() -> String {
    let mut out = String::new();
    for (path, tree) in entries() {
        add(&mut out, &format!(r"{}\{path}", EVERYBODY.name()), &tree);
    }
    out
}

/// What `unregister` takes away of it.
pub(crate) fn removals() -> String {
    let mut out = String::new();
    for (path, _) in entries() {
        let _infallible = write!(out, "\n[-{}\\{path}]\n", EVERYBODY.name());
    }
    out
}

fn add(out: &mut String, path: &str, tree: &Tree) {
    let _infallible = write!(out, "\n[{path}]\n");
    for (name, value) in &tree.values {
        let _infallible = writeln!(out, "\"{name}\"={}", shown(value));
    }
    for (name, child) in &tree.children {
        add(out, &format!(r"{path}\{name}"), child);
    }
}

/// Names and texts here have no character that would have to be escaped.
fn shown(value: &Value) -> String {
    let hex = |bytes: &[u8], between: &str| {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between)
    };
    match value.kind {
        REG_SZ => format!("\"{}\"", value.to_text()),
        REG_DWORD => {
            let high_first: Vec<u8> = value.bytes.iter().rev().copied().collect();
            format!("dword:{}", hex(&high_first, ""))
        }
        _ => format!("hex:{}", hex(&value.bytes, ",")),
    }
}
