//! A run of a busy machine as a trace file, for whoever wants events of the real driver.

use crate::host::{Host, Kind};
use clap::Parser as _;
use std::collections::BTreeMap;
use std::path::Path;
use weir::cli::{Cli, Command};
use weir_sim::machine::Setup;
use weir_sim_kernel::image::image_or_skip;
use weir_stages::kinds::{kind_index, kind_label};

/// Intervals of the run; a capture state is asked for in the middle.
const INTERVALS: usize = 20;

#[test]
fn a_run_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = std::env::var_os("WEIR_RECORD");
    if wanted.is_none() {
        eprintln!("WEIR_RECORD=FILE.etl would keep the trace");
    }
    let path = wanted.map_or_else(|| folder.path().join("run.etl"), Into::into);
    let Some(image) = image_or_skip() else { return };
    let seed = std::env::var("WEIR_SEEDS").ok();
    let seed = seed.and_then(|it| it.split("..").next()?.parse().ok()).unwrap_or(1);
    let mut host = Host::start(&image, seed, Kind::BUSY, Setup::default().boots_ns);
    for interval in 0..INTERVALS {
        if interval == INTERVALS / 2 {
            host.capture();
        }
        host.interval();
    }
    host.machine.kernel.unload_driver();
    host.machine.kernel.etw.record(&path).unwrap();
    let read = metrics_of(&path);
    let mut counts = BTreeMap::new();
    for event in host.take() {
        *counts.entry(kind_label(kind_index(event.id))).or_insert(0_u64) += 1;
    }
    assert!(counts.len() >= 12, "{counts:?}");
    for (kind, count) in counts {
        let line = format!("weir_etw_events_received_total{{event=\"{kind}\"}} {count}\n");
        assert!(read.contains(&line), "no {line}in\n{read}");
    }
    assert_eq!(host.machine.kernel.end(), Vec::<String>::new());
}

/// What `weir replay` makes of a trace.
fn metrics_of(path: &Path) -> String {
    let words = ["weir", "replay", "--metrics", "-", path.to_str().unwrap()];
    let Command::Replay(args) = Cli::try_parse_from(words).unwrap().command else {
        panic!("`weir replay` is another command");
    };
    let mut out = Vec::new();
    weir::replay::run(&args, &[], &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
