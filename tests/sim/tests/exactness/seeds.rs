//! Seeds of a test, and the command that repeats the one that failed.

/// Prints seed and command when it is dropped by a panic.
struct Told<'a> {
    command: &'a str,
    seed: u64,
}

impl Drop for Told<'_> {
    #[expect(clippy::print_stderr, reason = "beside the words of the panic")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (seed, command) = (self.seed, self.command);
            eprintln!("seed {seed}; repeat with: WEIR_SEEDS={seed}..{} {command}", seed + 1);
        }
    }
}

/// Runs a test for each of its seeds, or for those that `WEIR_SEEDS` wants.
pub(crate) fn each(command: &str, seeds: u64, run: impl Fn(u64)) {
    let (first, last) = std::env::var("WEIR_SEEDS").map_or((0, seeds), |wanted| {
        let (first, last) = wanted.split_once("..").unwrap();
        (first.parse().unwrap(), last.parse().unwrap())
    });
    for seed in first..last {
        let _told = Told { command, seed };
        run(seed);
    }
}

/// The same with the command of the test that it stands in.
macro_rules! each_seed {
    ($seeds:expr, $run:expr) => {{
        let command = weir_sim::on_failure!().command().to_owned();
        crate::seeds::each(&command, $seeds, $run);
    }};
}

pub(crate) use each_seed;
