//! A Windows for one test: a copy of the unused one, gone with the test.

use crate::tools::Tools;
use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// Seconds after which whatever hangs is ended, and fails.
const DEADLINE: &str = "60";

/// A Windows of Wine's.
pub(crate) struct Windows {
    tools: &'static Tools,
    prefix: TempDir,
    /// A program that waits for input and gets none: without any program, Wine stops all services.
    kept_running: Child,
}

/// What a run came to.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("\r\n", "\n");
        Self {
            code: output.status.code().expect("ended by itself"),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// Standard output of a run that must have succeeded.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// Standard error of a run that must have failed with this exit code.
    pub(crate) fn fails(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self.err
    }
}

impl Windows {
    pub(crate) fn new(tools: &'static Tools) -> Self {
        let prefix = TempDir::new_in(&tools.folder).unwrap();
        let copied = Command::new("cp")
            .args(["--archive", "--link"])
            .arg(tools.template.join("."))
            .arg(prefix.path())
            .status()
            .unwrap();
        assert!(copied.success());
        // The registry is written to, so it is a copy that shares nothing.
        for name in ["system.reg", "user.reg", "userdef.reg"] {
            let path = prefix.path().join(name);
            std::fs::remove_file(&path).unwrap();
            std::fs::copy(tools.template.join(name), path).unwrap();
        }
        let mut waits = wine(&tools.wine, prefix.path());
        let waits = waits.arg("cmd").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut kept_running = waits.stderr(Stdio::null()).spawn().unwrap();
        // Its prompt says that this Windows has started. Whatever starts it also gives its services
        // their standard output, and would be waited for until they end.
        kept_running.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        Self { tools, prefix, kept_running }
    }

    /// A file of drive C.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.prefix.path().join("drive_c").join(name)
    }

    /// Puts a driver that was built for these tests into C:\; signed, if it is to look signed.
    pub(crate) fn driver(&self, name: &str, is_signed: bool) -> String {
        let mut bytes = std::fs::read(self.tools.folder.join(name)).unwrap();
        if is_signed {
            pretend_signature(&mut bytes);
        }
        std::fs::write(self.path(name), bytes).unwrap();
        format!(r"C:\{name}")
    }

    /// `weir driver` with these words.
    pub(crate) fn weir(&self, words: &[&str]) -> Run {
        let weir = self.tools.weir.to_str().unwrap();
        self.run(&[&[weir, "driver"], words].concat())
    }

    /// A tool of Windows'.
    pub(crate) fn run(&self, words: &[&str]) -> Run {
        Run::of(&self.command(words).output().unwrap())
    }

    /// The same, to be given more before it runs.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, words: &[S]) -> Command {
        let mut command = wine("timeout", self.prefix.path());
        command.arg(DEADLINE).arg(&self.tools.wine).args(words);
        command
    }

    /// A key with all below it as `reg query` prints it; nothing where there is none.
    pub(crate) fn registry(&self, key: &str) -> String {
        let run = self.run(&["reg", "query", key, "/s"]);
        if run.code == 0 { run.out } else { String::new() }
    }

    /// Writes a value.
    pub(crate) fn add(&self, key: &str, name: &str, kind: &str, data: &str) {
        self.run(&["reg", "add", key, "/v", name, "/t", kind, "/d", data, "/f"]).ok();
    }

    /// Reads a `.reg` file.
    pub(crate) fn import(&self, text: &str) {
        std::fs::write(self.path("import.reg"), text).unwrap();
        self.run(&["reg", "import", r"C:\import.reg"]).ok();
    }
}

/// A command for what lives in this folder.
fn wine(program: impl AsRef<OsStr>, prefix: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("WINEPREFIX", prefix).env("WINEDEBUG", "-all");
    command.env_remove("DISPLAY").env_remove("WEIR_EXE");
    command
}

impl Drop for Windows {
    fn drop(&mut self) {
        // Ends what runs in this Windows, and only there. The program first: it would begin again
        // what the server ended.
        let _ended = self.kept_running.kill();
        let _ended = self.kept_running.wait();
        for word in ["-k", "-w"] {
            let mut command = wine("timeout", self.prefix.path());
            let _ended = command.arg(DEADLINE).arg(&self.tools.server).arg(word).status();
        }
    }
}

/// Eight bytes at the end of the image, and the entry of its headers that says so of a signature.
fn pretend_signature(bytes: &mut Vec<u8>) {
    let headers = usize::try_from(u32::from_le_bytes(bytes[60..64].try_into().unwrap())).unwrap();
    // Signature, file header, optional header up to its directories, four of them of eight bytes.
    let entry = headers + 4 + 20 + 112 + 4 * 8;
    let at = u32::try_from(bytes.len()).unwrap();
    bytes[entry..entry + 4].copy_from_slice(&at.to_le_bytes());
    bytes[entry + 4..entry + 8].copy_from_slice(&8_u32.to_le_bytes());
    bytes.extend([1; 8]);
}

/// The program for this system.
pub(crate) fn weir_here(words: &[&str]) -> Run {
    let weir = Path::new(env!("CARGO_BIN_EXE_weir"));
    Run::of(&Command::new(weir).arg("driver").args(words).output().unwrap())
}
