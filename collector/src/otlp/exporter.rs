//! The export at work: a thread of its own, so that encoding and compression keep no scrape waiting.

use super::args::Protocol;
use super::connect::Connector;
use super::grpc_transport::GrpcTransport;
use super::http_transport::HttpTransport;
use super::message::Message;
use super::notices::{Notices, Say};
use super::operational::Operational;
use super::sender::{Deadline, Sender, Transport};
use super::settings::{Settings, Target};
use super::stats::{Lane, SignalStats, StatsReader};
use crate::failure::{ExitCode, Failure};
use crate::serve::{View, Views};
use bytes::Bytes;
use core::time::Duration;
use opentelemetry_sdk::metrics::Temporality as SdkTemporality;
use prost::Message as _;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Builder;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout_at};
use weir_stages::otlp::{Converter, Counted, Starts, Temporality};

/// An export that runs until it is shut down; dropped, it ends without a last flush.
#[derive(Debug)]
pub struct Exporter {
    stats: StatsReader,
    counted: Arc<Mutex<Counted>>,
    operational: Operational,
    deadline: watch::Sender<Option<Instant>>,
    done: oneshot::Receiver<()>,
}

impl Exporter {
    /// Starts it: at each interval the newest view's snapshot goes out. `starts` says since when its
    /// totals count; `say` is told, at most once a minute, what goes wrong.
    ///
    /// # Errors
    /// Where certificates cannot be used or there is no thread to be had.
    pub fn start(
        settings: Settings,
        views: Views,
        starts: impl Fn(&View) -> Starts + Send + 'static,
        say: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        let say: Say = Arc::new(say);
        for warning in settings.warnings() {
            say(warning);
        }
        let lane = |target: &Option<Target>| {
            let target = target.as_ref()?;
            Some(Arc::new(Lane::new(target.signal, target.endpoint.label.clone())))
        };
        let (metrics, logs) = (lane(&settings.metrics), lane(&settings.logs));
        let of_sdk = match settings.options.temporality {
            Temporality::Cumulative => SdkTemporality::Cumulative,
            Temporality::Delta => SdkTemporality::Delta,
            Temporality::LowMemory => SdkTemporality::LowMemory,
        };
        let attributes = &settings.options.resource;
        let times = (of_sdk, settings.interval);
        let operational = Operational::new(metrics.clone(), logs.clone(), attributes, times);
        let (deadline, ends) = watch::channel(None);
        let mut senders = Vec::new();
        for (target, lane) in [(&settings.metrics, &metrics), (&settings.logs, &logs)] {
            if let (Some(target), Some(lane)) = (target, lane) {
                senders.push(sender(target, lane, &operational, &ends, &say)?);
            }
        }
        let counted = Arc::new(Mutex::new(Counted::default()));
        let worker = Worker {
            converter: Converter::new(settings.options),
            metrics: metrics.clone(),
            lanes: metrics.iter().chain(&logs).cloned().collect(),
            views,
            starts: Box::new(starts),
            counted: Arc::clone(&counted),
            operational: operational.clone(),
            interval: settings.interval,
            ends,
        };
        let stats = StatsReader(worker.lanes.clone());
        let done = spawn(worker, senders)?;
        Ok(Self { stats, counted, operational, deadline, done })
    }

    /// What became of requests so far, by signal.
    #[must_use]
    pub fn stats(&self) -> Vec<SignalStats> {
        self.stats.read()
    }

    /// The same for whoever publishes it.
    #[must_use]
    pub fn stats_reader(&self) -> StatsReader {
        self.stats.clone()
    }

    /// What conversion did that no point shows.
    #[must_use]
    pub fn counted(&self) -> Counted {
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For what else the collector has to say of itself.
    #[must_use]
    pub const fn operational(&self) -> &Operational {
        &self.operational
    }

    /// Sends the newest snapshot and what waits, and ends; at the latest after `within`. Returns the
    /// last word on every signal.
    pub async fn shutdown(self, within: Duration) -> Vec<SignalStats> {
        let deadline = Instant::now() + within;
        // Fails where the thread is gone, and then there is nothing to wait for.
        if self.deadline.send(Some(deadline)).is_ok() {
            let _over = timeout_at(deadline + SLACK, self.done).await;
        }
        self.stats.read()
    }
}

/// How long the thread may take to notice that its time is over.
const SLACK: Duration = Duration::from_millis(250);

fn sender(
    target: &Target,
    lane: &Arc<Lane>,
    operational: &Operational,
    ends: &Deadline,
    say: &Say,
) -> Result<Sender, Failure> {
    let connector = Connector::new(target)?;
    let transport = match target.protocol {
        Protocol::Grpc => Transport::Grpc(Box::new(GrpcTransport::new(target, connector))),
        Protocol::HttpProtobuf => Transport::Http(Box::new(HttpTransport::new(target, connector))),
    };
    let told = (lane.signal == super::Signal::Metrics).then(|| operational.clone());
    Ok(Sender {
        lane: Arc::clone(lane),
        transport,
        timeout: target.timeout,
        deadline: ends.clone(),
        operational: operational.clone(),
        notices: Notices::new(Arc::clone(say), told),
    })
}

fn spawn(worker: Worker, senders: Vec<Sender>) -> Result<oneshot::Receiver<()>, Failure> {
    let failed = |error: std::io::Error| {
        let message = format!("start the export: {error}");
        Failure::new(ExitCode::Unexpected, message, "free some threads or memory")
    };
    let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let (done, is_done) = oneshot::channel();
    let thread = std::thread::Builder::new().name("weir-otlp".to_owned());
    let work = move || {
        runtime.block_on(worker.run(senders));
        // Whoever waited may have gone.
        let _nobody_waits = done.send(());
    };
    thread.spawn(work).map_err(failed)?;
    Ok(is_done)
}

/// Turns views into requests.
struct Worker {
    converter: Converter,
    metrics: Option<Arc<Lane>>,
    lanes: Vec<Arc<Lane>>,
    views: Views,
    starts: Box<dyn Fn(&View) -> Starts + Send>,
    counted: Arc<Mutex<Counted>>,
    operational: Operational,
    interval: Duration,
    ends: Deadline,
}

impl Worker {
    async fn run(mut self, senders: Vec<Sender>) {
        let mut sending: JoinSet<()> = senders.into_iter().map(Sender::run).collect();
        let mut ticks = interval_at(Instant::now() + self.interval, self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let deadline = loop {
            tokio::select! {
                _ = ticks.tick() => self.export(),
                asked = self.ends.changed() => {
                    if asked.is_err() {
                        // Dropped without a shutdown: nobody wants the rest.
                        self.operational.shutdown();
                        return;
                    }
                    if let Some(deadline) = *self.ends.borrow_and_update() {
                        break deadline;
                    }
                }
            }
        };
        self.export();
        self.operational.shutdown();
        self.lanes.iter().for_each(|lane| lane.queue.close());
        let all = async { while sending.join_next().await.is_some() {} };
        if timeout_at(deadline, all).await.is_err() {
            sending.shutdown().await;
        }
        for lane in &self.lanes {
            lane.dropped.add(lane.queue.abandon());
        }
    }

    fn export(&mut self) {
        let Some(lane) = &self.metrics else { return };
        let view = Arc::clone(&self.views.borrow_and_update());
        let begun = Instant::now();
        let requests = self.converter.convert(&view.snapshot, (self.starts)(&view));
        for request in requests {
            let body = Bytes::from(request.message.encode_to_vec());
            lane.offer(Message { body, points: request.points });
        }
        self.operational.converted(begun.elapsed());
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        *counted = self.converter.counted();
    }
}
