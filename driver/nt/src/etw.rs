//! An event provider, and who listens to it.
//!
//! Events carry their own description (TraceLogging): the provider's traits and the event's
//! metadata go before the payload, as two pieces of their own types. Invocation, which comes in
//! floods, goes without, unless a session asks for it.
//! Source: microsoft/tracelogging, TraceLoggingProvider.h

use crate::NtStatus;
use crate::entry::Driver;
use crate::ffi::etw::{
    CONTROL_CODE_CAPTURE_STATE, CONTROL_CODE_DISABLE, CONTROL_CODE_ENABLE, DATA_EVENT_METADATA,
    DATA_PAYLOAD, DATA_PROVIDER_METADATA, EtwRegister, EtwSetInformation, EtwUnregister,
    EtwWriteTransfer, EventDataDescriptor, EventDescriptor, EventFilterDescriptor,
    INFORMATION_TRAITS,
};
use crate::registration::Registration;
use core::ffi::c_void;
use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use weir_abi::identifiers::Guid;
use weir_abi::metadata;

/// An event provider. It can be written to at any time; nothing happens while it is not registered
/// or nobody listens.
#[derive(Debug)]
pub struct Provider {
    /// What `EtwRegister` gave; 0 while not registered.
    handle: AtomicU64,
    /// Keywords that sessions want; 0 while nobody listens.
    keywords: AtomicU64,
    /// Highest level that a session wants.
    level: AtomicU8,
    traits: &'static [u8],
}

/// What stands before the payload of an event.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Id.
    pub id: u16,
    /// Version.
    pub version: u8,
    /// Level.
    pub level: u8,
    /// Keyword.
    pub keyword: u64,
    /// Self-describing metadata; `None` writes a plain event.
    pub metadata: Option<&'static [u8]>,
}

impl Provider {
    /// A provider that is not registered yet.
    #[must_use]
    pub const fn new(traits: &'static [u8]) -> Self {
        let (handle, keywords) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { handle, keywords, level: AtomicU8::new(0), traits }
    }

    /// Registers it, until the returned value is dropped; `D` is told of capture states.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// What `EtwRegister` says; the usual reason is memory.
    pub fn register<D: Driver>(&'static self, id: &Guid) -> Result<Registered, NtStatus> {
        let mut handle = 0;
        let context = (&raw const *self).cast_mut().cast();
        // SAFETY: `id` is 16 bytes in the order of a GUID, the callback has the type that is called
        // and its context lives for ever, and `handle` has room for a handle.
        let status = unsafe { EtwRegister(id, Some(enabled::<D>), context, &raw mut handle) };
        status.ok()?;
        self.handle.store(handle, Ordering::Release);
        // SAFETY: the handle is registered, and the traits are read during the call as far as the
        // length given.
        let _not_told = unsafe {
            EtwSetInformation(
                handle,
                INFORMATION_TRAITS,
                self.traits.as_ptr().cast(),
                length(self.traits),
            )
        };
        // Every event carries the traits as well; a kernel that refuses them here loses nothing
        // that a reader needs.
        Ok(Registered { provider: self, _live: Registration::begin() })
    }

    /// Whether somebody wants events of this keyword and level: one load where nobody does.
    ///
    /// IRQL: any.
    #[must_use]
    pub fn wants(&self, keyword: u64, level: u8) -> bool {
        let keywords = self.keywords.load(Ordering::Relaxed);
        keywords & keyword != 0 && level <= self.level.load(Ordering::Relaxed)
    }

    /// Writes an event whose payload was encoded before.
    ///
    /// IRQL: any; above `APC_LEVEL` the payload is resident.
    ///
    /// # Errors
    /// What `EtwWriteTransfer` says: a session's buffers are full, or the event is too large.
    pub fn write(&self, head: &Head, payload: &[u8]) -> Result<(), NtStatus> {
        let descriptor = EventDescriptor {
            id: head.id,
            version: head.version,
            channel: if head.metadata.is_some() { metadata::CHANNEL } else { 0 },
            level: head.level,
            opcode: 0,
            task: 0,
            keyword: head.keyword,
        };
        let pieces = [
            piece(self.traits, DATA_PROVIDER_METADATA),
            piece(head.metadata.unwrap_or(&[]), DATA_EVENT_METADATA),
            piece(payload, DATA_PAYLOAD),
        ];
        let [_, _, plain @ ..] = &pieces;
        let (data, count) =
            if head.metadata.is_some() { (pieces.as_ptr(), 3) } else { (plain.as_ptr(), 1) };
        let none = core::ptr::null();
        let handle = self.handle.load(Ordering::Acquire);
        // SAFETY: the handle is registered, or 0, which is refused; descriptor, pieces and what
        // they point to live until the call returns; both activities may be null.
        let status =
            unsafe { EtwWriteTransfer(handle, &raw const descriptor, none, none, count, data) };
        status.ok()
    }
}

/// ETW's callback: sessions come and go, or want to know the state of everything.
///
/// ETW hands over the union of what all sessions want.
///
/// IRQL: `PASSIVE_LEVEL`.
unsafe extern "system" fn enabled<D: Driver>(
    _source: *const Guid,
    code: u32,
    level: u8,
    any: u64,
    _all: u64,
    _filter: *const EventFilterDescriptor,
    context: *mut c_void,
) {
    // SAFETY: the context is the provider that was registered, which lives for ever.
    let Some(provider) = (unsafe { context.cast::<Provider>().as_ref() }) else { return };
    match code {
        CONTROL_CODE_ENABLE => {
            // No keyword and no level mean all of them.
            let any = if any == 0 { u64::MAX } else { any };
            let level = if level == 0 { u8::MAX } else { level };
            provider.level.store(level, Ordering::Relaxed);
            provider.keywords.store(any, Ordering::Relaxed);
        }
        CONTROL_CODE_DISABLE => provider.keywords.store(0, Ordering::Relaxed),
        CONTROL_CODE_CAPTURE_STATE => {
            if let Some(driver) = D::running().driver() {
                driver.capture_state();
            }
        }
        _ => {}
    }
}

/// A provider that is registered; unregistered when it is dropped.
///
/// IRQL of the drop: `PASSIVE_LEVEL`.
#[derive(Debug)]
#[must_use = "registered as long as this lives"]
pub struct Registered {
    provider: &'static Provider,
    _live: Registration,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.provider.keywords.store(0, Ordering::Relaxed);
        let handle = self.provider.handle.swap(0, Ordering::AcqRel);
        // SAFETY: the handle is registered and is not used after this.
        let _always_succeeds_for_a_valid_handle = unsafe { EtwUnregister(handle) };
    }
}

fn piece(bytes: &[u8], kind: u32) -> EventDataDescriptor {
    // An address is at most 64 bits wide wherever this runs.
    let pointer = u64::try_from(bytes.as_ptr().expose_provenance()).unwrap_or(0);
    EventDataDescriptor { pointer, bytes: length(bytes), kind }
}

/// A length; nothing here is near 4 GB, and a wrong one is only ever shorter.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(0)
}
