//! Resources: what a client asks for, how its contents lie in memory, what holds them, and what others may have of them.

mod attached;
mod description;
mod export;
mod host;
mod in_place;
mod layout;

pub use attached::{Attached, GuestMemory, Resources};
pub use description::{ResourceDescription, bind};
pub use export::{
    ExportError, ExportLayout, Exported, PictureCopy, Placement, is_window_picture, window_fourcc,
};
pub use host::{Backing, HostTexture, Resource, Storage, gl_target};
pub use in_place::{Count, InPlace, Retired};
pub use layout::{BoxError, Dimensions, Extent, ResourceError, ResourceLimits, ResourceShape, TransferShape};
