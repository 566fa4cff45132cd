//! Collection from stand-ins for Windows' tools, which are shell scripts: the same code as there,
//! but for the job object, which here is a process group.

mod bundles;
mod recordings;
mod runs;
mod traces;

use super::{Interrupt, Options, into_bundle, into_memory};
use crate::doctor::bundle::{Bundle, Memory};
use core::net::SocketAddr;
use core::time::Duration;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;
use tempfile::TempDir;
use weir_stages::checks::Gap;

const TOOLS: [&str; 7] =
    ["sc.exe", "netsh.exe", "logman.exe", "bcdedit.exe", "reg.exe", "w32tm.exe", "bpftool.exe"];

/// A folder of tools for one test.
struct Stand {
    folder: TempDir,
}

/// What came of a collection.
struct Collected {
    files: BTreeMap<String, String>,
    /// Paths of files that were there before.
    old: Vec<String>,
    /// Paths, and what there is to say of them.
    notes: Vec<(String, String)>,
    gaps: Vec<Gap>,
    took: Duration,
}

impl Stand {
    /// Tools that answer, each with a line of its own.
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let tool: PathBuf =
            [env!("CARGO_MANIFEST_DIR"), "tests", "doctor", "tool"].iter().collect();
        let it = Self { folder };
        for name in TOOLS {
            // A link and no copy: a file that was just written may be busy when it is started.
            std::os::unix::fs::symlink(&tool, it.path(name)).unwrap();
            it.put(&format!("{name}.out"), &format!("{name} answers\n"));
        }
        it.put("reg.exe.out", "HKEY_LOCAL_MACHINE\\X\nreg.exe answers\n");
        it.does("netsh.exe", r#"if [ "$2" = show ]; then echo "<wfpstate/>" > "${4#file=}"; fi"#);
        it
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Says in shell what a tool does; it then ends, or goes on to its answer.
    fn does(&self, tool: &str, shell: &str) {
        self.put(&format!("{tool}.does"), shell);
    }

    fn options(&self) -> Options {
        Options {
            tools_directory: Some(self.folder.path().to_owned()),
            // Nobody listens at a port that nobody can have.
            collector: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            ..Options::default()
        }
    }

    fn collect(&self, options: &Options) -> Collected {
        self.collect_until(options, &Interrupt::default())
    }

    /// Collects into a zip, and reads that.
    fn collect_until(&self, options: &Options, interrupt: &Interrupt) -> Collected {
        let (zip, begun) = (self.path("out.zip"), Instant::now());
        let gaps = into_bundle(options, &zip, interrupt, &mut |_| {}).unwrap();
        let took = begun.elapsed();
        let bundle = Bundle::open(&zip).unwrap();
        let told: Vec<Gap> = bundle.manifest().unwrap().gaps().collect();
        assert_eq!(told, gaps, "the manifest has every gap");
        let told_notes = bundle.manifest().unwrap().notes().collect();
        let (mut files, mut old) = (BTreeMap::new(), Vec::new());
        let notes = bundle.each(&mut |mut item| {
            let mut bytes = Vec::new();
            item.content.read_to_end(&mut bytes).unwrap();
            old.extend(item.about.is_old.then(|| item.about.path.clone()));
            files.insert(item.about.path, String::from_utf8_lossy(&bytes).into_owned());
            Ok(())
        });
        assert_eq!(notes.unwrap(), [], "hashes hold");
        Collected { files, old, notes: told_notes, gaps, took }
    }

    fn in_memory(&self, options: &Options) -> Memory {
        into_memory(options, &Interrupt::default(), &mut |_| {}).unwrap()
    }

    /// What the tools were asked.
    fn asked(&self) -> Vec<String> {
        let asked = std::fs::read_to_string(self.path("asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }

    /// The folder that tools were started in, which a tool wrote down.
    fn private(&self) -> PathBuf {
        PathBuf::from(std::fs::read_to_string(self.path("where")).unwrap().trim())
    }
}

impl Collected {
    /// The file that this is said of.
    fn noted(&self, word: &str) -> &str {
        let found = self.notes.iter().find(|(_, what)| what.contains(word));
        found.map_or_else(|| panic!("no note says {word}: {:#?}", self.notes), |(path, _)| path)
    }

    fn gap(&self, word: &str) -> &Gap {
        let found = self.gaps.iter().find(|it| it.why.contains(word));
        found.unwrap_or_else(|| panic!("no gap says {word}: {:#?}", self.gaps))
    }
}
