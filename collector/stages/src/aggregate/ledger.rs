//! Sequence accounting of one load of the driver: a [`Track`] per processor and kind.

use super::track::{Account, Track};
use crate::kinds::{KINDS, KindSet, UNKNOWN, kind_index};
use weir_abi::counters::{Entry, Series};

/// Memory that windows of all tracks may take beyond what each begins with.
///
/// 16 MiB let 128 processors be a second behind at a million events each second.
/// At the bound a mark that lies further back is left for the next one, and after three of them
/// the track's account starts anew, which shows in `weir_etw_unaccounted`.
const GROWN_BYTES_MAX: usize = 16 << 20;

/// How old marks of deferred kinds are at least when their intervals are closed.
///
/// Sets come a second apart, but one of a capture state or of the driver's stop may follow another at
/// once; events of another session can then not have come yet.
const DEFERRED_NS: u64 = 500_000_000;

/// The account of every kind.
#[derive(Debug)]
pub(crate) struct Ledger {
    tracks: Vec<Option<Box<Track>>>,
    accounts: [Account; KINDS],
    processors_max: usize,
    listening: KindSet,
    deferred: KindSet,
    has_start: bool,
    grown_bytes: usize,
    /// When the set was written whose marks of deferred kinds are not closed yet.
    fenced_ns: Option<u64>,
    /// Marks of deferred kinds of the newest set after that one, and when it was written.
    waiting: Vec<Entry>,
    waiting_ns: u64,
}

impl Ledger {
    pub(crate) fn new(processors_max: usize, listening: KindSet, deferred: KindSet) -> Self {
        Self {
            tracks: Vec::new(),
            accounts: [Account::default(); KINDS],
            processors_max,
            listening,
            deferred,
            has_start: false,
            grown_bytes: 0,
            fenced_ns: None,
            waiting: Vec::new(),
            waiting_ns: 0,
        }
    }

    /// Starts over with another load of the driver; what was closed stays.
    pub(crate) fn begin_epoch(&mut self, has_start: bool) {
        self.tracks.clear();
        self.grown_bytes = 0;
        self.has_start = has_start;
        self.fenced_ns = None;
        self.waiting.clear();
    }

    /// Changes which kinds can be lost; one that is new begins with its first sight.
    pub(crate) fn listen(&mut self, listening: KindSet) {
        for (place, track) in self.tracks.iter_mut().enumerate() {
            let kind = place % KINDS;
            if self.listening.has(kind) != listening.has(kind) {
                *track = None;
            }
        }
        if self.listening != listening {
            self.has_start = false;
        }
        self.listening = listening;
    }

    /// Counts an event of this load.
    #[inline]
    pub(crate) fn observe(&mut self, cpu: u16, kind: usize, sequence: u32) {
        let place = usize::from(cpu) * KINDS + kind;
        if let Some(Some(track)) = self.tracks.get_mut(place) {
            track.observe(sequence);
        } else {
            self.observe_first(cpu, kind, sequence);
        }
    }

    #[cold]
    fn observe_first(&mut self, cpu: u16, kind: usize, sequence: u32) {
        if kind == UNKNOWN || !self.listening.has(kind) {
            return;
        }
        match self.track(cpu, kind) {
            Some(track) => track.observe(sequence),
            None => self.strays(kind, 1),
        }
    }

    /// Counts events that cannot be anybody's: of an unknown load or an impossible processor.
    pub(crate) const fn strays(&mut self, kind: usize, count: u64) {
        let account = &mut self.accounts[kind];
        account.received = account.received.saturating_add(count);
    }

    fn track(&mut self, cpu: u16, kind: usize) -> Option<&mut Track> {
        if usize::from(cpu) >= self.processors_max {
            return None;
        }
        let place = usize::from(cpu) * KINDS + kind;
        if place >= self.tracks.len() {
            self.tracks.resize_with((usize::from(cpu) + 1) * KINDS, || None);
        }
        let has_start = self.has_start;
        Some(self.tracks[place].get_or_insert_with(|| Box::new(Track::new(has_start))))
    }

    /// Takes in the marks of a whole set that was written at `time_ns`.
    pub(crate) fn marks(&mut self, entries: &[Entry], time_ns: u64) -> Losses {
        let mut losses = Losses::default();
        let (deferred, known) = (self.deferred, Series::MarkNumbered.number());
        let waits = |entry: &Entry| entry.series == known && deferred.has(kind_index(entry.index));
        for entry in entries.iter().filter(|entry| !waits(entry)) {
            losses.add(&self.mark(*entry));
        }
        while let Some(fenced_ns) = self.fenced_ns {
            // A clock that was set back makes nothing young.
            if time_ns >= fenced_ns && time_ns - fenced_ns < DEFERRED_NS {
                self.waiting.clear();
                self.waiting.extend(entries.iter().copied().filter(waits));
                self.waiting_ns = time_ns;
                return losses;
            }
            losses.add(&self.close());
        }
        for entry in entries.iter().copied().filter(waits) {
            losses.add(&self.mark(entry));
        }
        self.fenced_ns = Some(time_ns);
        losses
    }

    /// Closes everything: nothing more comes of this load.
    pub(crate) fn finish(&mut self) -> Losses {
        let mut losses = self.close();
        losses.add(&self.close());
        losses
    }

    /// Closes the intervals that a set left open; the marks that wait are next.
    fn close(&mut self) -> Losses {
        let mut losses = Losses::default();
        for (place, track) in self.tracks.iter_mut().enumerate() {
            let Some(track) = track else { continue };
            let kind = place % KINDS;
            losses.0[kind] = losses.0[kind].saturating_add(track.close(&mut self.accounts[kind]));
        }
        self.fenced_ns = None;
        let mut waiting = core::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            self.fenced_ns = Some(self.waiting_ns);
        }
        for entry in waiting.drain(..) {
            losses.add(&self.mark(entry));
        }
        // Its memory is kept for the next.
        self.waiting = waiting;
        losses
    }

    /// Takes in one entry of a whole set; entries that are no marks are left alone.
    fn mark(&mut self, entry: Entry) -> Losses {
        let kind = kind_index(entry.index);
        let mut losses = Losses::default();
        let Ok(cpu) = u16::try_from(entry.scope) else { return losses };
        if kind == UNKNOWN || !self.listening.has(kind) {
            return losses;
        }
        let is_deferred = self.deferred.has(kind);
        let allowance = GROWN_BYTES_MAX - self.grown_bytes.min(GROWN_BYTES_MAX);
        let Some(track) = self.track(cpu, kind) else { return losses };
        if entry.series == Series::MarkFailed.number() {
            let more = track.write_failures(entry.value);
            self.accounts[kind].write_failures += more;
        } else if entry.series == Series::MarkNumbered.number() {
            let mut account = Account::default();
            let grown = track.mark(entry.value, allowance);
            if !is_deferred {
                losses.0[kind] = track.close(&mut account);
            }
            self.accounts[kind].add(&account);
            self.grown_bytes += grown;
        }
        losses
    }

    /// What closed intervals of these kinds cannot account for.
    pub(crate) fn unaccounted(&self, kinds: KindSet) -> i64 {
        let kinds = (0..KINDS).filter(|kind| kinds.has(*kind));
        kinds.fold(0, |sum: i64, kind| sum.saturating_add(self.accounts[kind].unaccounted()))
    }

    /// The accounts by kind.
    pub(crate) const fn accounts(&self) -> &[Account; KINDS] {
        &self.accounts
    }
}

/// Events newly found lost, by kind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Losses([u64; KINDS]);

impl Losses {
    /// How many of them were of these kinds.
    pub(crate) fn of(&self, kinds: KindSet) -> u64 {
        let kinds = (0..KINDS).filter(|kind| kinds.has(*kind));
        kinds.fold(0, |sum: u64, kind| sum.saturating_add(self.0[kind]))
    }

    /// Adds others.
    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = mine.saturating_add(theirs);
        }
    }
}
