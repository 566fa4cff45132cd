//! The compiler and the linker that `weir.exe` is built with: Debian's, as the driver's.
//!
//! The standard library is built from its source, since no package has it compiled for Windows; the
//! C compiler of mingw-w64 links.

use std::path::Path;

/// The compiler.
pub(super) const RUSTC: &str = "/usr/bin/rustc";
/// The build tool that belongs to it.
pub(super) const CARGO: &str = "/usr/bin/cargo";
/// The linker.
pub(super) const LINKER: &str = "/usr/bin/x86_64-w64-mingw32-gcc";

/// A file of each package that is needed.
const NEEDED: [(&str, &str); 4] = [
    ("rustc-web", RUSTC),
    ("cargo-web", CARGO),
    ("rust-web-src", "/usr/lib/rustlib/src/rust/library/std/Cargo.toml"),
    ("gcc-mingw-w64-x86-64", LINKER),
];

/// Fails with the command that installs what is missing.
pub(super) fn check() -> Result<(), String> {
    let missing = NEEDED.iter().filter(|(_, file)| !Path::new(file).exists());
    let missing: Vec<&str> = missing.map(|(package, _)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "weir.exe is built with Debian's toolchain, of which packages are missing\n\
         hint: apt-get install --no-install-recommends {}",
        missing.join(" ")
    ))
}
