//! `weir replay` without options: tables for people.

use super::Finished;
use super::report::Rows;
use crate::failure::one_line;
use crate::table::{number, table};
use comfy_table::{Cell, Table};
use core::fmt::Write as _;
use weir_abi::event::Fate;

/// The whole report.
pub(crate) fn text(finished: &Finished) -> String {
    let mut out = String::new();
    if finished.traces.is_empty() {
        captures(finished, &mut out);
    } else {
        traces(finished, &mut out);
    }
    programs(finished, &mut out);
    failures(finished, &mut out);
    fates(finished, &mut out);
    flows("blocked flows", &finished.report.blocked, finished.top, &mut out);
    flows("undecided flows", &finished.report.undecided, finished.top, &mut out);
    maps(finished, &mut out);
    out
}

fn append(title: &str, table: &Table, out: &mut String) {
    // Writing to a string cannot fail.
    let _infallible = writeln!(out, "{title}\n{table}\n");
}

fn captures(finished: &Finished, out: &mut String) {
    let mut sums = table(["capture", "packets", "connections", "mid-capture", "note"]);
    for capture in finished.captures.iter().take(finished.top) {
        let mut notes = capture.warnings();
        for (count, what) in [
            (capture.fragments, "IP fragments skipped"),
            (capture.malformed, "malformed packets"),
            (capture.missed_bytes, "bytes not captured"),
        ] {
            if count > 0 {
                notes.push(format!("{count} {what}"));
            }
        }
        sums.add_row([
            Cell::new(one_line(&capture.file)),
            number(capture.packets),
            number(capture.connections),
            number(capture.mid_capture),
            Cell::new(notes.join("\n")),
        ]);
    }
    append("captures", &sums, out);
    more(finished.captures.len(), finished.top, "--json lists every capture", out);
}

fn traces(finished: &Finished, out: &mut String) {
    let header = ["trace", "session", "weir's events", "others", "note"];
    let mut rows = table(header);
    for trace in finished.traces.iter().take(finished.top) {
        rows.add_row([
            Cell::new(one_line(&trace.file)),
            Cell::new(one_line(&trace.session)),
            number(trace.events),
            number(trace.other_records),
            Cell::new(trace.warnings().map(one_line).collect::<Vec<_>>().join("\n")),
        ]);
    }
    append("traces", &rows, out);
    more(finished.traces.len(), finished.top, "--json lists every trace", out);
}

fn programs(finished: &Finished, out: &mut String) {
    if finished.snapshot.tables.programs.is_empty() {
        let what = if finished.traces.is_empty() {
            "no program attached: give one with --program [LABEL=]OBJ"
        } else {
            "no program in the trace: it holds neither Attached nor Counters events"
        };
        let _infallible = writeln!(out, "{what}\n");
        return;
    }
    let header =
        ["program", "invocations", "allow", "block", "need more data", "invalid", "errors"];
    let mut rows = table(header);
    for program in &finished.snapshot.tables.programs {
        let mut row = vec![Cell::new(&program.program), number(program.invocations.iter().sum())];
        row.extend(program.answers.map(number));
        rows.add_row(row);
    }
    append("programs", &rows, out);
}

fn failures(finished: &Finished, out: &mut String) {
    if finished.failures.is_empty() {
        return;
    }
    let mut rows = table(["program", "times", "failed to"]);
    for failures in &finished.failures {
        for it in &failures.messages {
            let message = Cell::new(&it.message);
            rows.add_row([Cell::new(&failures.program), number(it.times), message]);
        }
        if failures.others > 0 {
            let other = Cell::new("(other failures)");
            rows.add_row([Cell::new(&failures.program), number(failures.others), other]);
        }
    }
    append("failed invocations", &rows, out);
}

fn fates(finished: &Finished, out: &mut String) {
    let mut rows = table(["verdict", "flows"]);
    let uninspected = finished.snapshot.tables.uninspected;
    for row in &finished.snapshot.tables.fates {
        // Flows that every program allowed at once have the fate allow too.
        let hidden = if row.fate == Fate::Allow { finished.report.allowed_at_new } else { 0 };
        let flows = row.flows.saturating_sub(hidden);
        rows.add_row([Cell::new(row.fate.name()), number(flows)]);
    }
    rows.add_row([Cell::new("uninspected"), number(uninspected)]);
    if finished.snapshot.tables.refused > 0 {
        rows.add_row([
            Cell::new("refused (too many flows)"),
            number(finished.snapshot.tables.refused),
        ]);
    }
    append("flows", &rows, out);
}

fn flows(title: &str, rows: &Rows, top: usize, out: &mut String) {
    if rows.total() == 0 {
        return;
    }
    let header = ["flow", "local", "remote", "program", "reason", "segments", "bytes"];
    let mut shown = table(header);
    for row in rows.kept.iter().take(top) {
        shown.add_row([
            number(row.flow_id),
            Cell::new(row.local),
            Cell::new(row.remote),
            Cell::new(row.program.as_deref().unwrap_or("")),
            Cell::new(row.reason),
            number(row.segments),
            number(row.bytes),
        ]);
    }
    append(title, &shown, out);
    let total = usize::try_from(rows.total()).unwrap_or(usize::MAX);
    more(total, top, "--flows lists every flow", out);
}

/// Says how many rows a table does not show.
fn more(total: usize, top: usize, how: &str, out: &mut String) {
    let hidden = total.saturating_sub(top);
    if hidden > 0 {
        let _infallible = writeln!(out, "… and {hidden} more: {how}, --top ROWS shows more\n");
    }
}

fn maps(finished: &Finished, out: &mut String) {
    for dump in &finished.maps {
        let mut rows = table(["key", "value"]);
        for pair in &dump.entries {
            rows.add_row([Cell::new(&pair.key), Cell::new(&pair.value)]);
        }
        append(&format!("map {} of {}", dump.map, dump.program), &rows, out);
    }
}
