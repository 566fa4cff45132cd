//! A simulated Windows kernel in a Linux process.
//!
//! It maps the image of `weir.sys` that ships, binds what the image imports to functions of this
//! crate, and calls the driver as Windows would. The driver is not compiled for tests: what runs
//! here is, byte for byte, what runs there.
//!
//! * [`kernel`]: one machine, which all parts below belong to; begin reading there.
//! * [`image`]: builds and finds `weir.sys`; [`loader`] maps it, `host` is what Linux does for it,
//!   `fault_handler` its last words where it touches what it must not.
//! * [`stack`]: kernel stacks of 24 KB with a guard; the driver runs on nothing else.
//! * [`pool`], [`processors`], [`locks`], [`rundown`], [`time`], [`timers`], [`io`], [`registry`],
//!   [`etw`], [`crt`]: parts of ntoskrnl.exe.
//! * [`fwp`], [`bfe`], [`net`], [`ndis`]: the filtering platform and the network below it.
//! * [`threads`]: threads that take turns under a seed; [`breakpoints`]: where they can.
//! * [`nmr`], [`ebpf`]: the module registrar, and the eBPF core as its client.
//! * [`lock_order`]: in which order locks are taken and how long they are held; `fenced`: pool
//!   blocks at pages that nobody may touch.
//! * [`faults`]: failures on demand; [`calls`]: how often each import was called;
//!   [`measure`]: what calls cost.
//!
//! Misuse by the driver is collected, never a panic: an import runs below frames of the driver,
//! which nothing can unwind.
#![expect(unsafe_code, reason = "calls machine code of another ABI and hands it raw pointers")]

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("the driver's image is x64 code and is mapped by Linux");

pub mod bfe;
pub mod breakpoints;
pub mod calls;
pub mod crt;
pub mod ebpf;
pub mod etw;
mod fault_handler;
pub mod faults;
mod fenced;
pub mod fwp;
mod host;
pub mod image;
pub mod io;
pub mod kernel;
pub mod loader;
pub mod lock_order;
pub mod locks;
pub mod measure;
mod memory;
pub mod ndis;
pub mod net;
pub mod nmr;
pub mod options;
pub mod pool;
pub mod processors;
pub mod registry;
pub mod rundown;
pub mod stack;
pub mod threads;
pub mod time;
pub mod timers;

pub use kernel::{Import, Kernel, current};
pub use options::Options;
