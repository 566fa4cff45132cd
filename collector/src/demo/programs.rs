//! The sample programs, embedded, in the order in which they are asked.

use crate::failure::{ExitCode, Failure};
use weir_abi::wire::Text;
use weir_usermode::hook::Hook;
use weir_usermode::program::Shared;
use weir_usermode::vm::{Object, Program};

/// A sample program.
struct Sample {
    label: &'static str,
    object: &'static [u8],
}

macro_rules! sample {
    ($label:literal) => {
        Sample {
            label: $label,
            object: include_bytes!(concat!("../../../driver/programs/obj/", $label, ".o")),
        }
    };
}

/// In attach order: first those that block, last the one that only counts.
const SAMPLES: [Sample; 3] =
    [sample!("tls_sni_block"), sample!("http_host_block"), sample!("protocol_detect")];

/// The map that both blocking programs have, and the names on it.
const BLOCKED_MAP: &str = "blocked_names";
pub(super) const BLOCKED: [&str; 2] = ["ads.tracker.test", "blocked.example"];

/// Attaches the samples.
///
/// # Errors
/// Where one does not load: a defect of this build.
pub(super) fn attach(hook: &mut Hook, now_ns: u64) -> Result<(), Failure> {
    for sample in &SAMPLES {
        let program = load(sample).map_err(|why| defect(sample, &why))?;
        let label = Text::new(sample.label).ok_or_else(|| defect(sample, "label too long"))?;
        let attached = hook.attach(label, 0, Box::new(Shared::new(program)), now_ns);
        attached.map_err(|_| defect(sample, "no slot is free"))?;
    }
    Ok(())
}

fn load(sample: &Sample) -> Result<Program, String> {
    let object = Object::parse(sample.object).map_err(|error| error.to_string())?;
    let mut program = Program::load(&object, None).map_err(|error| error.to_string())?;
    if let Some(map) = program.map_mut(BLOCKED_MAP) {
        for name in BLOCKED {
            let mut key = name.as_bytes().to_vec();
            key.resize(map.key_bytes(), 0);
            let value = vec![1; map.value_bytes()];
            map.update(&key, &value).map_err(|error| error.to_string())?;
        }
    }
    Ok(program)
}

fn defect(sample: &Sample, why: &str) -> Failure {
    let message = format!("load sample program `{}`: {why}", sample.label);
    Failure::new(ExitCode::Unexpected, message, "this is a defect of weir: report it")
}
