//! Links the shipping driver's source with the kit's libraries and the kit's linker arguments.
//!
//! `driver/nt` brings import libraries of its own (raw-dylib), which rustc hands to the linker
//! after those that are named here; a linker takes the first library that defines a symbol, so
//! what the kit exports comes from the kit. `weir-image` then looks up every import of the image
//! in the same libraries, so a function that only `driver/nt` believes in does not get through.

// The version resource of `cargo xtask driver`.
#[path = "../../../xtask/src/driver/version.rs"]
mod version;

use std::path::PathBuf;
use std::process::ExitCode;

/// What `version` is told of the tools.
mod toolchain {
    /// Of LLVM, which bindgen needs anyway; Debian's name for it elsewhere.
    pub(super) const RESOURCE_COMPILER: &str = if cfg!(windows) { "llvm-rc" } else { "llvm-rc-19" };
}

/// A folder with import libraries in place of the kit's: for `driver/wdk/test.sh`.
const STAND_IN: &str = "WEIR_WDK_STAND_IN_LIBRARIES";

/// What the driver imports from, as the kit calls it.
const LIBRARIES: [&str; 4] = ["ntoskrnl", "hal", "fwpkclnt", "netio"];

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={STAND_IN}");
    if let Err(message) = configure().and_then(|()| resource()) {
        println!("cargo::error={message}");
        return ExitCode::FAILURE;
    }
    for library in LIBRARIES {
        println!("cargo::rustc-link-lib=dylib={library}");
    }
    // Where wdk-build's own arguments differ from those of `cargo xtask driver`, the latter hold.
    for argument in ["/SUBSYSTEM:NATIVE,10.00", "/HIGHENTROPYVA", "/RELEASE"] {
        println!("cargo::rustc-cdylib-link-arg={argument}");
    }
    ExitCode::SUCCESS
}

fn resource() -> Result<(), String> {
    let out = std::env::var_os("OUT_DIR").ok_or("cargo sets no OUT_DIR")?;
    let resource = version::resource(&PathBuf::from(out))?;
    println!("cargo::rustc-cdylib-link-arg={}", resource.display());
    Ok(())
}

fn configure() -> Result<(), String> {
    let Some(folder) = std::env::var_os(STAND_IN) else { return kit() };
    println!("cargo::rustc-link-search=native={}", folder.display());
    // What wdk-build says for a WDM driver, as far as lld knows it.
    for argument in [
        "/DRIVER",
        "/NODEFAULTLIB",
        "/ENTRY:DriverEntry",
        "/NXCOMPAT",
        "/DYNAMICBASE",
        "/OPT:REF,ICF",
        "/INTEGRITYCHECK",
    ] {
        println!("cargo::rustc-cdylib-link-arg={argument}");
    }
    Ok(())
}

#[cfg(windows)]
fn kit() -> Result<(), String> {
    wdk_build::configure_wdk_binary_build()
        .map_err(|error| format!("the Windows Driver Kit: {error}"))
}

#[cfg(not(windows))]
fn kit() -> Result<(), String> {
    Err("driver/wdk needs Windows with the Windows Driver Kit: see docs/windows-build.md"
        .to_owned())
}
