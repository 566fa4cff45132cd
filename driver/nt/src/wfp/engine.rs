//! The filtering engine: a session, and the driver's objects in it.
//!
//! The session is dynamic: its objects go with it, so a driver that is gone leaves nothing behind.

use crate::NtStatus;
use crate::ffi::fwpm::{
    FWPM_CONDITION_IP_PROTOCOL, FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED,
    FWPM_LAYER_ALE_FLOW_ESTABLISHED_V4, FWPM_LAYER_ALE_FLOW_ESTABLISHED_V6, FWPM_LAYER_STREAM_V4,
    FWPM_LAYER_STREAM_V6, FWPM_SESSION_FLAG_DYNAMIC, FwpByteBlob, FwpValue0, FwpmAction0,
    FwpmCallout0, FwpmCalloutAdd0, FwpmDisplayData0, FwpmEngineClose0, FwpmEngineOpen0,
    FwpmFilter0, FwpmFilterAdd0, FwpmFilterCondition0, FwpmFilterDeleteById0, FwpmProvider0,
    FwpmProviderAdd0, FwpmSession0, FwpmSubLayerAdd0, FwpmSublayer0, FwpmTransactionAbort0,
    FwpmTransactionBegin0, FwpmTransactionCommit0, RPC_C_AUTHN_WINNT,
};
use crate::ffi::fwps::{
    FWP_ACTION_CALLOUT_TERMINATING, FWP_ACTION_CALLOUT_UNKNOWN, FWP_EMPTY, FWP_MATCH_EQUAL,
    FWP_UINT8,
};
use core::ffi::c_void;
use core::ptr::{null, null_mut};
use weir_abi::context::IPPROTO_TCP;
use weir_abi::identifiers::{CALLOUTS, FILTERS, Guid, SUBLAYER, WFP_PROVIDER};

/// Weight of the sublayer: before those that decide about payload, after the inbox ones that decide
/// whether there may be a connection at all. Ours is the highest but one, like other inspectors'.
const SUBLAYER_WEIGHT: u16 = 0xfffe;

/// Times that a filter's deletion is tried: it can fail in passing.
///
/// Source: microsoft/ebpf-for-windows issue 4192 and commit 55e4ffa83 (read 2026-11)
const DELETIONS_MAX: u32 = 3;

/// UTF-16 of ASCII, with its terminating zero; `N` is one more than the text's length.
const fn utf16<const N: usize>(text: &str) -> [u16; N] {
    let mut units = [0; N];
    let (mut to, mut from): (&mut [u16], &[u8]) = (&mut units, text.as_bytes());
    while let ([unit, units @ ..], [byte, bytes @ ..]) = (to, from) {
        *unit = *byte as u16;
        (to, from) = (units, bytes);
    }
    units
}

/// What administrators read: the name of every object.
static NAME: [u16; 5] = utf16("Weir");
static DESCRIPTION: [u16; 43] = utf16("Flow classification by eBPF programs (Weir)");

const fn display() -> FwpmDisplayData0 {
    FwpmDisplayData0 { name: (&raw const NAME).cast(), description: (&raw const NAME).cast() }
}

const NO_DATA: FwpByteBlob = FwpByteBlob { size: 0, data: null_mut() };
const NO_VALUE: FwpValue0 = FwpValue0 { kind: FWP_EMPTY, value: 0 };

/// [`WFP_PROVIDER`] with an address.
static PROVIDER_KEY: Guid = WFP_PROVIDER;

/// Layers in the order of [`CALLOUTS`] and [`FILTERS`].
static LAYERS: [Guid; 4] = [
    FWPM_LAYER_ALE_FLOW_ESTABLISHED_V4,
    FWPM_LAYER_ALE_FLOW_ESTABLISHED_V6,
    FWPM_LAYER_STREAM_V4,
    FWPM_LAYER_STREAM_V6,
];

/// A session with the filtering engine, with the driver's objects in it. Dropped, it closes, and
/// they go.
///
/// A handle must not be used by two threads at once: whoever has the session is alone with it.
///
/// IRQL of everything here: `PASSIVE_LEVEL`; no lock held.
#[derive(Debug)]
pub struct Session {
    /// From `FwpmEngineOpen0`.
    handle: *mut c_void,
    filters: [u64; 4],
}

// SAFETY: a handle may move between threads, see above for using it.
unsafe impl Send for Session {}

impl Session {
    /// Opens a session and adds every object in one transaction.
    ///
    /// # Errors
    /// What the engine says; nothing has been added then.
    pub fn open() -> Result<Self, NtStatus> {
        let session = FwpmSession0 {
            session_key: Guid([0; 16]),
            display_data: display(),
            flags: FWPM_SESSION_FLAG_DYNAMIC,
            txn_wait_timeout_in_msec: 0,
            process_id: 0,
            sid: null_mut(),
            username: null_mut(),
            kernel_mode: 0,
        };
        let mut handle = null_mut();
        // SAFETY: the structure is read during the call; `handle` has room.
        let status = unsafe {
            FwpmEngineOpen0(
                null(),
                RPC_C_AUTHN_WINNT,
                null_mut(),
                &raw const session,
                &raw mut handle,
            )
        };
        status.ok()?;
        let mut this = Self { handle, filters: [0; 4] };
        this.add_all()?;
        Ok(this)
    }

    fn add_all(&mut self) -> Result<(), NtStatus> {
        // SAFETY: the handle is open.
        unsafe { FwpmTransactionBegin0(self.handle, 0) }.ok()?;
        let added = self.add_containers().and_then(|()| self.add_callouts_and_filters());
        if let Err(status) = added {
            // SAFETY: the transaction was begun.
            let _ends_anyway = unsafe { FwpmTransactionAbort0(self.handle) };
            return Err(status);
        }
        // SAFETY: the transaction was begun.
        unsafe { FwpmTransactionCommit0(self.handle) }.ok()
    }

    fn add_containers(&self) -> Result<(), NtStatus> {
        let provider = FwpmProvider0 {
            provider_key: WFP_PROVIDER,
            display_data: display(),
            flags: 0,
            provider_data: NO_DATA,
            service_name: null_mut(),
        };
        // SAFETY: the handle is open, the structure is read during the call; no descriptor.
        unsafe { FwpmProviderAdd0(self.handle, &raw const provider, null_mut()) }.ok()?;
        let sublayer = FwpmSublayer0 {
            sub_layer_key: SUBLAYER,
            display_data: FwpmDisplayData0 {
                name: (&raw const NAME).cast(),
                description: (&raw const DESCRIPTION).cast(),
            },
            flags: 0,
            provider_key: &raw const PROVIDER_KEY,
            provider_data: NO_DATA,
            weight: SUBLAYER_WEIGHT,
        };
        // SAFETY: as above.
        unsafe { FwpmSubLayerAdd0(self.handle, &raw const sublayer, null_mut()) }.ok()
    }

    fn add_callouts_and_filters(&mut self) -> Result<(), NtStatus> {
        let is_stream = [false, false, true, true];
        let keys = LAYERS.iter().zip(&CALLOUTS).zip(&FILTERS);
        let mut filters = [0; 4];
        for (((key, is_stream), id), _) in keys.zip(is_stream).zip(&mut filters).zip(0_u8..) {
            let ((layer, callout), filter) = key;
            self.add_callout(layer, callout)?;
            *id = self.add_filter((layer, callout, filter), is_stream)?;
        }
        self.filters = filters;
        Ok(())
    }

    fn add_callout(&self, layer: &Guid, key: &Guid) -> Result<(), NtStatus> {
        let callout = FwpmCallout0 {
            callout_key: *key,
            display_data: display(),
            flags: 0,
            provider_key: &raw const PROVIDER_KEY,
            provider_data: NO_DATA,
            applicable_layer: *layer,
            callout_id: 0,
        };
        // SAFETY: the handle is open, the structure is read during the call; the id is not wanted.
        unsafe { FwpmCalloutAdd0(self.handle, &raw const callout, null_mut(), null_mut()) }.ok()
    }

    /// Adds a filter. At flow established it asks for TCP and may answer anything; on the stream it
    /// decides. Without its callout both let everything pass (S10).
    fn add_filter(
        &self,
        (layer, callout, key): (&Guid, &Guid, &Guid),
        is_stream: bool,
    ) -> Result<u64, NtStatus> {
        let tcp = FwpmFilterCondition0 {
            field_key: FWPM_CONDITION_IP_PROTOCOL,
            match_type: FWP_MATCH_EQUAL,
            condition_value: FwpValue0 { kind: FWP_UINT8, value: u64::from(IPPROTO_TCP) },
        };
        let action =
            if is_stream { FWP_ACTION_CALLOUT_TERMINATING } else { FWP_ACTION_CALLOUT_UNKNOWN };
        let filter = FwpmFilter0 {
            filter_key: *key,
            display_data: display(),
            flags: FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED,
            provider_key: &raw const PROVIDER_KEY,
            provider_data: NO_DATA,
            layer_key: *layer,
            sub_layer_key: SUBLAYER,
            weight: NO_VALUE,
            num_filter_conditions: u32::from(!is_stream),
            filter_condition: if is_stream { null() } else { &raw const tcp },
            action: FwpmAction0 { kind: action, callout_key: *callout },
            context: [0; 2],
            reserved: null_mut(),
            filter_id: 0,
            effective_weight: NO_VALUE,
        };
        let mut id = 0;
        // SAFETY: the handle is open; filter and condition are read during the call; `id` has room.
        let status =
            unsafe { FwpmFilterAdd0(self.handle, &raw const filter, null_mut(), &raw mut id) };
        status.ok()?;
        Ok(id)
    }

    /// Deletes the filters, so that no new classify begins. What cannot be deleted goes with the
    /// session.
    ///
    /// # Errors
    /// What the engine said of the last one that could not be deleted.
    pub fn delete_filters(&mut self) -> Result<(), NtStatus> {
        let mut all = Ok(());
        for id in self.filters.iter().copied().filter(|id| *id != 0) {
            if let Err(status) = self.delete_filter(id) {
                all = Err(status);
            }
        }
        self.filters = [0; 4];
        all
    }

    fn delete_filter(&self, id: u64) -> Result<(), NtStatus> {
        let mut status = NtStatus::SUCCESS;
        for _ in 0..DELETIONS_MAX {
            // SAFETY: the handle is open; an id that is gone is refused.
            status = unsafe { FwpmFilterDeleteById0(self.handle, id) };
            if status.is_success() || status == NtStatus::FWP_FILTER_NOT_FOUND {
                return Ok(());
            }
        }
        Err(status)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: the handle is open and not used after this. A stale one is refused.
        let _gone_either_way = unsafe { FwpmEngineClose0(self.handle) };
    }
}
