//! The driver's parameters, read once at start.
//!
//! Values of the key `Parameters` below the service's key:
//!
//! | value | type | is | default |
//! |---|---|---|---|
//! | `FailurePolicy` | `REG_SZ` | `open`, `closed` | `open` |
//! | `BlockAction` | `REG_SZ` | `absorb`, `abort` | `absorb` |
//! | `CountersIntervalMs` | `REG_DWORD` | 100 to 3,600,000 | 1,000 |
//! | `MaxFlows` | `REG_DWORD` | 1 to 16,777,216 | 1,048,576 |
//!
//! A value of another type or outside its range is told by an Error event, and its default holds: a
//! driver that refuses to start over a typing error would leave the machine without inspection.

use weir_abi::event::FailurePolicy;
use weir_engine::admission::FLOWS_MAX_DEFAULT;
use weir_nt::NtStatus;
use weir_nt::parameters::{Key, ServiceKey, Value};

/// Default and bounds of `CountersIntervalMs`.
const INTERVAL_MS: (u32, core::ops::RangeInclusive<u32>) = (1_000, 100..=3_600_000);

/// Bounds of `MaxFlows`. Contexts of 16 million inspected flows and as many blocked ones take 11 GB.
const FLOWS: core::ops::RangeInclusive<u32> = 1..=16_777_216;

/// What happens to a blocked flow beside absorbing its data (S18).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockAction {
    Absorb,
    Abort,
}

/// The parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameters {
    pub(crate) policy: FailurePolicy,
    pub(crate) block_action: BlockAction,
    pub(crate) counters_interval_ms: u32,
    pub(crate) flows_max: u32,
}

/// Reads one value; counts it where it is not what it should be.
struct Reader {
    key: Option<Key>,
    wrong: u32,
}

impl Reader {
    fn word<T: Copy>(&mut self, name: &str, words: [(&str, T); 2]) -> T {
        let [(_, default), _] = words;
        let Some(key) = &self.key else { return default };
        let value = key.read(name);
        let found = words.iter().find(|(word, _)| value.is(word));
        if found.is_none() && value != Value::Absent {
            self.wrong = self.wrong.saturating_add(1);
        }
        found.map_or(default, |(_, meaning)| *meaning)
    }

    fn number(&mut self, name: &str, default: u32, range: &core::ops::RangeInclusive<u32>) -> u32 {
        match self.key.as_ref().map_or(Value::Absent, |key| key.read(name)) {
            Value::Number(number) if range.contains(&number) => number,
            Value::Absent => default,
            Value::Number(_) | Value::Word(_) | Value::Other => {
                self.wrong = self.wrong.saturating_add(1);
                default
            }
        }
    }
}

impl Parameters {
    /// The parameters, and how many values were wrong.
    pub(crate) fn read(service: ServiceKey<'_>) -> (Self, u32) {
        // Without the key there are no values; one that cannot be read is another matter.
        let key = Key::open(&service);
        let is_unreadable = key.as_ref().is_err_and(|it| *it != NtStatus::OBJECT_NAME_NOT_FOUND);
        let mut reader = Reader { key: key.ok(), wrong: u32::from(is_unreadable) };
        let policies = [("open", FailurePolicy::Open), ("closed", FailurePolicy::Closed)];
        let actions = [("absorb", BlockAction::Absorb), ("abort", BlockAction::Abort)];
        let (interval, intervals) = INTERVAL_MS;
        let parameters = Self {
            policy: reader.word("FailurePolicy", policies),
            block_action: reader.word("BlockAction", actions),
            counters_interval_ms: reader.number("CountersIntervalMs", interval, &intervals),
            flows_max: reader.number("MaxFlows", FLOWS_MAX_DEFAULT, &FLOWS),
        };
        (parameters, reader.wrong)
    }

    /// Slots for contexts: inspected and blocked flows have a bound of the same size each, and a
    /// released one keeps its slot until WFP lets go of it.
    pub(crate) const fn contexts_max(&self) -> u32 {
        self.flows_max.saturating_mul(2).saturating_add(4_096)
    }
}
