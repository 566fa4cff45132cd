//! A match changes the state: the program's id is known, and an attachment without a label gets
//! its program's name.
//!
//! Everything that the attachment has counted goes with it, so the new name's counters are the
//! driver's own truth, after a restart of the collector too.
//! The name that it had (`attach-7`) ends; had it totals of an earlier load of the driver, they go
//! into `other`. So no counter falls: one rises by what another series, which ended, had counted.
//! An attachment that a bound put into `other` stays there, or `other` would fall.

use super::super::Aggregator;
use super::super::label::{OTHER, label_value};
use super::{Look, Match, Present, Revision, VoidLook};

impl Aggregator {
    /// Whether the eBPF runtime should be asked for names, and for which state of the attachments:
    /// one without a label came or went, and no look since then has told all that it could.
    #[must_use]
    pub fn wants_names(&self) -> Option<Revision> {
        let epoch = self.totals.active()?;
        let revision = epoch.revision();
        let is_unnamed = epoch.attachments.iter().any(|(_, it)| it.is_attached() && !it.has_label);
        (is_unnamed && self.naming.is_open(revision)).then_some(revision)
    }

    /// Names attachments by what the eBPF runtime told; returns how many got a name.
    ///
    /// # Errors
    /// The look does not count: nothing has changed, and the next one may.
    pub fn name_programs(&mut self, look: &Look) -> Result<usize, VoidLook> {
        let Some(epoch) = self.totals.active() else { return Err(VoidLook::Changed) };
        if epoch.revision() != look.revision {
            return Err(VoidLook::Changed);
        }
        let judged = if epoch.attachments.has_untold() {
            Err(VoidLook::Untold)
        } else {
            let attached = epoch.attachments.iter().filter(|(_, it)| it.is_attached());
            let present: Vec<Present> = attached
                .map(|(attach_id, it)| Present { attach_id, since_ns: it.since_ns })
                .collect();
            self.naming.judge(look, &present, epoch.loaded_ns())
        };
        let matches = judged.inspect_err(|_| self.naming.note_void(look.revision))?;
        Ok(matches.iter().filter(|it| self.give(it)).count())
    }

    /// Whether the attachment got a name.
    fn give(&mut self, it: &Match) -> bool {
        let name = label_value(&it.name, self.limits.label_bytes);
        let says_something = !name.is_empty() && name != OTHER && !name.starts_with("attach-");
        let Some((epoch, _)) = self.totals.active_mut() else { return false };
        let Some(attachment) = epoch.attachments.find_mut(it.attach_id) else { return false };
        attachment.program_id = it.program_id.or(attachment.program_id);
        if attachment.has_label || attachment.is_linked || !says_something {
            return false;
        }
        let is_renamed = self.totals.rename(it.attach_id, &name);
        if let Some((epoch, _)) = self.totals.active_mut()
            && let Some(attachment) = epoch.attachments.find_mut(it.attach_id)
        {
            attachment.is_linked = is_renamed;
        }
        is_renamed
    }
}
