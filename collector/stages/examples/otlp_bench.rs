//! How many points a second a snapshot becomes, converted and encoded, by number of programs.
//!
//! `cargo run --release -p weir-stages --example otlp_bench`

#![expect(clippy::print_stdout, reason = "the figures are its output")]

use core::time::Duration;
use prost::Message as _;
use std::sync::Arc;
use std::time::Instant;
use weir_stages::Snapshot;
use weir_stages::catalogue::{Kind, METRICS};
use weir_stages::otlp::{Converter, HistogramForm, Options, Starts, Temporality};
use weir_stages::snapshot::{Family, HistogramValue, LabelValue, Sample, Tables, Value};

/// A snapshot in which every metric with a program has a series for each of so many.
fn snapshot(programs: usize, now_ns: u64) -> Arc<Snapshot> {
    let names: Vec<Arc<str>> = (0..programs).map(|at| format!("program-{at:05}").into()).collect();
    let of_program = METRICS.iter().filter(|it| it.labels.iter().any(|it| it.name == "program"));
    let families = of_program.map(|metric| {
        let label = |name: &Arc<str>, label: &str| match label {
            "program" => LabelValue::from(name),
            _ => LabelValue::from("established"),
        };
        let value = match metric.kind {
            Kind::Counter => Value::Counter(now_ns),
            Kind::Gauge => Value::Gauge(12),
            Kind::Info => Value::Info,
            Kind::Histogram(scale) => {
                // Some 60 buckets with something in them, as of a real program.
                let counts = (0..scale.range.buckets()).map(|at| u64::from(at > 80 && at < 140));
                let buckets = counts.map(|it| it * now_ns).collect::<Vec<_>>().into();
                Value::Histogram(HistogramValue { scale, buckets, sum: now_ns })
            }
        };
        let sample = |name: &Arc<str>| Sample {
            labels: metric.labels.iter().map(|it| label(name, it.name)).collect(),
            value: value.clone(),
        };
        Family { metric, samples: names.iter().map(sample).collect() }
    });
    let families = families.collect();
    let tables = Tables::default();
    Arc::new(Snapshot { now_ns, families, tables, driver_since_ns: None, flows_doubtful: 0 })
}

fn main() {
    let forms = [HistogramForm::Exponential, HistogramForm::Explicit];
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        for (histograms, programs) in forms.into_iter().flat_map(|it| [(it, 400), (it, 4_000)]) {
            let options = Options { temporality, histograms, ..Options::default() };
            let mut converter = Converter::new(options);
            let starts = Starts { driver_ns: 1, collector_ns: 1 };
            let mut best = [Duration::MAX; 2];
            let (mut points, mut bytes) = (0, 0);
            for run in 1..6 {
                let snapshot = snapshot(programs, run * 1_000);
                let begun = Instant::now();
                let requests = converter.convert(&snapshot, starts);
                let converted = begun.elapsed();
                let encoded: Vec<_> =
                    requests.iter().map(|it| it.message.encode_to_vec()).collect();
                best[0] = best[0].min(converted);
                best[1] = best[1].min(begun.elapsed());
                points = requests.iter().map(|it| it.points).sum();
                bytes = encoded.iter().map(Vec::len).sum();
            }
            let each = |time: Duration| time.as_secs_f64() * 1e9 / points as f64;
            println!(
                "{temporality:?} {histograms:?}, {points:>6} points: convert {:.0} ns, and encode \
                 {:.0} ns a point = {:.2} M points/s, {:.0} B a point",
                each(best[0]),
                each(best[1]),
                1e3 / each(best[1]),
                bytes as f64 / points as f64,
            );
        }
    }
}
