//! Which headers are asked, where they are, and bindgen's run over them.

use crate::declared::Declared;
use crate::probes::Probe;
use bindgen::Builder;
use std::path::{Path, PathBuf};

/// A header that takes the place of the kit's: for `driver/wdk/test.sh`.
const STAND_IN: &str = "WEIR_WDK_STAND_IN";

/// Set, with a stand-in: every number is asked for wrongly, so no assertion may hold.
const OFF: &str = "WEIR_WDK_STAND_IN_OFF";

/// The folder of eBPF for Windows' headers (`include` of its source); without it the structures
/// that extensions and the core share are not checked.
const EBPF: &str = "WEIR_EBPF_INCLUDE";

/// What is asked.
pub(crate) struct Headers {
    builder: Builder,
    /// C that includes the headers.
    includes: String,
    /// Texts in which identifiers are looked for.
    pub(crate) texts: Vec<String>,
    /// Whether eBPF for Windows' headers are among them.
    pub(crate) has_ebpf: bool,
    /// Whether every number is spoilt.
    is_off: bool,
}

/// The kit's headers, or what stands in for them.
pub(crate) fn find() -> Result<Headers, String> {
    for name in [STAND_IN, OFF, EBPF] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    let mut headers = match std::env::var_os(STAND_IN) {
        Some(path) => stand_in(&PathBuf::from(path))?,
        None => kit()?,
    };
    if let Some(folder) = std::env::var_os(EBPF) {
        let folder = PathBuf::from(folder);
        headers.builder = headers.builder.clang_arg(format!("-I{}", folder.display()));
        headers.includes += "#include \"ebpf_extension.h\"\n";
        let ids = "ebpf_extension_uuids.h";
        headers.includes += &format!("#include \"{ids}\"\n");
        headers.texts.push(read(&folder.join(ids))?);
        headers.has_ebpf = true;
    } else if !headers.has_ebpf {
        println!("cargo::warning={EBPF} is not set: what eBPF for Windows shares is not checked");
    }
    Ok(headers)
}

/// One header that declares everything, compiled for Windows on x64.
fn stand_in(path: &Path) -> Result<Headers, String> {
    println!("cargo::rerun-if-changed={}", path.display());
    println!("cargo::warning=the Windows Driver Kit is not looked at, but {}", path.display());
    Ok(Headers {
        builder: Builder::default().use_core().clang_arg("--target=x86_64-pc-windows-msvc"),
        includes: format!("#include \"{}\"\n", path.display()),
        texts: vec![read(path)?],
        has_ebpf: true,
        is_off: std::env::var_os(OFF).is_some(),
    })
}

#[cfg(all(windows, feature = "wdk"))]
fn kit() -> Result<Headers, String> {
    use wdk_build::BuilderExt as _;
    let say = |error: wdk_build::ConfigError| format!("the Windows Driver Kit: {error}");
    let config = wdk_build::Config::from_env_auto().map_err(say)?;
    // So that the crate's own `cfg`s are those that wdk-sys was built with.
    config.configure_library_build().map_err(say)?;
    let folders: Vec<PathBuf> = config.include_paths().map_err(say)?.collect();
    let management = folders.iter().map(|folder| folder.join("fwpmk.h")).find(|it| it.exists());
    let management = management.ok_or("the kit has no fwpmk.h: its network headers are missing")?;
    // ntifs.h before ntddk.h as in wdk-sys; ndis.h before fwpsk.h, which needs its types.
    let names = ["ntifs.h", "ntddk.h", "ndis.h", "fwpsk.h", "fwpmk.h", "netioddk.h"];
    Ok(Headers {
        builder: Builder::wdk_default(&config).map_err(say)?.clang_arg("-DNDIS630=1"),
        includes: names.map(|name| format!("#include <{name}>\n")).concat(),
        texts: vec![read(&management)?],
        has_ebpf: false,
        is_off: false,
    })
}

#[cfg(not(all(windows, feature = "wdk")))]
fn kit() -> Result<Headers, String> {
    Err("driver/wdk needs Windows with the Windows Driver Kit: see docs/windows-build.md.\n\
         On other hosts only driver/wdk/test.sh builds this, against a header that stands in."
        .to_owned())
}

/// Rust for the probes, functions and function types, and nothing else of the headers.
pub(crate) fn bind(
    headers: &Headers,
    probes: &[Probe],
    declared: &Declared,
) -> Result<String, String> {
    let c: String = probes.iter().map(|probe| probe.c(headers.is_off)).collect();
    let mut builder = headers
        .builder
        .clone()
        .header_contents("weir_probes.h", &format!("{}{c}", headers.includes))
        .allowlist_recursively(true)
        .allowlist_var("weir_probe_.*")
        // What pointers point to is not compared here, and much of it bindgen cannot express.
        .opaque_type("_.*")
        .opaque_type(".*_")
        .derive_debug(false)
        .derive_default(false)
        .layout_tests(false)
        .default_enum_style(bindgen::EnumVariation::Consts)
        .prepend_enum_name(false);
    for function in &declared.functions {
        builder = builder.allowlist_function(&function.name);
    }
    for (_, name) in &declared.callbacks {
        builder = builder.allowlist_type(name);
    }
    let bindings = builder.generate().map_err(|error| format!("the headers: {error}"))?;
    Ok(bindings.to_string())
}

fn read(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    // The kit's headers are ASCII but for a name or two in comments.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
