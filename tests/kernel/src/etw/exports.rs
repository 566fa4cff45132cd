//! What `Etw…` exports do: registering, traits, and the rules that a written event keeps.

use super::{Descriptor, ENABLE, EnableCallback, Provider, Written};
use crate::calls::enter_import;
use crate::kernel::{HIGH_LEVEL, Import, PASSIVE_LEVEL};
use crate::memory::{bytes_at, fetch, store};
use core::ffi::c_void;
use weir_etl::Guid;

/// Channel of self-describing events, and the types of their first two pieces.
///
/// Source: microsoft/tracelogging, TraceLoggingProvider.h (read 2026-11)
const CHANNEL_TRACELOGGING: u8 = 11;
const PIECE_PAYLOAD: u32 = 0;
const PIECE_EVENT_METADATA: u32 = 1;
const PIECE_PROVIDER_TRAITS: u32 = 2;

/// Keywords that Microsoft keeps for itself.
///
/// Source: learn.microsoft.com/windows/win32/wes/defining-keywords-used-to-classify-types-of-events
/// (read 2026-11)
const KEYWORDS_RESERVED: u64 = 0xffff << 48;

/// `EventProviderSetTraits`.
const INFORMATION_TRAITS: u32 = 2;

/// Most pieces of an event, and most bytes with its headers.
///
/// Source: learn.microsoft.com/windows/win32/api/evntprov/nf-evntprov-eventwrite (read 2026-11)
const PIECES_MAX: u32 = 128;
const EVENT_BYTES_MAX: usize = 64 << 10;
const EVENT_HEAD_BYTES: usize = 80;

// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const INVALID_HANDLE: i32 = 0xC000_0008_u32.cast_signed();
const INVALID_PARAMETER: i32 = 0xC000_000D_u32.cast_signed();
const INTEGER_OVERFLOW: i32 = 0xC000_0095_u32.cast_signed();

/// Handles are numbers far from zero, which a driver may take for "not registered".
const HANDLE_FIRST: u64 = 0xE700_0001;

/// `EVENT_DATA_DESCRIPTOR`.
///
/// Source: learn.microsoft.com/windows/win32/api/evntprov/ns-evntprov-event_data_descriptor (read
/// 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Piece {
    pointer: u64,
    bytes: u32,
    kind: u32,
}

pub(super) fn imports() -> Vec<Import> {
    let module = "ntoskrnl.exe";
    let import = |name, address| Import { module, name, address };
    vec![
        import("EtwRegister", register as *const () as usize),
        import("EtwUnregister", unregister as *const () as usize),
        import("EtwSetInformation", set_information as *const () as usize),
        import("EtwWriteTransfer", write_transfer as *const () as usize),
    ]
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-etwregister (read 2026-11)
extern "win64" fn register(
    provider: *const Guid,
    callback: Option<EnableCallback>,
    context: *mut c_void,
    handle: *mut u64,
) -> i32 {
    let kernel = enter_import("EtwRegister", PASSIVE_LEVEL);
    kernel.require_no_locks("EtwRegister");
    let etw = &kernel.etw;
    let Some(id) = fetch(provider).filter(|_| !handle.is_null()) else {
        kernel.violation("EtwRegister without a provider or a place for the handle".to_owned());
        return INVALID_PARAMETER;
    };
    if etw.providers.borrow().values().any(|known| known.id == id) {
        kernel.violation("EtwRegister of a provider that is registered already".to_owned());
    }
    if let Some(status) = kernel.faults.take("EtwRegister") {
        return status;
    }
    let number = HANDLE_FIRST + etw.registered.get();
    etw.registered.set(etw.registered.get() + 1);
    let provider = Provider { id, callback, context, has_traits: false };
    etw.providers.borrow_mut().insert(number, provider);
    store(handle, number);
    // A session that was there first is told of at once.
    if !etw.sessions.borrow().is_empty() {
        etw.tell(kernel, &provider, ENABLE);
    }
    0
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-etwunregister (read
/// 2026-11)
extern "win64" fn unregister(handle: u64) -> i32 {
    let kernel = enter_import("EtwUnregister", PASSIVE_LEVEL);
    kernel.require_no_locks("EtwUnregister");
    if kernel.etw.providers.borrow_mut().remove(&handle).is_none() {
        kernel.violation(format!("EtwUnregister of {handle:#x}, which is not registered"));
        return INVALID_HANDLE;
    }
    if kernel.threads.running().is_some() {
        // A callback that runs is waited for: the driver's code may go after this.
        kernel.wait_for("a callback of event tracing", || kernel.etw.telling.get() == 0);
    } else if kernel.etw.telling.get() > 0 {
        kernel.violation("EtwUnregister from an enable callback, for which it waits".to_owned());
    }
    // A failure on demand is words only: the registration is gone.
    kernel.faults.take("EtwUnregister").unwrap_or(0)
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-etwsetinformation (read
/// 2026-11)
extern "win64" fn set_information(
    handle: u64,
    class: u32,
    information: *const u8,
    bytes: u32,
) -> i32 {
    let kernel = enter_import("EtwSetInformation", PASSIVE_LEVEL);
    let mut providers = kernel.etw.providers.borrow_mut();
    let Some(provider) = providers.get_mut(&handle) else {
        kernel.violation(format!("EtwSetInformation of {handle:#x}, which is not registered"));
        return INVALID_HANDLE;
    };
    if let Some(status) = kernel.faults.take("EtwSetInformation") {
        return status;
    }
    let traits = bytes_at(information, wide(bytes));
    // Traits begin with their own length.
    let is_whole = traits
        .first_chunk::<2>()
        .is_some_and(|length| usize::from(u16::from_le_bytes(*length)) == traits.len());
    if class != INFORMATION_TRAITS || !is_whole {
        kernel.violation(format!("EtwSetInformation of class {class} with {bytes} bytes"));
        return INVALID_PARAMETER;
    }
    provider.has_traits = true;
    0
}

/// What an event's pieces hold, by their types.
#[derive(Default)]
struct Content {
    traits: Option<Vec<u8>>,
    metadata: Option<Vec<u8>>,
    payload: Vec<u8>,
    /// Of all that, with the event's headers.
    bytes: usize,
}

/// An event that no session wants costs a driver nothing and is a success; only one that is wanted
/// can fail on demand.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-etwwritetransfer (read
/// 2026-11)
extern "win64" fn write_transfer(
    handle: u64,
    descriptor: *const Descriptor,
    _activity: *const Guid,
    _related: *const Guid,
    count: u32,
    data: *const Piece,
) -> i32 {
    let kernel = enter_import("EtwWriteTransfer", HIGH_LEVEL);
    let etw = &kernel.etw;
    let Some(provider) = etw.providers.borrow().get(&handle).copied() else {
        kernel.violation(format!("EtwWriteTransfer to {handle:#x}, which is not registered"));
        return INVALID_HANDLE;
    };
    let Some(descriptor) = fetch(descriptor).filter(|_| count <= PIECES_MAX) else {
        kernel.violation(format!("EtwWriteTransfer of {count} pieces, or without a descriptor"));
        return INVALID_PARAMETER;
    };
    if !etw.wants(&descriptor) {
        return 0;
    }
    let keeps = !etw.discards.get();
    let content = match content(&descriptor, (data, count), keeps) {
        Ok(content) => content,
        Err(why) => {
            kernel.violation(format!("EtwWriteTransfer of event {}: {why}", descriptor.id));
            return INVALID_PARAMETER;
        }
    };
    if content.bytes > EVENT_BYTES_MAX {
        return INTEGER_OVERFLOW;
    }
    if let Some(status) = kernel.faults.take("EtwWriteTransfer") {
        etw.failed.set(etw.failed.get() + 1);
        return status;
    }
    etw.written.set(etw.written.get() + 1);
    if keeps {
        etw.events.borrow_mut().push(Written {
            provider: provider.id,
            id: descriptor.id,
            version: descriptor.version,
            level: descriptor.level,
            channel: descriptor.channel,
            keyword: descriptor.keyword,
            cpu: kernel.processors.current(),
            unix_ns: kernel.time.unix_ns(),
            payload: content.payload,
            traits: content.traits,
            metadata: content.metadata,
        });
    }
    0
}

/// Reads the pieces and checks their order: traits, then metadata, then payload, the first two
/// exactly where the channel says that the event describes itself. Unless it `keeps` them, the
/// bytes are left where they are.
fn content(
    descriptor: &Descriptor,
    (data, count): (*const Piece, u32),
    keeps: bool,
) -> Result<Content, &'static str> {
    let mut content = Content { bytes: EVENT_HEAD_BYTES, ..Content::default() };
    for index in 0..wide(count) {
        let piece = fetch(data.wrapping_add(index)).ok_or("no pieces")?;
        let at = usize::try_from(piece.pointer).unwrap_or(0);
        let kept = if keeps { wide(piece.bytes) } else { 0 };
        let bytes = bytes_at(core::ptr::with_exposed_provenance(at), kept);
        content.bytes = content.bytes.saturating_add(wide(piece.bytes));
        match (index, piece.kind) {
            (0, PIECE_PROVIDER_TRAITS) => content.traits = Some(bytes),
            (1, PIECE_EVENT_METADATA) => content.metadata = Some(bytes),
            (_, PIECE_PAYLOAD) => content.payload.extend(bytes),
            _ => return Err("a piece of a type that does not belong there"),
        }
    }
    if descriptor.keyword & KEYWORDS_RESERVED != 0 {
        return Err("a keyword that is Microsoft's");
    }
    let is_described = content.traits.is_some() && content.metadata.is_some();
    if is_described != (descriptor.channel == CHANNEL_TRACELOGGING) {
        return Err("channel 11 and metadata go together");
    }
    if is_described && descriptor.keyword == 0 {
        return Err("a self-describing event without a keyword");
    }
    let is_named = descriptor.id != 0 || is_described;
    if is_named { Ok(content) } else { Err("neither a number nor a description") }
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
