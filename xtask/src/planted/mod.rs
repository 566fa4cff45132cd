//! `cargo xtask planted [NAME…]`: bugs that are planted into the driver, one at a time, and the
//! tests in the simulated kernel that have to catch each.
//!
//! Tests that pass show nothing by themselves: here each of them meets the mistake that it is there
//! for. The tests run on the image without a bug first, and have to pass.
//!
//! * [`table`]: the bugs.
//! * [`tree`]: the copy of the driver that they are planted into.
//! * [`suite`]: the tests, and what a run of them came to.

mod suite;
mod table;
#[cfg(test)]
mod tests;
mod tree;

use crate::driver::build_copy;
use crate::run::{Outcome, root};
use core::time::Duration;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;
use suite::{Asked, End, Suite};
use table::Bug;
use tree::{PROFILE, Tree};

/// A run of tests that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// The same for a bug that lets them hang: what is left out of a wait takes no time to show.
const PATIENCE_WHERE_IT_HANGS: Duration = Duration::from_secs(10);

/// What `tests/sim/tests/interleavings` runs in the gate.
const SEEDS_OF_THE_GATE: &str = "0..1200";

/// Images that are built ahead of the tests: two processors have work, and no more is thrown away
/// where somebody stops it.
const BUILT_AHEAD: usize = 2;

/// Prints what is planted.
pub(crate) fn list(names: &[String]) -> Outcome {
    for bug in chosen(names)? {
        println!("{} ({})", bug.name, bug.seen);
        println!("    {}", bug.what);
        println!("    {}; caught by {}", bug.file, bug.caught_by);
    }
    Ok(())
}

/// Plants bugs and runs the tests; fails if one is not caught.
pub(crate) fn run(names: &[String]) -> Outcome {
    let bugs = chosen(names)?;
    let begun = Instant::now();
    let folder = root().join(crate::bench::target()).join("planted");
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(&folder).map_err(told)?;
    let lock = File::create(folder.join("lock")).map_err(told)?;
    lock.lock().map_err(told)?;
    let suite = Suite::build(&bugs)?;
    let tree = Tree::copy(&root(), &folder.join("tree"))?;
    let missed = std::thread::scope(|scope| {
        let (to, from) = sync_channel(BUILT_AHEAD);
        let (bugs, folder) = (&bugs, &folder);
        scope.spawn(move || build_all(&tree, bugs, folder, &to));
        run_all(&suite, bugs, folder, &from)
    })?;
    let seconds = begun.elapsed().as_secs();
    println!("\n{} of {} caught in {seconds} s", bugs.len() - missed.len(), bugs.len());
    if missed.is_empty() {
        return Ok(());
    }
    let logs = folder.display();
    Err(format!("not caught: {}\nhint: {logs} has a log of each", missed.join(", ")))
}

/// The bugs of these names, or all.
fn chosen(names: &[String]) -> Result<Vec<&'static Bug>, String> {
    if names.is_empty() {
        return Ok(table::bugs().collect());
    }
    let of = |name: &String| {
        let bug = table::bugs().find(|bug| bug.name == name);
        bug.ok_or_else(|| format!("no bug `{name}`\nhint: cargo xtask planted --list"))
    };
    names.iter().map(of).collect()
}

/// An image, or why there is none.
struct Image {
    file: Result<PathBuf, String>,
    built_in: Duration,
}

/// Builds the image without a bug, then one for each.
fn build_all(tree: &Tree, bugs: &[&'static Bug], folder: &Path, to: &SyncSender<Image>) {
    let all = core::iter::once(None).chain(bugs.iter().copied().map(Some));
    for bug in all {
        let begun = Instant::now();
        let file = build(tree, bug, folder);
        // Nobody takes it where the tests did not pass without a bug.
        if to.send(Image { file, built_in: begun.elapsed() }).is_err() {
            return;
        }
    }
}

fn build(tree: &Tree, bug: Option<&Bug>, folder: &Path) -> Result<PathBuf, String> {
    let planted = bug.map(|bug| tree.plant(bug)).transpose()?;
    let built = build_copy(tree.folder(), PROFILE);
    if let Some(planted) = planted {
        planted.take_out()?;
    }
    let name = bug.map_or("none", |bug| bug.name);
    let file = folder.join(name).with_extension("sys");
    std::fs::copy(built?, &file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file)
}

/// Runs the tests on the images as they come; names of the bugs that are not caught.
fn run_all(
    suite: &Suite,
    bugs: &[&'static Bug],
    folder: &Path,
    from: &Receiver<Image>,
) -> Result<Vec<&'static str>, String> {
    let next = || from.recv().map_err(|_gone| "nobody builds".to_owned());
    let clean = next()?.file?;
    for asked in Suite::together(bugs) {
        let log = folder.join(format!("none-{}.log", asked.binary));
        let ran = suite.run(&asked, &clean, PATIENCE, &log)?;
        if let Some(why) = ran.unfit(&asked.tests) {
            let binary = asked.binary;
            return Err(format!("without a bug: {binary}: {why}\nhint: {}", log.display()));
        }
    }
    println!("without a bug all of these tests pass");
    println!("{:40} {:>6} {:>6}  caught by", "bug", "build", "tests");
    let mut missed = Vec::new();
    for bug in bugs {
        let Image { file, built_in } = next()?;
        let begun = Instant::now();
        let caught = file.and_then(|file| catch(suite, bug, &file, folder));
        let (built, tested) = (built_in.as_secs_f64(), begun.elapsed().as_secs_f64());
        let caught = caught.unwrap_or_else(|why| {
            missed.push(bug.name);
            format!("NOT CAUGHT: {why}")
        });
        println!("{:40} {built:5.1}s {tested:5.1}s  {caught}", bug.name);
    }
    Ok(missed)
}

/// Runs the tests of a bug: what caught it, or why nothing did.
fn catch(suite: &Suite, bug: &Bug, image: &Path, folder: &Path) -> Result<String, String> {
    let by = &bug.caught_by;
    let patience = if by.hangs { PATIENCE_WHERE_IT_HANGS } else { PATIENCE };
    let log = folder.join(bug.name).with_extension("log");
    let mut end = suite.run(&Asked::of(by), image, patience, &log)?.end;
    if end == End::Passed && by.seeds.is_some() {
        // Another compiler lays code out otherwise, and other seeds meet the bug: all of the gate,
        // which are clean without it.
        let asked = Asked::of(by).with_seeds(SEEDS_OF_THE_GATE);
        end = suite.run(&asked, image, 3 * PATIENCE, &log)?.end;
    }
    match &end {
        End::Failed(tests) if !tests.is_empty() => Ok(tests.join(", ")),
        End::Died { .. } => Ok(end.to_string()),
        End::Hung { .. } if by.hangs => Ok(end.to_string()),
        End::Failed(_) | End::Passed | End::Hung { .. } => Err(end.to_string()),
    }
}
