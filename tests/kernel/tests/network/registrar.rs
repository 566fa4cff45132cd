//! The registrar: attaching, detaching now and later, deregistering, waiting.

use crate::provider::{
    ATTACH_STATUS, CLEANED, CLIENTS, Context, DETACH_STATUS, DETACHED, complete, deregister,
    hook_data, program_data, register_hook, register_information, wait,
};
use crate::standin::{Machine, call};
use core::ffi::c_void;
use core::ptr;
use weir_sim_kernel::ebpf::{Params, Refused, Reply};
use weir_sim_kernel::fwp::status;
use weir_sim_kernel::nmr::ProviderCharacteristics;

#[test]
fn a_client_is_attached_with_its_parameter() {
    let machine = Machine::new();
    register_information(program_data());
    register_hook(hook_data());
    let core = machine.net.core();
    let attached = core.attach_constant(&Params::compartment(7), 1).unwrap();
    let client = CLIENTS.with_borrow(|all| all[0].clone());
    assert_eq!((client.data.as_slice(), attached.is_attached()), ([7, 0, 0, 0].as_slice(), true));
    assert_eq!((Context::of(b"").invoke(&client), attached.invocations()), ((0, 1), 1));
    assert!(attached.detach() && attached.is_detached());
    assert_eq!((DETACHED.take(), CLEANED.take()), (vec![1], vec![1]));
    machine.finish();
}

#[test]
fn without_a_provider_that_fits_nothing_is_attached() {
    let machine = Machine::new();
    let core = machine.net.core();
    let refused = |status| Refused { result: 23, status };
    assert_eq!(core.attach_constant(&Params::default(), 0).unwrap_err(), refused(None));
    register_information(program_data());
    register_hook(hook_data());
    ATTACH_STATUS.set(status::INVALID_PARAMETER);
    let error = core.attach_constant(&Params::default(), 0).unwrap_err();
    assert_eq!(error, refused(Some(status::INVALID_PARAMETER)));
    let elsewhere = Params { attach_type: crate::standin::key(1), ..Params::default() };
    let error = core.attach_constant(&elsewhere, 0).unwrap_err();
    assert_eq!(error, refused(Some(status::NO_INTERFACE)));
    assert_eq!((DETACHED.take(), CLEANED.take()), (vec![], vec![]));
    machine.finish();
}

#[test]
fn a_pending_detachment_ends_when_the_provider_says_so() {
    let machine = Machine::new();
    register_information(program_data());
    register_hook(hook_data());
    DETACH_STATUS.set(status::PENDING);
    let script = |_: &_| Reply::Answer(2);
    let attached = machine.net.core().attach_scripted(&Params::default(), script).unwrap();
    let client = CLIENTS.with_borrow(|all| all[0].clone());
    assert!(!attached.detach() && !attached.is_attached() && !attached.is_detached());
    assert_eq!(Context::of(b"").invoke(&client), (0, 2));
    assert!(CLEANED.take().is_empty());
    complete(client.binding);
    assert_eq!((CLEANED.take(), attached.is_detached()), (vec![1], true));
    assert_eq!(machine.kernel.take_violations(), Vec::<String>::new());
    complete(client.binding);
    Context::of(b"").invoke(&client);
    assert_eq!(machine.kernel.take_violations().len(), 2);
    machine.finish();
}

#[test]
fn deregistering_detaches_all_and_waiting_sees_it_through() {
    let machine = Machine::new();
    register_information(program_data());
    let hook = register_hook(hook_data());
    let core = machine.net.core();
    let first = core.attach_constant(&Params::default(), 0).unwrap();
    let second = core.attach_constant(&Params::default(), 0).unwrap();
    assert_eq!(deregister(hook), status::PENDING);
    assert_eq!((DETACHED.take(), CLEANED.take()), (vec![1, 2], vec![1, 2]));
    assert!(!machine.kernel.leftovers().is_empty());
    assert_eq!((wait(hook), machine.kernel.nmr.provider_count()), (0, 1));
    // Links outlive their provider and find the next one.
    register_hook(hook_data());
    assert!(first.is_attached() && second.is_attached());
    assert!(first.detach() && second.detach());
    machine.finish();
}

#[test]
fn misuse_is_told() {
    let machine = Machine::new();
    let information = register_information(program_data());
    let hook = register_hook(hook_data());
    assert_eq!(wait(hook), status::INVALID_PARAMETER);
    DETACH_STATUS.set(status::PENDING);
    machine.net.core().attach_constant(&Params::default(), 0).unwrap();
    assert_eq!((deregister(hook), deregister(hook)), (status::PENDING, status::INVALID_HANDLE));
    // Nobody completes the detachment.
    assert_eq!(wait(hook), 0);
    machine.kernel.at_irql(2, || wait(information));
    let told = machine.kernel.take_violations();
    assert_eq!(told.len(), 5, "{told:?}");
    let refused = call!("NmrRegisterProvider"(
        *const ProviderCharacteristics = ptr::null(),
        *mut c_void = ptr::null_mut(),
        *mut u64 = ptr::null_mut(),
    ) -> i32);
    assert_eq!(refused, status::INVALID_PARAMETER);
    machine.finish();
}
