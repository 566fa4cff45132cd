//! Any bytes as `wfpstate.xml`, held to the bounds of its tests.
#![no_main]

#[path = "../../../collector/evidence/tests/wfpstate/held.rs"]
mod held;
#[path = "../../../collector/evidence/tests/wfpstate/written.rs"]
mod written;

use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(
    init: {
        // A corpus begins with small sound files.
        if let Some(folder) = std::env::var_os("WEIR_FUZZ_SEEDS") {
            for (place, seed) in written::seeds().into_iter().enumerate() {
                let path = Path::new(&folder).join(format!("seed-{place}"));
                std::fs::write(path, seed).expect("a seed can be written");
            }
        }
    },
    |data: &[u8]| {
        held::hold(data);
    }
);
