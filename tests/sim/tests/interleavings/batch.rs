//! Seeds in processes of their own: one that ends its process is a failure like any other.

use core::time::Duration;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

/// Set for processes whose output is read, which do not fail for what they told.
pub(crate) const IN_A_BATCH: &str = "WEIR_IN_A_BATCH";

/// How a seed failed that ended nothing.
pub(crate) const HANGS: &str = "it hangs";

/// Without a word for so long, a process hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is to be run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) seed: u64,
    /// Steps that are left out, as thread and place.
    pub(crate) dropped: Vec<(usize, usize)>,
    /// Turns, as moment and thread; `None` takes them as the seed says.
    pub(crate) turns: Option<Vec<(u64, usize)>>,
}

impl Order {
    /// The variables that the test `one_seed` reads.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![("WEIR_SEEDS", format!("{}..{}", self.seed, self.seed + 1))];
        if !self.dropped.is_empty() {
            all.push(("WEIR_DROP", pairs(&self.dropped)));
        }
        if let Some(turns) = &self.turns {
            all.push(("WEIR_TURNS", pairs(turns)));
        }
        all
    }
}

fn pairs<A: ToString, B: ToString>(all: &[(A, B)]) -> String {
    let told = all.iter().map(|(a, b)| format!("{}:{}", a.to_string(), b.to_string()));
    told.collect::<Vec<_>>().join(",")
}

/// Reads what [`Order::variables`] wrote.
pub(crate) fn read_pairs(text: &str) -> Vec<(u64, usize)> {
    let pair = |it: &str| {
        let (a, b) = it.split_once(':').unwrap();
        (a.parse().unwrap(), b.parse().unwrap())
    };
    text.split(',').filter(|it| !it.is_empty()).map(pair).collect()
}

/// What came of seeds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) seeds: u64,
    /// Points, turns, calls, events.
    pub(crate) sums: [u64; 4],
    /// Seeds that failed, and how.
    pub(crate) failed: Vec<(u64, String)>,
    /// The turns of the last one that failed and lived to tell.
    pub(crate) turns: Option<Vec<(u64, usize)>>,
}

impl Told {
    fn line(&mut self, seed: u64, line: &str) {
        if let Some(turns) = line.strip_prefix("    turns ") {
            self.turns = Some(read_pairs(turns));
        } else if let Some(wrong) = line.strip_prefix("    ") {
            match self.failed.last_mut() {
                Some((failed, told)) if *failed == seed => *told = format!("{told}; {wrong}"),
                _ => self.failed.push((seed, wrong.to_owned())),
            }
        } else {
            self.seeds += 1;
            let numbers = line.split(", ").filter_map(|it| it.split(' ').next()?.parse().ok());
            for (sum, number) in self.sums.iter_mut().zip(numbers) {
                let number: u64 = number;
                *sum += number;
            }
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.seeds += other.seeds;
        for (sum, other) in self.sums.iter_mut().zip(other.sums) {
            *sum += other;
        }
        self.failed.extend(other.failed);
    }
}

fn start(image: &Path, variables: &[(&'static str, String)]) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "one_seed", "--nocapture", "--test-threads", "1"])
        .env("WEIR_SYS", image)
        .env("RUST_BACKTRACE", "0")
        .env(IN_A_BATCH, "1")
        .envs(variables.iter().map(|(name, value)| (*name, value.as_str())))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs one order.
pub(crate) fn one(image: &Path, order: &Order) -> Told {
    let mut told = Told::default();
    one_process(image, &order.variables(), order.seed + 1, &mut told);
    told
}

/// Runs seeds, in as many processes as it takes.
pub(crate) fn seeds(image: &Path, first: u64, last: u64) -> Told {
    let mut told = Told::default();
    let mut next = first;
    while next < last {
        let variables = [("WEIR_SEEDS", format!("{next}..{last}"))];
        next = one_process(image, &variables, last, &mut told);
    }
    told
}

/// The seed to go on with.
fn one_process(
    image: &Path,
    variables: &[(&'static str, String)],
    last: u64,
    told: &mut Told,
) -> u64 {
    let mut child = start(image, variables);
    let (sender, lines) = mpsc::channel();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let mut errors = child.stderr.take().unwrap();
    let words = std::thread::spawn(move || {
        let mut words = Vec::new();
        let _until_it_ends = errors.read_to_end(&mut words);
        String::from_utf8_lossy(&words).into_owned()
    });
    let mut running = None;
    let hangs = loop {
        let line = match lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(error) => break error == mpsc::RecvTimeoutError::Timeout,
        };
        if let Some(rest) = line.strip_prefix("seed ") {
            match rest.split_once(": ") {
                Some((seed, figures)) => told.line(seed.parse().unwrap(), figures),
                None => running = rest.parse().ok(),
            }
        } else if line.starts_with("    ") {
            told.line(running.unwrap_or(last), &line);
        } else if line == "all ran" {
            running = None;
        }
    };
    if hangs {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    reader.join().unwrap();
    let words = words.join().unwrap();
    let Some(seed) = running else {
        assert!(status.success(), "a process of seeds up to {last} ended with {status}");
        return last;
    };
    let how = if hangs { HANGS.to_owned() } else { status.to_string() };
    let words: Vec<&str> = words.lines().filter(|it| !it.trim().is_empty()).collect();
    let words = words.get(words.len().saturating_sub(3)..).unwrap_or_default().join("; ");
    told.failed.push((seed, format!("{how}: {words}")));
    seed + 1
}
