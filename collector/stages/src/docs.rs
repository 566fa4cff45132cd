//! The generated pages about metrics and events.
//!
//! Names and meanings come from the catalogue and from the event contract, so the pages cannot say
//! anything else than the code does.

use crate::catalogue::{Kind, METRICS, Metric, RESERVED, Values};
use core::fmt::Write as _;
use weir_abi::counters::{ENTRY_BYTES, Scope, Series};
use weir_abi::event::{
    Attached, AttachmentVerdict, Cleanup, CopyFallback, Counters, Detached, DriverState,
    ErrorEvent, Event, FlowClosed, FlowEstablished, FlowRundown, FlowUninspected, Invocation,
    MAC_BYTES, PREFIX_BYTES, Verdict,
};
use weir_abi::identifiers::{PROVIDER, PROVIDER_NAME};
use weir_abi::wire::{FieldInfo, TEXT_TYPE};

/// The page about metrics.
#[must_use]
pub fn metrics_markdown() -> String {
    let mut out = "# Metrics\n\n".to_owned();
    out.push_str(
        "Names are those of the Prometheus text format; OpenMetrics and OTLP carry the same values.\n\
         The source tells how far to trust a value after events were lost.\n\n\
         * *counters*: the driver's own totals; exact after the next whole set, whatever was lost.\n\
         * *events*: the driver's events; current while nothing is lost.\n\
         * *collector*: what the collector counted itself.\n\n\
         Counters never fall while the collector runs: a restart of the driver is added to what was before.\n\
         Series that can be known in advance are there from 0; those of the driver's counters once it has told them.\n\n\
         | metric | type | labels | source | OTLP name | unit |\n|---|---|---|---|---|---|\n",
    );
    METRICS.iter().for_each(|metric| row(&mut out, metric));
    METRICS.iter().for_each(|metric| describe(&mut out, metric));
    out.push_str(
        "\n# Reserved\n\n\
         Nothing exposes these yet: they are the audit trail's, which is not there.\n\
         Dashboards and alerts name them already and stay as they are when it comes.\n\n\
         | metric | type | labels | source | OTLP name | unit |\n|---|---|---|---|---|---|\n",
    );
    RESERVED.iter().for_each(|metric| row(&mut out, metric));
    RESERVED.iter().for_each(|metric| describe(&mut out, metric));
    out
}

fn row(out: &mut String, metric: &Metric) {
    let labels: Vec<String> =
        metric.labels.iter().map(|label| format!("`{}`", label.name)).collect();
    line(
        out,
        format_args!(
            "| `{}` | {} | {} | {} | `{}` | `{}` |",
            metric.name,
            metric.kind.name(),
            labels.join(", "),
            metric.source.name(),
            metric.otel_name,
            metric.otel_unit,
        ),
    );
}

fn describe(out: &mut String, metric: &Metric) {
    line(out, format_args!("\n## {}\n", metric.name));
    line(out, format_args!("{}.", metric.help));
    if let Kind::Histogram(scale) = metric.kind {
        let bounds: Vec<f64> = scale.classic().map(|exponent| scale.bound(exponent)).collect();
        if let (Some(first), Some(last)) = (bounds.first(), bounds.last()) {
            let (step, unit) = (1_u32 << scale.classic_step, metric.unit.suffix());
            let text = format!(
                "Its {} classic bounds go from {first} to {last} {unit}, each {step} times the last",
                bounds.len()
            );
            line(out, format_args!("{}.", text.replace(" ,", ",")));
        }
    }
    if !metric.labels.is_empty() {
        out.push('\n');
    }
    for label in metric.labels {
        match label.values {
            Values::Fixed(values) => {
                let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
                line(out, format_args!("* `{}`: {}", label.name, values.join(", ")));
            }
            Values::Open(what) => line(out, format_args!("* `{}`: {what}", label.name)),
        }
    }
}

/// The page about events.
#[must_use]
pub fn events_markdown() -> String {
    let mut out = "# Events\n\n".to_owned();
    line(
        &mut out,
        format_args!(
            "The driver writes these events as ETW provider `{PROVIDER_NAME}`, `{PROVIDER}`.\n\
         Payloads are packed and little-endian; ports are in network byte order.\n\
         Every payload begins with {PREFIX_BYTES} bytes: `fixed_length` (2), `cpu` (2), `epoch` (4), `sequence` (4).\n\
         `fixed_length` counts from the first byte to the end of the fixed fields.\n\
         `epoch` is a random number of this load of the driver.\n\
         `sequence` counts the events of one kind on one processor from 1.\n\
         Texts follow the fixed fields, each with its length in 2 bytes before it.\n\
         The last {MAC_BYTES} bytes are reserved for a keyed MAC and are 0 in version 1.\n\
         A reader skips fixed fields and texts that it does not know.",
        ),
    );
    event::<Invocation>(&mut out);
    event::<Verdict>(&mut out);
    event::<Cleanup>(&mut out);
    event::<CopyFallback>(&mut out);
    event::<FlowEstablished>(&mut out);
    event::<FlowClosed>(&mut out);
    event::<Attached>(&mut out);
    event::<Detached>(&mut out);
    event::<DriverState>(&mut out);
    let title = (Counters::NAME, Counters::ID, Counters::VERSION);
    heading(&mut out, title, Counters::KEYWORD, Counters::LEVEL);
    fields(&mut out, Counters::FIELDS);
    event::<ErrorEvent>(&mut out);
    event::<FlowRundown>(&mut out);
    event::<AttachmentVerdict>(&mut out);
    event::<FlowUninspected>(&mut out);
    series(&mut out);
    out
}

fn event<E: Event>(out: &mut String) {
    heading(out, (E::NAME, E::ID, E::VERSION), E::KEYWORD, E::LEVEL);
    fields(out, E::FIELDS);
}

fn heading(out: &mut String, (name, id, version): (&str, u16, u8), keyword: u64, level: u8) {
    line(out, format_args!("\n## {id} {}\n", name.trim_end_matches("Event")));
    line(out, format_args!("Version {version}, keyword {keyword:#x}, level {level}.\n"));
}

fn fields(out: &mut String, fields: &[FieldInfo]) {
    out.push_str("| offset | bytes | field | meaning |\n|---|---|---|---|\n");
    let mut offset = PREFIX_BYTES;
    for field in fields {
        let meaning = field.doc.trim().replace('|', "\\|");
        let name = field.name;
        if field.kind == TEXT_TYPE {
            line(out, format_args!("| after the fixed part | 2 + length | `{name}` | {meaning} |"));
        } else if field.kind.bytes == 0 {
            let bytes = format!("2 + {ENTRY_BYTES} each");
            line(out, format_args!("| after the fixed part | {bytes} | `{name}` | {meaning} |"));
        } else {
            let bytes = field.kind.bytes;
            line(out, format_args!("| {offset} | {bytes} | `{name}` | {meaning} |"));
            offset += usize::from(bytes);
        }
    }
}

fn series(out: &mut String) {
    out.push_str(
        "\n## Series of Counters\n\n\
         Values are cumulative since the driver was loaded; zeros are left out.\n\
         A set is applied when all its parts have come, and not in part.\n\n\
         | number | series | scope | meaning |\n|---|---|---|---|\n",
    );
    for series in Series::ALL {
        let scope = match series.scope() {
            Scope::Attachment => "attach id",
            Scope::Driver => "0",
            Scope::Processor => "processor",
        };
        let meaning = series.doc().trim();
        let (number, name) = (series.number(), series.name());
        line(out, format_args!("| {number} | `{name}` | {scope} | {meaning} |"));
    }
}

fn line(out: &mut String, text: core::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::{KINDS, kind_title};

    #[test]
    fn every_metric_and_every_event_has_its_section() {
        let page = metrics_markdown();
        for metric in METRICS {
            assert!(page.contains(&format!("\n## {}\n", metric.name)), "{}", metric.name);
        }
        let page = events_markdown();
        for kind in 1..KINDS {
            let heading = format!("\n## {kind} {}\n", kind_title(kind).trim_end_matches("Event"));
            assert!(page.contains(&heading), "{heading}");
        }
    }

    #[test]
    fn offsets_end_where_the_fixed_part_does() {
        let page = events_markdown();
        let section = page.split("## 1 Invocation").nth(1).unwrap_or_default();
        assert!(section.contains("| 56 | 4 | `process_id` |"), "60 bytes of fixed fields");
    }
}
