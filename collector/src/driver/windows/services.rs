//! The service control manager.

use super::super::machine::{Service, State, Trouble};
use super::super::service::{DESCRIPTION, DISPLAY_NAME, IMAGE, NAME, START};
use std::io;
use windows_service::Error;
use windows_service::service::{
    Service as Handle, ServiceAccess, ServiceErrorControl, ServiceInfo, ServiceStartType,
    ServiceState, ServiceType,
};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};

/// `ERROR_SERVICE_DOES_NOT_EXIST`.
const NO_SUCH_SERVICE: i32 = 1060;
/// `ERROR_SERVICE_NOT_ACTIVE`.
const NOT_ACTIVE: i32 = 1062;

fn trouble(verb: &str, name: &str) -> impl Fn(Error) -> Trouble {
    let what = format!("{verb} service `{name}`");
    move |error| match error {
        Error::Winapi(error) => Trouble::of(&what, &error),
        other => Trouble::new(&what, other.to_string()),
    }
}

fn code(error: &Error) -> Option<i32> {
    if let Error::Winapi(error) = error { io::Error::raw_os_error(error) } else { None }
}

fn open(name: &str, access: ServiceAccess) -> Result<Handle, Error> {
    let none: Option<&str> = None;
    let manager = ServiceManager::local_computer(none, ServiceManagerAccess::CONNECT)?;
    manager.open_service(name, access)
}

pub(super) fn service(name: &str) -> Result<Option<Service>, Trouble> {
    let handle = open(name, ServiceAccess::QUERY_STATUS | ServiceAccess::QUERY_CONFIG);
    let handle = match handle {
        Ok(handle) => handle,
        Err(error) if code(&error) == Some(NO_SUCH_SERVICE) => return Ok(None),
        Err(error) => return Err(trouble("look at", name)(error)),
    };
    let status = handle.query_status().map_err(trouble("look at", name))?;
    let config = handle.query_config().map_err(trouble("look at", name))?;
    let state = match status.current_state {
        ServiceState::Stopped => State::Stopped,
        ServiceState::StartPending => State::Starting,
        ServiceState::Running => State::Running,
        ServiceState::StopPending => State::Stopping,
        ServiceState::ContinuePending | ServiceState::PausePending | ServiceState::Paused => {
            State::Other
        }
    };
    let image = config.executable_path.to_string_lossy().into_owned();
    Ok(Some(Service { state, start: config.start_type.to_raw(), image }))
}

fn info(start: ServiceStartType) -> ServiceInfo {
    ServiceInfo {
        name: NAME.into(),
        display_name: DISPLAY_NAME.into(),
        service_type: ServiceType::KERNEL_DRIVER,
        start_type: start,
        error_control: ServiceErrorControl::Normal,
        executable_path: IMAGE.into(),
        launch_arguments: Vec::new(),
        dependencies: Vec::new(),
        account_name: None,
        account_password: None,
    }
}

fn start_type(start: u32) -> Result<ServiceStartType, Trouble> {
    let what = format!("set the start of service `{NAME}`");
    ServiceStartType::from_raw(start).map_err(|error| Trouble::new(what, error.to_string()))
}

pub(super) fn create() -> Result<(), Trouble> {
    let info = info(start_type(START)?);
    let none: Option<&str> = None;
    let manager = ServiceManager::local_computer(none, ServiceManagerAccess::CREATE_SERVICE);
    let handle = manager
        .and_then(|it| {
            it.create_service(&info, ServiceAccess::CHANGE_CONFIG | ServiceAccess::DELETE)
        })
        .map_err(trouble("create", NAME))?;
    if let Err(error) = handle.set_description(DESCRIPTION) {
        // A step is taken or not: what is created is given back.
        let failed = trouble("describe", NAME)(error);
        return match handle.delete() {
            Ok(()) => Err(failed),
            Err(error) => Err(trouble("delete", NAME)(error)),
        };
    }
    Ok(())
}

pub(super) fn set_start(start: u32) -> Result<(), Trouble> {
    let info = info(start_type(start)?);
    let change = open(NAME, ServiceAccess::CHANGE_CONFIG).and_then(|it| it.change_config(&info));
    change.map_err(trouble("set the start of", NAME))
}

pub(super) fn start() -> Result<(), Trouble> {
    let start = open(NAME, ServiceAccess::START).and_then(|it| it.start::<&str>(&[]));
    start.map_err(trouble("start", NAME))
}

pub(super) fn stop() -> Result<(), Trouble> {
    match open(NAME, ServiceAccess::STOP).and_then(|it| it.stop()) {
        // It stopped in between.
        Err(error) if code(&error) == Some(NOT_ACTIVE) => Ok(()),
        Err(error) => Err(trouble("stop", NAME)(error)),
        Ok(_status) => Ok(()),
    }
}

pub(super) fn delete() -> Result<(), Trouble> {
    match open(NAME, ServiceAccess::DELETE).and_then(|it| it.delete()) {
        Err(error) if code(&error) == Some(NO_SUCH_SERVICE) => Ok(()),
        other => other.map_err(trouble("delete", NAME)),
    }
}
