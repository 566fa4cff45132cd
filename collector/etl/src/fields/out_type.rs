//! What a value means to a reader.

/// How a value is meant. TraceLogging and manifests number these differently; each has its own
/// table, TraceLogging's is in [`crate::tracelogging`].
///
/// One that is unknown, or does not fit the value's [`InType`](super::InType), changes nothing:
/// the value is shown as its in type says.
///
/// Source: microsoft/tracelogging etw/rust/tracelogging/src/enums.rs `OutType`, which also names
/// the in types each is for (read 2026-11)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OutType {
    /// As the in type says.
    #[default]
    Default,
    /// To be hidden. It is shown all the same, as most readers do.
    NoPrint,
    /// Text; of an 8-bit or 16-bit integer, one character.
    Text,
    /// True or false.
    Boolean,
    /// Hexadecimal.
    Hex,
    /// A process.
    ProcessId,
    /// A thread.
    ThreadId,
    /// A TCP or UDP port, high byte first.
    Port,
    /// An IPv4 address in four bytes, as on the wire.
    Ipv4,
    /// An IPv6 address in sixteen bytes.
    Ipv6,
    /// A `sockaddr`.
    SocketAddress,
    /// XML; 8-bit text is UTF-8.
    Xml,
    /// JSON; 8-bit text is UTF-8.
    Json,
    /// An error of the Windows API.
    Win32Error,
    /// A status of the kernel.
    NtStatus,
    /// An error of COM.
    HResult,
    /// A date and time.
    DateTime,
    /// A number with a sign.
    Signed,
    /// A number without a sign.
    Unsigned,
    /// A date and time in the form of no country.
    DateTimeInvariant,
    /// 8-bit text that is UTF-8.
    Utf8,
    /// A PKCS #7 message and a description of what is in it.
    Pkcs7,
    /// An address of code.
    CodePointer,
    /// A date and time in UTC.
    DateTimeUtc,
    /// A number without a meaning here.
    Other(u16),
}
