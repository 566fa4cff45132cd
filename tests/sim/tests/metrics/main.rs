//! `/metrics` of the driver equals `/metrics` of `weir replay`: the same capture and programs, once
//! through `weir.sys` in the simulated kernel, once through the hook of user mode.
//!
//! * `run`: both ways from a capture to an exposition.
//! * `compare`: the complete list of what may differ.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod compare;
mod run;

use compare::Compared;
use run::Case;
use weir_abi::event::FailurePolicy;
use weir_sim::generate;
use weir_sim::on_failure;
use weir_sim::recorded;
use weir_sim::sample::BLOCKED;
use weir_sim_kernel::image::image_or_skip;
use weir_usermode::replay::Perspective;

const PERSPECTIVES: [Perspective; 3] =
    [Perspective::Initiator, Perspective::Responder, Perspective::Both];

/// Sets of sample programs, in attach order.
const PROGRAMS: [&[&str]; 5] = [
    &["tls_sni_block"],
    &["tls_sni_block", "http_host_block", "protocol_detect"],
    &["protocol_detect", "never_decides", "allow_all"],
    &["never_decides", "block_all"],
    &[],
];

#[test]
fn generated_traffic_has_the_metrics_of_a_replay() {
    let Some(image) = image_or_skip() else { return };
    let _told = on_failure!();
    let mut compared = Compared::default();
    for (seed, programs) in (1..).zip(PROGRAMS) {
        for perspective in PERSPECTIVES {
            for policy in [FailurePolicy::Open, FailurePolicy::Closed] {
                let capture = generate::capture(seed, 150);
                let (name, blocked) = ("generated", &BLOCKED);
                let case = Case { name, capture, programs, perspective, policy, blocked };
                compared += case.run(&image);
            }
        }
    }
    println!("{compared:?}");
    assert!(compared.flows > 4_000 && compared.samples > 10_000, "{compared:?}");
    assert!(compared.blocked > 200 && compared.missed_bytes > 10_000, "{compared:?}");
}

#[test]
fn recorded_traffic_has_the_metrics_of_a_replay() {
    let Some(image) = image_or_skip() else { return };
    let _told = on_failure!();
    let Some(paths) = recorded::captures(400_000) else { return };
    let mut compared = Compared::default();
    for (path, turn) in paths.iter().zip(0_usize..) {
        let name = path.file_name().unwrap().to_string_lossy();
        let case = Case {
            name: &name,
            capture: std::fs::read(path).unwrap(),
            programs: PROGRAMS[turn % 3],
            perspective: PERSPECTIVES[turn / 3 % 3],
            policy: [FailurePolicy::Open, FailurePolicy::Closed][turn % 2],
            // Names that end so are many.
            blocked: &["com", "net"],
        };
        compared += case.run(&image);
    }
    println!("{} captures, {compared:?}", paths.len());
    assert!(compared.cases >= 50 && compared.flows > 400 && compared.blocked > 20, "{compared:?}");
}
