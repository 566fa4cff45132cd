//! Which programs are run: Windows' own by their full paths, and bpftool of eBPF for Windows.
//!
//! Whoever collects is an administrator, so neither PATH nor the environment has a say: a variable
//! of a user can name another `SystemRoot`. The machine's registry names the right one.

use crate::failure::{ExitCode, Failure};
use crate::names::Tool;
use std::path::{Path, PathBuf};

/// A program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    Sc,
    Netsh,
    Logman,
    Bcdedit,
    Reg,
    W32tm,
    Bpftool,
}

impl Program {
    pub(super) const fn file(self) -> &'static str {
        match self {
            Self::Sc => "sc.exe",
            Self::Netsh => "netsh.exe",
            Self::Logman => "logman.exe",
            Self::Bcdedit => "bcdedit.exe",
            Self::Reg => "reg.exe",
            Self::W32tm => "w32tm.exe",
            Self::Bpftool => "bpftool.exe",
        }
    }
}

/// Where they are.
#[derive(Clone, Debug)]
pub struct Tools {
    /// Windows' folder, as `C:\Windows`.
    root: PathBuf,
    /// The folder of Windows' own tools.
    folder: PathBuf,
    bpftool: Option<PathBuf>,
}

impl Tools {
    /// Those of a folder, else this machine's; bpftool may be named by itself.
    ///
    /// # Errors
    /// A path is no full one, or nothing is there; nothing is named, and this is not Windows.
    pub fn find(folder: Option<&Path>, bpftool: Option<&Path>) -> Result<Self, Failure> {
        let root = root();
        let Some(folder) = folder else {
            let root = root.ok_or_else(not_windows)?;
            let bpftool = Tool::find(bpftool)?.map(|it| it.path().to_owned());
            return Ok(Self { folder: root.join("System32"), root, bpftool });
        };
        if !folder.is_absolute() || !folder.is_dir() {
            let message = format!("take tools from `{}`: this is no folder", folder.display());
            return Err(Failure::new(ExitCode::Usage, message, "name a folder by its full path"));
        }
        let beside = || Some(folder.join(Program::Bpftool.file())).filter(|it| it.is_file());
        let bpftool = match bpftool {
            Some(path) => Some(Tool::given(path)?.path().to_owned()),
            None => beside(),
        };
        let root = root.unwrap_or_else(|| folder.to_owned());
        Ok(Self { root, folder: folder.to_owned(), bpftool })
    }

    /// A program's full path; the error says that it is missing.
    pub(super) fn path(&self, program: Program) -> Result<PathBuf, String> {
        let file = program.file();
        if program == Program::Bpftool {
            return self.bpftool.clone().ok_or_else(|| format!("{file} is not installed"));
        }
        let path = self.folder.join(file);
        if path.is_file() { Ok(path) } else { Err(format!("{file} is missing")) }
    }

    /// Windows' folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// All that tools are given of an environment: what Windows' programs look for, from the
    /// machine's settings, and a folder for temporary files that is gone afterwards.
    pub(super) fn environment(&self, private: &Path) -> Vec<(&'static str, PathBuf)> {
        if cfg!(windows) {
            let drive = self.root.components().next();
            let drive = drive.map_or_else(PathBuf::new, |it| PathBuf::from(it.as_os_str()));
            vec![
                ("SystemRoot", self.root.clone()),
                ("windir", self.root.clone()),
                ("SystemDrive", drive),
                ("PATH", self.root.join("System32")),
                ("TEMP", private.to_owned()),
                ("TMP", private.to_owned()),
            ]
        } else {
            vec![("PATH", PathBuf::from("/usr/bin:/bin")), ("TMPDIR", private.to_owned())]
        }
    }
}

fn not_windows() -> Failure {
    let hint = "collect on the machine in question with `weir doctor --collect FILE.zip`, and \
                judge that here with --from FILE.zip";
    Failure::new(ExitCode::NotWindows, "collect evidence: this is not Windows", hint)
}

#[cfg(windows)]
fn root() -> Option<PathBuf> {
    let key = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
    let key = winreg::RegKey::predef(winreg::enums::HKEY_LOCAL_MACHINE).open_subkey(key).ok()?;
    let root: String = key.get_value("SystemRoot").ok()?;
    let root = PathBuf::from(root);
    (root.is_absolute() && root.is_dir()).then_some(root)
}

#[cfg(not(windows))]
const fn root() -> Option<PathBuf> {
    None
}
