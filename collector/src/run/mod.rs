//! `weir run`: the collector at work.
//!
//! Events of the driver's sessions, or of a trace, go through the stages; what comes out is served
//! as metrics and on a page, and exported.
//!
//! * `source`: where events come from; `live`: sessions; `whole`, `tail`: files and standard
//!   input.
//! * `pump`: the thread from source to views.
//! * `wfp`: looks at the filtering engine's objects; `doctor`: at the whole machine, more seldom.

mod doctor;
#[cfg_attr(
    not(windows),
    expect(dead_code, reason = "the same everywhere, but only Windows has sessions")
)]
mod live;
mod pump;
mod source;
mod tail;
mod wfp;
mod whole;

pub(crate) use source::ours;

use crate::cli::RunArgs;
use crate::failure::{ExitCode, Failure};
use crate::live::{
    Exports, LiveStages, Stop, on_runtime, random, snapshot_options, time_is_over, unexpected,
    watch_web,
};
use crate::names::{Namer, Tool};
use crate::otlp::Settings;
use crate::output;
use crate::serve::{self, Readiness, Server};
use crate::web_config::WebConfigFile;
use pump::{Pump, now_ns};
use source::Source;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, mpsc};
use tail::Growing;
use tokio::runtime::Runtime;
use tokio::sync::{oneshot, watch};
use weir_abi::event::{Event as _, FlowUninspected};
use weir_stages::aggregate::Options;
use weir_stages::kinds::KindSet;
use whole::Whole;

/// Why nothing is ready before the first look at the source.
const STARTING: &str = "the collector has just started";

/// Runs the command.
///
/// # Errors
/// The source cannot be read, the listen address is not to be had.
pub fn run(args: &RunArgs, out: &mut impl Write) -> Result<(), Failure> {
    on_runtime(|runtime| collect(runtime, args, out))
}

fn collect(runtime: &Runtime, args: &RunArgs, out: &mut impl Write) -> Result<(), Failure> {
    runtime.block_on(async {
        // Before anything is printed: who reads the greeting may press Ctrl-C at once.
        let stop = Stop::listen().map_err(|error| unexpected("listen for signals", &error))?;
        let web_config = args.web.config_file.as_deref().map(WebConfigFile::open).transpose()?;
        let web_config = web_config.map(Arc::new);
        let settings = Settings::of_process(&args.otlp)?;
        let listener = serve::bind(args.web.listen_address).await?;
        let source = source(args)?;
        let namer = namer(args)?;
        let wfp = wfp::watch(args)?;
        let doctor = doctor::watch(args)?;
        let options = snapshot_options(args.stuck_after, args.flow_detail);
        let stages = LiveStages::new(source.flows(), stages_options(args), options, now_ns());
        let (readiness, readable) = watch::channel(Readiness::NotReady(STARTING.into()));
        let exports = Exports::start(settings, stages.views())?;
        let options = serve::Options {
            web_config: web_config.clone(),
            readiness: Some(readable),
            scraped: exports.scraped(),
        };
        let server = Server::start(listener, stages.views(), options)
            .map_err(|error| unexpected("serve metrics", &error))?;
        let web = watch_web(&server, web_config);
        let greeting = greeting(&server, source.flows());
        output::print(greeting.as_bytes(), out)?;
        let (tell, stopped) = mpsc::channel();
        let exporters = exports.facts();
        let pump =
            Pump { source, stages, namer, wfp, doctor, exporters, web, readiness, stop: stopped };
        let mut ended = start(pump)?;
        let early = tokio::select! {
            outcome = &mut ended => Some(outcome),
            () = stop.asked() => None,
            () = time_is_over(args.duration) => None,
        };
        let outcome = match early {
            Some(outcome) => outcome,
            None => {
                // It may have ended by itself just now.
                let _told = tell.send(());
                ended.await
            }
        };
        exports.end().await;
        outcome.unwrap_or_else(|_| {
            let message = "go on: the thread that takes events in has ended";
            Err(Failure::new(ExitCode::Unexpected, message, "report what stands above this line"))
        })
    })
}

fn greeting(server: &Server, flows: &str) -> String {
    let (scheme, address) = (server.scheme(), server.address());
    format!("weir serves {scheme}://{address}/metrics; the flows are {flows}\n")
}

/// Runs the pump on a thread of its own; the receiver gets its outcome.
fn start(pump: Pump) -> Result<oneshot::Receiver<Result<(), Failure>>, Failure> {
    let (tell, ended) = oneshot::channel();
    let thread = std::thread::Builder::new().name("weir-pump".to_owned());
    let spawned = thread.spawn(move || {
        // Nobody listens once the runtime is gone.
        let _told = tell.send(pump.run());
    });
    spawned.map(|_| ended).map_err(|error| unexpected("start a thread", &error))
}

/// Where the arguments say that events come from.
fn source(args: &RunArgs) -> Result<Box<dyn Source + Send>, Failure> {
    match &args.from {
        Some(path) if path.as_path() == Path::new("-") => Ok(Box::new(Growing::stdin())),
        Some(path) if args.follow => Ok(Box::new(Growing::file(path)?)),
        Some(path) => Ok(Box::new(Whole::open(path)?)),
        None => live(args),
    }
}

/// Who knows the names of programs: the tool that was given, or this machine's where its driver is
/// listened to. That of a trace is another machine's or another day's.
fn namer(args: &RunArgs) -> Result<Option<Namer>, Failure> {
    if args.names_bpftool.is_none() && args.from.is_some() {
        return Ok(None);
    }
    Tool::find(args.names_bpftool.as_deref())?.map(Namer::start).transpose()
}

/// The sessions of this machine.
#[cfg(windows)]
fn live(args: &RunArgs) -> Result<Box<dyn Source + Send>, Failure> {
    let options = weir_etw::live::Options { is_secure: args.secure_session, on_event: None };
    let sessions = weir_etw::live::LiveSessions::new(options);
    Ok(Box::new(live::Live::start(sessions, args.invocation_events)?))
}

/// There is none.
#[cfg(not(windows))]
fn live(_args: &RunArgs) -> Result<Box<dyn Source + Send>, Failure> {
    Err(Failure::new(
        ExitCode::NotWindows,
        "listen to the driver: event tracing is a part of Windows",
        "name a trace with --from FILE, or try `weir demo`, which works on any system",
    ))
}

/// Buffers of processors come in any order, so what a mark covers may come after it. Of kinds that
/// no session of ours carries, nothing is lost; a trace may carry any.
fn stages_options(args: &RunArgs) -> Options {
    let unheard = KindSet::NONE.with(FlowUninspected::ID);
    let unheard = if args.invocation_events { unheard } else { unheard.and(KindSet::DETAIL) };
    let listening = if args.from.is_some() { KindSet::ALL } else { KindSet::ALL.without(unheard) };
    Options { deferred: KindSet::ALL, listening, hash_seed: random(), ..Options::default() }
}
