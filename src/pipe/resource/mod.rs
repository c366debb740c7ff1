//! Resources: what a client asks for, and how its contents lie in memory.

mod description;
mod export;
mod host;
mod layout;

pub use description::{ResourceDescription, bind};
pub use export::{ExportLayout, Exported, Placement};
pub use host::{HostTexture, Resource, Resources, Storage, gl_target};

pub use layout::{BoxError, Dimensions, Extent, ResourceError, ResourceLimits, ResourceShape, TransferShape};
