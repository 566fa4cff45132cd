//! The fields of a file's first record, by the names that Windows gives them and in its order.
//!
//! Source: learn.microsoft.com/windows/win32/api/evntrace/ns-evntrace-trace_logfile_header (read
//! 2026-11).

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use weir_etl::{FileTime, LogHeader};

/// What a file says of its session, as fields.
pub(super) struct HeaderFields<'a>(pub(super) &'a LogHeader);

impl Serialize for HeaderFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let header = self.0;
        let time = |time: FileTime| time.to_rfc3339().filter(|_| time != FileTime(0));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("BufferSize", &header.buffer_bytes)?;
        map.serialize_entry("Version", &header.version)?;
        map.serialize_entry("ProviderVersion", &header.provider_version)?;
        map.serialize_entry("NumberOfProcessors", &header.processors)?;
        map.serialize_entry("EndTime", &time(header.end))?;
        map.serialize_entry("TimerResolution", &header.timer_resolution)?;
        map.serialize_entry("MaximumFileSize", &header.file_mib_max)?;
        map.serialize_entry("LogFileMode", &format!("{:#x}", header.log_file_mode))?;
        map.serialize_entry("BuffersWritten", &header.buffers_written)?;
        map.serialize_entry("StartBuffers", &header.start_buffers)?;
        map.serialize_entry("PointerSize", &header.pointer_bytes)?;
        map.serialize_entry("EventsLost", &header.events_lost)?;
        map.serialize_entry("CpuSpeedInMHz", &header.cpu_mhz)?;
        map.serialize_entry("LoggerName", &header.session)?;
        map.serialize_entry("LogFileName", &header.file)?;
        map.serialize_entry("TimeZoneBias", &header.bias_minutes)?;
        map.serialize_entry("BootTime", &time(header.boot))?;
        map.serialize_entry("PerfFreq", &header.ticks_per_second)?;
        map.serialize_entry("StartTime", &time(header.start))?;
        map.serialize_entry("ReservedFlags", &header.clock_raw)?;
        map.serialize_entry("BuffersLost", &header.buffers_lost)?;
        map.end()
    }
}
