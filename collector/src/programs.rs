//! Programs from the command line: which objects, which labels, which map entries.

use crate::failure::{ExitCode, Failure};
use crate::map_value::{MapEntry, padded};
use std::path::Path;
use weir_abi::wire::{TEXT_BYTES_MAX, Text};
use weir_usermode::program::Shared;
use weir_usermode::vm::{LoadError, Object, Program};

/// Largest object that is read; real ones have a few hundred KiB at most.
const OBJECT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A program, ready to be attached.
pub struct Loaded {
    /// Its label.
    pub label: Text,
    /// The program.
    pub program: Shared,
}

/// What to load: `[LABEL=]OBJ` and the section, if one was named.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The `--program` word.
    pub word: String,
    /// The `--section` that followed it.
    pub section: Option<String>,
}

/// Loads all programs and writes the map entries into those that have the map.
///
/// # Errors
/// The first object or entry that is refused.
pub fn load_all(specs: &[Spec], entries: &[MapEntry]) -> Result<Vec<Loaded>, Failure> {
    let programs = specs.iter().map(load).collect::<Result<Vec<_>, _>>()?;
    for entry in entries {
        write_entry(&programs, entry)?;
    }
    Ok(programs)
}

fn load(spec: &Spec) -> Result<Loaded, Failure> {
    let (label, path) = split_label(&spec.word);
    let shown = path.display();
    let bytes = crate::input::read_whole(path, OBJECT_BYTES_MAX)?;
    let refused = |error: LoadError| {
        let message = format!("load program `{shown}`: {error}");
        Failure::new(ExitCode::ProgramRefused, message, error.hint())
    };
    let object = Object::parse(&bytes).map_err(refused)?;
    let program = Program::load(&object, spec.section.as_deref()).map_err(refused)?;
    let name = label.unwrap_or_else(|| program.name());
    let label = Text::new(name).filter(|_| !name.chars().any(char::is_control));
    let label = label.ok_or_else(|| {
        Failure::new(
            ExitCode::Usage,
            format!("label program `{shown}`: `{name}` is no label"),
            format!("use at most {TEXT_BYTES_MAX} bytes without control characters"),
        )
    })?;
    Ok(Loaded { label, program: Shared::new(program) })
}

/// `LABEL=OBJ`, unless the whole word names a file.
fn split_label(word: &str) -> (Option<&str>, &Path) {
    match word.split_once('=') {
        Some((label, path)) if !label.is_empty() && !Path::new(word).exists() => {
            (Some(label), Path::new(path))
        }
        _ => (None, Path::new(word)),
    }
}

fn write_entry(programs: &[Loaded], entry: &MapEntry) -> Result<(), Failure> {
    let name = entry.map.as_str();
    let mut is_known = false;
    for loaded in programs {
        is_known |= loaded.program.with(|program| write_into(program, entry))?;
    }
    if is_known {
        return Ok(());
    }
    let hint = known_maps(programs);
    let message = format!("write to map `{name}`: no attached program has it");
    Err(Failure::new(ExitCode::MapRefused, message, hint))
}

/// Writes an entry into a program's map; whether the program has the map.
fn write_into(program: &mut Program, entry: &MapEntry) -> Result<bool, Failure> {
    let name = entry.map.as_str();
    let Some(map) = program.map_mut(name) else { return Ok(false) };
    let fit = |what: &str, bytes: &[u8], size: usize| {
        padded(bytes, size).ok_or_else(|| {
            let found = bytes.len();
            refuse(name, &format!("the {what} has {found} bytes, the map's {what}s have {size}"))
        })
    };
    let key = fit("key", &entry.key, map.key_bytes())?;
    let value = fit("value", &entry.value, map.value_bytes())?;
    map.update(&key, &value).map_err(|error| refuse(name, &error.to_string()))?;
    Ok(true)
}

/// A hint that lists the maps there are.
#[must_use]
pub fn known_maps(programs: &[Loaded]) -> String {
    let names = |loaded: &Loaded| -> Vec<String> {
        loaded.program.with(|program| program.map_names().map(str::to_owned).collect())
    };
    let mut known: Vec<String> = programs.iter().flat_map(names).collect();
    known.sort_unstable();
    known.dedup();
    match known.as_slice() {
        [] if programs.is_empty() => "attach a program with --program first".to_owned(),
        [] => "the attached programs have no maps".to_owned(),
        names => format!("the attached programs have these maps: {}", names.join(", ")),
    }
}

fn refuse(map: &str, why: &str) -> Failure {
    Failure::new(
        ExitCode::MapRefused,
        format!("write to map `{map}`: {why}"),
        "see the program's source for the sizes and the bound of its maps",
    )
}
