//! How these tests call imports, and look at what the kernel says of it.

use std::process::Command;
use weir_sim_kernel::{Kernel, Options};

/// An import as a function.
macro_rules! import {
    ($name:literal, ($($argument:ty),*) $(-> $result:ty)?) => {{
        let address: *const () = $crate::call::address($name);
        // SAFETY: the test names the signature that the import has.
        let function = unsafe {
            core::mem::transmute::<*const (), unsafe extern "win64" fn($($argument),*) $(-> $result)?>(
                address,
            )
        };
        // SAFETY: the test passes what a driver would, or the misuse that it is about.
        move |arguments: ($($argument,)*)| unsafe { $crate::call::Call::call(function, arguments) }
    }};
}

/// A function that is called with a tuple.
pub(crate) trait Call<A> {
    type Result;

    /// # Safety
    /// As the function says.
    unsafe fn call(self, arguments: A) -> Self::Result;
}

macro_rules! callable {
    ($($name:ident $argument:ident),*) => {
        impl<R, $($argument),*> Call<($($argument,)*)> for unsafe extern "win64" fn($($argument),*) -> R {
            type Result = R;

            unsafe fn call(self, ($($name,)*): ($($argument,)*)) -> R {
                // SAFETY: the caller's promise.
                unsafe { self($($name),*) }
            }
        }
    };
}

callable!();
callable!(a A);
callable!(a A, b B);
callable!(a A, b B, c C);
callable!(a A, b B, c C, d D);
callable!(a A, b B, c C, d D, e E);
callable!(a A, b B, c C, d D, e E, f F);
callable!(a A, b B, c C, d D, e E, f F, g G);

/// Where an import is.
pub(crate) fn address(name: &str) -> *const () {
    let imports = weir_sim_kernel::kernel::imports();
    let import = imports.iter().find(|import| import.name == name).unwrap();
    core::ptr::with_exposed_provenance(import.address)
}

/// A machine without a driver.
pub(crate) fn machine() -> &'static Kernel {
    Kernel::boot(Options::default())
}

/// Asserts that exactly one violation was told, with these words.
#[track_caller]
pub(crate) fn told(kernel: &Kernel, words: &str) {
    let violations = kernel.take_violations();
    assert!(
        violations.len() == 1 && violations[0].contains(words),
        "not one violation with `{words}`: {violations:?}"
    );
}

/// Runs the test `name` again in a process that is expected to die, and returns its last words.
/// `None` is that process.
pub(crate) fn last_words(name: &str) -> Option<String> {
    if std::env::var_os("WEIR_TEST_DIES").is_some() {
        return None;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env("WEIR_TEST_DIES", "1")
        .output()
        .unwrap();
    assert!(!output.status.success(), "{name} came back");
    Some(String::from_utf8_lossy(&output.stderr).into_owned())
}
