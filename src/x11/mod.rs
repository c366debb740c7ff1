//! X displays as a bridge needs them: negotiated extensions, pixel formats, pixmaps as textures, damage.
//!
//! The connection is [x11rb](https://docs.rs/x11rb)'s own, in Rust, without XCB. Nothing here trusts the server:
//! what it sends is checked before it is used, at the latest by a guard on the connection ([`Violation`]), and what it
//! refuses is an error with a declared consequence.

mod areas;
mod damage;
mod display;
mod error;
mod extensions;
mod format;
mod guard;
mod pixmap;
mod rect;
mod shm;
mod stream;
mod watch;
pub(crate) mod wire;
mod xid;

pub use areas::{Area, Areas};
pub use damage::DamageTracker;
pub use display::{Display, Happening, is_before};
pub use error::X11Error;
pub use extensions::{Absence, Extension, Extensions, Limits, Version};
pub use format::{FormatTable, Fourcc, PixelFormat, VisualInfo};
pub use guard::Violation;
pub use pixmap::{
    BoundTexture, Channels, ExportError, ImportError, ImportOptions, ImportStats, ImportedPixmap, PathError,
    Paths, PixmapImporter, PixmapPath, Skipped, SourcePixmap, TextureTarget,
};
pub use rect::Rect;
pub use shm::{Segment, ShmError};
pub use stream::{Connection, Cookie, Dialled, GuardedStream, dial};
pub use watch::{OnError, Token};
pub use wire::ByteOrder;
pub use xid::{AttachedSegment, Damage, Fence, Gc, Kind, Pixmap, Region, Syncobj, Xid, kind};
