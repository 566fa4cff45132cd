//! Reads the driver's events for a while and says what came, as JSON lines.
//!
//! `live [--seconds N] [--detail] [--secure] [--panic]`: without a number until standard input ends. A line
//! each second, and a last one with `"final": true`. Only on Windows.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of a terminal")]

#[cfg(windows)]
fn main() -> std::process::ExitCode {
    windows::main()
}

#[cfg(not(windows))]
fn main() -> std::process::ExitCode {
    println!("{}", serde_json::json!({ "error": "only on Windows" }));
    eprintln!("Windows has event tracing");
    std::process::ExitCode::from(9)
}

#[cfg(windows)]
mod windows {
    use core::time::Duration;
    use serde_json::{Value, json};
    use std::process::ExitCode;
    use std::sync::mpsc::{RecvTimeoutError, sync_channel};
    use std::time::Instant;
    use weir_abi::event::{Event as _, Verdict};
    use weir_etw::live::{LiveSessions, Options};
    use weir_etw::ring::KindCounts;
    use weir_etw::supervisor::Report;
    use weir_etw::{SessionName, Supervisor};
    use weir_stages::batch::EventBatch;
    use weir_stages::kinds::{KINDS, kind_index, kind_label};

    const TURN: Duration = Duration::from_millis(100);
    const LINE_EVERY: Duration = Duration::from_secs(1);

    /// Events and drops of both sessions.
    #[derive(Default)]
    struct Seen {
        received: [KindCounts; 2],
        dropped: [KindCounts; 2],
        payload_bytes: u64,
    }

    impl Seen {
        fn take(&mut self, session: SessionName, batch: &EventBatch) {
            for (head, payload) in batch.iter() {
                self.received[session.index()][kind_index(head.id)] += 1;
                self.payload_bytes += payload.len() as u64;
            }
        }

        fn take_dropped(&mut self, supervisor: &mut Supervisor<LiveSessions>) {
            for session in SessionName::ALL {
                let more = supervisor.take_dropped(session);
                let all = self.dropped[session.index()].iter_mut();
                all.zip(more).for_each(|(all, more)| *all += more);
            }
        }

        fn line(&self, report: &Report) -> Value {
            let index = report.session.index();
            json!({
                "session": report.session.text(),
                "up": report.is_up,
                "restarts": report.restarts,
                "lost": {
                    "events": report.lost.events,
                    "realtime_buffers": report.lost.realtime_buffers,
                    "log_buffers": report.lost.log_buffers,
                },
                "query_failures": report.query_failures,
                "delivered": report.callback.delivered,
                "foreign": report.callback.foreign,
                "panics": report.callback.panics,
                "received": by_kind(&self.received[index]),
                "dropped": by_kind(&self.dropped[index]),
                "payload_bytes": self.payload_bytes,
            })
        }
    }

    fn by_kind(counts: &KindCounts) -> Value {
        let some = (0..KINDS).filter(|kind| counts[*kind] > 0);
        some.map(|kind| (kind_label(kind).to_owned(), counts[kind].into()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    pub(super) fn main() -> ExitCode {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let has = |word: &str| words.iter().any(|it| it == word);
        let seconds = words
            .iter()
            .position(|it| it == "--seconds")
            .and_then(|at| words.get(at + 1)?.parse::<u64>().ok().map(Duration::from_secs));
        let on_event = has("--panic").then_some(panic_at_verdicts as fn(u16));
        let sessions = LiveSessions::new(Options { is_secure: has("--secure"), on_event });
        for session in SessionName::ALL {
            println!("{}", json!({ "sizes": format!("{:?}", sessions.sizes(session)) }));
        }
        match Supervisor::start(sessions, has("--detail"), Instant::now()) {
            Ok(supervisor) => {
                run(supervisor, seconds);
                ExitCode::SUCCESS
            }
            Err(error) => {
                println!("{}", json!({ "error": error.to_string(), "kind": error.kind() }));
                eprintln!("live: failed to {error}\nhint: {}", error.hint());
                ExitCode::FAILURE
            }
        }
    }

    /// What must not end the process.
    fn panic_at_verdicts(id: u16) {
        assert_ne!(id, Verdict::ID, "told to panic");
    }

    fn run(mut supervisor: Supervisor<LiveSessions>, seconds: Option<Duration>) {
        let (ended, end) = sync_channel::<()>(1);
        if seconds.is_none() {
            std::thread::spawn(move || {
                let _until_it_ends = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
                drop(ended);
            });
        } else {
            // Kept, so that only the time ends it.
            drop(std::thread::spawn(move || {
                std::thread::park();
                drop(ended);
            }));
        }
        let (start, mut seen, mut line_at) = (Instant::now(), Seen::default(), Instant::now());
        while seconds.is_none_or(|limit| start.elapsed() < limit) {
            supervisor.drain(|session, batch| seen.take(session, batch));
            for change in supervisor.poll(Instant::now(), false) {
                println!("{}", json!({ "change": format!("{change:?}") }));
            }
            seen.take_dropped(&mut supervisor);
            if line_at.elapsed() >= LINE_EVERY {
                line_at += LINE_EVERY;
                supervisor.reports().for_each(|report| println!("{}", seen.line(&report)));
            }
            if end.recv_timeout(TURN) == Err(RecvTimeoutError::Disconnected) {
                break;
            }
        }
        let finals = supervisor.stop(|session, batch| seen.take(session, batch));
        seen.take_dropped(&mut supervisor);
        for end in finals {
            let mut line = seen.line(&end.report);
            line["final"] = true.into();
            line["stuck"] = end.is_stuck.into();
            line["refused"] = end.refused.map(|it| it.to_string()).into();
            println!("{line}");
        }
    }
}
