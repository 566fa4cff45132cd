//! Objects of programs that were given: loaded here, and their maps told.

use crate::failure::Failure;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use weir_abi::identifiers::SECTION_PREFIX;
use weir_stages::checks::Evidence;
use weir_stages::checks::facts::{ObjectMap, ProgramObject};
use weir_usermode::vm::{LoadError, Map, MapKind, Object, Program};

/// Largest object that is read; real ones have a few hundred KiB at most.
const OBJECT_BYTES_MAX: u64 = 64 << 20;

/// Adds each object to the evidence.
///
/// # Errors
/// A file cannot be read. One that is no object, or is refused, is evidence.
pub(super) fn add(evidence: &mut Evidence, paths: &[PathBuf]) -> Result<(), Failure> {
    for path in paths {
        let bytes = crate::input::read_whole(path, OBJECT_BYTES_MAX)?;
        evidence.objects.push(object(path, &bytes));
    }
    Ok(())
}

fn object(path: &Path, bytes: &[u8]) -> ProgramObject {
    let file = path.display().to_string();
    match load(bytes) {
        Ok((programs_loaded, maps)) => {
            let maps = maps.into_values().collect();
            ProgramObject { file, refused: None, programs_loaded, maps }
        }
        Err(error) => {
            let refused = Some(format!("{error}; {}", error.hint()));
            ProgramObject { file, refused, programs_loaded: 0, maps: Vec::new() }
        }
    }
}

/// Loads each program of Weir's type; programs of other types are none of its business, so an
/// object that has only those is parsed and no more.
fn load(bytes: &[u8]) -> Result<(usize, BTreeMap<String, ObjectMap>), LoadError> {
    let object = Object::parse(bytes)?;
    let (mut loaded, mut maps) = (0, BTreeMap::new());
    for section in object.section_names().filter(|it| it.starts_with(SECTION_PREFIX)) {
        let program = Program::load(&object, Some(section))?;
        loaded += 1;
        let found = program.map_names().filter_map(|name| program.map(name)).map(map);
        maps.extend(found.map(|it| (it.name.clone(), it)));
    }
    Ok((loaded, maps))
}

fn map(map: &Map) -> ObjectMap {
    let size = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    ObjectMap {
        name: map.name().to_owned(),
        kind: kind(map.kind()).to_owned(),
        key_bytes: size(map.key_bytes()),
        value_bytes: size(map.value_bytes()),
        entries_max: size(map.entries_max()),
    }
}

/// As libbpf, and so bpftool, names it.
const fn kind(kind: MapKind) -> &'static str {
    match kind {
        MapKind::Hash => "hash",
        MapKind::Array => "array",
        MapKind::PerProcessorHash => "percpu_hash",
        MapKind::PerProcessorArray => "percpu_array",
        MapKind::LruHash => "lru_hash",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_of_the_samples_loads_and_its_maps_are_told() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../driver/programs/obj");
        let path = root.join("tls_sni_block.o");
        let mut evidence = Evidence::default();
        add(&mut evidence, &[path]).unwrap();
        let found = &evidence.objects[0];
        assert_eq!((found.refused.as_deref(), found.programs_loaded), (None, 1));
        let map = found.maps.iter().find(|it| it.name == "blocked_names").unwrap();
        assert_eq!(map.kind, "hash");
    }

    #[test]
    fn what_is_no_object_is_evidence_with_the_reason() {
        let found = object(Path::new("x.o"), b"not an object");
        assert!(found.refused.is_some_and(|it| it.contains("read the eBPF object")));
    }
}
