//! The version resource, which Explorer, `driverquery` and crash dumps show.

use super::toolchain::RESOURCE_COMPILER;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Writes the resource script and compiles it; returns what the linker takes.
pub(super) fn resource(folder: &Path) -> Result<PathBuf, String> {
    let (script, resource) = (folder.join("weir.rc"), folder.join("weir.res"));
    std::fs::write(&script, text(env!("CARGO_PKG_VERSION")))
        .map_err(|error| format!("{}: {error}", script.display()))?;
    // Names without a folder: the resource compiler takes a path that begins as one of its options
    // does for that option (`/check/weir.rc` for `/c`, a code page).
    let output = Command::new(RESOURCE_COMPILER)
        .args(["/no-preprocess", "/FO", "weir.res", "weir.rc"])
        .current_dir(folder)
        .output()
        .map_err(|error| format!("`{RESOURCE_COMPILER}` cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(resource);
    }
    Err(format!("the version resource: {}", String::from_utf8_lossy(&output.stderr)))
}

/// The script, numbers written out so that no header is needed: resource type 16 `VERSIONINFO`,
/// file type 3 driver, subtype 6 network, operating system 0x40004 Windows NT.
///
/// Source: learn.microsoft.com/windows/win32/menurc/versioninfo-resource
pub(super) fn text(version: &str) -> String {
    let commas = format!("{},0", version.replace('.', ","));
    format!(
        r#"1 VERSIONINFO
FILEVERSION {commas}
PRODUCTVERSION {commas}
FILEFLAGSMASK 0x3f
FILEFLAGS 0
FILEOS 0x40004
FILETYPE 3
FILESUBTYPE 6
{{
  BLOCK "StringFileInfo"
  {{
    BLOCK "040904B0"
    {{
      VALUE "CompanyName", "Weir contributors"
      VALUE "FileDescription", "Weir flow-classify extension driver"
      VALUE "FileVersion", "{version}"
      VALUE "InternalName", "weir"
      VALUE "LegalCopyright", "Apache-2.0 OR MIT"
      VALUE "OriginalFilename", "weir.sys"
      VALUE "ProductName", "Weir"
      VALUE "ProductVersion", "{version}"
    }}
  }}
  BLOCK "VarFileInfo"
  {{
    VALUE "Translation", 0x409, 1200
  }}
}}
"#
    )
}
