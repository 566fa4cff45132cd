//! Files that Windows wrote, damaged.
//!
//! Small ones are damaged everywhere. Of a large one, seeded choices are made: the header's buffer
//! and as many others as 128 KiB hold, at most eight and at least one; the header is told how many.
//! A hundred damages to each of a hundred choices are 10,000.

use super::change::{Seed, every, some};
use super::layout::{Layout, u32_at};
use super::rules::{Case, Tally};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::path::{Path, PathBuf};

/// Files shorter than this are damaged everywhere.
pub(crate) const SMALL_BYTES: usize = 20_000;

const CHOICES: usize = 100;
const CHANGES: usize = 100;
const BUFFERS: usize = 8;
const CHOICE_BYTES: usize = 128 << 10;

/// Threads; each takes the next file.
const THREADS: usize = 2;

/// Where the header says how many buffers there are.
const BUFFERS_WRITTEN: usize = 72 + 32 + 0x24;

/// The recorded traces, the largest first; none if they are not there.
pub(crate) fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/etl");
    let Ok(entries) = folder.read_dir() else {
        eprintln!("skipped: recorded traces are not at ../shared/data/etl");
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        paths.filter(|it| it.extension().is_some_and(|it| it == "etl")).collect();
    paths.sort_by_key(|path| core::cmp::Reverse(path.metadata().unwrap().len()));
    paths
}

/// The header's buffer and some others in their order.
fn choose(file: &[u8], layout: &Layout, seed: &mut Seed) -> Vec<u8> {
    let (first, others) = layout.buffers.split_first().unwrap();
    let mut chosen = Vec::new();
    let mut bytes = first.bytes;
    for _ in 0..BUFFERS.min(others.len()) {
        let place = seed.below(others.len());
        bytes += others[place].bytes;
        if !chosen.is_empty() && bytes > CHOICE_BYTES {
            break;
        }
        chosen.push(place);
    }
    chosen.sort_unstable();
    chosen.dedup();
    let mut out = file[..first.bytes].to_vec();
    for buffer in chosen.iter().map(|place| others[*place]) {
        out.extend(&file[buffer.at..buffer.at + buffer.bytes]);
    }
    let count = u32::try_from(1 + chosen.len()).unwrap();
    out[BUFFERS_WRITTEN..BUFFERS_WRITTEN + 4].copy_from_slice(&count.to_le_bytes());
    out
}

fn check(path: &Path) -> Tally {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let file = std::fs::read(path).unwrap();
    if file.len() < SMALL_BYTES {
        let changes = every(&file, &mut Seed(2));
        return Case::new(name, file).check(&changes);
    }
    let layout = Layout::of(&file);
    let mut seed = Seed(3);
    let mut tally = Tally::default();
    for choice in 0..CHOICES {
        let case = Case::new(format!("{name}, choice {choice}"), choose(&file, &layout, &mut seed));
        assert!(u32_at(case.file(), BUFFERS_WRITTEN) > 1, "{name}");
        let changes = some(case.file(), &case.layout, CHANGES, &mut seed);
        tally.add(case.check(&changes));
    }
    tally
}

/// Damages every file, two at a time.
pub(crate) fn in_threads(files: &[PathBuf], check: impl Fn(&Path) + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            check(path);
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn every_recorded_file_is_damaged_ten_thousand_times() {
    in_threads(&files(), |path| {
        let tally = check(path);
        eprintln!("{}: {tally:?}", path.display());
        assert!(tally.changes >= 10_000 && tally.told > 2000, "{}: {tally:?}", path.display());
    });
}
