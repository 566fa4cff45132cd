//! Who asks for what, how often: the scenes that the demo's traffic is made of.

use super::client::{Opening, Pace};
use super::random::Random;
use super::server::Service;

/// One kind of client.
pub(super) struct Scene {
    pub(super) weight: u64,
    pub(super) service: Service,
    pub(super) note: &'static str,
    pub(super) opening: Opening,
    pub(super) pace: Pace,
}

const fn tls(weight: u64, name: &'static str, pace: Pace) -> Scene {
    Scene { weight, service: Service::Tls, note: name, opening: Opening::Hello(name), pace }
}

const fn http(weight: u64, host: &'static str, pace: Pace) -> Scene {
    Scene { weight, service: Service::Http, note: host, opening: Opening::Get(host), pace }
}

const fn ssh(weight: u64, pace: Pace) -> Scene {
    Scene { weight, service: Service::Ssh, note: "an SSH session", opening: Opening::Banner, pace }
}

/// Ordinary clients. `ads.tracker.test` and `blocked.example` are on the list of blocked names.
pub(super) const MIX: &[Scene] = &[
    tls(22, "www.example.com", Pace::Whole),
    tls(9, "www.example.com", Pace::Split(2)),
    tls(12, "updates.example.net", Pace::Whole),
    tls(9, "mail.example.org", Pace::Split(2)),
    tls(6, "ads.tracker.test", Pace::Whole),
    tls(3, "pixel.ads.tracker.test", Pace::Split(2)),
    tls(2, "slow.example.com", Pace::Trickle),
    http(16, "intranet.example.com", Pace::Whole),
    http(6, "packages.example.net", Pace::Split(2)),
    http(5, "blocked.example", Pace::Whole),
    http(1, "slow.example.org", Pace::Trickle),
    tls(2, "gone.example.com", Pace::Abandon),
    http(1, "gone.example.net", Pace::Abandon),
    ssh(6, Pace::Whole),
    ssh(3, Pace::Split(2)),
];

/// Clients that leave their flow undecided for long, one of each at a time. The first is there
/// nearly always, so who waits for an alert about a stuck flow gets one.
pub(super) const STALLS: &[Scene] = &[
    tls(1, "stuck.example.com", Pace::Stall { sends_beginning: true, silence_s: (900, 1_800) }),
    tls(1, "stalled.example.com", stall(true)),
    tls(1, "silent.example.com", stall(false)),
    http(1, "stalled.example.net", stall(true)),
    tls(1, "stalled.example.org", stall(true)),
    http(1, "silent.example.net", stall(false)),
];

const fn stall(sends_beginning: bool) -> Pace {
    Pace::Stall { sends_beginning, silence_s: (20, 75) }
}

/// A scene by weight.
pub(super) fn choose<'a>(mix: &'a [Scene], random: &mut Random) -> &'a Scene {
    let total: u64 = mix.iter().map(|scene| scene.weight).sum();
    let mut left = random.between(1, total);
    for scene in mix {
        if left <= scene.weight {
            return scene;
        }
        left -= scene.weight;
    }
    &mix[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scene_comes_about_as_often_as_its_weight_says() {
        let mut random = Random::new(7);
        let mut found = vec![0_u64; MIX.len()];
        let total: u64 = MIX.iter().map(|scene| scene.weight).sum();
        for _ in 0..total * 1_000 {
            let chosen = choose(MIX, &mut random);
            found[MIX.iter().position(|it| core::ptr::eq(it, chosen)).unwrap()] += 1;
        }
        for (scene, found) in MIX.iter().zip(found) {
            let wanted = scene.weight * 1_000;
            assert!(found.abs_diff(wanted) < 100 + wanted / 5, "{}: {found}", scene.note);
        }
    }
}
