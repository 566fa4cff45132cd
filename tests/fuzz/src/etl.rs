//! Any bytes as an event trace file, held to the bounds of the hostile tests.
#![no_main]

#[path = "../../../collector/etl/tests/hostile/described.rs"]
mod described;
#[path = "../../../collector/etl/tests/hostile/layout.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod layout;
#[path = "../../../collector/etl/tests/hostile/made.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod made;
#[path = "../../../collector/etl/tests/hostile/memory.rs"]
mod memory;
#[path = "../../../collector/etl/tests/hostile/merged.rs"]
mod merged;
#[path = "../../../collector/etl/tests/hostile/read.rs"]
mod read;

use libfuzzer_sys::fuzz_target;
use std::path::Path;
use weir_etl::Guid;

fuzz_target!(
    init: {
        // A corpus begins with small sound files.
        if let Some(folder) = std::env::var_os("WEIR_FUZZ_SEEDS") {
            for (place, seed) in made::seeds().into_iter().enumerate() {
                let path = Path::new(&folder).join(format!("seed-{place}"));
                std::fs::write(path, seed).expect("a seed can be written");
            }
        }
    },
    |data: &[u8]| {
        let outcome = read::read(data);
        assert!(outcome.refused.is_none() || outcome.records == 0);
    }
);
