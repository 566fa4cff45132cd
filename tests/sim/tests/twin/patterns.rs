//! Random answers, attachments, shapes, bounds and times from a seed.

use core::net::SocketAddr;
use std::path::Path;
use weir_abi::Direction;
use weir_abi::event::FailurePolicy;
use weir_abi::wire::Text;
use weir_sim::machine::{Data, Network as _, Setup};
use weir_sim::on_failure;
use weir_sim::pattern::Mix;
use weir_sim::twin::{Compared, Twin};
use weir_sim_kernel::ebpf::Body;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::image::image_or_skip;
use weir_sim_kernel::ndis::Shape;
use weir_usermode::capture::synthetic::Random;

/// Attachments that are there at once, at most one more than the driver takes.
const ATTACHED_MAX: usize = 65;

/// Bytes of an indication that needs several segments.
const LARGE_BYTES: usize = 150_000;

/// One run.
struct Story {
    random: Random,
    twin: Twin,
    mixes: &'static [Mix],
    /// Attachments that are usually there.
    crowd: usize,
    open: Vec<u64>,
    now_ns: u64,
    attached: u64,
}

impl Story {
    fn new(image: &Path, seed: u64, crowd: usize) -> Self {
        let mut random = Random::new(seed);
        let setup = Setup {
            policy: [FailurePolicy::Open, FailurePolicy::Closed][random.below(2)],
            // Mostly out of reach.
            flows_max: [None, None, Some(4)][random.below(3)],
            counters_interval_ms: 2_000,
            processors: 1 + u32::try_from(random.below(3)).unwrap(),
            ..Setup::default()
        };
        let twin = Twin::start(image, &setup).unwrap();
        let mixes: &[Mix] = match random.below(3) {
            _ if crowd > 20 => &[Mix::PATIENT],
            0 => &[Mix::BUSY],
            1 => &[Mix::FAILING, Mix::SOUND],
            _ => &[Mix::SOUND, Mix::BUSY, Mix::SOUND],
        };
        let now_ns = twin.machine().now_ns();
        Self { random, twin, mixes, crowd, open: Vec::new(), now_ns, attached: 0 }
    }

    fn run(mut self, steps: usize) -> Result<Compared, String> {
        for _ in 0..self.crowd {
            self.attach()?;
        }
        for step in 0..steps {
            self.step().map_err(|told| format!("step {step}: {told}"))?;
        }
        // Some flows are still open: they end with the driver.
        self.twin.stop()
    }

    fn step(&mut self) -> Result<(), String> {
        match self.random.below(100) {
            0..=1 if self.twin.attached().len() < ATTACHED_MAX => self.attach(),
            2..=3 => self.detach(),
            4 => self.twin.capture_state(),
            5..=19 => self.wait(),
            20..=39 => self.connect(),
            40..=49 => self.close(),
            _ => self.data(),
        }
    }

    fn attach(&mut self) -> Result<(), String> {
        self.attached += 1;
        let mix = self.mixes[self.random.below(self.mixes.len())];
        let compartment = [0, 0, 1, 2][self.random.below(4)];
        let seed = self.random.next_u64();
        // Some labels are shared, and some are empty: the driver's attach ids tell them apart.
        let label = ["", "p", "q"][self.random.below(3)];
        self.twin.attach_pattern(label, compartment, (mix, seed))
    }

    fn detach(&mut self) -> Result<(), String> {
        let attached = self.twin.attached();
        if attached.is_empty() {
            return Ok(());
        }
        let attach_id = attached[self.random.below(attached.len())];
        self.twin.detach(attach_id)?;
        if self.twin.attached().len() < self.crowd { self.attach() } else { Ok(()) }
    }

    fn wait(&mut self) -> Result<(), String> {
        let nanos = 1_u64 << self.random.below(34);
        self.now_ns += nanos + u64::try_from(self.random.below(1_000)).unwrap();
        self.twin.reach(self.now_ns)
    }

    fn connect(&mut self) -> Result<(), String> {
        let port = u16::try_from(self.random.below(60_000)).unwrap() + 1;
        let direction = [Direction::Outbound, Direction::Inbound][self.random.below(2)];
        let base = if self.random.one_in(3) { FlowSpec::v6() } else { FlowSpec::default() };
        let spec = FlowSpec {
            local: SocketAddr::new(base.local.ip(), port),
            direction,
            compartment_id: [1, 1, 2][self.random.below(3)],
            process_id: [None, Some(4), Some(70_000)][self.random.below(3)],
            interface_luid: [None, Some(6 << 48)][self.random.below(2)],
            is_loopback: self.random.one_in(5),
            ..base
        };
        let ends = if spec.is_loopback { vec![spec.peer(), spec] } else { vec![spec] };
        for end in ends {
            self.open.extend(self.twin.connect(&end)?);
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        if self.open.is_empty() {
            return Ok(());
        }
        let at = self.random.below(self.open.len());
        let flow = self.open.swap_remove(at);
        self.twin.close(flow)
    }

    fn data(&mut self) -> Result<(), String> {
        if self.open.is_empty() {
            return Ok(());
        }
        let flow = self.open[self.random.below(self.open.len())];
        let length = match self.random.below(40) {
            0 => 0,
            1 => LARGE_BYTES,
            2 => 65_534 + self.random.below(2),
            3..=9 => 1 + self.random.below(3),
            _ => 16 + self.random.below(3_000),
        };
        let bytes = self.random.bytes(length);
        let missed = if self.random.one_in(60) { 1 + self.random.below(5_000) } else { 0 };
        let data = Data {
            direction: [Direction::Outbound, Direction::Inbound][self.random.below(2)],
            bytes: &bytes,
            missed_bytes: u64::try_from(missed).unwrap(),
            shape: Shape::ALL[self.random.below(Shape::ALL.len())],
        };
        self.twin.data(flow, &data).map(|_goes_on| ())
    }
}

#[test]
fn random_answers_give_the_events_of_user_mode() {
    let Some(image) = image_or_skip() else { return };
    let _told = on_failure!();
    let mut compared = Compared::default();
    for seed in 0..48 {
        let crowd = [0, 1, 2, 3, 5, 9][usize::try_from(seed).unwrap() % 6];
        let story = Story::new(&image, seed, crowd);
        compared += story.run(600).unwrap_or_else(|told| panic!("seed {seed}: {told}"));
    }
    println!("{compared:?}");
    assert!(compared.flows > 5_000 && compared.events > 50_000, "{compared:?}");
    assert!(compared.copies > 1_000 && compared.absorbed > 1_000, "{compared:?}");
}

#[test]
fn sixty_four_attachments_and_one_more_give_the_events_of_user_mode() {
    let Some(image) = image_or_skip() else { return };
    let _told = on_failure!();
    let compared = Story::new(&image, 7_001, ATTACHED_MAX).run(150).unwrap();
    println!("{compared:?}");
    assert!(compared.events > 5_000, "{compared:?}");
}

/// What the comparison is worth: a driver that does one thing otherwise is found.
#[test]
fn a_program_that_answers_otherwise_is_found() {
    let Some(image) = image_or_skip() else { return };
    let _told = on_failure!();
    let label = Text::new("p").unwrap();
    for (in_driver, in_hook) in [(2, 0), (0, 2), (2, 1), (1, 2), (0, 1), (7, 2)] {
        let mut twin = Twin::start(&image, &Setup::default()).unwrap();
        let program = move |_: &[u8; 104], _: Option<&[u8]>| Ok(in_hook);
        twin.attach_pair(label, 0, Body::Constant(in_driver), Box::new(program)).unwrap();
        let told = twin.connect(&FlowSpec::default()).unwrap_err();
        assert!(told.contains("driver") && told.contains("hook"), "{told}");
    }
}
