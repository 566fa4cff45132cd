//! What a seed's threads do: steps that are drawn before anything runs, so that each can be left
//! out on its own.

use weir_abi::Direction;
use weir_sim_kernel::ndis::Shape;
use weir_sim_kernel::threads::random::Random;

/// A step of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A connection is established.
    Connect { is_v6: bool, compartment: u32 },
    /// Data of a connection that is there.
    Data { of: usize, direction: Direction, bytes: usize, shape: Shape, missed: usize },
    /// A direction of a connection ends.
    Finish { of: usize, direction: Direction },
    /// Flow established once more.
    Authorize { of: usize },
    /// A connection ends.
    Close { of: usize },
    /// Deletions that were kept back are told.
    Deletions,
    /// A program is attached, to a compartment or to all.
    Attach { temper: u64, compartment: u32 },
    /// A program is detached.
    Detach { of: usize },
    /// A session wants these keywords.
    Enable { keywords: u64 },
    /// It ends.
    Disable,
    /// It asks for the state.
    CaptureState,
    /// The filtering engine stops.
    StopEngine,
    /// It starts.
    StartEngine,
    /// Nothing, for so many nanoseconds.
    Stand { nanos: u64 },
    /// The driver is unloaded.
    Unload,
}

/// The connection that was begun last; less one is the one before.
pub(crate) const LAST: usize = usize::MAX;

/// A thread and its steps.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
}

/// Which connections the threads of the network are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Traffic {
    /// Some that are opened and closed, but most steps are data.
    Mixed,
    /// They come and go.
    Short,
    /// All threads have data of the same one.
    One,
    /// Data of many that none closes: what becomes of them is the programs' doing.
    Many,
}

impl Traffic {
    /// Whether threads are to meet in the same places often.
    const fn is_dense(self) -> bool {
        matches!(self, Self::One | Self::Many)
    }

    /// A connection of a step.
    fn of(self, random: &Random) -> usize {
        match self {
            Self::One => LAST,
            Self::Many => random.below(16),
            // Those of before may be gone.
            Self::Mixed | Self::Short if random.one_in(3) => LAST - random.below(2),
            Self::Mixed | Self::Short => random.below(8),
        }
    }
}

/// Choices of [`Story::others`].
const OTHERS: [usize; 5] = [0, 50, 200, 400, 1_000];

/// All that a seed stands for but the turns.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) processors: u32,
    /// `FailurePolicy` is closed.
    pub(crate) is_closed: bool,
    /// `BlockAction` is abort.
    pub(crate) aborts: bool,
    /// Deletions come when somebody delivers them.
    pub(crate) deletes_later: bool,
    /// Deletions come while data is classified.
    pub(crate) is_hostile: bool,
    /// Instructions without a lock that get a breakpoint.
    pub(crate) others: usize,
    /// Programs that are there first.
    pub(crate) attached: Vec<(u64, u32)>,
    /// Connections that are there first.
    pub(crate) connections: usize,
    pub(crate) parts: Vec<Part>,
}

impl Story {
    /// The story of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let random = Random::new(seed ^ 0x5704);
        let traffic =
            *random.one_of(&[Traffic::Mixed, Traffic::Short, Traffic::One, Traffic::Many]);
        let networks = 1 + random.below(3) + usize::from(traffic.is_dense());
        let mut parts: Vec<Part> =
            (0..networks).map(|number| network(&random, number, traffic)).collect();
        if traffic != Traffic::Many && random.one_in(2) {
            parts.push(part("transport", (0..4 + random.below(12)).map(|_| transport(&random))));
        }
        if !random.one_in(4) {
            parts.push(control(&random));
        }
        if random.one_in(3) {
            parts.push(part("sessions", (0..2 + random.below(6)).map(|_| session(&random))));
        }
        if random.one_in(4) {
            parts.push(engine(&random));
        }
        if random.one_in(2) {
            let wait = Step::Stand { nanos: 500 * u64::try_from(random.below(400)).unwrap() };
            parts.push(part("unload", [wait, Step::Unload].into_iter()));
        }
        let temper = || (random.next(), u32::from(random.one_in(4)));
        Self {
            processors: *random.one_of(&[1, 2, 2, 3, 4]),
            is_closed: random.one_in(3),
            aborts: random.one_in(2),
            deletes_later: random.one_in(2),
            is_hostile: random.one_in(3),
            // Where threads are to meet in one place, few others keep them apart.
            others: *random.one_of(if traffic.is_dense() { &[0, 50] } else { &OTHERS }),
            attached: (0..random.below(4) + usize::from(traffic.is_dense()))
                .map(|_| temper())
                .collect(),
            connections: match traffic {
                Traffic::One => 1,
                Traffic::Many => 16,
                Traffic::Mixed | Traffic::Short => random.below(6),
            },
            parts,
        }
    }

    /// Every step, as a thread and a place in it.
    pub(crate) fn steps(&self) -> Vec<(usize, usize)> {
        let of = |(thread, part): (usize, &Part)| (0..part.steps.len()).map(move |it| (thread, it));
        self.parts.iter().enumerate().flat_map(of).collect()
    }

    /// The story without some steps; threads stay, and keep their numbers.
    pub(crate) fn without(mut self, dropped: &[(usize, usize)]) -> Self {
        for (thread, part) in self.parts.iter_mut().enumerate() {
            let mut place = 0;
            part.steps.retain(|_| {
                place += 1;
                !dropped.contains(&(thread, place - 1))
            });
        }
        self
    }
}

fn part(name: &str, steps: impl Iterator<Item = Step>) -> Part {
    Part { name: name.to_owned(), steps: steps.collect() }
}

fn network(random: &Random, number: usize, traffic: Traffic) -> Part {
    let steps = (0..6 + random.below(24)).map(|_| {
        let of = traffic.of(random);
        match (random.below(20), traffic) {
            (0..=3, Traffic::Mixed) | (0..=7, Traffic::Short) | (0, Traffic::One) => {
                connect(random)
            }
            (8, Traffic::Mixed) | (8..=12, Traffic::Short) | (1, Traffic::One) => {
                Step::Close { of }
            }
            (13, _) => Step::Finish { of, direction: direction(random) },
            (14, _) => Step::Authorize { of },
            _ => data(random, of),
        }
    });
    part(&format!("network {number}"), steps)
}

fn connect(random: &Random) -> Step {
    Step::Connect { is_v6: random.one_in(3), compartment: 1 + u32::from(random.one_in(3)) }
}

fn data(random: &Random, of: usize) -> Step {
    let bytes = *random.one_of(&[0, 1, 60, 1_460, 1_460, 9_000, 70_000]);
    let missed = if random.one_in(20) { 100 } else { 0 };
    let shape = *random.one_of(&Shape::ALL);
    Step::Data { of, direction: direction(random), bytes, shape, missed }
}

fn direction(random: &Random) -> Direction {
    if random.one_in(2) { Direction::Inbound } else { Direction::Outbound }
}

fn transport(random: &Random) -> Step {
    match random.below(4) {
        0 => Step::Close { of: random.below(8) },
        1 => data(random, random.below(8)),
        _ => Step::Deletions,
    }
}

fn control(random: &Random) -> Part {
    let steps = (0..2 + random.below(8)).map(|_| {
        if random.one_in(2) {
            let temper = random.next();
            Step::Attach { temper, compartment: u32::from(random.one_in(4)) }
        } else {
            Step::Detach { of: random.below(4) }
        }
    });
    part("control", steps)
}

fn session(random: &Random) -> Step {
    match random.below(4) {
        0 => Step::Disable,
        1 => Step::CaptureState,
        _ => Step::Enable { keywords: *random.one_of(&[0, 0, u64::MAX >> 16, 0x1]) },
    }
}

fn engine(random: &Random) -> Part {
    let pause = || Step::Stand { nanos: 1_000 * u64::try_from(random.below(3_000)).unwrap() };
    let steps = [pause(), Step::StopEngine, pause(), Step::StartEngine];
    part("engine", steps.into_iter().cycle().take(4 * (1 + random.below(2))))
}
