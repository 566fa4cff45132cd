//! The demo's traffic: real servers, real clients, a proxy in front of each server.

mod client;
mod mix;
mod random;
mod server;
mod tls;

pub(super) use server::Service;

use crate::live::Notes;
use crate::serve::Endpoint;
use client::{Client, Pace};
use core::net::SocketAddr;
use core::time::Duration;
use mix::{MIX, STALLS, Scene};
use random::Random;
use std::io;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;
use weir_usermode::live::{LiveHook, Proxy};

/// Seed of all traffic: every run is alike in kind.
const SEED: u64 = 0x0057_4549_5221;

/// Clients at a time. Thirty start in a second and most are done at once; blocked ones wait 1.5 s.
/// At the bound a client is left out; those that stall, a handful, come on top.
const CLIENTS_MAX: usize = 128;

/// Mean pause between clients, and how far the slow wave of the load goes up and down.
const PAUSE_MS: u64 = 34;
const WAVE_CLIENTS: u64 = 900;

/// Servers, proxies and clients.
pub(super) struct Traffic {
    servers: JoinSet<()>,
    clients: JoinSet<()>,
    proxies: Vec<(Service, Proxy)>,
    /// The proxies' fronts stand for these.
    pub(super) endpoints: Vec<Endpoint>,
    /// What clients ask for.
    pub(super) notes: Notes,
}

impl Traffic {
    /// Starts servers and a proxy in front of each.
    ///
    /// # Errors
    /// Where no loopback port can be bound.
    pub(super) async fn prepare(hook: &LiveHook) -> io::Result<Self> {
        let mut servers = JoinSet::new();
        let (mut proxies, mut endpoints) = (Vec::new(), Vec::new());
        for (service, seed) in Service::ALL.into_iter().zip(SEED..) {
            let address = server::start(service, seed, &mut servers).await?;
            proxies.push((service, Proxy::start(hook.clone(), address).await?));
            endpoints.push(Endpoint { address, purpose: service.name() });
        }
        let (clients, notes) = (JoinSet::new(), Notes::default());
        Ok(Self { servers, clients, proxies, endpoints, notes })
    }

    /// Lets clients come until the future is dropped.
    pub(super) async fn run(&mut self) {
        let mut random = Random::new(SEED);
        let mut stalls: Vec<Option<AbortHandle>> = STALLS.iter().map(|_| None).collect();
        for number in 0_u64.. {
            while self.clients.try_join_next().is_some() {}
            let place = usize::try_from(number).unwrap_or(0) % STALLS.len();
            if let (Some(scene), Some(stall)) = (STALLS.get(place), stalls.get_mut(place))
                && stall.as_ref().is_none_or(AbortHandle::is_finished)
            {
                let client = self.client(scene, &mut random);
                *stall = Some(self.clients.spawn(client.run(self.notes.clone())));
            }
            if self.clients.len() < CLIENTS_MAX {
                let client = self.client(mix::choose(MIX, &mut random), &mut random);
                self.clients.spawn(client.run(self.notes.clone()));
            }
            sleep(pause(number, &mut random)).await;
        }
    }

    fn client(&self, scene: &Scene, random: &mut Random) -> Client {
        let pace = match scene.pace {
            Pace::Split(parts) if random.between(0, 1) == 0 => Pace::Split(parts + 1),
            Pace::Whole | Pace::Split(_) | Pace::Trickle | Pace::Abandon | Pace::Stall { .. } => {
                scene.pace
            }
        };
        Client {
            to: self.front(scene.service),
            note: scene.note,
            opening: scene.opening,
            pace,
            random: random.fork(),
        }
    }

    /// Where clients of a service connect to.
    fn front(&self, service: Service) -> SocketAddr {
        let mut fronts = self.proxies.iter().filter(|(it, _)| *it == service);
        fronts.next().map_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)), |(_, it)| it.address())
    }

    /// Ends everything; when it returns, every flow has been deleted.
    pub(super) async fn shutdown(mut self) {
        for (_, proxy) in core::mem::take(&mut self.proxies) {
            proxy.shutdown().await;
        }
        self.clients.shutdown().await;
        self.servers.shutdown().await;
    }
}

/// The pause before the next client: random, and longer and shorter in a slow wave.
fn pause(number: u64, random: &mut Random) -> Duration {
    let place = number % WAVE_CLIENTS;
    let height = place.min(WAVE_CLIENTS - place);
    let mean = PAUSE_MS / 2 + PAUSE_MS * 2 * height / WAVE_CLIENTS;
    random.millis(mean / 4, mean * 7 / 4)
}
