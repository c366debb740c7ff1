//! Resources: what a client asks for, and how its contents lie in memory.

#![forbid(unsafe_code)]

mod layout;

pub use layout::{BoxError, Dimensions, Extent, ResourceError, ResourceLimits, ResourceShape, TransferShape};
