//! An event's head and payload, from the record that Windows hands to the callback.
//!
//! ferrisetw keeps the record private and offers the payload through a schema that it looks up by
//! provider and id only, which mixes up self-describing events; our events are decoded by offset.

use crate::filetime::unix_ns;
use ferrisetw::EventRecord;
use weir_abi::EventHead;
use windows::Win32::System::Diagnostics::Etw::EVENT_RECORD;

// What the cast below rests on: `EventRecord` is `repr(transparent)` over the record of the
// `windows` crate of the same version.
//
// Source: github.com/n4r1b/ferrisetw, `src/native/etw_types/event_record.rs` (1.2.0, read 2026-11);
// learn.microsoft.com/windows/win32/api/evntcons/ns-evntcons-event_record (read 2026-11)
const _: () = assert!(size_of::<EventRecord>() == size_of::<EVENT_RECORD>());
const _: () = assert!(align_of::<EventRecord>() == align_of::<EVENT_RECORD>());
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<EVENT_RECORD>() == 112);

/// The raw record.
const fn raw(record: &EventRecord) -> &EVENT_RECORD {
    let record = core::ptr::from_ref(record).cast::<EVENT_RECORD>();
    // SAFETY: `EventRecord` is transparent over EVENT_RECORD (above); the borrow lives as long.
    unsafe { &*record }
}

/// What the contract knows of an event beside its payload.
pub(super) const fn head(record: &EventRecord) -> EventHead {
    let header = &raw(record).EventHeader;
    let event = &header.EventDescriptor;
    EventHead {
        id: event.Id,
        version: event.Version,
        level: event.Level,
        keyword: event.Keyword,
        // A file time: the session is not opened with PROCESS_TRACE_MODE_RAW_TIMESTAMP.
        time_ns: unix_ns(header.TimeStamp),
    }
}

/// The payload; empty where Windows says so in one of two ways.
pub(super) const fn payload(record: &EventRecord) -> &[u8] {
    let record = raw(record);
    let bytes = record.UserData.cast_const().cast::<u8>();
    if record.UserDataLength == 0 || bytes.is_null() {
        return &[];
    }
    // SAFETY: ETW keeps UserDataLength bytes at UserData until the callback returns, which is longer
    // than the borrow of the record.
    unsafe { core::slice::from_raw_parts(bytes, record.UserDataLength as usize) }
}
