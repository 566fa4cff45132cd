//! Kinds of records, told apart by their first four bytes.

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// A kind of record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name in outputs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

kinds! {
    /// The kernel's own, with thread and times, 32-bit.
    System32 = "SYSTEM32",
    /// The kernel's own, with thread and times.
    System64 = "SYSTEM64",
    /// The kernel's own, with thread, 32-bit.
    Compact32 = "COMPACT32",
    /// The kernel's own, with thread.
    Compact64 = "COMPACT64",
    /// The kernel's own, with a time stamp only, 32-bit.
    Perf32 = "PERF32",
    /// The kernel's own, with a time stamp only.
    Perf64 = "PERF64",
    /// A classic (MOF) event, 32-bit.
    Full32 = "FULL32",
    /// A classic (MOF) event.
    Full64 = "FULL64",
    /// A classic event about an instance, 32-bit.
    Instance32 = "INSTANCE32",
    /// A classic event about an instance.
    Instance64 = "INSTANCE64",
    /// An event of a manifest or TraceLogging provider, 32-bit.
    Event32 = "EVENT32",
    /// An event of a manifest or TraceLogging provider.
    Event64 = "EVENT64",
    /// A message of the software trace preprocessor (WPP).
    Message = "MESSAGE",
    /// A classic event with a time stamp only.
    Timed = "TIMED",
    /// An error that the logger noted.
    Error = "ERROR",
    /// An event in the form of WMI's notifications.
    Wnode = "WNODE",
}

/// Bits that mark every record but messages.
pub(crate) const MARKER: u8 = 0xc0;

/// The whole first byte of a message.
pub(crate) const MESSAGE: u8 = 0x90;

/// A kind with what is fixed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    /// Bytes before the payload at least.
    pub(super) header_bytes: usize,
    /// Where the size stands.
    pub(super) size_at: usize,
    /// Where the time stamp stands.
    pub(super) stamp_at: Option<usize>,
}

impl Shape {
    /// The shape of the record that begins with these four bytes; `None` where none does.
    ///
    /// Source: geoffchappell.com/studies/windows/km/ntoskrnl/inc/api/ntwmi, `TRACE_HEADER_TYPE_*`
    /// (read 2026-11).
    pub(super) fn of(marker: u32) -> Option<Self> {
        let [_, _, kind, top] = marker.to_le_bytes();
        if top == MESSAGE {
            return Some(Self::new(Kind::Message, 8, 0, None));
        }
        if top & MARKER != MARKER {
            return None;
        }
        Some(match kind {
            0x01 => Self::new(Kind::System32, 0x20, 4, Some(0x10)),
            0x02 => Self::new(Kind::System64, 0x20, 4, Some(0x10)),
            0x03 => Self::new(Kind::Compact32, 0x18, 4, Some(0x10)),
            0x04 => Self::new(Kind::Compact64, 0x18, 4, Some(0x10)),
            0x10 => Self::new(Kind::Perf32, 0x10, 4, Some(8)),
            0x11 => Self::new(Kind::Perf64, 0x10, 4, Some(8)),
            0x0a => Self::new(Kind::Full32, 0x30, 0, Some(0x10)),
            0x14 => Self::new(Kind::Full64, 0x30, 0, Some(0x10)),
            0x0b => Self::new(Kind::Instance32, 0x48, 0, Some(0x10)),
            0x15 => Self::new(Kind::Instance64, 0x48, 0, Some(0x10)),
            0x12 => Self::new(Kind::Event32, 0x50, 0, Some(0x10)),
            0x13 => Self::new(Kind::Event64, 0x50, 0, Some(0x10)),
            0x0c => Self::new(Kind::Timed, 8, 0, None),
            0x0d => Self::new(Kind::Error, 8, 0, None),
            0x0e => Self::new(Kind::Wnode, 8, 0, None),
            _ => return None,
        })
    }

    const fn new(kind: Kind, header_bytes: usize, size_at: usize, stamp_at: Option<usize>) -> Self {
        Self { kind, header_bytes, size_at, stamp_at }
    }
}
