//! Where bpftool is: given with its full path, or where eBPF for Windows was installed.
//!
//! The collector may run as a service with every right, so nothing is taken from the folder that it
//! was started in, nor from its environment: only the machine's own settings, which
//! administrators write, say where to look, and the tool's library must lie beside it.
//!
//! Source: microsoft/ebpf-for-windows, installer/Product.wxs: the folder `ebpf-for-windows` of the
//! program files, or another that is added to the machine's PATH (read 2026-11)

use crate::failure::{ExitCode, Failure};
use std::path::{Path, PathBuf};

/// Folders of the machine's PATH that are looked into; a value of the registry holds about as many.
#[cfg(any(windows, test))]
const FOLDERS_MAX: usize = 1_024;

/// bpftool, by its full path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool(PathBuf);

impl Tool {
    /// The tool that was named.
    ///
    /// # Errors
    /// The path is not a full one, or no file is there.
    pub fn given(path: &Path) -> Result<Self, Failure> {
        let hint = "name bpftool.exe of eBPF for Windows by its full path";
        if !path.is_absolute() {
            let message = format!("run `{}`: this is no full path", path.display());
            return Err(Failure::new(ExitCode::Usage, message, hint));
        }
        match path.metadata() {
            Ok(about) if about.is_file() => Ok(Self(path.to_owned())),
            Ok(_) => {
                let message = format!("run `{}`: it is no file", path.display());
                Err(Failure::new(ExitCode::InputUnreadable, message, hint))
            }
            Err(error) => {
                let message = format!("run `{}`: {error}", path.display());
                Err(Failure::new(ExitCode::InputUnreadable, message, hint))
            }
        }
    }

    /// The tool that was named, else that of the installed eBPF for Windows, else none.
    ///
    /// # Errors
    /// One was named and is none.
    pub fn find(given: Option<&Path>) -> Result<Option<Self>, Failure> {
        given.map_or_else(|| Ok(Self::installed()), |path| Self::given(path).map(Some))
    }

    /// The tool of the installed eBPF for Windows; `None` where there is none.
    #[must_use]
    pub fn installed() -> Option<Self> {
        #[cfg(windows)]
        return windows::installed().map(Self);
        #[cfg(not(windows))]
        return None;
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

/// Folders to look into, from the machine's settings.
#[cfg(any(windows, test))]
pub(super) fn folders(program_files: Option<&str>, machine_path: Option<&str>) -> Vec<String> {
    let usual = program_files.map(|it| format!(r"{}\ebpf-for-windows", it.trim_end_matches('\\')));
    let others = machine_path.unwrap_or_default().split(';').map(|it| it.trim_matches('"'));
    let all = usual.into_iter().chain(others.map(str::to_owned));
    all.filter(|it| is_full_and_local(it)).take(FOLDERS_MAX).collect()
}

/// `C:\…`: no share, no folder that depends on where one stands, no variable.
#[cfg(any(windows, test))]
fn is_full_and_local(folder: &str) -> bool {
    let is_full =
        matches!(folder.as_bytes(), [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic());
    is_full && !folder.contains('%') && !folder.split('\\').any(|part| part == "..")
}

#[cfg(windows)]
mod windows {
    //! The machine's settings are in its registry.

    use std::path::{Path, PathBuf};
    use winreg::RegKey;
    use winreg::enums::{HKEY_LOCAL_MACHINE, KEY_READ};

    const VERSION: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion";
    const ENVIRONMENT: &str = r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment";

    pub(super) fn installed() -> Option<PathBuf> {
        let program_files = text(VERSION, "ProgramFilesDir");
        let machine_path = text(ENVIRONMENT, "Path");
        let folders = super::folders(program_files.as_deref(), machine_path.as_deref());
        folders.iter().map(Path::new).find_map(tool_in)
    }

    fn tool_in(folder: &Path) -> Option<PathBuf> {
        let tool = folder.join("bpftool.exe");
        (tool.is_file() && folder.join("EbpfApi.dll").is_file()).then_some(tool)
    }

    fn text(key: &str, value: &str) -> Option<String> {
        let root = RegKey::predef(HKEY_LOCAL_MACHINE);
        root.open_subkey_with_flags(key, KEY_READ).ok()?.get_value(value).ok()
    }
}
