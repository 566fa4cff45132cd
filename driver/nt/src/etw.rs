//! An event provider that is registered as long as it lives.
//!
//! Events carry their own description (TraceLogging): the provider's traits and the event's
//! metadata go before the payload, as two pieces of their own types.
//! Source: microsoft/tracelogging, TraceLoggingProvider.h

use crate::NtStatus;
use crate::ffi::etw::{
    DATA_EVENT_METADATA, DATA_PAYLOAD, DATA_PROVIDER_METADATA, EtwRegister, EtwSetInformation,
    EtwUnregister, EtwWriteTransfer, EventDataDescriptor, EventDescriptor, INFORMATION_TRAITS,
    RegistrationHandle,
};
use core::ptr::null_mut;
use weir_abi::Event;
use weir_abi::identifiers::Guid;

/// The channel that self-describing events are written to.
///
/// Source: microsoft/tracelogging, TraceLoggingProvider.h, `WINEVENT_CHANNEL_TRACELOGGING`
const CHANNEL: u8 = 11;

/// A registered provider; unregistered when it is dropped.
#[derive(Debug)]
pub struct Provider {
    /// What `EtwRegister` gave; valid until `EtwUnregister`, which only `drop` calls.
    handle: RegistrationHandle,
    traits: &'static [u8],
}

impl Provider {
    /// Registers a provider with its traits.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// What `EtwRegister` says; the usual reason is memory.
    pub fn register(id: &Guid, traits: &'static [u8]) -> Result<Self, NtStatus> {
        let mut handle = 0;
        // SAFETY: `id` is 16 bytes in the order of a GUID, the callback may be null, and `handle`
        // has room for a handle.
        let status = unsafe { EtwRegister(id, null_mut(), null_mut(), &raw mut handle) };
        status.ok()?;
        let provider = Self { handle, traits };
        // SAFETY: the handle is registered, and the traits are read during the call as far as the
        // length given.
        let _not_told = unsafe {
            EtwSetInformation(
                handle,
                INFORMATION_TRAITS,
                provider.traits.as_ptr().cast(),
                length(provider.traits),
            )
        };
        // Every event carries the traits as well; a kernel that refuses them here loses nothing
        // that a reader needs.
        Ok(provider)
    }

    /// Writes an event whose payload was encoded before.
    ///
    /// IRQL: any; above `APC_LEVEL` the payload is resident.
    ///
    /// # Errors
    /// What `EtwWriteTransfer` says: a session's buffers are full, or the event is too large.
    pub fn write<E: Event>(&self, payload: &[u8]) -> Result<(), NtStatus> {
        let descriptor = EventDescriptor {
            id: E::ID,
            version: E::VERSION,
            channel: CHANNEL,
            level: E::LEVEL,
            opcode: 0,
            task: 0,
            keyword: E::KEYWORD,
        };
        let pieces = [
            piece(self.traits, DATA_PROVIDER_METADATA),
            piece(E::METADATA, DATA_EVENT_METADATA),
            piece(payload, DATA_PAYLOAD),
        ];
        let (none, count) = (core::ptr::null(), 3);
        // SAFETY: the handle is registered as long as `self` lives; descriptor, pieces and what
        // they point to live until the call returns; both activities may be null.
        let status = unsafe {
            EtwWriteTransfer(self.handle, &raw const descriptor, none, none, count, pieces.as_ptr())
        };
        status.ok()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // SAFETY: the handle is registered and is not used after this.
        let _always_succeeds_for_a_valid_handle = unsafe { EtwUnregister(self.handle) };
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
