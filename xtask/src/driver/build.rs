//! One image: arguments for the compiler and the linker, and where the results go.

use super::toolchain::{CARGO, RUSTC};
use super::{Flavor, Machine, version};
use crate::run::root;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What rustc calls a machine with Windows.
const fn target(machine: Machine) -> &'static str {
    match machine {
        Machine::X64 => "x86_64-pc-windows-msvc",
        Machine::Arm64 => "aarch64-pc-windows-msvc",
    }
}

/// What a build gives.
#[derive(Debug)]
pub(super) struct Built {
    /// `weir.sys`; `weir.pdb` lies beside it.
    pub(super) image: PathBuf,
    /// Every symbol of the image, as the linker wrote it.
    pub(super) map: PathBuf,
}

/// What the linker is told.
///
/// Not told: `/MERGE` of `.rdata` into `.text`, which would put imports into an executable
/// section; `/GUARD:CF`, which needs a load configuration that the Microsoft C runtime brings.
const LINK: [&str; 13] = [
    // No C runtime: the kernel's exports are all there is.
    "/NODEFAULTLIB",
    "/DRIVER",
    // The image says that it needs Windows 10 or later.
    "/SUBSYSTEM:NATIVE,10.00",
    "/ENTRY:DriverEntry",
    // The kernel loads the image only if it is signed, and anywhere in its address space.
    "/INTEGRITYCHECK",
    "/NXCOMPAT",
    "/DYNAMICBASE",
    "/HIGHENTROPYVA",
    // Sections on pages of their own, as memory integrity (HVCI) wants it.
    "/ALIGN:4096",
    // A checksum in the header: the kernel compares it.
    "/RELEASE",
    // No time stamp, a hash instead: the same source gives the same bytes (with `driver/link.sh`).
    "/BREPRO",
    // What the PDB calls the folder of the build.
    "/PDBSOURCEPATH:C:\\weir",
    // Neither the name of this machine's folders nor that of the crate in the image.
    "/PDBALTPATH:weir.pdb",
];

/// In a debug image a panic stops the machine; see `weir_nt::panic`.
const LINK_DEBUG: &str = "/ALTERNATENAME:weir_panic_path_survives=KeBugCheckEx";

/// Builds one image.
pub(super) fn build(machine: Machine, flavor: Flavor) -> Result<Built, String> {
    let profile = match flavor {
        Flavor::Debug => "driver-debug",
        Flavor::Release => "driver",
    };
    let name = format!("{machine:?}-{flavor:?}").to_lowercase();
    let target_dir = target_dir();
    let folder = target_dir.join("weir-sys").join(name);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let map = folder.join("weir.map");
    let resource = version::resource(&folder)?;
    let mut link = link(flavor);
    link.extend([format!("/LLDMAP:{}", map.display()), resource.display().to_string()]);
    compile((&root(), "weir-driver"), machine, profile, &link)?;
    let outputs = target_dir.join(target(machine)).join(profile);
    for (from, to) in [("weir_driver.dll", "weir.sys"), ("weir_driver.pdb", "weir.pdb")] {
        copy(&outputs.join(from), &folder.join(to))?;
    }
    Ok(Built { image: folder.join("weir.sys"), map })
}

/// Builds the x64 image of a copy of the driver's workspace, without optimization over crates, and
/// says where it lies.
///
/// Such an image is for tests that look for a bug in it: a panic path may survive, as in a debug
/// image, and unused parts of the standard library bring the mark of code with floats.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) fn build_copy(workspace: &Path, profile: &str) -> Result<PathBuf, String> {
    let mut link = link(Flavor::Debug);
    link.push("/ALTERNATENAME:_fltused=KeBugCheckEx".to_owned());
    compile((workspace, "weir-driver"), Machine::X64, profile, &link)?;
    Ok(target_dir().join(target(Machine::X64)).join(profile).join("weir_driver.dll"))
}

/// The linker's arguments that do not name a file.
pub(super) fn link(flavor: Flavor) -> Vec<String> {
    let debug = (flavor == Flavor::Debug).then_some(LINK_DEBUG);
    LINK.into_iter().chain(debug).map(str::to_owned).collect()
}

/// Compiles and links a driver; an error carries what the tools said.
pub(super) fn compile(
    (workspace, package): (&Path, &str),
    machine: Machine,
    profile: &str,
    link: &[String],
) -> Result<(), String> {
    let (target_dir, linker) = (target_dir(), root().join("driver/link.sh"));
    let output = Command::new(CARGO)
        .args(["rustc", "--lib", "--crate-type", "cdylib", "--quiet", "--package", package])
        // The standard library from its source, without an allocator: nothing allocates unseen.
        .args([
            "-Zbuild-std=core,compiler_builtins",
            "--target",
            target(machine),
            "--profile",
            profile,
        ])
        .args((workspace == root()).then_some("--locked"))
        .arg("--")
        .args(link.iter().map(|argument| format!("-Clink-arg={argument}")))
        .current_dir(workspace)
        .env("RUSTC", RUSTC)
        // Building the library is not an option of a stable compiler, which Debian's is.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", &target_dir)
        .env("CARGO_TARGET_X86_64_PC_WINDOWS_MSVC_LINKER", &linker)
        .env("CARGO_TARGET_AARCH64_PC_WINDOWS_MSVC_LINKER", &linker)
        .env("WEIR_TARGET_DIR", &target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(&target_dir).join("\u{1f}"))
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .output()
        .map_err(|error| format!("`{CARGO}` cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{}{package} was not built with profile {profile}\n\
         hint: an undefined `weir_panic_path_survives` is a panic that can be reached, an \
         undefined `__chkstk` a function with more than a page of locals",
        String::from_utf8_lossy(&output.stderr)
    ))
}

/// Arguments for all crates, the standard library's too.
fn flags(target_dir: &Path) -> [String; 4] {
    [
        "-Clinker-flavor=lld-link".to_owned(),
        // No runtime library from a DLL; nothing else depends on it.
        "-Ctarget-feature=+crt-static".to_owned(),
        format!("--remap-path-prefix={}=weir", root().display()),
        format!("--remap-path-prefix={}=target", target_dir.display()),
    ]
}

/// Where cargo builds, as an absolute path.
pub(super) fn target_dir() -> PathBuf {
    let folder =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    root().join(folder)
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    match std::fs::copy(from, to) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{} to {}: {error}", from.display(), to.display())),
    }
}
