//! `--manifest`: descriptions of events from files beside the trace.

use super::descriptions;
use crate::failure::{ExitCode, Failure, one_line};
use crate::input;
use crate::output;
use crate::trace_file;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use weir_etl::tdh::{Catalogue, MANIFEST_BYTES_MAX, ManifestError};
use weir_etl::{PROBE_BYTES, is_trace};

/// What files describe, and which of them are damaged traces. Of two descriptions of one event, the
/// first file's counts.
///
/// # Errors
/// A file cannot be read, is neither a manifest nor a trace, or is a damaged manifest.
pub(super) fn collect(paths: &[PathBuf]) -> Result<(Catalogue, Vec<String>), Failure> {
    let (mut catalogue, mut damaged) = (Catalogue::default(), Vec::new());
    for path in paths {
        let before = (catalogue.len(), catalogue.unreadable(), catalogue.left_out());
        damaged.extend(learn(path, &mut catalogue)?);
        let (unreadable, left_out) = (catalogue.unreadable(), catalogue.left_out());
        descriptions::warn(path, unreadable - before.1, left_out - before.2);
        if catalogue.len() == before.0 {
            let file = path.display();
            output::warn(&format!("{file}: no event is described in it, or none anew"));
        }
    }
    Ok((catalogue, damaged))
}

/// Learns from a file, which is told by its content; its name if it is a damaged trace.
fn learn(path: &Path, catalogue: &mut Catalogue) -> Result<Option<String>, Failure> {
    let (mut file, _) = input::open(path)?;
    let unreadable = |error| trace_file::unreadable(path, &error);
    let mut bytes = Vec::new();
    let probe = file.by_ref().take(PROBE_BYTES as u64).read_to_end(&mut bytes);
    probe.map_err(unreadable)?;
    if is_trace(&bytes) {
        return learn_trace(path, &bytes, file, catalogue);
    }
    // One byte more than a manifest may have: it is refused by its length.
    file.take(MANIFEST_BYTES_MAX as u64).read_to_end(&mut bytes).map_err(unreadable)?;
    catalogue.learn_manifest(&bytes).map(|_| None).map_err(|error| refused(path, &error))
}

fn learn_trace(
    path: &Path,
    beginning: &[u8],
    file: File,
    catalogue: &mut Catalogue,
) -> Result<Option<String>, Failure> {
    let mut trace = trace_file::open_file(path, beginning, file)?;
    let failed = |error| trace_file::unreadable(path, &error);
    while let Some(record) = trace.next_record().map_err(failed)? {
        catalogue.learn(&record);
    }
    // What its session lost is of no interest: only descriptions are taken from it.
    let damage = trace_file::damage(&trace);
    let file = path.display().to_string();
    for note in &damage {
        output::warn(&format!("{file}: {note}"));
    }
    Ok((!damage.is_empty()).then(|| one_line(&file)))
}

fn refused(path: &Path, error: &ManifestError) -> Failure {
    let hint = match error {
        ManifestError::NotXml | ManifestError::TooLong => {
            "name an instrumentation manifest (.man) or an event trace (.etl) with descriptions"
        }
        ManifestError::NoProvider => {
            "name an instrumentation manifest: in it, events stand within a `provider`"
        }
        ManifestError::Malformed { .. } | ManifestError::TooDeep { .. } => {
            "check the file at that place; a tool that builds from it refuses it too"
        }
        ManifestError::CutOff { .. } => "a copy that was cut off can be copied again",
        ManifestError::ProviderId { .. } => {
            "give it the GUID that its events carry, as in guid=\"{…}\""
        }
    };
    let message = format!("take descriptions from `{}`: {error}", path.display());
    Failure::new(ExitCode::InputDamaged, message, hint)
}
