//! The compiler and the linker that the driver is built with: Debian's, all from one place.
//!
//! Debian's `rustc-web` comes with the source of the standard library (`rust-web-src`), so `core`
//! is built for the Windows kernel with the driver's own options, and `lld-19` links images.
//! rustup is not asked: its toolchains carry no library source unless a component is added.

use std::path::Path;

/// The compiler.
pub(super) const RUSTC: &str = "/usr/bin/rustc";
/// The build tool that belongs to it.
pub(super) const CARGO: &str = "/usr/bin/cargo";
/// The linker.
const LINKER: &str = "/usr/bin/lld-link-19";
/// The resource compiler.
pub(super) const RESOURCE_COMPILER: &str = "/usr/bin/llvm-rc-19";

/// A file of each package that is needed.
const NEEDED: [(&str, &str); 5] = [
    ("rustc-web", RUSTC),
    ("cargo-web", CARGO),
    ("rust-web-src", "/usr/lib/rustlib/src/rust/library/core/Cargo.toml"),
    ("lld-19", LINKER),
    ("llvm-19", RESOURCE_COMPILER),
];

/// Packages that are missing.
pub(super) fn missing() -> Vec<&'static str> {
    let missing = NEEDED.iter().filter(|(_, file)| !Path::new(file).exists());
    missing.map(|(package, _)| *package).collect()
}

/// Fails with the command that installs what is missing.
pub(super) fn check() -> Result<(), String> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the driver is built with Debian's toolchain, of which packages are missing\n\
         hint: apt-get install --no-install-recommends {}",
        missing.join(" ")
    ))
}
