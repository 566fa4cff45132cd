//! Packed little-endian fields: the types that event payloads are made of.
//!
//! Every field knows its size and its TraceLogging types, so the self-describing metadata, the
//! docs and the codec come from one place.
//! Source of the type numbers: microsoft/tracelogging, TraceLoggingProvider.h (`TlgIn_t`,
//! `TlgOut_t`).

/// How a field looks on the wire and to a TraceLogging reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldType {
    /// Bytes in the payload.
    pub bytes: u16,
    /// TraceLogging in type.
    pub in_type: u8,
    /// TraceLogging out type, 0 for the default.
    pub out_type: u8,
}

impl FieldType {
    /// A type of `bytes` bytes with these TraceLogging types.
    #[must_use]
    pub const fn of(bytes: u16, in_type: u8, out_type: u8) -> Self {
        Self { bytes, in_type, out_type }
    }
}

/// A name and its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldInfo {
    /// Name in TraceLogging metadata and docs.
    pub name: &'static str,
    /// Type.
    pub kind: FieldType,
    /// What it holds.
    pub doc: &'static str,
}

/// A value of fixed size in a payload.
pub trait Field: Sized {
    /// Its size and types.
    const TYPE: FieldType;
    /// Appends it.
    fn put(&self, out: &mut Writer<'_>);
    /// Reads it; `None` where the payload ends early or the bytes are no such value.
    fn take(from: &mut Reader<'_>) -> Option<Self>;
}

/// Appends to a buffer; remembers that something did not fit instead of failing half way.
#[derive(Debug)]
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    at: usize,
    is_full: bool,
}

impl<'a> Writer<'a> {
    /// A writer that starts at the beginning of `buffer`.
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, at: 0, is_full: false }
    }

    /// Appends bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        match self.buffer.get_mut(self.at..).and_then(|rest| rest.get_mut(..bytes.len())) {
            Some(slot) => {
                slot.copy_from_slice(bytes);
                self.at = self.at.saturating_add(bytes.len());
            }
            None => self.is_full = true,
        }
    }

    /// Bytes written, or `None` if something did not fit.
    #[must_use]
    pub const fn finish(&self) -> Option<usize> {
        if self.is_full { None } else { Some(self.at) }
    }
}

/// Reads fields one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of all of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    /// The next `count` bytes.
    pub fn slice(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(head)
    }

    /// What has not been read.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

macro_rules! integer_field {
    ($($integer:ty, $bytes:literal, $in_type:literal;)+) => {$(
        impl Field for $integer {
            const TYPE: FieldType = FieldType::of($bytes, $in_type, 0);
            fn put(&self, out: &mut Writer<'_>) {
                out.bytes(&self.to_le_bytes());
            }
            fn take(from: &mut Reader<'_>) -> Option<Self> {
                from.array().map(Self::from_le_bytes)
            }
        }
    )+};
}

integer_field! {
    u8, 1, 4;
    u16, 2, 6;
    u32, 4, 8;
    u64, 8, 10;
}

impl Field for bool {
    const TYPE: FieldType = FieldType::of(1, 4, 3);
    fn put(&self, out: &mut Writer<'_>) {
        out.bytes(&[u8::from(*self)]);
    }
    fn take(from: &mut Reader<'_>) -> Option<Self> {
        let [raw] = from.array::<1>()?;
        Some(raw != 0)
    }
}

/// A TCP port; in network byte order on the wire, as TraceLogging's port type wants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(pub u16);

impl Field for Port {
    const TYPE: FieldType = FieldType::of(2, 6, 7);
    fn put(&self, out: &mut Writer<'_>) {
        out.bytes(&self.0.to_be_bytes());
    }
    fn take(from: &mut Reader<'_>) -> Option<Self> {
        from.array().map(u16::from_be_bytes).map(Self)
    }
}

/// An address as IPv6; IPv4 is mapped (`::ffff:a.b.c.d`), so every event has one layout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 16]);

impl Address {
    /// The mapped form of an IPv4 address.
    #[must_use]
    pub const fn v4(octets: [u8; 4]) -> Self {
        let [a, b, c, d] = octets;
        Self([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d])
    }

    /// The standard library's form; mapped addresses come back as IPv4.
    #[must_use]
    pub const fn to_ip(self) -> core::net::IpAddr {
        core::net::Ipv6Addr::from_octets(self.0).to_canonical()
    }
}

impl From<core::net::IpAddr> for Address {
    fn from(ip: core::net::IpAddr) -> Self {
        match ip {
            core::net::IpAddr::V4(v4) => Self::v4(v4.octets()),
            core::net::IpAddr::V6(v6) => Self(v6.octets()),
        }
    }
}

impl Field for Address {
    // Binary with a length of 16 before it, shown as an IPv6 address.
    const TYPE: FieldType = FieldType::of(18, 14, 9);
    fn put(&self, out: &mut Writer<'_>) {
        out.bytes(&16_u16.to_le_bytes());
        out.bytes(&self.0);
    }
    fn take(from: &mut Reader<'_>) -> Option<Self> {
        let bytes = u16::take(from)?;
        if bytes == 16 { from.array().map(Self) } else { None }
    }
}

/// A duration in multiples of 2^-32 s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticks(pub u64);

impl Ticks {
    /// Ticks in a second.
    pub const PER_SECOND: u64 = 1 << 32;

    /// The ticks of so many nanoseconds, rounded down.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        let ticks = ((nanos as u128) << 32).checked_div(1_000_000_000);
        match ticks {
            Some(ticks) if ticks <= u64::MAX as u128 => {
                #[expect(clippy::cast_possible_truncation, reason = "compared just before")]
                let ticks = ticks as u64;
                Self(ticks)
            }
            _ => Self(u64::MAX),
        }
    }
}

impl Field for Ticks {
    const TYPE: FieldType = FieldType::of(8, 10, 0);
    fn put(&self, out: &mut Writer<'_>) {
        self.0.put(out);
    }
    fn take(from: &mut Reader<'_>) -> Option<Self> {
        u64::take(from).map(Self)
    }
}

/// A time as Windows tells it: units of 100 ns since 1601 UTC; 0 where it is not known.
///
/// Source: learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-filetime (read 2026-11)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileTime(pub u64);

impl FileTime {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(116_444_736_000_000_000);

    /// The time so many nanoseconds after 1970, rounded down.
    #[must_use]
    pub const fn from_unix_nanos(nanos: u64) -> Self {
        // 2^64 ns are 584 years: the sum has room.
        Self(Self::UNIX_EPOCH.0.saturating_add(nanos / 100))
    }

    /// Nanoseconds since 1970; `None` for times before and beyond what 64 bits tell.
    #[must_use]
    pub const fn unix_nanos(self) -> Option<u64> {
        match self.0.checked_sub(Self::UNIX_EPOCH.0) {
            Some(since) => since.checked_mul(100),
            None => None,
        }
    }
}

impl Field for FileTime {
    // `TlgInFILETIME` (TraceLoggingProvider.h).
    const TYPE: FieldType = FieldType::of(8, 17, 0);
    fn put(&self, out: &mut Writer<'_>) {
        self.0.put(out);
    }
    fn take(from: &mut Reader<'_>) -> Option<Self> {
        u64::take(from).map(Self)
    }
}

/// Longest text of the contract: a label of an attachment.
pub const TEXT_BYTES_MAX: usize = 63;

/// A short text held in place; UTF-8 by construction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text {
    bytes: [u8; TEXT_BYTES_MAX],
    length: u8,
}

impl Text {
    /// No text.
    pub const EMPTY: Self = Self { bytes: [0; TEXT_BYTES_MAX], length: 0 };

    /// The text if it fits.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let mut out = Self::EMPTY;
        out.bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        out.length = u8::try_from(text.len()).ok()?;
        Some(out)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length)).unwrap_or(&[]);
        core::str::from_utf8(bytes).unwrap_or("")
    }

    /// Appends it with its length before it.
    pub(crate) fn put(&self, out: &mut Writer<'_>) {
        u16::from(self.length).put(out);
        out.bytes(self.as_str().as_bytes());
    }

    /// Reads it; `None` where it is too long, cut short or not UTF-8.
    pub(crate) fn take(from: &mut Reader<'_>) -> Option<Self> {
        let length = u16::take(from)?;
        let bytes = from.slice(usize::from(length))?;
        Self::new(core::str::from_utf8(bytes).ok()?)
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl core::fmt::Debug for Text {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(self.as_str(), f)
    }
}

/// TraceLogging types of a counted UTF-8 string.
pub const TEXT_TYPE: FieldType = FieldType::of(0, 23, 35);
