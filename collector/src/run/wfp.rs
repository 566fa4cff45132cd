//! Looks at the filtering engine of this machine, whose driver is listened to.
//!
//! A trace is another machine's or another day's, so with one nobody looks.

use crate::cli::RunArgs;
use crate::failure::Failure;
use weir_wfp::Watch;

/// Who looks; nobody where there is nothing to look at.
///
/// # Errors
/// There is no thread to be had.
#[cfg(windows)]
pub(super) fn watch(args: &RunArgs) -> Result<Option<Watch>, Failure> {
    if args.from.is_some() {
        return Ok(None);
    }
    let watch = Watch::start(weir_wfp::live::look);
    watch.map(Some).map_err(|error| super::unexpected("start a thread", &error))
}

/// Nobody: the filtering engine is a part of Windows.
#[cfg(not(windows))]
#[expect(clippy::unnecessary_wraps, reason = "on Windows a thread may be wanting")]
pub(super) const fn watch(_args: &RunArgs) -> Result<Option<Watch>, Failure> {
    Ok(None)
}
