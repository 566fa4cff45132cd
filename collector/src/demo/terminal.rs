//! What the demo says on the terminal: what to open, how it goes, how it went.

use super::programs::BLOCKED;
use crate::cli::DemoArgs;
use crate::serve::View;
use crate::table::{number, table};
use comfy_table::Cell;
use core::net::SocketAddr;
use core::time::Duration;
use indicatif::{ProgressBar, ProgressStyle};
use weir_stages::snapshot::{ProgramRow, Snapshot, Value};

/// The first lines: what to open and what to look for.
pub(super) fn greeting(
    (scheme, address): (&str, SocketAddr),
    exports_to: Option<&str>,
    args: &DemoArgs,
) -> String {
    let stuck = seconds(args.stuck_after);
    let [sni, host] = BLOCKED;
    let end = args.duration.map_or_else(String::new, |time| format!(", or wait {}", seconds(time)));
    // A variable of the environment may have set it, for something else than a demo.
    let exports = exports_to.map_or_else(String::new, |to| format!("exports   to {to}\n"));
    format!(
        "Three eBPF programs decide live TCP flows on this machine's loopback.\n\
         \n\
         open      {scheme}://{address}/ for the page, {scheme}://{address}/metrics for Prometheus\n\
         look for  {sni}, blocked by tls_sni_block, and {host}, by http_host_block\n\
         look for  flows that nobody decides: they wait, and after {stuck} count as stuck\n\
         {exports}\
         stop      Ctrl-C{end}\n\n"
    )
}

fn seconds(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{} s", time.as_secs())
    } else {
        format!("{} ms", time.as_millis())
    }
}

/// One line that is renewed in place, on terminals only.
pub(super) struct Status(ProgressBar);

/// A status line on standard error; nothing where that is no terminal.
pub(super) fn status() -> Status {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
        bar.set_style(style);
    }
    Status(bar)
}

impl Status {
    pub(super) fn show(&self, view: &View) {
        let tables = &view.snapshot.tables;
        let fates: Vec<String> = tables
            .fates
            .iter()
            .filter(|row| row.flows > 0)
            .map(|row| format!("{} {}", row.flows, row.fate.name()))
            .collect();
        let up = view.snapshot.now_ns.saturating_sub(view.started_ns) / 1_000_000_000;
        self.0.set_message(format!("{up} s  flows: {}", fates.join(", ")));
    }
}

impl Drop for Status {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// The last lines: flows by verdict, and what each program decided.
pub(super) fn summary(view: &View) -> String {
    let snapshot = &*view.snapshot;
    let mut flows = table(["flows", "verdict"]);
    for row in snapshot.tables.fates.iter().filter(|row| row.flows > 0) {
        flows.add_row([number(row.flows), Cell::new(row.fate.name())]);
    }
    let mut programs =
        table(["program", "invocations", "flows allowed", "flows blocked", "left undecided"]);
    for row in &snapshot.tables.programs {
        programs.add_row(program(snapshot, row));
    }
    format!("{flows}\n\n{programs}\n")
}

fn program(snapshot: &Snapshot, row: &ProgramRow) -> Vec<Cell> {
    let decided = |outcome: &str| {
        let labels = [&*row.program, outcome];
        match snapshot.value("weir_flow_decision_seconds", &labels) {
            Some(Value::Histogram(histogram)) => histogram.count(),
            _ => 0,
        }
    };
    vec![
        Cell::new(&row.program),
        number(row.invocations.iter().sum()),
        number(decided("allow")),
        number(decided("block")),
        number(decided("undecided")),
    ]
}
