//! The four callouts: what the filtering engine calls, at flow established and on the stream, for
//! IPv4 and IPv6.

use super::{EstablishedValues, Indication};
use crate::NtStatus;
use crate::device::Device;
use crate::entry::Driver;
use crate::ffi::fwps::{
    ClassifyFn1, FWP_ACTION_BLOCK, FWP_ACTION_CONTINUE, FWP_ACTION_PERMIT,
    FWP_CALLOUT_FLAG_ALLOW_OFFLOAD, FWP_CALLOUT_FLAG_ALLOW_RSC,
    FWP_CALLOUT_FLAG_CONDITIONAL_ON_FLOW, FWPS_CLASSIFY_OUT_FLAG_ABSORB, FWPS_LAYER_STREAM_V4,
    FWPS_LAYER_STREAM_V6, FWPS_STREAM_ACTION_NONE, FlowDeleteFn0, FwpsCallout1,
    FwpsCalloutRegister1, FwpsCalloutUnregisterById0, FwpsClassifyOut0, FwpsFilter1,
    FwpsIncomingMetadataValues0, FwpsIncomingValues0, FwpsStreamCalloutIoPacket0,
};
use crate::registration::Registration;
use crate::time::pause_ms;
use core::ffi::c_void;
use core::sync::atomic::{AtomicU32, Ordering};
use weir_abi::identifiers::{CALLOUTS, Guid};

/// One registered callout.
#[derive(Debug)]
struct Callout {
    /// 0 once unregistered.
    id: u32,
    _live: Registration,
}

/// Run-time ids of the stream callouts, which associating a context needs: IPv4, IPv6.
static STREAM_IDS: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];

/// Layer and callout of a family's streams.
pub(super) fn stream_callout(is_v6: bool) -> (u16, u32) {
    let [v4, v6] = &STREAM_IDS;
    if is_v6 {
        (FWPS_LAYER_STREAM_V6, v6.load(Ordering::Relaxed))
    } else {
        (FWPS_LAYER_STREAM_V4, v4.load(Ordering::Relaxed))
    }
}

/// The registered callouts. They are unregistered by [`Self::unregister`] alone: dropped before,
/// they stay registered, and the driver stays in memory.
#[derive(Debug)]
pub struct Callouts {
    callouts: [Option<Callout>; 4],
}

/// Flags of the callouts at flow established: what is asked for is metadata only, so offloads may
/// stay (S36).
const ESTABLISHED_FLAGS: u32 = FWP_CALLOUT_FLAG_ALLOW_OFFLOAD | FWP_CALLOUT_FLAG_ALLOW_RSC;

/// Flags of the stream callouts: only flows with a context are of interest; an offloaded connection
/// would bypass inspection, coalesced segments do not (S07, S36).
const STREAM_FLAGS: u32 = FWP_CALLOUT_FLAG_CONDITIONAL_ON_FLOW | FWP_CALLOUT_FLAG_ALLOW_RSC;

impl Callouts {
    /// Registers all four.
    ///
    /// IRQL: `PASSIVE_LEVEL`. Works whether the filtering engine runs or not.
    ///
    /// # Errors
    /// What the engine says; those registered before are unregistered.
    pub fn register<D: Driver>(device: &Device) -> Result<Self, NtStatus> {
        let mut this = Self { callouts: [const { None }; 4] };
        let established = (ESTABLISHED_FLAGS, established::<D> as ClassifyFn1, None);
        let stream =
            (STREAM_FLAGS, stream::<D> as ClassifyFn1, Some(flow_delete::<D> as FlowDeleteFn0));
        let kinds = [established, established, stream, stream];
        for ((place, key), kind) in this.callouts.iter_mut().zip(&CALLOUTS).zip(kinds) {
            match register_one(device, key, kind) {
                Ok(callout) => *place = Some(callout),
                Err(status) => {
                    // Hardly ever does it take a second try: of ours no filter names them yet. But
                    // the driver's code must not go before they have.
                    while this.unregister().is_err() {
                        pause_ms(1);
                    }
                    return Err(status);
                }
            }
        }
        let [_, _, v4, v6] = &this.callouts;
        for (id, callout) in STREAM_IDS.iter().zip([v4, v6]) {
            id.store(callout.as_ref().map_or(0, |callout| callout.id), Ordering::Relaxed);
        }
        Ok(this)
    }

    /// Unregisters what is left.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// What the engine says, `STATUS_DEVICE_BUSY` while flows have contexts: to be tried again.
    pub fn unregister(&mut self) -> Result<(), NtStatus> {
        for place in &mut self.callouts {
            let Some(callout) = place.as_ref() else { continue };
            // SAFETY: takes a number; one that is not registered is refused.
            let status = unsafe { FwpsCalloutUnregisterById0(callout.id) };
            if status != NtStatus::SUCCESS && status != NtStatus::FWP_CALLOUT_NOT_FOUND {
                return Err(status);
            }
            *place = None;
        }
        Ok(())
    }
}

impl Drop for Callouts {
    fn drop(&mut self) {
        for place in &mut self.callouts {
            // What is still registered stays counted, and keeps the driver where it is.
            let _counted = place.take().map(core::mem::ManuallyDrop::new);
        }
    }
}

fn register_one(
    device: &Device,
    key: &Guid,
    (flags, classify, delete): (u32, ClassifyFn1, Option<FlowDeleteFn0>),
) -> Result<Callout, NtStatus> {
    let callout = FwpsCallout1 {
        callout_key: *key,
        flags,
        classify_fn: Some(classify),
        notify_fn: Some(notify),
        flow_delete_fn: delete,
    };
    let mut id = 0;
    // SAFETY: the device lives until the callouts are unregistered; the structure is read during
    // the call; `id` has room.
    let status =
        unsafe { FwpsCalloutRegister1(device.as_ptr().cast(), &raw const callout, &raw mut id) };
    status.ok()?;
    Ok(Callout { id, _live: Registration::begin() })
}

/// Filters carry no context, so nothing follows from their coming and going.
unsafe extern "system" fn notify(
    _kind: i32,
    _key: *const Guid,
    _filter: *mut FwpsFilter1,
) -> NtStatus {
    NtStatus::SUCCESS
}

/// Flow established: the answer is CONTINUE but where continuing would let a blocked flow pass
/// (S09, S10).
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
unsafe extern "system" fn established<D: Driver>(
    values: *const FwpsIncomingValues0,
    metadata: *const FwpsIncomingMetadataValues0,
    _layer_data: *mut c_void,
    _classify_context: *const c_void,
    _filter: *const FwpsFilter1,
    _flow_context: u64,
    out: *mut FwpsClassifyOut0,
) {
    // SAFETY: these are the classify's own arguments.
    let values = unsafe { EstablishedValues::read(values, metadata) };
    let is_blocked = D::running().driver().is_some_and(|driver| driver.established(&values));
    // SAFETY: the engine's own structure, this callout's to write during the classify.
    if let Some(out) = unsafe { out.as_mut() } {
        out.action_type = if is_blocked { FWP_ACTION_BLOCK } else { FWP_ACTION_CONTINUE };
    }
}

/// The stream of a flow with a context (S16).
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
unsafe extern "system" fn stream<D: Driver>(
    _values: *const FwpsIncomingValues0,
    _metadata: *const FwpsIncomingMetadataValues0,
    layer_data: *mut c_void,
    _classify_context: *const c_void,
    _filter: *const FwpsFilter1,
    flow_context: u64,
    out: *mut FwpsClassifyOut0,
) {
    let packet = layer_data.cast::<FwpsStreamCalloutIoPacket0>();
    // SAFETY: this is the classify's own argument, a packet at this layer.
    let indication = unsafe { Indication::read(packet) };
    let is_blocked = match (indication, D::running().driver()) {
        (Some(mut indication), Some(driver)) => driver.stream(flow_context, &mut indication),
        _ => false,
    };
    // SAFETY: the engine's own structure, this callout's to write during the classify.
    if let Some(packet) = unsafe { packet.as_mut() } {
        packet.stream_action = FWPS_STREAM_ACTION_NONE;
    }
    // SAFETY: as above.
    if let Some(out) = unsafe { out.as_mut() } {
        if is_blocked {
            out.action_type = FWP_ACTION_BLOCK;
            out.flags |= FWPS_CLASSIFY_OUT_FLAG_ABSORB;
        } else {
            out.action_type = FWP_ACTION_PERMIT;
        }
    }
}

/// The engine lets go of a context: because the flow ended, or because it was asked to.
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
unsafe extern "system" fn flow_delete<D: Driver>(_layer: u16, _callout: u32, flow_context: u64) {
    if let Some(driver) = D::running().driver() {
        driver.flow_deleted(flow_context);
    }
}
