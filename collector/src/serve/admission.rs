//! Who stays when not everybody can: nobody waits for a place, the one who has it longest loses it.
//!
//! When places run out, the connection that has been in its phase longest is closed, among those of
//! the address that has most.
//! A scraper needs milliseconds; whoever floods, dawdles or goes to sleep is always older, and an
//! address that floods takes places from itself only.

use super::life::{Life, Phase};
use core::net::{IpAddr, Ipv6Addr};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// Connections at a time: a browser opens six, a scraper one; a process may have 1,024 files open
/// where nobody raised that.
///
/// At the bound one is evicted for each that comes, and counted.
pub(super) const CONNECTIONS_MAX: usize = 512;

/// Answers on their way at a time, and so pages that slow readers keep in memory.
///
/// At the bound one of them is evicted for each that begins, and counted.
pub(super) const ANSWERS_MAX: usize = 64;

/// Connections that are there.
pub(super) struct Admission {
    base: Instant,
    places: Mutex<Places>,
}

#[derive(Default)]
struct Places {
    next: u64,
    taken: Vec<Taken>,
}

struct Taken {
    id: u64,
    peer: IpAddr,
    life: Arc<Life>,
}

/// A connection's place; dropping it gives it back.
pub(super) struct Place {
    admission: Arc<Admission>,
    id: u64,
    pub(super) life: Arc<Life>,
}

impl Admission {
    pub(super) fn new() -> Self {
        Self { base: Instant::now(), places: Mutex::default() }
    }

    /// A place for a new connection. Where there is none left, another one loses its own.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> Place {
        let life = Arc::new(Life::begin(self.base));
        let mut places = self.lock();
        if places.taken.len() >= CONNECTIONS_MAX {
            places.evict(|_| true);
        }
        let id = places.next;
        places.next += 1;
        places.taken.push(Taken { id, peer: share_of(peer), life: Arc::clone(&life) });
        Place { admission: Arc::clone(self), id, life }
    }

    /// Connections now, and answers on their way.
    pub(super) fn counts(&self) -> (usize, usize) {
        let places = self.lock();
        (places.taken.len(), places.answers())
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Begins an answer. Where too many are on their way, one of them is given up.
    ///
    /// Says whether the request came before the answer to the one before it was taken.
    pub(super) fn answer(&self) -> bool {
        let before = self.life.phase().0;
        let mut places = self.admission.lock();
        if before != Phase::Answer && places.answers() >= ANSWERS_MAX {
            places.evict(|phase| phase == Phase::Answer);
        }
        self.life.enter(Phase::Answer);
        before != Phase::Head
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.admission.lock().taken.retain(|taken| taken.id != self.id);
    }
}

impl Places {
    fn answers(&self) -> usize {
        self.taken.iter().filter(|taken| taken.life.phase().0 == Phase::Answer).count()
    }

    /// Closes the connection that has been in its phase longest, of the address that has most.
    fn evict(&mut self, is_meant: impl Fn(Phase) -> bool) {
        let mut shares: HashMap<IpAddr, usize> = HashMap::new();
        let meant = |taken: &&Taken| is_meant(taken.life.phase().0);
        for taken in self.taken.iter().filter(meant) {
            *shares.entry(taken.peer).or_default() += 1;
        }
        let rows = self.taken.iter().enumerate().filter(|(_, taken)| meant(taken));
        // Most first, then oldest first; the id settles what is left.
        let rank = |taken: &Taken| {
            let share = shares.get(&taken.peer).copied().unwrap_or(0);
            (core::cmp::Reverse(share), taken.life.phase().1, taken.id)
        };
        if let Some((place, _)) = rows.min_by_key(|(_, taken)| rank(taken)) {
            self.taken.swap_remove(place).life.evict();
        }
    }
}

/// Whose share a connection counts to: an IPv4 address, or an IPv6 network of 64 bits, which is what
/// one site has.
pub(crate) fn share_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    fn peer(last: u8) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, last).into()
    }

    fn is_there(admission: &Admission, place: &Place) -> bool {
        admission.lock().taken.iter().any(|taken| taken.id == place.id)
    }

    #[test]
    fn the_bound_holds_and_the_oldest_goes() {
        let admission = Arc::new(Admission::new());
        let places: Vec<Place> = (0..CONNECTIONS_MAX).map(|_| admission.enter(peer(1))).collect();
        let last = admission.enter(peer(1));
        assert!(is_there(&admission, &last));
        assert!(!is_there(&admission, &places[0]) && is_there(&admission, &places[1]));
        assert_eq!(admission.counts(), (CONNECTIONS_MAX, 0));
        drop((places, last));
        assert_eq!(admission.counts(), (0, 0));
    }

    #[test]
    fn an_address_that_floods_takes_places_from_itself_only() {
        let admission = Arc::new(Admission::new());
        let scraper = admission.enter(peer(1));
        let flood: Vec<Place> =
            (0..3 * CONNECTIONS_MAX).map(|_| admission.enter(peer(2))).collect();
        assert!(is_there(&admission, &scraper));
        assert!(flood.last().is_some_and(|last| is_there(&admission, last)));
    }

    #[test]
    fn slow_readers_lose_their_answers_to_those_that_begin() {
        let admission = Arc::new(Admission::new());
        let slow: Vec<Place> = (0..ANSWERS_MAX).map(|_| admission.enter(peer(1))).collect();
        assert!(slow.iter().all(|place| !place.answer()));
        assert!(slow.iter().all(|place| is_there(&admission, place)));
        let (idle, scraper) = (admission.enter(peer(1)), admission.enter(peer(1)));
        assert!(!scraper.answer() && scraper.answer());
        assert!(!is_there(&admission, &slow[0]) && is_there(&admission, &idle));
        assert_eq!(admission.counts(), (ANSWERS_MAX + 1, ANSWERS_MAX));
    }

    #[test]
    fn addresses_of_one_site_share() {
        let v6 = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(share_of(v6("2001:db8::1")), share_of(v6("2001:db8::2:3")));
        assert_ne!(share_of(v6("2001:db8::1")), share_of(v6("2001:db8:0:1::1")));
        assert_eq!(share_of(v6("::ffff:10.0.0.1")), peer(1));
        assert_ne!(share_of(peer(1)), share_of(peer(2)));
    }
}
