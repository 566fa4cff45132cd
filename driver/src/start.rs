//! Start: what is registered with the kernel, in this order.
//!
//! Each part unregisters when it is dropped, so a start that fails half way undoes what it had done
//! in reverse order (S34).

use crate::driver::Driver;
use crate::{engine, stop, telemetry};
use weir_abi::event::{ErrorApi, StateKind};
use weir_abi::identifiers::PROVIDER;
use weir_nt::NtStatus;
use weir_nt::device::Device;
use weir_nt::ebpf::hook::Hook;
use weir_nt::ebpf::program_information::ProgramInformation;
use weir_nt::etw;
use weir_nt::timer::Ticking;
use weir_nt::wfp::Callouts;
use weir_nt::wfp::state::Subscription;
use weir_nt::work::Armed;

/// What is registered while the driver runs. `stop` takes it apart in another order; dropped, it
/// goes in this one.
#[derive(Debug)]
pub(crate) struct Registered {
    pub(crate) hook: Hook,
    pub(crate) program_information: ProgramInformation,
    pub(crate) ticking: Ticking,
    pub(crate) subscription: Subscription,
    pub(crate) works: [Armed; 3],
    pub(crate) callouts: Callouts,
    pub(crate) etw: etw::Registered,
}

/// Starts the driver.
pub(crate) fn start(
    driver: &'static Driver,
    device: &'static Device,
) -> Result<Registered, NtStatus> {
    let etw = driver.events.provider.register::<Driver>(&PROVIDER)?;
    driver.tell_state(StateKind::Start);
    driver.tell_state(StateKind::Parameters);
    let wrong = driver.errors.lock().take_wrong_parameters();
    for _ in 0..wrong {
        driver.error_status(ErrorApi::Parameter, NtStatus::INVALID_PARAMETER);
    }
    let registered = register(driver, device, etw);
    if let Err((_, status)) = &registered {
        driver.error_status(ErrorApi::Start, *status);
        driver.tell_state(StateKind::Stop);
    }
    registered.map_err(|(etw, status)| {
        drop(etw);
        status
    })
}

fn register(
    driver: &'static Driver,
    device: &'static Device,
    etw: etw::Registered,
) -> Result<Registered, (etw::Registered, NtStatus)> {
    let parts = || -> Result<_, NtStatus> {
        let mut callouts = Callouts::register::<Driver>(device)?;
        let rest = || -> Result<_, NtStatus> {
            let works = [
                driver.abort_work.arm(device)?,
                driver.engine.work.arm(device)?,
                driver.telemetry.work.arm(device)?,
            ];
            let subscription = Subscription::begin::<Driver>(device)?;
            // What the state is now, after the subscription: no change is missed.
            engine::look(driver);
            let ticking = telemetry::begin(driver);
            let program_information = ProgramInformation::register()?;
            // Last: from here on programs come.
            let hook = Hook::register::<Driver>()?;
            Ok((works, subscription, ticking, program_information, hook))
        };
        match rest() {
            Ok(rest) => Ok((callouts, rest)),
            Err(status) => {
                // Filters may have been there for a while, so a callout may be running.
                driver.begin_stopping();
                engine::close(driver);
                driver.establishing.wait();
                stop::unregister(driver, &mut callouts);
                Err(status)
            }
        }
    };
    match parts() {
        Ok((callouts, (works, subscription, ticking, program_information, hook))) => {
            Ok(Registered {
                hook,
                program_information,
                ticking,
                subscription,
                works,
                callouts,
                etw,
            })
        }
        Err(status) => Err((etw, status)),
    }
}
