//! Identifiers of server objects that free what they name.

use std::{fmt, marker::PhantomData, rc::Rc};

use x11rb::{
    connection::Connection as _,
    cookie::VoidCookie,
    errors::ConnectionError,
    protocol::{
        damage::ConnectionExt as _, dri3::ConnectionExt as _, shm::ConnectionExt as _,
        sync::ConnectionExt as _, xfixes::ConnectionExt as _, xproto::ConnectionExt as _,
    },
};

use super::{Connection, Display, OnError, X11Error};

/// How objects of a kind are freed.
pub trait Kind {
    /// The name for logs.
    const NAME: &'static str;
    /// Sends the request that frees one.
    ///
    /// # Errors
    /// If the connection is gone, and with it the object.
    fn free(connection: &Connection, id: u32) -> Result<VoidCookie<'_, Connection>, ConnectionError>;
}

/// An object of the server that is ours alone; freed when it is dropped.
pub struct Xid<K: Kind> {
    display: Rc<Display>,
    id: u32,
    kind: PhantomData<K>,
}

impl<K: Kind> Xid<K> {
    /// An identifier that nothing uses yet. The caller sends the request that makes the object.
    ///
    /// # Errors
    /// If the server has no identifiers left, or is gone.
    pub fn reserve(display: &Rc<Display>) -> Result<Self, X11Error> {
        let id = display.connection().generate_id()?;
        Ok(Self {
            display: display.clone(),
            id,
            kind: PhantomData,
        })
    }

    /// The identifier.
    pub fn id(&self) -> u32 {
        self.id
    }
}

impl<K: Kind> fmt::Debug for Xid<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:#x}", K::NAME, self.id)
    }
}

impl<K: Kind> Drop for Xid<K> {
    fn drop(&mut self) {
        // The object may never have been made, or be gone with its window; a lost connection frees everything.
        let _ = self
            .display
            .send(K::NAME, OnError::Ignore, |c| K::free(c, self.id));
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident, $kind:ident: $text:literal, $free:ident;)*) => {$(
        $(#[$doc])*
        pub type $name = Xid<kind::$kind>;

        impl Kind for kind::$kind {
            const NAME: &'static str = $text;

            fn free(
                connection: &Connection,
                id: u32,
            ) -> Result<VoidCookie<'_, Connection>, ConnectionError> {
                connection.$free(id)
            }
        }
    )*
        /// The kinds of objects.
        pub mod kind {
            $(
                /// A kind.
                #[derive(Debug)]
                pub struct $kind;
            )*
        }
    };
}

kinds! {
    /// A pixmap.
    Pixmap, Pixmaps: "pixmap", free_pixmap;
    /// A graphics context.
    Gc, Gcs: "graphics context", free_gc;
    /// An XFIXES region.
    Region, Regions: "region", xfixes_destroy_region;
    /// A SYNC fence.
    Fence, Fences: "fence", sync_destroy_fence;
    /// A DRM syncobj of DRI3.
    Syncobj, Syncobjs: "syncobj", dri3_free_syncobj;
    /// A segment of MIT-SHM whose memory is not mapped here, unlike that of a [`Segment`](super::Segment).
    AttachedSegment, AttachedSegments: "segment", shm_detach;
    /// A DAMAGE object.
    Damage, Damages: "damage", damage_destroy;
}
