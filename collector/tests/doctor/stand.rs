//! A Windows with stand-ins for its tools.

use crate::tools::Tools;
use crate::windows::{Run, Windows};
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use weir::doctor::bundle::{About, Bundle};
use weir_stages::checks::Gap;

const TOOLS: [&str; 7] =
    ["sc.exe", "netsh.exe", "logman.exe", "bcdedit.exe", "reg.exe", "w32tm.exe", "bpftool.exe"];

/// How long processes that were ended may take to be gone.
const DEATH: Duration = Duration::from_secs(10);

pub(crate) struct Stand {
    windows: Windows,
    weir: PathBuf,
    /// A folder of drive C; no other test's has its name.
    name: String,
}

/// What was collected.
pub(crate) struct Collected {
    pub(crate) files: BTreeMap<String, (About, String)>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) took: Duration,
    pub(crate) run: Run,
}

impl Stand {
    pub(crate) fn new(tools: &'static Tools) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("stand-ins-{}-{number}", std::process::id());
        let it = Self { windows: Windows::new(tools), weir: tools.weir.clone(), name };
        std::fs::create_dir(it.folder()).unwrap();
        let tool = compiled(&tools.folder);
        for name in TOOLS {
            std::fs::copy(&tool, it.folder().join(name)).unwrap();
            it.put(&format!("{name}.out"), &format!("{name} answers\n"));
        }
        it.put("reg.exe.out", "HKEY_LOCAL_MACHINE\\X\nreg.exe answers\n");
        it
    }

    fn folder(&self) -> PathBuf {
        self.windows.path(&self.name)
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.folder().join(name), text).unwrap();
    }

    /// Says what a tool does.
    pub(crate) fn does(&self, tool: &str, word: &str) {
        self.put(&format!("{tool}.does"), word);
    }

    pub(crate) fn is_missing(&self, tool: &str) {
        std::fs::remove_file(self.folder().join(tool)).unwrap();
    }

    /// What the tools were asked, without their folder.
    pub(crate) fn asked(&self) -> String {
        let asked = std::fs::read_to_string(self.folder().join("asked")).unwrap_or_default();
        asked.replace(&format!("C:\\{}\\", self.name), "")
    }

    /// Collects from the stand-ins.
    pub(crate) fn collect(&self, words: &[&str]) -> Collected {
        let folder = format!("C:\\{}", self.name);
        self.collect_from(&[&["--tools.directory", &folder], words].concat())
    }

    /// Collects from whatever is there.
    pub(crate) fn collect_from(&self, words: &[&str]) -> Collected {
        let weir = self.weir.to_str().unwrap();
        // Nobody listens at the port of `discard`.
        let usual = [weir, "doctor", "--collect", r"C:\out.zip", "--collector", "127.0.0.1:9"];
        let begun = Instant::now();
        let run = self.windows.run(&[&usual, words].concat());
        let took = begun.elapsed();
        assert!(run.code <= 3, "a verdict: {} {}", run.code, run.err);
        let bundle = Bundle::open(&self.windows.path("out.zip")).unwrap();
        let gaps = bundle.manifest().unwrap().gaps().collect();
        let mut files = BTreeMap::new();
        let notes = bundle.each(&mut |mut item| {
            let mut bytes = Vec::new();
            item.content.read_to_end(&mut bytes).unwrap();
            let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
            files.insert(item.about.path.clone(), (item.about, text));
            Ok(())
        });
        assert_eq!(notes.unwrap(), [], "hashes hold");
        Collected { files, gaps, took, run }
    }

    /// Command lines of processes of the stand-ins that run.
    fn running(&self) -> Vec<String> {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = processes.filter_map(|it| std::fs::read(it.path().join("cmdline")).ok());
        let lines = lines.map(|it| String::from_utf8_lossy(&it).replace('\0', " "));
        lines
            .filter(|it| it.contains(&format!(r"{}\", self.name)) && !it.contains("--collect"))
            .collect()
    }

    /// Asserts that nothing of a collection is left: no process, no file.
    pub(crate) fn leaves_nothing(&self) {
        let begun = Instant::now();
        while !self.running().is_empty() {
            assert!(begun.elapsed() < DEATH, "still there: {:#?}", self.running());
            std::thread::sleep(Duration::from_millis(50));
        }
        let left = left_in(&self.windows.path("users"));
        assert!(left.is_empty(), "still there: {left:#?}");
    }
}

/// Temporary files of Weir's, below the folders of users.
fn left_in(folder: &Path) -> Vec<PathBuf> {
    let mut left = Vec::new();
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if name.starts_with("weir-") || name.starts_with(".tmp") || name.starts_with(".weir-") {
            left.push(path);
        } else if entry.file_type().is_ok_and(|it| it.is_dir()) {
            left.extend(left_in(&path));
        }
    }
    left
}

impl Collected {
    pub(crate) fn text(&self, path: &str) -> &str {
        let file = self.files.get(path);
        &file.unwrap_or_else(|| panic!("no {path}: {:#?}", self.gaps)).1
    }

    pub(crate) fn gap(&self, word: &str) -> &Gap {
        let found = self.gaps.iter().find(|it| it.why.contains(word));
        found.unwrap_or_else(|| panic!("no gap says {word}: {:#?}", self.gaps))
    }
}

fn compiled(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doctor/wine/tool.c");
    let program = folder.join(format!("stand-in-{}.exe", std::process::id()));
    let output = Command::new("x86_64-w64-mingw32-gcc")
        .args(["-Os", "-s", "-Wall", "-Wextra", "-Werror", "-o"])
        .args([program.as_os_str(), source.as_os_str()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}
