//! What leaves the collector by OTLP.

use crate::failure::Failure;
use crate::otlp::{Exporter, Settings, SignalStats};
use crate::output;
use crate::serve::{Scraped, View, Views};
use core::time::Duration;
use std::sync::Arc;
use weir_stages::otlp::Starts;
use weir_stages::snapshot::ExporterFacts;

/// How long the last points may take after everything else has ended.
const FAREWELL: Duration = Duration::from_secs(5);

/// The export, where one is wanted.
pub(crate) struct Exports(Option<Exporter>);

impl Exports {
    /// Starts it.
    ///
    /// # Errors
    /// Where certificates cannot be used or there is no thread to be had.
    pub(crate) fn start(settings: Option<Settings>, views: Views) -> Result<Self, Failure> {
        // The export tells its receiver itself what goes wrong with it.
        let start = |settings| Exporter::start(settings, views, starts, output::warn_here);
        let exporter = settings.map(start).transpose()?;
        if let Some(operational) = exporter.as_ref().map(Exporter::operational) {
            let operational = operational.clone();
            output::also_tell(move |words| operational.warn("weir.warning", words));
        }
        Ok(Self(exporter))
    }

    /// Who wants to know how long scrapes take.
    pub(crate) fn scraped(&self) -> Option<Scraped> {
        let operational = self.0.as_ref()?.operational().clone();
        Some(Arc::new(move |time, format| operational.scraped(time, format)))
    }

    /// What it says of itself at any time.
    pub(crate) fn facts(&self) -> Box<dyn Fn() -> Vec<ExporterFacts> + Send> {
        let Some(exporter) = &self.0 else { return Box::new(Vec::new) };
        let stats = exporter.stats_reader();
        Box::new(move || stats.read().into_iter().map(facts).collect())
    }

    /// Sends the last view and what waits.
    pub(crate) async fn end(self) {
        let Some(exporter) = self.0 else { return };
        for stats in exporter.shutdown(FAREWELL).await {
            let left = stats.dropped_points + stats.refused_points + stats.rejected_points;
            if left > 0 {
                let SignalStats { signal, endpoint, .. } = stats;
                output::warn(&format!("{left} points of {signal} did not get to {endpoint}"));
            }
        }
    }
}

/// Since when a view's totals count.
fn starts(view: &View) -> Starts {
    let driver_ns = view.snapshot.driver_since_ns.unwrap_or(0);
    Starts { driver_ns, collector_ns: view.started_ns }
}

fn facts(stats: SignalStats) -> ExporterFacts {
    ExporterFacts {
        signal: stats.signal,
        endpoint: stats.endpoint,
        exports: stats.exports,
        failures: stats.failures,
        queue_points: stats.queue_points,
        dropped_points: stats.dropped_points,
        refused_points: stats.refused_points,
        rejected_points: stats.rejected_points,
    }
}
