//! The messages that the provider reads, changes and makes, in the byte order of the client.
//!
//! [x11rb](https://docs.rs/x11rb) parses in the byte order of this machine alone; a client may speak the other one, and
//! the server answers it in the same. So the few messages that matter here have their layouts spelled out, by
//! [the core protocol](https://www.x.org/releases/current/doc/xproto/x11protocol.html#Encoding) and
//! [those of the extensions](https://gitlab.freedesktop.org/xorg/proto/xorgproto). Anything can be parsed: what comes
//! out is a value, or the error that an X server would answer with.

#![forbid(unsafe_code)]

mod answer;
mod dri3;
mod fields;
mod other;

#[cfg(test)]
mod tests;

pub(super) use answer::{Answer, ErrorMessage};
pub(super) use dri3::{BufferOffer, BufferReply, Dri3Request, pixmap_from_buffers};
pub(super) use fields::{Fields, Maker};
pub(super) use other::{
    Drawn, Geometry, IdleNotify, PresentPixmap, TOUCHING, copy_target, create_pixmap, extension_names,
    get_geometry, get_input_focus, no_operation, query_fence, selects_idle, shm_create_pixmap,
    sync_create_fence, touched, touched_by_shm,
};

/// The error codes of the core protocol that stand for themselves here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bad {
    Request = 1,
    Value = 2,
    Pixmap = 4,
    Match = 8,
    Alloc = 11,
    IdChoice = 14,
    Length = 16,
}
