//! Descriptions learnt from a damaged file, within the bounds of the catalogue.
//!
//! - What is kept: [`KEPT`] times what the catalogue says it takes, for its tables and vectors that
//!   grow, and twice the file's records for manifests of which a part is missing. It says
//!   [`BYTES_MAX`] at most, and what one record can add.
//! - What learning takes for a while: [`LEARNT_PER_BYTE`] for each byte of the record, and of the
//!   manifest that it may complete; and what is kept.
//! - What is decoded: nine values for each byte of a record and one for each field described.

use super::memory::Mark;
use super::read::{Outcome, VALUE_BYTES, values};
use weir_etl::fields::{FieldType, PointerSize};
use weir_etl::tdh::{BYTES_MAX, Catalogue, DESCRIPTIONS_MAX, EventInfo};
use weir_etl::{Body, Record};

/// Memory for a byte that the catalogue counts.
const KEPT: usize = 4;

/// Memory that reading a description takes for each of its bytes: 8 of XML may be an attribute, two
/// strings in a vector that grows, and a field.
const LEARNT_PER_BYTE: usize = 64;

/// Bytes of a manifest in an event stream.
const MANIFEST_BYTES_MAX: usize = 1 << 20;

/// What the smallest catalogue takes.
const SLACK: usize = 64 << 10;

/// A catalogue, and the memory that is known to be its own.
#[derive(Debug, Default)]
pub(crate) struct Learner {
    catalogue: Catalogue,
    held: isize,
    /// Bytes of records so far.
    seen: usize,
}

impl Learner {
    /// Memory that is kept.
    pub(crate) fn held(&self) -> usize {
        usize::try_from(self.held).unwrap_or(0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.catalogue.is_empty()
    }

    pub(crate) fn learn(&mut self, record: &Record<'_>) {
        let (mark, counted) = (Mark::new(), self.catalogue.bytes());
        self.catalogue.learn(record);
        self.held += mark.grown();
        self.seen += record.bytes;
        let text = record.bytes + self.seen.min(MANIFEST_BYTES_MAX);
        let added = self.catalogue.bytes() - counted;
        let most = LEARNT_PER_BYTE * text + KEPT * added + SLACK;
        assert!(mark.peak() <= most, "{} bytes, not {most}, to learn {record:?}", mark.peak());
        let most = KEPT * self.catalogue.bytes() + 2 * self.seen + SLACK;
        assert!(self.held() <= most, "{} bytes kept, not {most}", self.held());
        // The bound is looked at before a description is kept.
        let most = BYTES_MAX + LEARNT_PER_BYTE * text;
        assert!(self.catalogue.bytes() <= most, "{} bytes counted", self.catalogue.bytes());
        assert!(self.catalogue.len() <= DESCRIPTIONS_MAX);
    }

    /// Decodes what is described elsewhere.
    pub(crate) fn decode(&self, record: &Record<'_>, outcome: &mut Outcome) {
        let (found, payload) = match &record.body {
            Body::Event(event) => (self.catalogue.event(event), event.payload),
            Body::Classic(classic) => (self.catalogue.classic(classic), classic.payload),
            Body::Kernel(_) | Body::Message(_) | Body::Other(_) => return,
        };
        let Some(info) = found else { return };
        assert!(self.catalogue.provider(info.provider_id).is_some() || info.provider.is_none());
        decode(info, payload, record, outcome);
    }
}

fn decode(info: &EventInfo, payload: &[u8], record: &Record<'_>, outcome: &mut Outcome) {
    let pointer_size =
        if record.pointer_bytes() == 4 { PointerSize::Bytes4 } else { PointerSize::Bytes8 };
    let mark = Mark::new();
    let decoded = info.schema.decode(payload, pointer_size);
    let most = 9 * payload.len() + fields(info.schema.fields());
    let found = decoded.fields.iter().map(|field| values(&field.value)).sum::<usize>();
    assert!(found <= most, "{found} values, not {most}");
    let memory = VALUE_BYTES * most + SLACK;
    assert!(mark.peak() <= memory, "{} bytes, not {memory}, for {found} values", mark.peak());
    outcome.described += 1;
    outcome.values += found;
}

fn fields(of: &[FieldType]) -> usize {
    of.iter().map(|field| 1 + fields(&field.fields)).sum()
}
