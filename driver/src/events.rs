//! Numbering and writing of the driver's events.

use weir_abi::Event;
use weir_abi::event::{ClockKind, DriverState, FailurePolicy, Prefix, StateKind};
use weir_abi::identifiers::{PROVIDER, PROVIDER_TRAITS};
use weir_abi::wire::Text;
use weir_nt::NtStatus;
use weir_nt::etw::Provider;
use weir_nt::irql::DispatchLevel;
use weir_nt::time;

/// Bytes of the largest DriverState: its fixed part, a text with its length, the MAC.
const STATE_BYTES_MAX: usize = 160;

/// The driver's events: the provider, and where the numbers of this load stand.
#[derive(Debug)]
pub(crate) struct Events {
    provider: Provider,
    /// Random number of this load.
    epoch: u32,
    /// Processor of the last event and the event's number there. Start and stop are all that is
    /// written, so one pair tells every number: a second event on the same processor is the second,
    /// on another the first.
    last: Option<(u16, u32)>,
}

impl Events {
    /// Registers the provider.
    pub(crate) fn register() -> Result<Self, NtStatus> {
        let provider = Provider::register(&PROVIDER, PROVIDER_TRAITS)?;
        Ok(Self { provider, epoch: epoch(time::system_100ns()), last: None })
    }

    /// Writes that the driver started or stopped, numbered on the processor that writes it.
    pub(crate) fn write_state(&mut self, kind: StateKind) {
        let level = DispatchLevel::raise();
        let prefix = self.number(level.processor());
        let mut payload = [0; STATE_BYTES_MAX];
        let written = state(kind).encode(prefix, &mut payload);
        if let Some(payload) = written.and_then(|bytes| payload.get(..bytes)) {
            // An event that a session had no room for has taken its number: the reader sees a gap.
            let _lost = self.provider.write::<DriverState>(payload);
        }
        drop(level);
    }

    /// The next number of a DriverState on a processor.
    fn number(&mut self, processor: u32) -> Prefix {
        // Windows runs on at most 2,048 processors.
        let cpu = u16::try_from(processor).unwrap_or(u16::MAX);
        let sequence = match self.last {
            Some((last, sequence)) if last == cpu => sequence.saturating_add(1),
            _ => 1,
        };
        self.last = Some((cpu, sequence));
        Prefix { cpu, epoch: self.epoch, sequence }
    }
}

/// What the driver says of itself: nothing is attached, nothing is timed, nothing is enforced.
fn state(kind: StateKind) -> DriverState {
    DriverState {
        kind,
        failure_policy: FailurePolicy::Open,
        block_action: 0,
        engine_up: false,
        clock: ClockKind::None,
        clock_resolution_ps: 0,
        counters_interval_ms: 0,
        flows_max: 0,
        attachments: 0,
        version: Text::new(env!("CARGO_PKG_VERSION")).unwrap_or_default(),
    }
}

/// A number that two loads of the driver have in common once in four billion times: the time of
/// the load, mixed so that near times are far apart.
///
/// Source: the finalizer of `MurmurHash3` (aappleby/smhasher, public domain)
const fn epoch(time_100ns: u64) -> u32 {
    let mixed = (time_100ns ^ (time_100ns >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let [a, b, c, d, ..] = (mixed ^ (mixed >> 33)).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
