//! The machine: event sessions, boot state, the program store, ports, the collector's own figures.

use super::Place;
use weir_abi::identifiers::Guid;

/// An event session, as `logman query -ets` and `logman query NAME -ets` tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub name: String,
    /// Providers that it listens to, where the session was asked by name; GUIDs are told in every
    /// language.
    pub providers: Vec<Guid>,
    /// The session was asked by name, so that an empty list means none.
    pub is_detailed: bool,
    /// Where it stands.
    pub place: Place,
}

/// What the machine was started with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boot {
    /// Test-signed drivers are taken.
    pub test_signing: Option<bool>,
    /// They are from the next start on, as the boot entry is set now.
    pub test_signing_next: Option<bool>,
    /// Memory integrity (HVCI) is on.
    pub memory_integrity: Option<bool>,
    /// Secure Boot is on.
    pub secure_boot: Option<bool>,
    /// Where that is said.
    pub place: Place,
}

impl Boot {
    /// Two answers as one: what this one does not say is taken from the earlier one.
    #[must_use]
    pub fn over(self, earlier: Option<Self>) -> Self {
        let Some(earlier) = earlier else { return self };
        Self {
            test_signing: self.test_signing.or(earlier.test_signing),
            test_signing_next: self.test_signing_next.or(earlier.test_signing_next),
            memory_integrity: self.memory_integrity.or(earlier.memory_integrity),
            secure_boot: self.secure_boot.or(earlier.secure_boot),
            place: self.place,
        }
    }
}

/// Whose program store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `HKEY_CURRENT_USER` of whoever collected.
    User,
    /// `HKEY_LOCAL_MACHINE`.
    Machine,
}

/// Program information in the registry, below `Software\eBPF\Providers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramStore {
    /// Whose.
    pub scope: Scope,
    /// The key is there at all.
    pub exists: bool,
    /// Program types, the names of keys below `ProgramData`.
    pub types: Vec<Guid>,
    /// Sections, the keys below `SectionData`.
    pub sections: Vec<ProgramSection>,
    /// Where it stands.
    pub place: Place,
}

/// A section prefix and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramSection {
    /// `flow_classify`, `cgroup/connect4`, …
    pub prefix: String,
    /// Its program type, where it is told.
    pub program_type: Option<Guid>,
    /// Its attach type, where it is told.
    pub attach_type: Option<Guid>,
}

/// Ports that Windows keeps from programs: `netsh int ipv4 show excludedportrange tcp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortRange {
    /// First port.
    pub first: u16,
    /// Last port.
    pub last: u16,
    /// An administrator has made it (`*`): programs that ask for the port get it.
    pub is_administered: bool,
    /// It is of IPv6.
    pub is_ipv6: bool,
    /// Where it stands.
    pub place: Place,
}

/// What whoever collected saw of the machine itself; the bundle's `system.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct System {
    /// When, RFC 3339.
    pub time: String,
    /// Windows' version, as `10.0.26100`.
    pub windows: Option<String>,
    /// Whoever collected was elevated.
    pub is_elevated: Option<bool>,
    /// Versions of files: name and version, as of `ebpfcore.sys`, `netebpfext.sys`, `weir.sys`.
    pub versions: Vec<(String, String)>,
    /// Bytes free where Windows is.
    pub disk_free_bytes: Option<u64>,
    /// Bytes in all there.
    pub disk_bytes: Option<u64>,
    /// Milliseconds that the clock is off, by the last word of `w32tm`; none where it has none.
    pub clock_offset_ms: Option<i64>,
    /// `127.0.0.1:10061` answers: by Weir's collector (true), by somebody else (false), not (none).
    pub collector_answers: Option<bool>,
    /// Where it stands.
    pub place: Place,
}

/// The collector's own figures, from its `/metrics`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Telemetry {
    /// Samples of Weir's metrics that are no histograms; bounded.
    pub samples: Vec<TelemetrySample>,
    /// The file.
    pub file: String,
}

/// A sample.
#[derive(Clone, Debug, PartialEq)]
pub struct TelemetrySample {
    /// The metric's name.
    pub name: String,
    /// Labels, in the order of the text.
    pub labels: Vec<(String, String)>,
    /// Its value.
    pub value: f64,
    /// Its line.
    pub line: u64,
}

impl Telemetry {
    /// Samples of a metric.
    pub fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a TelemetrySample> {
        self.samples.iter().filter(move |it| it.name == name)
    }
}

impl TelemetrySample {
    /// A label's value.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }
}
