//! How much of a stranger's bundle is read.
//!
//! What passes a limit of one file is left out, and said; what passes one of the whole bundle is an
//! error, because the rest cannot be trusted to be any better.

/// Folders above a file; ours have one, a zip of the Explorer's one more.
pub(super) const DEPTH_MAX: usize = 8;

/// Bytes of a path.
pub(super) const PATH_BYTES_MAX: usize = 512;

/// Bytes of a manifest: 4,096 files of 1 KiB.
pub(super) const MANIFEST_BYTES_MAX: u64 = 4 << 20;

/// Bytes of a file that are kept in memory; more goes to a temporary file.
pub(super) const MEMORY_BYTES_MAX: usize = 1 << 20;

/// What tests make smaller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Files in a bundle. A full one has about 40, one with every map dumped about 1,000.
    pub(super) entries: usize,
    /// Bytes of one file. The guide's longest trace is 1 GiB, and circular ones are smaller.
    pub(super) file_bytes: u64,
    /// Bytes of all files of a zip together.
    pub(super) total_bytes: u64,
    /// Bytes that a zip may become whatever its own size is: a trace that was written in advance
    /// and never filled is zeros, and shrinks by a thousand.
    pub(super) free_bytes: u64,
    /// How many times its own size a zip may become beyond that. Text of tools and `wfpstate.xml`
    /// shrink by 10 to 60.
    pub(super) ratio: u64,
}

impl Limits {
    /// For whatever anybody sends.
    pub(super) const USUAL: Self = Self {
        entries: 4_096,
        file_bytes: 4 << 30,
        total_bytes: 16 << 30,
        free_bytes: 1 << 30,
        ratio: 200,
    };

    /// Bytes that a zip of this size may become.
    pub(super) fn of_zip(&self, bytes: u64) -> u64 {
        bytes.saturating_mul(self.ratio).max(self.free_bytes).min(self.total_bytes)
    }
}
