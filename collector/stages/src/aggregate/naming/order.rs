//! When the order of links is the order of attachments.
//!
//! A link gets its id when it is made and is attached within the same call, so links that are
//! attached one after the other have ids in that order. It is not so:
//!
//! * where two are attached at the same time: the later id may be the earlier attachment;
//! * where the driver was loaded after the links: Windows attaches those that wait for it, and
//!   nothing says in which order;
//! * where ids are not numbered through: older versions of the runtime put a place that is used
//!   again into the upper half.
//!
//! Source: microsoft/ebpf-for-windows, libs/runtime/`ebpf_object.c` and
//! libs/execution_context/`ebpf_link.c`; ids of an older version in its docs/TroubleshootingGuide.md
//! (read 2026-11)

use super::{Link, Present};

/// Between two attachments that cannot have been made at the same time.
///
/// From a link's id to its attachment is one call without a wait, some microseconds; ten
/// milliseconds are more than a processor leaves a thread aside that is ready.
pub(super) const APART_NS: u64 = 10_000_000;

/// From the driver's load to an attachment that did not wait for it.
///
/// What waited is attached while the driver registers its hook, before its start ends.
pub(super) const AFTER_LOAD_NS: u64 = 1_000_000_000;

/// Ids below this have nothing in their upper half.
const NUMBERED_THROUGH: u32 = 1 << 16;

/// Whether each of the attachments, given in the order of their ids, has a certain link.
pub(super) fn is_certain(attached: &[Present], links: &[Link], loaded_ns: Option<u64>) -> bool {
    let Some(loaded_ns) = loaded_ns else { return false };
    let is_after_load =
        |it: &Present| it.since_ns.checked_sub(loaded_ns).is_some_and(|age| age >= AFTER_LOAD_NS);
    let is_apart = |two: &[Present]| match two {
        [one, next] => {
            one.attach_id < next.attach_id
                && next.since_ns.checked_sub(one.since_ns).is_some_and(|gap| gap >= APART_NS)
        }
        _ => true,
    };
    attached.len() > 1
        && attached.len() == links.len()
        && attached.iter().all(is_after_load)
        && attached.windows(2).all(is_apart)
        && links.iter().all(|link| link.id < NUMBERED_THROUGH)
}
