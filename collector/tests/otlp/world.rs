//! A collector that publishes views, without a driver and without a server.

use crate::synthetic::{Driver, Random, SECOND};
use core::time::Duration;
use std::sync::Arc;
use tokio::sync::watch;
use weir::failure::Failure;
use weir::otlp::{Exporter, OtlpArgs, Protocol, Settings};
use weir::serve::{Rates, View};
use weir_stages::otlp::Starts;
use weir_stages::{Aggregator, Limits, Snapshot, SnapshotOptions};

/// When the driver was loaded; the collector started before.
pub(crate) const LOADED: u64 = 1_700_000_000 * SECOND;

/// Since when totals count.
pub(crate) const STARTS: Starts = Starts { driver_ns: LOADED, collector_ns: LOADED - SECOND };

/// Traffic, aggregated and published.
pub(crate) struct World {
    driver: Driver,
    state: Aggregator,
    seed: u64,
    pub views: watch::Sender<Arc<View>>,
}

impl World {
    pub(crate) fn start() -> Self {
        let mut driver = Driver::start(7, 2, LOADED);
        driver.attach(0, 11, "sni \"quoted\" \\");
        driver.attach(1, 12, "größer");
        let mut state = Aggregator::new(Limits::default());
        let snapshot = Arc::new(state.snapshot(LOADED, &SnapshotOptions::default()));
        driver.take().iter().for_each(|it| state.apply_event(&it.head, &it.payload));
        let (views, _) = watch::channel(Arc::new(view(snapshot)));
        Self { driver, state, seed: 0, views }
    }

    /// Some traffic and a new view.
    pub(crate) fn go_on(&mut self) -> Arc<Snapshot> {
        self.seed += 1;
        self.driver.traffic(&mut Random(self.seed), 12);
        self.driver.counters();
        self.driver.now_ns += 10 * SECOND;
        self.driver.take().iter().for_each(|it| self.state.apply_event(&it.head, &it.payload));
        let options = SnapshotOptions::default();
        let snapshot = Arc::new(self.state.snapshot(self.driver.now_ns, &options));
        self.views.send_replace(Arc::new(view(Arc::clone(&snapshot))));
        snapshot
    }
}

fn view(snapshot: Arc<Snapshot>) -> View {
    View {
        snapshot,
        source: "test",
        started_ns: STARTS.collector_ns,
        stuck_after_ns: 30 * SECOND,
        undecided: 0,
        rates: Rates::default(),
        verdicts: Vec::new(),
        endpoints: Vec::new(),
    }
}

/// Flags for an endpoint; an interval that no test lives to see.
pub(crate) fn args(endpoint: &str, protocol: Protocol) -> OtlpArgs {
    OtlpArgs {
        endpoint: Some(endpoint.to_owned()),
        protocol: Some(protocol),
        interval: Some(Duration::from_hours(1)),
        ..OtlpArgs::default()
    }
}

/// Starts an export of a world, without any variables; notices go to the test's output.
pub(crate) fn export(args: &OtlpArgs, world: &World) -> Result<Exporter, Failure> {
    let settings = Settings::resolve(args, &|_| None, "pc1")?.unwrap();
    Exporter::start(settings, world.views.subscribe(), |_| STARTS, |words| println!("{words}"))
}
