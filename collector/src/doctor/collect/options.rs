//! What is asked for.

use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;

/// How long all tools together may take. One that takes its own limit leaves the others theirs, as
/// they run a few at a time.
const TIME_MAX: Duration = Duration::from_secs(120);

/// What to collect, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// A folder to take every tool from instead of Windows' own: for tests, and for installations
    /// that are elsewhere. A full path.
    pub tools_directory: Option<PathBuf>,
    /// `bpftool.exe` by its full path, where it is not where eBPF for Windows was installed.
    pub bpftool: Option<PathBuf>,
    /// What is in maps is collected too; it may be addresses, names, or anything else.
    pub has_map_dumps: bool,
    /// How long to record diagnostic traces while somebody reproduces the problem.
    pub trace: Option<Duration>,
    /// Where a collector may answer; `None` where the one that asks is the collector.
    pub collector: Option<SocketAddr>,
    /// The machine's name is left out of the manifest.
    pub is_nameless: bool,
    /// How long all tools together may take, recording left aside; and copying old traces after
    /// them as long again.
    pub time_max: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tools_directory: None,
            bpftool: None,
            has_map_dumps: false,
            trace: None,
            collector: weir_abi::identifiers::LISTEN_ADDRESS.parse().ok(),
            is_nameless: false,
            time_max: TIME_MAX,
        }
    }
}
