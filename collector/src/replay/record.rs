//! `--write-etl`: the events of a replay as an event trace file.

use crate::cli::ReplayArgs;
use crate::failure::{ExitCode, Failure};
use crate::output::WholeFile;
use crate::recording::{Recording, unwritable};
use std::path::{Path, PathBuf};

/// A file that appears once the replay is over; none unless asked for.
///
/// # Errors
/// It is one of the captures or another output, or its folder cannot be written.
pub(super) fn create(args: &ReplayArgs) -> Result<Option<Recording<WholeFile>>, Failure> {
    let Some(path) = args.write_etl.as_deref() else { return Ok(None) };
    let is_taken = |other: &PathBuf| is_same(other, path);
    if args.files.iter().any(is_taken) || args.metrics.as_ref().is_some_and(is_taken) {
        let message = format!("write `{}`: another option names the same file", path.display());
        return Err(Failure::new(ExitCode::Usage, message, "name another file"));
    }
    let file = WholeFile::create(path).map_err(|error| unwritable(path, &error))?;
    // A replay takes place nowhere: no process wrote its events.
    Ok(Some(Recording::new(path, file, 0)))
}

/// Closes the file and gives it its name.
pub(super) fn finish(args: &ReplayArgs, recording: Recording<WholeFile>) -> Result<(), Failure> {
    let path = args.write_etl.as_deref().unwrap_or_else(|| Path::new(""));
    recording.finish()?.keep().map_err(|error| unwritable(path, &error))
}

fn is_same(one: &Path, other: &Path) -> bool {
    let files = (one.canonicalize(), other.canonicalize());
    one == other || matches!(files, (Ok(one), Ok(other)) if one == other)
}
