//! The command line of `weir traces`.

use clap::Args;
use core::net::SocketAddr;
use std::path::PathBuf;

/// Arguments of `weir traces`.
///
/// Prints one line for each event of eBPF for Windows, of its network extension, of WFP's callouts
/// and of Weir's driver; events of others are counted in the summary. What could not be read is said
/// on standard error, and the exit code is then 4, after everything else was printed.
#[derive(Args, Debug)]
pub struct TracesArgs {
    /// Traces, one after the other: event trace files (.etl), or text that `netsh trace convert`
    /// wrote; `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Only the events of one load: by its number, or of every load of an object's file. A load goes
    /// from opening an object to the end of loading or attaching.
    #[arg(long, value_name = "N|OBJECT")]
    pub load: Option<String>,

    /// Only the events of connections from, to or redirected to this address and port, as in
    /// 192.0.2.1:443; an address of IPv6 stands in brackets.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub connection: Option<SocketAddr>,

    /// Only failures, with the events that tell their cause.
    #[arg(long)]
    pub errors: bool,

    /// Print tables instead of events: failures by cause, loads, redirections, counts by provider,
    /// event and level.
    #[arg(long, conflicts_with_all = ["load", "connection", "errors"])]
    pub summary: bool,

    /// Print one JSON object a line instead of words; with --summary, one document.
    #[arg(long)]
    pub json: bool,
}
