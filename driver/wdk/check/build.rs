//! Asks the headers what they say of everything that `driver/nt` declares, and writes assertions.
//!
//! `driver/nt`'s own files are compiled into this script (for its table of structures) and into
//! the crate (for its constants and functions), unchanged: nothing is written down a second time.
//! For each number one constant is put behind the headers, as C, whose value clang evaluates and
//! bindgen turns into Rust; so macros, enumerations and members of unnamed unions are all read by
//! a C compiler. `src/lib.rs` then asserts that both sides say the same.
//!
//! * `headers`: which headers, and where they are; `declared`: what `driver/nt` declares;
//! * `probes`: the C behind the headers, and its values; `guids`: identifiers, from the text;
//! * `assertions`: the Rust that `src/lib.rs` includes; `names`: where C's names are others.

#[path = "build/assertions.rs"]
mod assertions;
#[path = "build/declared.rs"]
mod declared;
#[path = "build/guids.rs"]
mod guids;
#[path = "build/headers.rs"]
mod headers;
#[path = "build/names.rs"]
mod names;
#[path = "build/probes.rs"]
mod probes;

// What of driver/nt declares, and nothing that calls.
#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    unsafe_code,
    reason = "driver/nt's, not all read here"
)]
#[path = "../../nt/src/ffi/mod.rs"]
mod ffi;
#[allow(dead_code, unreachable_pub, reason = "driver/nt's")]
#[path = "../../nt/src/layout.rs"]
mod layout;
#[allow(dead_code, unreachable_pub, reason = "driver/nt's")]
#[path = "../../nt/src/object.rs"]
mod object;
#[allow(dead_code, unreachable_pub, reason = "driver/nt's")]
#[path = "../../nt/src/status.rs"]
mod status;

pub(crate) use status::NtStatus;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=../../nt/src");
    match generate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            for line in message.lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn generate() -> Result<(), String> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("cargo sets no {name}"));
    let out = PathBuf::from(variable("OUT_DIR")?);
    let ffi = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("../../nt/src/ffi");
    let headers = headers::find()?;
    let declared = declared::read(&ffi, headers.has_ebpf)?;
    let probes = probes::of(layout::LAYOUTS, &declared, headers.has_ebpf);
    let bindings = headers::bind(&headers, &probes, &declared)?;
    let values = probes::values(&bindings);
    let guids = guids::read(&headers.texts, &declared)?;
    let text = assertions::write(&probes, &values, &guids, &declared)?;
    let put = |name: &str, text: &str| {
        std::fs::write(out.join(name), text).map_err(|error| format!("{name}: {error}"))
    };
    put("bindings.rs", &bindings)?;
    put("assertions.rs", &text)
}
