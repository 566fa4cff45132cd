//! Basic authentication: who may come in, at the price of one bcrypt for everybody unknown.
//!
//! A wrong password and an unknown user both cost one hash of the highest cost configured, so time
//! does not tell users apart from strangers.
//! Only successes are remembered, by a keyed digest: no attempt, however many, pushes a scraper
//! that has come in before out of memory, and no password stays there.

use super::refusal::Refusal;
use crate::serve::share_of;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::net::IpAddr;
use ring::hmac;
use ring::rand::SystemRandom;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// Successes remembered: a scraper or two for each user.
///
/// At the bound the oldest is forgotten, and its user pays one bcrypt again.
const PASSED_MAX: usize = 128;

/// Attempts that wait for their hash, of everybody: at 70 ms each, under two seconds of waiting.
///
/// Further ones are told to come again (503) and counted as refused.
const WAITING_MAX: usize = 24;

/// Attempts of one address among them, or of one IPv6 network of 64 bits, whose addresses cost
/// nothing: an attacker's queue is short for everybody else.
///
/// At the bound the attempt is told to come again (503) and counted as refused.
const WAITING_OF_PEER_MAX: usize = 4;

/// Characters of salt and hash; all zeros in bcrypt's base64 are the dots of nobody's password.
const SALT_AND_HASH: usize = 53;

/// Users and their bcrypt hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Users {
    hashes: BTreeMap<String, Arc<str>>,
    nobody: Arc<str>,
}

impl Users {
    /// # Errors
    /// A password that is not hashed with bcrypt.
    pub(super) fn of(users: &BTreeMap<String, Option<String>>) -> Result<Self, Refusal> {
        let mut hashes = BTreeMap::new();
        let mut highest = 4;
        for (user, hash) in users {
            let hash = hash.as_deref().unwrap_or("");
            let parts = hash.parse::<bcrypt::HashParts>().map_err(|error| error.to_string());
            let cost = parts.map(|parts| parts.get_cost());
            let cost = cost.and_then(|cost| match cost {
                4..=31 => Ok(cost),
                _ => Err(format!("a cost of {cost} does not exist")),
            });
            let cost = cost.map_err(|why| {
                let hint = "hash passwords with bcrypt: htpasswd -nBC 10 USER";
                Refusal::new(format!("basic_auth_users: {user}: {why}"), hint)
            })?;
            highest = highest.max(cost);
            hashes.insert(user.clone(), Arc::from(hash));
        }
        Ok(Self {
            hashes,
            nobody: format!("$2b${highest:02}${}", ".".repeat(SALT_AND_HASH)).into(),
        })
    }

    /// Whether everybody may come in.
    pub(crate) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// The password is right.
    Granted,
    /// It is not, or there was none.
    Denied,
    /// Too many attempts wait already.
    Busy,
}

/// Checks passwords, one at a time, and remembers who passed.
pub(crate) struct Doorkeeper {
    key: hmac::Key,
    passed: Mutex<VecDeque<[u8; 32]>>,
    waiting: Mutex<HashMap<IpAddr, usize>>,
    /// One hash at a time: it takes a processor for itself.
    hashing: Arc<Semaphore>,
}

impl Doorkeeper {
    /// # Errors
    /// The system gives no randomness.
    pub(super) fn new() -> Result<Self, Refusal> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        let key = key.map_err(|_| Refusal::new("the system gives no randomness", "try again"))?;
        let hashing = Arc::new(Semaphore::new(1));
        Ok(Self { key, passed: Mutex::default(), waiting: Mutex::default(), hashing })
    }

    /// Whether a request with this `Authorization` may go on.
    pub(crate) async fn admit(
        &self,
        users: &Users,
        authorization: Option<&[u8]>,
        peer: IpAddr,
    ) -> Admission {
        let Some((user, password)) = authorization.and_then(credentials) else {
            return Admission::Denied;
        };
        let known = users.hashes.get(&user);
        let hash = Arc::clone(known.unwrap_or(&users.nobody));
        let digest = self.digest([user.as_bytes(), hash.as_bytes(), &password]);
        if lock(&self.passed).contains(&digest) {
            return Admission::Granted;
        }
        let Some(_place) = Place::take(&self.waiting, peer) else { return Admission::Busy };
        let is_known = known.is_some();
        let hashing = Arc::clone(&self.hashing);
        let Ok(turn) = hashing.acquire_owned().await else { return Admission::Busy };
        // The turn goes along: a client that leaves does not let another hash start beside its own.
        let hashed = tokio::task::spawn_blocking(move || {
            let is_right = bcrypt::verify(&password, &hash).unwrap_or(false);
            drop(turn);
            is_right
        });
        if !(hashed.await.unwrap_or(false) && is_known) {
            return Admission::Denied;
        }
        let mut passed = lock(&self.passed);
        if passed.len() >= PASSED_MAX {
            passed.pop_front();
        }
        passed.push_back(digest);
        Admission::Granted
    }

    /// A digest under this process's key; each part goes in with its length.
    fn digest(&self, parts: [&[u8]; 3]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            context.update(&part.len().to_le_bytes());
            context.update(part);
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }
}

/// User and password of an `Authorization` header; the password may be any bytes.
///
/// Source: RFC 7617, section 2.
fn credentials(header: &[u8]) -> Option<(String, Vec<u8>)> {
    let (scheme, rest) = header.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let mut pair = STANDARD.decode(rest).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    let password = pair.split_off(colon + 1);
    pair.pop();
    Some((String::from_utf8(pair).ok()?, password))
}

/// A place among those who wait; dropping it gives it back.
struct Place<'a> {
    waiting: &'a Mutex<HashMap<IpAddr, usize>>,
    /// Whose share it counts to.
    peer: IpAddr,
}

impl<'a> Place<'a> {
    fn take(waiting: &'a Mutex<HashMap<IpAddr, usize>>, peer: IpAddr) -> Option<Self> {
        let peer = share_of(peer);
        let mut counts = lock(waiting);
        let of_all: usize = counts.values().sum();
        let of_peer = counts.get(&peer).copied().unwrap_or(0);
        if of_all >= WAITING_MAX || of_peer >= WAITING_OF_PEER_MAX {
            return None;
        }
        counts.insert(peer, of_peer + 1);
        drop(counts);
        Some(Self { waiting, peer })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut counts = lock(self.waiting);
        match counts.get_mut(&self.peer) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.remove(&self.peer)),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{Ipv4Addr, Ipv6Addr};

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn users(pairs: &[(&str, &str)]) -> Users {
        let hash = |password: &str| bcrypt::hash(password, 4).unwrap();
        let pairs = pairs.iter().map(|(user, word)| ((*user).to_owned(), Some(hash(word))));
        Users::of(&pairs.collect()).unwrap()
    }

    fn header(user: &str, password: &str) -> Vec<u8> {
        format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))).into_bytes()
    }

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_comes_in() {
        let users = users(&[("alice", "open:sesame"), ("bob", "")]);
        let doors = Doorkeeper::new().unwrap();
        for _ in 0..2 {
            for (user, password, wanted) in [
                ("alice", "open:sesame", Admission::Granted),
                ("bob", "", Admission::Granted),
                ("alice", "open", Admission::Denied),
                ("alice", "", Admission::Denied),
                ("bob", "open:sesame", Admission::Denied),
                ("Alice", "open:sesame", Admission::Denied),
                ("", "", Admission::Denied),
            ] {
                let header = header(user, password);
                let found = doors.admit(&users, Some(&header), HERE).await;
                assert_eq!(found, wanted, "{user}:{password}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_basic_authentication_is_denied() {
        let users = users(&[("alice", "word")]);
        let doors = Doorkeeper::new().unwrap();
        let bearer = b"Bearer YWxpY2U6d29yZA==".as_slice();
        for header in [None, Some(bearer), Some(b"Basic"), Some(b"Basic !"), Some(b"Basic YQ==")] {
            assert_eq!(doors.admit(&users, header, HERE).await, Admission::Denied, "{header:?}");
        }
    }

    #[tokio::test]
    async fn a_success_is_remembered_and_no_longer_once_the_hash_changes() {
        let old = users(&[("alice", "word")]);
        let doors = Doorkeeper::new().unwrap();
        let header = header("alice", "word");
        assert_eq!(doors.admit(&old, Some(&header), HERE).await, Admission::Granted);
        // Nobody gets to hash any more, so only memory can answer.
        doors.hashing.close();
        assert_eq!(doors.admit(&old, Some(&header), HERE).await, Admission::Granted);
        let new = users(&[("alice", "word")]);
        assert_eq!(doors.admit(&new, Some(&header), HERE).await, Admission::Busy);
    }

    #[tokio::test]
    async fn failures_push_nobody_out_of_memory() {
        let users = users(&[("alice", "word")]);
        let doors = Doorkeeper::new().unwrap();
        let right = header("alice", "word");
        assert_eq!(doors.admit(&users, Some(&right), HERE).await, Admission::Granted);
        for attempt in 0..PASSED_MAX + 1 {
            let wrong = header("alice", &attempt.to_string());
            assert_eq!(doors.admit(&users, Some(&wrong), HERE).await, Admission::Denied);
        }
        doors.hashing.close();
        assert_eq!(doors.admit(&users, Some(&right), HERE).await, Admission::Granted);
    }

    #[tokio::test]
    async fn an_unknown_user_costs_a_hash_too() {
        let users = users(&[("alice", "word")]);
        let doors = Doorkeeper::new().unwrap();
        doors.hashing.close();
        let stranger = header("mallory", "word");
        assert_eq!(doors.admit(&users, Some(&stranger), HERE).await, Admission::Busy);
        let parts: bcrypt::HashParts = users.nobody.parse().unwrap();
        assert_eq!(parts.get_cost(), 4);
    }

    #[tokio::test]
    async fn one_address_does_not_fill_the_queue() {
        let waiting = Mutex::default();
        let other = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
        let places: Vec<_> = (0..8).filter_map(|_| Place::take(&waiting, HERE)).collect();
        assert_eq!(places.len(), WAITING_OF_PEER_MAX);
        assert!(Place::take(&waiting, other).is_some());
        drop(places);
        assert!(lock(&waiting).is_empty());
    }

    #[test]
    fn addresses_of_one_ipv6_network_wait_in_one_queue() {
        let waiting = Mutex::default();
        let address = |bits| IpAddr::V6(Ipv6Addr::from_bits(bits));
        let site = 0x2001_0db8_u128 << 96;
        let places: Vec<_> =
            (0..8).filter_map(|host| Place::take(&waiting, address(site | host))).collect();
        assert_eq!(places.len(), WAITING_OF_PEER_MAX);
        assert!(Place::take(&waiting, address(site | 1 << 64)).is_some());
        drop(places);
        assert!(lock(&waiting).is_empty());
    }

    #[test]
    fn hashes_that_are_not_bcrypt_are_refused() {
        for hash in [
            "doe",
            "",
            "$1$abc",
            "$2y$10$short",
            "$2y$99$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG",
        ] {
            let users = [("john".to_owned(), Some(hash.to_owned()))].into();
            assert!(Users::of(&users).is_err(), "{hash}");
        }
    }
}
