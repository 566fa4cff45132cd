//! The numbers of manifests' and classic events' own types.

use crate::fields::{InType, OutType};

/// The in type of a property, and the out type where the in type implies one.
///
/// Source: tdh.h of the Windows SDK, `_TDH_IN_TYPE`, 300 and above for classic events;
/// learn.microsoft.com/windows/win32/api/tdh/ne-tdh-_tdh_in_type (read 2026-11)
pub(super) fn in_type(number: u16) -> (InType, Option<OutType>) {
    match number {
        300 => (InType::CountedUtf16, None),
        301 => (InType::CountedAnsi, None),
        306 => (InType::U16, Some(OutType::Text)),
        307 => (InType::U8, Some(OutType::Text)),
        308 => (InType::Pointer, None),
        // Of TraceLogging alone; manifests have a flag for structures.
        24 => (InType::Other(number), None),
        _ => (InType::from_number(number), None),
    }
}

/// The out type of a property.
///
/// Source: `_TDH_OUT_TYPE` in tdh.h of the Windows SDK;
/// learn.microsoft.com/windows/win32/api/tdh/ne-tdh-_tdh_out_type (read 2026-11)
pub(super) fn out_type(number: u16) -> OutType {
    match number {
        1 => OutType::Text,
        2 => OutType::DateTime,
        3 | 5 | 7 | 9 => OutType::Signed,
        4 | 6 | 8 | 10 => OutType::Unsigned,
        13 => OutType::Boolean,
        // An error code of no known kind is shown as one of Windows, in hexadecimal.
        16..=19 | 29 => OutType::Hex,
        20 => OutType::ProcessId,
        21 => OutType::ThreadId,
        22 => OutType::Port,
        23 => OutType::Ipv4,
        24 => OutType::Ipv6,
        25 => OutType::SocketAddress,
        28 => OutType::Xml,
        30 => OutType::Win32Error,
        31 => OutType::NtStatus,
        32 => OutType::HResult,
        33 => OutType::DateTimeInvariant,
        34 => OutType::Json,
        35 => OutType::Utf8,
        36 => OutType::Pkcs7,
        37 => OutType::CodePointer,
        38 => OutType::DateTimeUtc,
        301 => OutType::NoPrint,
        // Floats, GUIDs, bytes and times of other kinds: as the in type says.
        0 | 11 | 12 | 14 | 15 | 26 | 27 | 300 => OutType::Default,
        other => OutType::Other(other),
    }
}
