//! Which eBPF program is behind which attachment.
//!
//! The driver knows attachments, the eBPF runtime knows links and programs, and nothing that either
//! says names the other's objects: a link shows neither the label nor the compartment that it was
//! attached with. So a name is given only where it is the only possibility:
//!
//! 1. A look at the runtime counts only if no attachment came or went from its beginning to its
//!    use ([`Revision`]).
//! 2. It counts only if every attachment that counts has been told by an event of its own.
//! 3. It counts only if every link's program is among the programs, once: else something went
//!    between the two lists. A link without a program is detached and no link.
//! 4. It counts only if there are as many links as attachments.
//! 5. Links that came between two looks that counted belong to the attachments that came between
//!    them (a cohort), and what goes, goes from both sides. Where a cohort's sides are not equal,
//!    what was thought is wrong, and all begin again as one cohort.
//! 6. A cohort whose links are all of one program is that program. Where only the programs' names
//!    are equal, the name is known and the program's id is not.
//! 7. A cohort of several programs is matched in order, the lowest link to the first attachment,
//!    only where the order is certain ([`order`]).
//! 8. A name that was given stays as long as its attachment.
//! 9. A name that says nothing (none, `other`, `attach-…`) is not given.
//!
//! * [`look`]: what the shell learned from the runtime. * [`order`]: rule 7.
//! * [`give`]: what a match does to the state.

mod give;
mod look;
mod order;
#[cfg(test)]
mod tests;

pub use look::{Link, LoadedProgram, Look, Revision, VoidLook};

use super::attachments::SLOTS;
use std::collections::BTreeMap;

/// How many looks that do not count one state of the attachments is worth.
///
/// What is out of step for a moment is in step ten seconds later, at the third look at the latest;
/// what is not then (a link that the driver refused, another extension of the same number) is not
/// worth a process every ten seconds.
const LOOKS_MAX: u8 = 3;

/// An attachment, as far as rules 4 to 7 need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Present {
    pub(crate) attach_id: u32,
    /// When it was attached; 0 where that was before we listened.
    pub(crate) since_ns: u64,
}

/// What is known of an attachment's program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) attach_id: u32,
    pub(crate) program_id: Option<u32>,
    /// Empty where it has none.
    pub(crate) name: String,
}

/// Links and attachments that belong together, as many of the one as of the other.
#[derive(Debug, Default)]
struct Cohort {
    attachments: Vec<u32>,
    links: Vec<Link>,
}

/// What earlier looks told. Bounded by rule 4 and the driver's [`SLOTS`].
#[derive(Debug, Default)]
pub(crate) struct Naming {
    cohorts: Vec<Cohort>,
    /// The last look that counted.
    counted: Option<Revision>,
    /// The last one that did not, and how many before it at that revision.
    void: Option<(Revision, u8)>,
}

impl Naming {
    /// Whether another look may tell something.
    pub(crate) fn is_open(&self, revision: Revision) -> bool {
        let is_spent = self.void.is_some_and(|it| it.0 == revision && it.1 >= LOOKS_MAX);
        self.counted != Some(revision) && !is_spent
    }

    /// Notes that a look did not count.
    pub(crate) fn note_void(&mut self, revision: Revision) {
        let before = self.void.filter(|it| it.0 == revision).map_or(0, |it| it.1);
        self.void = Some((revision, before.saturating_add(1)));
    }

    /// Rules 3 to 7.
    pub(crate) fn judge(
        &mut self,
        look: &Look,
        present: &[Present],
        loaded_ns: Option<u64>,
    ) -> Result<Vec<Match>, VoidLook> {
        let links = bound_links(look)?;
        if links.len() != present.len() || links.len() > SLOTS {
            return Err(VoidLook::Unequal);
        }
        if self.counted.is_some_and(|it| !it.is_same_load(look.revision)) {
            self.cohorts.clear();
        }
        self.counted = Some(look.revision);
        self.regroup(present, &links);
        self.split(present, loaded_ns);
        Ok(self.cohorts.iter().flat_map(|cohort| matches(cohort, &look.programs)).collect())
    }

    /// Rule 5.
    fn regroup(&mut self, present: &[Present], links: &[Link]) {
        let mut new_attachments: Vec<u32> = present.iter().map(|it| it.attach_id).collect();
        let mut new_links = links.to_vec();
        for cohort in &mut self.cohorts {
            cohort.attachments.retain(|id| take(&mut new_attachments, id));
            cohort.links.retain(|link| take(&mut new_links, link));
        }
        self.cohorts.push(Cohort { attachments: new_attachments, links: new_links });
        if self.cohorts.iter().any(|it| it.attachments.len() != it.links.len()) {
            let attachments = present.iter().map(|it| it.attach_id).collect();
            self.cohorts = vec![Cohort { attachments, links: links.to_vec() }];
        }
        self.cohorts.retain(|it| !it.links.is_empty());
    }

    /// Rule 7: whoever has a certain place becomes a cohort of one.
    fn split(&mut self, present: &[Present], loaded_ns: Option<u64>) {
        let mut cohorts = Vec::with_capacity(self.cohorts.len());
        for mut cohort in core::mem::take(&mut self.cohorts) {
            let is_in = |it: &&Present| cohort.attachments.contains(&it.attach_id);
            let attached: Vec<Present> = present.iter().filter(is_in).copied().collect();
            if !order::is_certain(&attached, &cohort.links, loaded_ns) {
                cohorts.push(cohort);
                continue;
            }
            cohort.attachments.sort_unstable();
            cohort.links.sort_unstable();
            let pairs = cohort.attachments.into_iter().zip(cohort.links);
            cohorts.extend(
                pairs.map(|(id, link)| Cohort { attachments: vec![id], links: vec![link] }),
            );
        }
        self.cohorts = cohorts;
    }
}

/// Rule 3.
fn bound_links(look: &Look) -> Result<Vec<Link>, VoidLook> {
    let mut programs = BTreeMap::new();
    for program in &look.programs {
        if programs.insert(program.id, program).is_some() {
            return Err(VoidLook::Repeated);
        }
    }
    let mut links: Vec<Link> = look.links.iter().filter(|it| it.program_id != 0).copied().collect();
    links.sort_unstable();
    if links.windows(2).any(|two| matches!(two, [one, next] if one.id == next.id)) {
        return Err(VoidLook::Repeated);
    }
    if links.iter().any(|link| !programs.contains_key(&link.program_id)) {
        return Err(VoidLook::ProgramGone);
    }
    Ok(links)
}

/// Rule 6.
fn matches(cohort: &Cohort, programs: &[LoadedProgram]) -> Vec<Match> {
    let of = |link: &Link| programs.iter().find(|program| program.id == link.program_id);
    let mut of_links = cohort.links.iter().filter_map(of);
    let Some(first) = of_links.next() else { return Vec::new() };
    let (is_one, is_one_name) = of_links.fold((true, true), |(is_one, is_one_name), it| {
        (is_one && it.id == first.id, is_one_name && it.name == first.name)
    });
    if !is_one_name {
        return Vec::new();
    }
    let one = |attach_id: &u32| Match {
        attach_id: *attach_id,
        program_id: is_one.then_some(first.id),
        name: first.name.clone(),
    };
    cohort.attachments.iter().map(one).collect()
}

fn take<T: PartialEq>(from: &mut Vec<T>, one: &T) -> bool {
    let place = from.iter().position(|it| it == one);
    place.map(|place| from.swap_remove(place)).is_some()
}
