//! Ways to damage a file.

use super::layout::Layout;

/// One damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Only so many bytes are left.
    Cut(usize),
    /// One byte is another.
    Set(usize, u8),
}

impl Change {
    /// Looks at the file with the change, which is then taken back.
    pub(crate) fn with<T>(self, file: &mut [u8], look: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Self::Cut(bytes) => look(&file[..bytes]),
            Self::Set(at, byte) => {
                let before = core::mem::replace(&mut file[at], byte);
                let found = look(file);
                file[at] = before;
                found
            }
        }
    }
}

/// Numbers that look random and are the same in every run: splitmix64.
#[derive(Clone, Debug)]
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Less than `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn bit(&mut self) -> u8 {
        1 << self.below(8)
    }
}

/// Every truncation; of every byte the values 0 and 255 and one with one bit turned.
pub(crate) fn every(file: &[u8], seed: &mut Seed) -> Vec<Change> {
    let mut changes: Vec<_> = (0..file.len()).map(Change::Cut).collect();
    for (at, byte) in file.iter().copied().enumerate() {
        let values = [0, 0xFF, byte ^ seed.bit()];
        let values = values.into_iter().filter(|value| *value != byte);
        changes.extend(values.map(|value| Change::Set(at, value)));
    }
    changes
}

/// Some: a quarter truncations, a quarter changes of buffers' headers, a quarter of records'
/// first 16 bytes, a quarter anywhere.
pub(crate) fn some(file: &[u8], layout: &Layout, count: usize, seed: &mut Seed) -> Vec<Change> {
    let changes = (0..count).map(|place| {
        let at = match place % 4 {
            0 => return Change::Cut(seed.below(file.len())),
            1 => layout.buffers[seed.below(layout.buffers.len())].at + seed.below(72),
            2 => layout.records[seed.below(layout.records.len())].at + seed.below(16),
            _ => seed.below(file.len()),
        };
        let at = at.min(file.len() - 1);
        let byte = match seed.below(4) {
            0 => 0,
            1 => 0xFF,
            2 => file[at] ^ seed.bit(),
            _ => u8::try_from(seed.below(256)).unwrap(),
        };
        Change::Set(at, if byte == file[at] { !byte } else { byte })
    });
    changes.collect()
}
