//! Telling callouts that filters come and go.
//!
//! A filter that is there before its callout is registered is not told when it comes, and is told
//! when it goes.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/network/processing-notify-callouts (read
//! 2026-11)

use super::layout::{self, Value, kind};
use super::status;
use super::store::Filter;
use crate::kernel::{Kernel, PASSIVE_LEVEL};
use core::cell::{Cell, RefCell};
use core::ptr;

/// When a callout learns that a filter is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notifications {
    /// Before the call that deleted it returns.
    #[default]
    AtOnce,
    /// When the test calls [`super::Fwp::deliver_notifications`].
    Later,
    /// It never does.
    Never,
}

/// Notices that were kept back.
#[derive(Debug, Default)]
pub(super) struct Notices {
    when: Cell<Notifications>,
    late: RefCell<Vec<Filter>>,
}

const NOTIFY_ADD: i32 = 0;
const NOTIFY_DELETE: i32 = 1;

impl Notices {
    /// Tells a callout that a filter is gone, when it is time.
    pub(super) fn removed(&self, kernel: &Kernel, mut filter: Filter) {
        match self.when.get() {
            Notifications::AtOnce => {
                gone(kernel, &mut filter);
            }
            Notifications::Later => self.late.borrow_mut().push(filter),
            Notifications::Never => {}
        }
    }
}

impl super::Fwp {
    /// Chooses when callouts learn that filters are gone.
    pub fn set_notifications(&self, when: Notifications) {
        self.engine.notices.when.set(when);
    }

    /// Tells callouts what [`Notifications::Later`] kept back.
    pub fn deliver_notifications(&self, kernel: &Kernel) {
        for mut filter in self.engine.notices.late.take() {
            gone(kernel, &mut filter);
        }
    }

    /// The base filtering engine stops: objects go, handles become stale.
    pub(crate) fn stop_engine(&self, kernel: &Kernel) {
        self.engine.stop(kernel);
    }
}

/// Tells a callout of a new filter; a failure rejects it.
pub(super) fn added(kernel: &Kernel, filter: &mut Filter) -> i32 {
    notify(kernel, NOTIFY_ADD, filter)
}

/// Tells a callout that a filter is gone; nobody can object.
pub(super) fn gone(kernel: &Kernel, filter: &mut Filter) {
    let _ignored = notify(kernel, NOTIFY_DELETE, filter);
}

/// Calls a registered callout's `notifyFn`, and keeps what it makes of the filter's context.
fn notify(kernel: &Kernel, what: i32, filter: &mut Filter) -> i32 {
    let id = kernel.fwp.callouts.id_of(filter.callout);
    let Some(function) = kernel.fwp.callouts.of_id(id).and_then(|callout| callout.notify) else {
        return status::SUCCESS;
    };
    let mut shown = shown(filter, kernel.fwp.callouts.id_of(filter.callout), 0);
    let key = if what == NOTIFY_ADD { &raw const filter.key } else { ptr::null() };
    kernel.fwp.callouts.active(id, 1);
    let status = kernel.at_irql(PASSIVE_LEVEL, || {
        kernel.enter("notifyFn", || {
            // SAFETY: the callout is registered, so its function is there; key and filter are
            // valid during the call.
            unsafe { function(what, key, &raw mut shown) }
        })
    });
    kernel.fwp.callouts.active(id, -1);
    filter.context = shown.context;
    status
}

/// A filter as callouts see it.
pub(super) fn shown(filter: &Filter, callout_id: u32, sublayer_weight: u16) -> layout::Filter {
    let [low, high, ..] = filter.flags.to_le_bytes();
    layout::Filter {
        id: filter.id,
        weight: Value { kind: kind::EMPTY, data: 0 },
        sublayer_weight,
        flags: u16::from_le_bytes([low, high]),
        // The conditions held, or the callout would not be called; nobody needs them again.
        condition_count: 0,
        conditions: ptr::null(),
        action: filter.action,
        callout_id,
        context: filter.context,
        provider_context: ptr::null(),
    }
}
