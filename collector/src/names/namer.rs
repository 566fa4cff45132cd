//! When the tool is asked, and when its answer may be used.
//!
//! Events take their time from the driver to the stages, the tool's answer takes none: it may know
//! of an attachment that the stages have not heard of.
//! So an answer waits for [`SETTLE`] after it came; if the attachments are still those for which it
//! was asked, nothing came or went while the tool looked.

use super::listing::{self, Lists};
use super::once::{Runner, TIME_MAX, Trouble};
use super::tool::Tool;
use crate::failure::{ExitCode, Failure};
use core::time::Duration;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::Instant;
use weir_stages::aggregate::{Look, Revision};

/// Between the beginnings of two looks.
pub(super) const PAUSE: Duration = Duration::from_secs(10);

/// How often the pause doubles while the tool fails: to five minutes.
const DOUBLINGS_MAX: u32 = 5;

/// How long an event may be on its way: sessions hand their buffers over every second, and order
/// is restored within another.
pub(super) const SETTLE: Duration = Duration::from_secs(3);

/// Two runs and some air. The tool may be in a call of the kernel that cannot be ended.
pub(super) const STUCK: Duration = TIME_MAX.saturating_mul(3);

/// What the namer says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamerFacts {
    /// How often the tool was asked; equals answers, failures and the one under way.
    pub looks: u64,
    /// How often it told.
    pub answers: u64,
    /// How often it failed.
    pub failures: u64,
}

type Answer = Result<Lists, Trouble>;

enum Phase {
    Idle,
    Asked { revision: Revision, since: Instant, is_late: bool },
    Settling { look: Look, until: Instant },
}

/// Asks the tool when names are wanted, on a thread of its own.
pub struct Namer {
    tool: Tool,
    ask: SyncSender<()>,
    answers: Receiver<Answer>,
    phase: Phase,
    not_before: Option<Instant>,
    failures_running: u32,
    complaint: Option<String>,
    facts: NamerFacts,
}

impl Namer {
    /// Starts the thread.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(tool: Tool) -> Result<Self, Failure> {
        let mut runner = Runner::new(tool.clone(), TIME_MAX);
        Self::with(tool, move || {
            let links = listing::links(&runner.run(&["-j", "link", "list"])?)?;
            listing::lists(links, &runner.run(&["-j", "prog", "list"])?)
        })
    }

    pub(super) fn with(
        tool: Tool,
        mut look: impl FnMut() -> Answer + Send + 'static,
    ) -> Result<Self, Failure> {
        // One question and one answer at a time: the next is asked after the last came.
        let (ask, asked) = sync_channel(1);
        let (tell, answers) = sync_channel(1);
        let thread = std::thread::Builder::new().name("weir-names".to_owned());
        let spawned =
            thread.spawn(move || while asked.recv().is_ok() && tell.send(look()).is_ok() {});
        spawned.map_err(|error| {
            let message = format!("start a thread: {error}");
            Failure::new(ExitCode::Unexpected, message, "free some threads or memory")
        })?;
        Ok(Self {
            tool,
            ask,
            answers,
            phase: Phase::Idle,
            not_before: None,
            failures_running: 0,
            complaint: None,
            facts: NamerFacts::default(),
        })
    }

    /// Asks where names are wanted, and hands an answer over when it may be used; never waits.
    pub fn poll(&mut self, wants: Option<Revision>, now: Instant) -> Option<Look> {
        match core::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Idle => self.phase = self.begin(wants, now),
            Phase::Asked { revision, since, is_late } => {
                self.phase = self.listen(revision, since, is_late, now);
            }
            // It was asked for attachments that are others by now.
            Phase::Settling { look, .. } if wants != Some(look.revision) => {}
            Phase::Settling { look, until } if now >= until => return Some(look),
            settling @ Phase::Settling { .. } => self.phase = settling,
        }
        None
    }

    /// A failure of the tool that nobody has heard of yet: the first after it last told.
    pub fn take_complaint(&mut self) -> Option<String> {
        self.complaint.take()
    }

    /// What it says of itself.
    #[must_use]
    pub const fn facts(&self) -> NamerFacts {
        self.facts
    }

    fn begin(&mut self, wants: Option<Revision>, now: Instant) -> Phase {
        let Some(revision) = wants else { return Phase::Idle };
        if self.not_before.is_some_and(|it| now < it) {
            return Phase::Idle;
        }
        self.not_before = Some(now + PAUSE);
        self.facts.looks += 1;
        // There is room for one question, and no other is under way.
        if self.ask.try_send(()).is_err() {
            self.failed(&Trouble::Stuck, now);
            return Phase::Idle;
        }
        Phase::Asked { revision, since: now, is_late: false }
    }

    fn listen(&mut self, revision: Revision, since: Instant, is_late: bool, now: Instant) -> Phase {
        match self.answers.try_recv() {
            Err(TryRecvError::Empty) => {
                let is_stuck = now.saturating_duration_since(since) >= STUCK;
                if is_stuck && !is_late {
                    self.failed(&Trouble::Stuck, now);
                }
                return Phase::Asked { revision, since, is_late: is_late || is_stuck };
            }
            // It has been counted as failed.
            _ if is_late => {}
            Ok(Ok(Lists { links, programs })) => {
                self.facts.answers += 1;
                self.failures_running = 0;
                let look = Look { revision, links, programs };
                return Phase::Settling { look, until: now + SETTLE };
            }
            Ok(Err(trouble)) => self.failed(&trouble, now),
            Err(TryRecvError::Disconnected) => self.failed(&Trouble::Stuck, now),
        }
        Phase::Idle
    }

    fn failed(&mut self, trouble: &Trouble, now: Instant) {
        self.facts.failures += 1;
        if self.failures_running == 0 {
            let path = crate::failure::one_line(&self.tool.path().display().to_string());
            self.complaint =
                Some(format!("programs without a label have no names: {path}: {trouble}"));
        }
        let doublings = self.failures_running.min(DOUBLINGS_MAX);
        self.failures_running = self.failures_running.saturating_add(1);
        self.not_before = Some(now + PAUSE.saturating_mul(1 << doublings));
    }
}
