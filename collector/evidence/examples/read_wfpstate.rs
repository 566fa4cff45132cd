//! Reads `wfpstate.xml` and says what is in it, how long it took and, on Linux, how much memory:
//! `read_wfpstate FILE…`.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::fs::File;
use std::time::Instant;
use weir_evidence::wfpstate;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    for path in std::env::args().skip(1) {
        let file = File::open(&path)?;
        let megabytes = file.metadata()?.len() / 1_000_000;
        let start = Instant::now();
        let state = wfpstate::read(&path, file)?;
        println!(
            "{path}: {megabytes} MB, {} sublayers, {} callouts, {} of {} filters, whole: {}, {:.2} s",
            state.sublayers.len(),
            state.callouts.len(),
            state.filters.len(),
            state.filters_total,
            state.is_whole,
            start.elapsed().as_secs_f64(),
        );
    }
    // The most resident memory so far.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().filter(|it| it.starts_with("VmHWM")).for_each(|it| println!("{it}"));
    Ok(())
}
