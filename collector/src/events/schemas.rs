//! Descriptions that events carry, parsed once: all events of one kind carry the same bytes.

use hashbrown::HashMap;
use weir_etl::fields::Schema;
use weir_etl::tracelogging::parse_schema;

/// Memory of descriptions kept, about. A provider has some hundreds of a few hundred bytes; a file
/// that describes each event anew fills this up, and then it is emptied and filled again.
const BYTES_MAX: usize = 16 << 20;

/// Memory of an entry beside the bytes in it.
const ENTRY_BYTES: usize = 128;

/// Parsed descriptions, by their bytes.
#[derive(Default)]
pub(super) struct Schemas {
    by_bytes: HashMap<Vec<u8>, Option<Schema>>,
    bytes: usize,
}

impl Schemas {
    /// The schema of a description; `None` where it is damaged.
    pub(super) fn get(&mut self, blob: &[u8]) -> Option<&Schema> {
        if !self.by_bytes.contains_key(blob) {
            self.add(blob);
        }
        self.by_bytes.get(blob)?.as_ref()
    }

    fn add(&mut self, blob: &[u8]) {
        let schema = parse_schema(blob).ok();
        let parsed = schema.as_ref().map_or(0, Schema::memory_bytes);
        let bytes = ENTRY_BYTES + blob.len() + parsed;
        if self.bytes + bytes > BYTES_MAX {
            *self = Self::default();
        }
        self.bytes += bytes;
        self.by_bytes.insert(blob.to_vec(), schema);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_etl::fields::{InType, OutType};
    use weir_etl::tracelogging::Blob;

    #[test]
    fn memory_is_bounded_however_many_fields_descriptions_have() {
        let mut schemas = Schemas::default();
        let mut most = 0;
        for number in 0..64 {
            let blob = Blob::new(format!("event {number}"));
            let blob =
                (0..10_000).fold(blob, |blob, _| blob.field("", InType::U8, OutType::Default));
            let blob = blob.build().unwrap();
            assert_eq!(schemas.get(&blob).unwrap().fields().len(), 10_000);
            most = most.max(schemas.by_bytes.len());
            let held: usize = schemas.by_bytes.values().flatten().map(|it| it.memory_bytes()).sum();
            assert!(held <= BYTES_MAX, "{held} bytes");
        }
        assert!((2..64).contains(&most), "{most} at once");
    }

    #[test]
    fn damaged_descriptions_are_none_and_remembered() {
        let mut schemas = Schemas::default();
        for _ in 0..3 {
            assert!(schemas.get(&[9, 0, 0xff]).is_none());
        }
        assert_eq!(schemas.by_bytes.len(), 1);
    }
}
