//! The first of two passes over a file: what happened in it.

use super::{Reader, refused};
use crate::failure::Failure;
use std::collections::VecDeque;
use std::path::Path;
use weir_evidence::trace::{Counts, Incidents, Loads, Source, redirect};
use weir_stages::checks::facts::{Incident, Redirect};

/// Redirections shown, the newest ones.
const REDIRECTS_MAX: usize = 20;

/// What a file holds.
pub(super) struct Survey {
    pub(super) events: u64,
    /// Events that are shown: the others' are not.
    pub(super) shown: u64,
    pub(super) counts: Counts,
    pub(super) incidents: Incidents,
    pub(super) loads: Loads,
    pub(super) redirects: VecDeque<Redirect>,
    pub(super) redirects_total: u64,
}

impl Survey {
    /// Whether any event is marked.
    pub(super) fn has_marks(&self) -> bool {
        self.incidents.noise() > 0 || self.incidents.has_found()
    }

    /// The incidents, at the end.
    pub(super) fn into_incidents(self) -> Vec<Incident> {
        self.incidents.into_found()
    }
}

/// Reads a file to its end.
///
/// # Errors
/// It cannot be read, or holds no event.
pub(super) fn survey(path: &Path, reader: &mut Reader, loads: u64) -> Result<Survey, Failure> {
    let mut survey = Survey {
        events: 0,
        shown: 0,
        counts: Counts::default(),
        incidents: Incidents::default(),
        loads: Loads::after(loads),
        redirects: VecDeque::new(),
        redirects_total: 0,
    };
    while let Some(event) = reader.next_event().map_err(|error| refused(path, error))? {
        survey.events += 1;
        survey.shown += u64::from(event.source != Source::Other);
        survey.counts.take(&event);
        survey.incidents.take(&event);
        if event.source == Source::Other {
            continue;
        }
        let _number = survey.loads.take(&event);
        if let Some(redirect) = redirect(&event) {
            survey.redirects_total += 1;
            if survey.redirects.len() >= REDIRECTS_MAX {
                survey.redirects.pop_front();
            }
            survey.redirects.push_back(redirect);
        }
    }
    survey.incidents.end_all();
    Ok(survey)
}
