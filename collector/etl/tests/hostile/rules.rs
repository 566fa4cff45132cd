//! What must be noticed of a damage.
//!
//! 1. A file that is cut off anywhere gives the records that lie before the cut, no fewer and no
//!    more, and the damage is told. Only where buffers are neither counted nor cut is it not: at the
//!    end of a buffer of a session that was not closed, whose file is no sequential one, or whose
//!    buffers may have gone elsewhere.
//! 2. A marker that is no longer any gives a [`DamageKind::Record`].
//! 3. What is not read changes nothing, and what is payload changes no other record.
//! 4. Whenever fewer records come than before, the damage is told, or the file is refused, but for
//!    what nobody could notice: a record that now ends where a later one ended, straight or by way
//!    of payload that looks like records, and changes of compressed bytes, which have no checksum.

use super::change::Change;
use super::layout::{Layout, Place, u16_at, u32_at};
use super::read::{Outcome, read};
use core::panic::AssertUnwindSafe;
use std::panic::{catch_unwind, resume_unwind};
use std::path::Path;
use weir_etl::DamageKind;

/// A sound file and what it holds.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    file: Vec<u8>,
    pub(crate) layout: Layout,
    pub(crate) clean: Outcome,
    /// Its header tells how many buffers it has.
    counts_buffers: bool,
    is_compressed: bool,
}

/// What became of the damages of a file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) changes: usize,
    pub(crate) refused: usize,
    pub(crate) told: usize,
    pub(crate) fewer: usize,
    pub(crate) nobodys: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.changes += other.changes;
        self.refused += other.refused;
        self.told += other.told;
        self.fewer += other.fewer;
        self.nobodys += other.nobodys;
    }
}

impl Case {
    pub(crate) fn new(name: impl Into<String>, file: Vec<u8>) -> Self {
        let (name, clean, layout) = (name.into(), read(&file), Layout::of(&file));
        assert_eq!(clean.refused, None, "{name}");
        assert_eq!(clean.unreadable, 0, "{name}");
        let is_compressed = layout.buffers.iter().any(|it| it.is_compressed);
        assert!(is_compressed || layout.records.len() == clean.records, "{name}: {clean:?}");
        // The session's description follows two headers of 72 and 32 bytes.
        let is_closed = file[104 + 0x10..104 + 0x18].iter().any(|byte| *byte != 0);
        let counts_buffers = is_closed && u32_at(&file, 104 + 0x20) & (0x900 | 7) == 1;
        Self { name, file, layout, clean, counts_buffers, is_compressed }
    }

    pub(crate) fn file(&self) -> &[u8] {
        &self.file
    }

    /// Applies the changes one after the other.
    pub(crate) fn check(mut self, changes: &[Change]) -> Tally {
        let mut tally = Tally::default();
        let mut file = core::mem::take(&mut self.file);
        for change in changes {
            let checked = change.with(&mut file, |file| {
                let checked = catch_unwind(AssertUnwindSafe(|| self.look(*change, file)));
                checked.inspect_err(|_| self.keep(*change, file))
            });
            tally.add(checked.unwrap_or_else(|panic| resume_unwind(panic)));
        }
        tally
    }

    fn keep(&self, change: Change, file: &[u8]) {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile.etl");
        let kept = std::fs::write(&path, file);
        eprintln!("{}: {change:?}: kept as {}: {kept:?}", self.name, path.display());
    }

    fn look(&self, change: Change, file: &[u8]) -> Tally {
        let found = read(file);
        let is_fewer = found.records < self.clean.records;
        let is_told = found.refused.is_some() || self.is_told(&found);
        let is_nobodys = match change {
            Change::Cut(bytes) => self.look_at_cut(bytes, &found),
            Change::Set(at, _) => self.look_at_byte(at, file, &found),
        };
        assert!(!is_fewer || is_told || is_nobodys, "loss is not told: {found:?}");
        Tally {
            changes: 1,
            refused: found.refused.is_some().into(),
            told: (found.refused.is_none() && is_told).into(),
            fewer: is_fewer.into(),
            nobodys: (is_fewer && !is_told).into(),
        }
    }

    /// Whether more damage is told than of the sound file.
    fn is_told(&self, found: &Outcome) -> bool {
        let clean = &self.clean.damages;
        DamageKind::ALL.iter().any(|kind| found.damages.count(*kind) > clean.count(*kind))
    }

    /// Rule 1; whether nobody could notice it.
    fn look_at_cut(&self, bytes: usize, found: &Outcome) -> bool {
        let whole = |it: &&Place| it.at + it.bytes <= bytes;
        let whole = self.layout.records.iter().filter(whole).count();
        if found.refused.is_some() {
            assert_eq!(whole, 0, "refused: {found:?}");
            return false;
        }
        if !self.is_compressed && whole > 0 {
            assert_eq!(found.records, whole, "records before the cut: {found:?}");
        }
        let is_end = self.layout.buffers.iter().any(|it| it.at + it.bytes == bytes);
        !self.counts_buffers && is_end
    }

    /// Rules 2 and 3; whether nobody could notice it.
    fn look_at_byte(&self, at: usize, file: &[u8], found: &Outcome) -> bool {
        let Some(buffer) = self.layout.buffer(at) else {
            assert_eq!(found.records, self.clean.records, "behind the last buffer");
            return true;
        };
        let within = at - buffer.at;
        if within < 72 {
            return false;
        }
        if buffer.is_compressed {
            return true;
        }
        if within >= buffer.fill {
            assert_eq!(found.records, self.clean.records, "behind the last record");
            assert_eq!(found.damages, self.clean.damages, "behind the last record");
            return true;
        }
        let Some(record) = self.layout.record(at) else { return false };
        // The session's description can say that the file cannot be read, and how.
        if record.at == 72 {
            return at < 72 + 8 && self.comes_back(file, record);
        }
        if size_at(file, record.at).is_none() {
            let before = self.clean.damages.count(DamageKind::Record);
            assert_eq!(found.damages.count(DamageKind::Record), before + 1, "a marker: {found:?}");
            return false;
        }
        if at - record.at >= 8 && !has_items(file, record) {
            assert_eq!(found.records, self.clean.records, "payload");
            assert_eq!(found.damages, self.clean.damages, "payload");
        }
        self.comes_back(file, record)
    }

    /// Whether a record that may end elsewhere now leads to where a later one ended, perhaps by way
    /// of what looks like records.
    fn comes_back(&self, file: &[u8], record: &Place) -> bool {
        let mut at = record.at;
        while let Some(size_at) = size_at(file, at) {
            let bytes = u16_at(file, at + size_at);
            if bytes < 8 || at + bytes > record.fill_end {
                return false;
            }
            at += bytes.next_multiple_of(8);
            if at >= record.fill_end || self.layout.is_boundary(at) {
                return true;
            }
        }
        false
    }
}

/// Where the size stands of the record that begins here; `None` where none does.
fn size_at(file: &[u8], at: usize) -> Option<usize> {
    match (file[at + 3], file[at + 2]) {
        (0x90, _) => Some(0),
        (0xC0.., 1..=4 | 0x10 | 0x11) => Some(4),
        (0xC0.., 0x0A..=0x0E | 0x12..=0x15) => Some(0),
        _ => None,
    }
}

/// Whether it may have extended items, which say themselves where they end.
fn has_items(file: &[u8], record: &Place) -> bool {
    matches!(file[record.at + 2], 0x12 | 0x13) && file[record.at + 4] & 1 != 0
}
