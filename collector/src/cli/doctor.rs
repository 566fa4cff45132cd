//! The command line of `weir doctor`.

use super::parse_duration;
use clap::Args;
use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;

/// Arguments of `weir doctor`.
///
/// The exit code is the verdict: 0 ok, 1 warn, 2 fail, 3 unknown; where it could not look at all,
/// 15 or one of the others. Checks that need a trace, dumps of maps or an object do not count where
/// nobody asked for these.
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// Judge a bundle of evidence instead of this machine: a folder, a .zip, or a single file that
    /// a tool wrote. Repeat for several; they count as one machine's.
    #[arg(long, value_name = "DIR|ZIP|FILE")]
    pub from: Vec<PathBuf>,

    /// Collect evidence of this machine into a new folder or a .zip, and judge it too.
    #[arg(long, value_name = "DIR|FILE.zip", conflicts_with = "from")]
    pub collect: Option<PathBuf>,

    /// Record the diagnostic providers for this time, while you reproduce the problem.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, conflicts_with = "from")]
    pub trace: Option<Duration>,

    /// Dump maps too, and see whether they are full. A bundle then holds what is in them.
    #[arg(long, conflicts_with = "from")]
    pub map_dumps: bool,

    /// A program that should be loaded and attached, by the name that bpftool prints, and where it
    /// should be attached. Repeat for several.
    #[arg(long, value_name = "NAME[=ATTACH_TYPE]", value_parser = crate::doctor::parse_program)]
    pub program: Vec<weir_stages::checks::facts::ExpectedProgram>,

    /// A program's object: it is loaded here, and its maps are compared with the machine's. Repeat
    /// for several.
    #[arg(long, value_name = "OBJ")]
    pub object: Vec<PathBuf>,

    /// Connections to the first address should go to the second. Repeat for several.
    #[arg(long, value_name = "FROM=TO", value_parser = crate::doctor::parse_redirect)]
    pub redirect: Vec<(SocketAddr, SocketAddr)>,

    /// Print one JSON document instead: docs/doctor-report.schema.json.
    #[arg(long)]
    pub json: bool,

    /// Write one self-contained page too, for a ticket; `-` for standard output, and nothing else
    /// goes there.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,

    /// Say what a check looks at, what it needs and where its rule comes from; look at nothing.
    #[arg(long, value_name = "ID")]
    pub explain: Option<String>,

    /// bpftool.exe by its full path. Unless given, that of the installed eBPF for Windows.
    #[arg(long, value_name = "PATH", conflicts_with = "from")]
    pub bpftool: Option<PathBuf>,

    /// Where the collector serves its metrics on this machine.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = weir_abi::identifiers::LISTEN_ADDRESS)]
    pub collector: SocketAddr,

    /// Take every tool from this folder, given by its full path, instead of from Windows and from
    /// eBPF for Windows: for tests, and for installations that are elsewhere.
    #[arg(long = "tools.directory", value_name = "DIR", conflicts_with = "from")]
    pub tools_directory: Option<PathBuf>,

    /// Leave the machine's name out of what is collected.
    #[arg(long, requires = "collect")]
    pub no_host: bool,
}
