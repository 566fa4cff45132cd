//! The doctor's looks at this machine, whose driver is listened to.
//!
//! A trace is another machine's or another day's, so with one nobody looks.

use crate::cli::RunArgs;
use crate::doctor::Watch;
use crate::failure::Failure;

/// Who looks; nobody where there is nothing to look at, or nobody is to.
///
/// # Errors
/// There is no thread to be had.
#[cfg(windows)]
pub(super) fn watch(args: &RunArgs) -> Result<Option<Watch>, Failure> {
    if args.from.is_some() || args.doctor_interval.is_zero() {
        return Ok(None);
    }
    let look = crate::doctor::looks(args.names_bpftool.clone(), args.web.listen_address);
    let watch = Watch::start(args.doctor_interval, std::time::Instant::now(), look);
    watch.map(Some).map_err(|error| super::unexpected("start a thread", &error))
}

/// Nobody: what the doctor looks at is a part of Windows.
#[cfg(not(windows))]
#[expect(clippy::unnecessary_wraps, reason = "on Windows a thread may be wanting")]
pub(super) const fn watch(_args: &RunArgs) -> Result<Option<Watch>, Failure> {
    Ok(None)
}
