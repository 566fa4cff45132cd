//! Ctrl-C while evidence is collected: it ends a recording, else the questions that are left.
//!
//! The process is not ended by it, because a session would go on recording and a folder of
//! temporary files stay.

use crate::failure::Failure;
use crate::live::{Stop, unexpected};
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// Whether somebody pressed it.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens, to the end of the process.
    ///
    /// # Errors
    /// The system gives no thread or signal.
    pub fn listen() -> Result<Self, Failure> {
        let fail = |error: std::io::Error| unexpected("listen for Ctrl-C", &error);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(fail)?;
        let mut stop = {
            let _within = runtime.enter();
            Stop::listen().map_err(fail)?
        };
        let (it, thread) = (Self::default(), std::thread::Builder::new());
        let pressed = it.clone();
        let listen = move || {
            runtime.block_on(async {
                loop {
                    stop.asked().await;
                    pressed.press();
                    match Stop::listen() {
                        Ok(again) => stop = again,
                        Err(_no_more_of_them) => return,
                    }
                }
            });
        };
        thread.name("weir-doctor-stop".to_owned()).spawn(listen).map_err(fail)?;
        Ok(it)
    }

    /// As somebody does who presses it.
    pub fn press(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// It was pressed.
    #[must_use]
    pub fn is_pressed(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// It was pressed; it counts once.
    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}
