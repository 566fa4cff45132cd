//! What of a file could not be read: nothing is left out without being counted.

macro_rules! damage_kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// A kind of damage.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum DamageKind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl DamageKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// A name for JSON and labels.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// What it means, in words.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+),)+ }
            }
        }
    };
}

damage_kinds! {
    /// The file ends within a buffer; the records before the end were read.
    CutOff = "cut_off",
    /// A buffer's size cannot be; the size of the file's other buffers was taken.
    BufferSize = "buffer_size",
    /// Bytes are no buffer, and what follows them was found again.
    NoBuffer = "no_buffer",
    /// Bytes to the end of the file are no buffers.
    Trailing = "trailing",
    /// Another session begins here; its buffers were not read.
    Session = "session",
    /// The session was closed in order and wrote more buffers than the file has.
    Missing = "missing",
    /// Zeros at the end of the file: it was written in advance and never filled.
    Unused = "unused",
    /// A buffer does not say how far it is filled, or says two things; the most was read.
    Fill = "fill",
    /// A record is none; the rest of its buffer was skipped.
    Record = "record",
    /// An event's extended items do not end within it; its payload was skipped.
    ExtendedItems = "extended_items",
    /// Compressed bytes do not decompress; the rest of their buffer was skipped.
    Compression = "compression",
    /// A buffer is compressed in a format that is not supported; it was skipped.
    CompressionFormat = "compression_format",
    /// Decompressed buffers would take more memory than a file of this size may; it was skipped.
    Memory = "memory",
    /// The file decompresses to far more than files of its size do; a buffer was skipped.
    Expansion = "expansion",
}

/// One place that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What is wrong there.
    pub kind: DamageKind,
    /// Where its buffer begins in the file.
    pub buffer_at: u64,
    /// Where in the buffer it begins; counted after decompression in a compressed one.
    pub within: u32,
    /// Bytes skipped; 0 where something else was taken instead.
    pub skipped_bytes: u64,
}

/// Places of damage kept one by one; 64 are more than anybody reads, the rest is only counted.
pub const DAMAGES_KEPT: usize = 64;

/// Everything that could not be read so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damages {
    counts: [u64; DamageKind::ALL.len()],
    skipped_bytes: [u64; DamageKind::ALL.len()],
    missing: Option<MissingBuffers>,
    first: Vec<Damage>,
}

/// How many buffers a session wrote, and how many of them the file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingBuffers {
    /// Buffers in the file.
    pub found: u64,
    /// Buffers that the session wrote.
    pub written: u64,
}

impl Damages {
    pub(crate) fn add(&mut self, damage: Damage) {
        self.count_one(damage.kind);
        if let Some(skipped) = self.skipped_bytes.get_mut(damage.kind as usize) {
            *skipped = skipped.saturating_add(damage.skipped_bytes);
        }
        if self.first.len() < DAMAGES_KEPT {
            self.first.push(damage);
        }
    }

    /// Counts [`DamageKind::Missing`], which has no place in the file.
    pub(crate) fn add_missing(&mut self, missing: MissingBuffers) {
        self.count_one(DamageKind::Missing);
        self.missing = Some(missing);
    }

    fn count_one(&mut self, kind: DamageKind) {
        if let Some(count) = self.counts.get_mut(kind as usize) {
            *count += 1;
        }
    }

    /// Whether everything was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| *count == 0)
    }

    /// How often each kind was met, kinds that were not left out.
    pub fn counts(&self) -> impl Iterator<Item = (DamageKind, u64)> {
        let counts = DamageKind::ALL.iter().copied().zip(self.counts);
        counts.filter(|(_, count)| *count > 0)
    }

    /// How often this kind was met.
    #[must_use]
    pub fn count(&self, kind: DamageKind) -> u64 {
        self.counts.get(kind as usize).copied().unwrap_or(0)
    }

    /// Bytes skipped.
    #[must_use]
    pub fn skipped_bytes(&self) -> u64 {
        self.skipped_bytes.iter().fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }

    /// Bytes skipped because of damage of this kind.
    #[must_use]
    pub fn skipped_bytes_of(&self, kind: DamageKind) -> u64 {
        self.skipped_bytes.get(kind as usize).copied().unwrap_or(0)
    }

    /// The numbers behind [`DamageKind::Missing`]; `None` where no buffer is known to be missing.
    #[must_use]
    pub const fn missing_buffers(&self) -> Option<MissingBuffers> {
        self.missing
    }

    /// The first [`DAMAGES_KEPT`] places; [`DamageKind::Missing`] has none.
    #[must_use]
    pub fn first(&self) -> &[Damage] {
        &self.first
    }
}
