//! Captured connections with the sample programs.

use std::io::Cursor;
use std::path::Path;
use weir_abi::event::FailurePolicy;
use weir_sim::generate;
use weir_sim::machine::Setup;
use weir_sim::on_failure;
use weir_sim::player::Player;
use weir_sim::recorded;
use weir_sim::sample::Sample;
use weir_sim::twin::{Compared, Twin};
use weir_sim_kernel::image::image_or_skip;
use weir_usermode::capture::{Capture, StreamEvent, Streams};
use weir_usermode::replay::Perspective;

/// Sets of sample programs, in attach order.
const PROGRAMS: [&[&str]; 4] = [
    &["tls_sni_block", "http_host_block", "protocol_detect"],
    &["protocol_detect", "never_decides", "allow_all"],
    &["never_decides", "never_decides", "block_all"],
    &[],
];

const PERSPECTIVES: [Perspective; 3] =
    [Perspective::Initiator, Perspective::Responder, Perspective::Both];

/// Every stream event of a capture, up to its damage if it has any.
fn each(capture: &[u8], mut sink: impl FnMut(&StreamEvent<'_>)) {
    let mut streams = Streams::default();
    let mut show = |event: StreamEvent<'_>| sink(&event);
    if let Ok(capture) = Capture::open(Box::new(Cursor::new(capture.to_vec()))) {
        let _until_the_damage = capture.run(&mut streams, &mut show);
    }
    streams.finish(&mut show);
}

fn run(image: &Path, capture: &[u8], setup: &Setup, case: usize) -> Result<Compared, String> {
    let mut twin = Twin::start(image, setup)?;
    for name in PROGRAMS[case % PROGRAMS.len()] {
        twin.attach_sample(&Sample::ours(name).unwrap(), 0)?;
    }
    let mut player = Player::new(&mut twin, PERSPECTIVES[case % PERSPECTIVES.len()]);
    let mut result = Ok(());
    each(capture, |event| {
        if result.is_ok() {
            result = player.event(event).map_err(|told| format!("{event:?}\n{told}"));
        }
    });
    result?;
    twin.stop()
}

#[test]
fn generated_traffic_gives_the_events_of_user_mode() {
    let Some(image) = image_or_skip() else { return };
    let _told = on_failure!();
    let mut compared = Compared::default();
    for case in 0..24_usize {
        let policy = [FailurePolicy::Open, FailurePolicy::Closed][case / 12];
        let setup =
            Setup { policy, boots_ns: 900_000_000, counters_interval_ms: 100, ..Setup::default() };
        let capture = generate::capture(100 + u64::try_from(case).unwrap(), 120);
        compared += run(&image, &capture, &setup, case)
            .unwrap_or_else(|told| panic!("case {case}: {told}"));
    }
    println!("{compared:?}");
    assert!(compared.flows > 2_000 && compared.events > 30_000, "{compared:?}");
    assert!(compared.absorbed > 500 && compared.sets > 100, "{compared:?}");
}

/// Largest recorded capture; the longest, since the driver's timer ticks through all of it.
const BYTES_MAX: u64 = 60_000;
const SPAN_NS: u64 = 24 * 3_600 * 1_000_000_000;

#[test]
fn recorded_traffic_gives_the_events_of_user_mode() {
    let Some(image) = image_or_skip() else { return };
    let _told = on_failure!();
    let Some(paths) = recorded::captures(BYTES_MAX) else { return };
    let (mut compared, mut captures) = (Compared::default(), 0);
    for (path, case) in paths.iter().zip(0_usize..) {
        let capture = std::fs::read(path).unwrap();
        let mut times = Vec::new();
        each(&capture, |event| times.push(at_ns(event)));
        let (Some(first), Some(last)) = (times.first(), times.last()) else { continue };
        if last.saturating_sub(*first) > SPAN_NS {
            continue;
        }
        let setup = Setup {
            policy: [FailurePolicy::Open, FailurePolicy::Closed][case % 2],
            boots_ns: first.saturating_sub(500_000_000),
            counters_interval_ms: 600_000,
            ..Setup::default()
        };
        compared += run(&image, &capture, &setup, case)
            .unwrap_or_else(|told| panic!("{}: {told}", path.display()));
        captures += 1;
    }
    println!("{captures} captures, {compared:?}");
    assert!(captures >= 20 && compared.events > 1_000, "{compared:?}");
}

const fn at_ns(event: &StreamEvent<'_>) -> u64 {
    match *event {
        StreamEvent::Established { at_ns, .. }
        | StreamEvent::Data { at_ns, .. }
        | StreamEvent::Closed { at_ns, .. } => at_ns,
    }
}
