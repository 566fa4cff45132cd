//! What the system says of this process.

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};
use weir_stages::snapshot::ProcessFacts;

/// This process.
pub(crate) struct Process {
    system: System,
    id: Option<Pid>,
}

impl Process {
    pub(crate) fn new() -> Self {
        Self { system: System::new(), id: sysinfo::get_current_pid().ok() }
    }

    /// Its figures; `None` where the system does not say.
    pub(crate) fn facts(&mut self) -> Option<ProcessFacts> {
        let id = self.id?;
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[id]), false, what);
        let process = self.system.process(id)?;
        Some(ProcessFacts {
            cpu_seconds: core::time::Duration::from_millis(process.accumulated_cpu_time())
                .as_secs_f64(),
            resident_bytes: process.memory(),
            virtual_bytes: process.virtual_memory(),
            start_seconds: process.start_time(),
            open_fds: process.open_files().and_then(|it| u64::try_from(it).ok()),
        })
    }
}
