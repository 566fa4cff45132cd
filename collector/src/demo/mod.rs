//! `weir demo`: sample programs decide live loopback traffic, and a page shows it.
//!
//! Clients connect to a proxy, the proxy asks the hook, the hook runs the programs in the VM and
//! writes event bytes; from there on everything is as with a driver: mailbox, stages, snapshot.
//! Nothing on the page takes a shorter way, except what clients say they ask for.

mod pipeline;
mod programs;
mod terminal;
mod traffic;

use crate::cli::DemoArgs;
use crate::failure::Failure;
use crate::live::{Exports, Stop, on_runtime, time_is_over, unexpected, watch_web};
use crate::otlp::Settings;
use crate::output;
use crate::serve::{self, Server};
use crate::web_config::WebConfigFile;
use core::time::Duration;
use pipeline::Pipeline;
use std::io::Write;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::time::{MissedTickBehavior, interval};
use traffic::Traffic;

/// How often events are taken in and the page's state is renewed.
const REFRESH: Duration = Duration::from_millis(250);

/// Runs the command.
///
/// # Errors
/// The listen address is not to be had, or the machine has no loopback to spare.
pub fn run(args: &DemoArgs, out: &mut impl Write) -> Result<(), Failure> {
    let summary = on_runtime(|runtime| live(runtime, args, out));
    output::print(summary?.as_bytes(), out)
}

fn live(runtime: &Runtime, args: &DemoArgs, out: &mut impl Write) -> Result<String, Failure> {
    runtime.block_on(async {
        // Before anything is printed: who reads the greeting may press Ctrl-C at once.
        let stop = Stop::listen().map_err(|error| unexpected("listen for signals", &error))?;
        let web_config = args.web.config_file.as_deref().map(WebConfigFile::open).transpose()?;
        let web_config = web_config.map(Arc::new);
        let settings = Settings::of_process(&args.otlp)?;
        let listener = serve::bind(args.web.listen_address).await?;
        let mut pipeline = Pipeline::start(args.stuck_after, args.record.as_deref())?;
        let traffic = Traffic::prepare(&pipeline.hook).await;
        let mut traffic = traffic.map_err(|error| unexpected("bind loopback ports", &error))?;
        pipeline.know(&traffic);
        let exports_to = settings.as_ref().and_then(Settings::metrics_endpoint);
        let exports_to = exports_to.map(str::to_owned);
        let exports = Exports::start(settings, pipeline.views())?;
        let options = serve::Options {
            web_config: web_config.clone(),
            scraped: exports.scraped(),
            ..serve::Options::default()
        };
        let server = Server::start(listener, pipeline.views(), options)
            .map_err(|error| unexpected("serve the page", &error))?;
        pipeline.surround(exports.facts(), watch_web(&server, web_config));
        let served = (server.scheme(), server.address());
        let greeting = terminal::greeting(served, exports_to.as_deref(), args);
        output::print(greeting.as_bytes(), out)?;
        let outcome = tokio::select! {
            () = traffic.run() => Ok(()),
            outcome = watch(&mut pipeline) => outcome,
            () = stop.asked() => Ok(()),
            () = time_is_over(args.duration) => Ok(()),
        };
        traffic.shutdown().await;
        let finished = pipeline.finish();
        exports.end().await;
        outcome.and(finished)?;
        Ok(terminal::summary(&pipeline.view()))
    })
}

/// Keeps the view fresh; ends only where the recording cannot go on.
async fn watch(pipeline: &mut Pipeline) -> Result<(), Failure> {
    let status = terminal::status();
    let mut ticks = interval(REFRESH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        pipeline.refresh()?;
        status.show(&pipeline.view());
    }
}
