//! What this renderer tells a client that it can do: capability sets 1 and 2 of virgl.
//!
//! [`HostLimits`] says what the host's GL can do, [`FormatSupport`] which formats it has, and [`Features`] which of the
//! later GL features the executor carries out. [`Caps`] is made from the three; only what works is in it.

#![forbid(unsafe_code)]

mod bits;
mod capset;
mod fill;
mod formats;
mod limits;
mod probe;

pub use capset::{CAPSET1_BYTES, CAPSET2_BYTES, Caps};
pub use fill::Features;
pub use formats::{FormatMask, FormatSupport};
pub use limits::{HostLimits, PerStage, SamplePositions};
