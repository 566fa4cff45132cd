//! A mix of everything, the same each time.

use crate::world::{TICK_NS, World};
use weir_sim_kernel::ebpf::{Params, Reply};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::ndis::Shape;

const MORE: Reply = Reply::Answer(2);

/// What programs answer, one list each.
const PROGRAMS: [&[Reply]; 6] = [
    &[MORE],
    &[MORE, MORE, Reply::Answer(0)],
    &[MORE, MORE, MORE, Reply::Answer(1)],
    &[Reply::Answer(0)],
    &[MORE, Reply::Scribble(2), Reply::Scribble(0)],
    &[MORE, MORE, Reply::Answer(0)],
];

/// Source: `SplitMix64`, Sebastiano Vigna, prng.di.unimi.it (public domain, read 2026-11)
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// Sixty steps; a fault changes none of those that follow.
pub(crate) fn mix(world: &World) {
    let mut random = Random(6);
    let mut attached = vec![world.attach(PROGRAMS[0]), world.attach(PROGRAMS[1])];
    let mut flows: Vec<usize> = Vec::new();
    for _ in 0..60 {
        let (kind, pick) = (random.below(24), random.below(64));
        let flow = (!flows.is_empty()).then(|| flows[pick % flows.len()]);
        match (kind, flow) {
            (0..6, _) => {
                let base = if pick % 2 == 0 { FlowSpec::default() } else { FlowSpec::v6() };
                let compartment_id = 1 + u32::from(pick % 3 == 0);
                flows.push(world.connect(&FlowSpec { compartment_id, ..base }));
            }
            (6, _) => {
                let answers = PROGRAMS[pick % PROGRAMS.len()];
                attached.push(world.attach_with(&Params::compartment(2), 2, answers).ok());
            }
            (7, _) => world.detach(attached[pick % attached.len()]),
            (8, _) => world.restart_engine(),
            (9, _) => world.pass(TICK_NS / 2),
            (10, _) => world.kernel.etw.capture_state(),
            (11, _) => world.work(),
            (12, Some(flow)) => world.close(flow),
            (13, _) => world.deliver(),
            (_, Some(flow)) => {
                let bytes = vec![u8::try_from(pick).unwrap(); 1 + 3 * pick];
                let shape = Shape::ALL[pick % Shape::ALL.len()];
                world.indicate(flow, &Indication::received(&bytes).shaped(shape));
            }
            (_, None) => {}
        }
    }
}
