//! Which providers there are, said where a filter by name let nothing pass: names are easily
//! misspelt.

use crate::cli::EventsArgs;
use crate::failure::one_line;
use hashbrown::HashMap;
use weir_etl::Guid;

/// Providers counted; sessions enable some hundreds. Of files with more, the first are counted.
const COUNTED_MAX: usize = 4_096;

/// Providers said.
const SAID_MAX: usize = 10;

/// Characters of a name that are said.
const NAME_CHARACTERS_MAX: usize = 80;

/// What was left out, as long as nothing was not.
pub(super) struct Unmatched {
    /// `None` where no filter can be misspelt, or it was not.
    providers: Option<HashMap<Guid, Provider>>,
}

/// Events of a provider.
#[derive(Default)]
struct Provider {
    name: Option<String>,
    events: u64,
}

impl Unmatched {
    pub(super) fn new(args: &EventsArgs) -> Self {
        let is_by_name = !args.provider.is_empty() || !args.event.is_empty();
        Self { providers: is_by_name.then(HashMap::new) }
    }

    /// An event was let pass.
    pub(super) fn forget(&mut self) {
        self.providers = None;
    }

    /// An event was left out. Records that name no provider are the kernel's.
    pub(super) fn add(&mut self, name: Option<&str>, id: Option<Guid>) {
        let Some((providers, id)) = self.providers.as_mut().zip(id) else { return };
        if providers.len() >= COUNTED_MAX && !providers.contains_key(&id) {
            return;
        }
        let provider = providers.entry(id).or_default();
        provider.events += 1;
        if provider.name.is_none() {
            provider.name = name.map(|name| name.chars().take(NAME_CHARACTERS_MAX).collect());
        }
    }

    /// What to say at the end, if nothing was let pass.
    pub(super) fn warning(&self) -> Option<String> {
        let mut providers: Vec<_> = self.providers.as_ref()?.iter().collect();
        if providers.is_empty() {
            return Some("no event matches, and no event names its provider".to_owned());
        }
        providers.sort_by_key(|(id, provider)| (u64::MAX - provider.events, id.0));
        let shown = |(id, provider): &(&Guid, &Provider)| match &provider.name {
            Some(name) => one_line(name),
            None => id.bare().to_string(),
        };
        let mut said: Vec<String> = providers.iter().take(SAID_MAX).map(shown).collect();
        if providers.len() > SAID_MAX {
            said.push(format!("and {} more", providers.len() - SAID_MAX));
        }
        Some(format!("no event matches; there are events of: {}", said.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unmatched() -> Unmatched {
        Unmatched { providers: Some(HashMap::new()) }
    }

    #[test]
    fn the_busiest_providers_are_said_first_and_the_others_are_counted() {
        let mut unmatched = unmatched();
        for id in 0..13 {
            unmatched.add(None, Some(Guid([id; 16])));
        }
        unmatched.add(Some("Busy\x1b"), Some(Guid([12; 16])));
        unmatched.add(None, None);
        let words = unmatched.warning().unwrap();
        let start = "no event matches; there are events of: Busy\\u{1b}, 00000000-0000-";
        assert!(words.starts_with(start), "{words}");
        assert!(words.contains(", 08080808-") && !words.contains("09090909"), "{words}");
        assert!(words.ends_with(", and 3 more"), "{words}");
    }

    #[test]
    fn nothing_is_said_once_an_event_passed_and_something_of_empty_files() {
        assert!(unmatched().warning().unwrap().contains("no event names its provider"));
        let mut unmatched = unmatched();
        unmatched.forget();
        unmatched.add(Some("Late"), Some(Guid([1; 16])));
        assert_eq!(unmatched.warning(), None);
    }

    #[test]
    fn providers_without_number_take_no_memory() {
        let mut unmatched = unmatched();
        for number in 0..10_000_u128 {
            unmatched.add(None, Some(Guid(number.to_le_bytes())));
        }
        assert_eq!(unmatched.providers.map(|it| it.len()), Some(COUNTED_MAX));
    }
}
