//! Questions, asked a few at a time.

use super::interrupt::Interrupt;
use super::plan::{Ask, WORDS_BYTES_MAX, Where};
use super::process::{self, Answer, Run, Trouble};
use super::tools::Tools;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// How many tools run at a time: one that hangs leaves three, and the machine has other work.
const AT_A_TIME: usize = 4;

/// Where and how long tools run.
pub(super) struct Ground<'a> {
    tools: &'a Tools,
    private: &'a Path,
    environment: Vec<(&'static str, PathBuf)>,
    /// When all of them have to be done.
    deadline: Instant,
    interrupt: &'a Interrupt,
}

/// What came of a question.
pub(super) struct Told {
    pub(super) took: Duration,
    /// The error says why it was not asked, or did not start.
    pub(super) answer: Result<Answer, String>,
}

impl<'a> Ground<'a> {
    pub(super) fn new(
        tools: &'a Tools,
        private: &'a Path,
        deadline: Instant,
        interrupt: &'a Interrupt,
    ) -> Self {
        let environment = tools.environment(private);
        Self { tools, private, environment, deadline, interrupt }
    }

    /// Asks all, and returns what was told in the order of the questions.
    pub(super) fn round(&self, asks: &[Ask]) -> Vec<Told> {
        let next = AtomicUsize::new(0);
        let told: Vec<Mutex<Option<Told>>> = asks.iter().map(|_| Mutex::new(None)).collect();
        let work = || {
            while let Some((ask, place)) = {
                let at = next.fetch_add(1, Ordering::Relaxed);
                asks.get(at).zip(told.get(at))
            } {
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.ask(ask));
            }
        };
        std::thread::scope(|scope| {
            // This thread works too, so all is asked even where there is no other to be had.
            let more = (1..AT_A_TIME.min(asks.len())).map(|_| std::thread::Builder::new());
            for thread in more {
                let _there_may_be_fewer = thread.spawn_scoped(scope, work);
            }
            work();
        });
        let never = || Told { took: Duration::ZERO, answer: Err("it was not asked".to_owned()) };
        let taken =
            told.into_iter().map(|it| it.into_inner().unwrap_or_else(PoisonError::into_inner));
        taken.map(|it| it.unwrap_or_else(never)).collect()
    }

    /// Asks one.
    pub(super) fn ask(&self, ask: &Ask) -> Told {
        let begun = Instant::now();
        let answer = self.run(ask, begun);
        Told { took: begun.elapsed(), answer }
    }

    fn run(&self, ask: &Ask, begun: Instant) -> Result<Answer, String> {
        let program = self.tools.path(ask.program)?;
        let file = ask.program.file();
        if self.interrupt.is_pressed() {
            return Err(format!("{file} was not asked: {}", Trouble::Interrupted));
        }
        if begun >= self.deadline {
            return Err(format!("{file} was not asked: the time for all tools was over"));
        }
        let written = match ask.answer {
            Where::File(name) => Some(self.private.join(name)),
            Where::Output | Where::Key => None,
        };
        let run = Run {
            program: &program,
            arguments: &ask.arguments,
            folder: self.private,
            environment: &self.environment,
            deadline: self.deadline.min(begun + ask.limit.time),
            // Beside a file of hundreds of megabytes a tool has a few words to say.
            bytes_max: if written.is_some() { WORDS_BYTES_MAX } else { ask.limit.bytes },
            written: written.as_deref().map(|it| (it, ask.limit.bytes)),
        };
        process::run(&run, self.interrupt).map_err(|it| format!("{file} does not start: {it}"))
    }
}
