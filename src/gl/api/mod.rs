//! GL calls without `unsafe`, by topic. Methods are named as GL's functions, direct-state-access ones
//! shortened.

mod buffer;
mod compute;
mod draw;
mod framebuffer;
mod image;
mod indirect;
mod memory;
mod objects;
mod pixels;
mod program;
mod query;
mod sampler;
mod state;
mod sync;
mod texture;
mod vertex;

use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::{Rc, Weak},
};

pub use buffer::MappedBuffer;
pub use compute::ImageUnit;
pub use indirect::IndirectDraws;
pub use memory::MemoryTexture;
pub use objects::{
    Buffer, Framebuffer, Program, Query, Sampler, Shader, Sync, Texture, TransformFeedback, VertexArray,
};
pub use pixels::{Pixels, Region};
pub use program::ShaderKind;
pub use query::{QueryNumber, QueryValue};
pub use sync::ResetStatus;

use super::{
    Capabilities, ErrorCode, GlError,
    egl::EglContext,
    functions::{Functions, PolygonOffsetClamp},
    memory::Probed,
    pool::{Handle, Name, Pool, Scope},
};
use objects::ArrayState;
use pixels::Layout;

/// The GL functions of one context. Clones are cheap and mean the same context, which lives as long as one of
/// them.
#[derive(Clone)]
pub struct Gl(Rc<Inner>);

struct Inner {
    /// Names of this context and of its share group that wait for their end.
    own: Rc<Pool>,
    shared: Rc<Pool>,
    functions: Rc<Functions>,
    polygon_offset_clamp: Option<PolygonOffsetClamp>,
    capabilities: Rc<Capabilities>,
    drawable_memory: Rc<Probed>,
    /// GL's pixel store state as last set.
    unpack: Cell<Layout>,
    pack: Cell<Layout>,
    /// The bound vertex array, for as long as it lives.
    array: RefCell<Weak<ArrayState>>,
    /// Whether the context could not be made current once.
    lost: Cell<bool>,
    context: EglContext,
}

/// What a [`Gl`] is made of.
pub(in crate::gl) struct Setup {
    pub(in crate::gl) context: EglContext,
    /// The shared names of the share group, if it has other contexts.
    pub(in crate::gl) shared: Option<Rc<Pool>>,
    pub(in crate::gl) functions: Rc<Functions>,
    pub(in crate::gl) capabilities: Rc<Capabilities>,
    pub(in crate::gl) drawable_memory: Rc<Probed>,
    pub(in crate::gl) polygon_offset_clamp: Option<PolygonOffsetClamp>,
}

impl Drop for Inner {
    /// Objects of the context alone go with it, one should think. Mesa keeps framebuffers, with all that is attached to
    /// them, until the share group ends.
    fn drop(&mut self) {
        if self.own.is_owed() && !self.lost.get() && self.context.make_current().is_ok() {
            self.own.bury();
        }
    }
}

impl fmt::Debug for Gl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gl").field(&self.0.context.id()).finish()
    }
}

impl Gl {
    pub(in crate::gl) fn new(setup: Setup) -> Self {
        let Setup {
            context,
            shared,
            functions,
            capabilities,
            drawable_memory,
            polygon_offset_clamp,
        } = setup;
        let own = Pool::new(functions.clone(), Scope::Context(context.id()));
        let shared = shared.unwrap_or_else(|| Pool::new(functions.clone(), Scope::Group(context.group())));
        Self(Rc::new(Inner {
            own,
            shared,
            functions,
            polygon_offset_clamp,
            capabilities,
            drawable_memory,
            unpack: Cell::default(),
            pack: Cell::default(),
            array: RefCell::default(),
            lost: Cell::default(),
            context,
        }))
    }

    pub(in crate::gl) fn egl(&self) -> &EglContext {
        &self.0.context
    }

    pub(in crate::gl) fn shared_pool(&self) -> Rc<Pool> {
        self.0.shared.clone()
    }

    /// What the host's GL can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    pub(in crate::gl) fn make_current(&self) -> Result<(), GlError> {
        if self.0.context.is_current() {
            return Ok(());
        }
        if self.0.lost.get() {
            return Err(GlError::Lost);
        }
        if let Err(error) = self.0.context.make_current() {
            // For good: what we remember of GL's state would not be true any more.
            self.0.lost.set(true);
            tracing::error!("a GL context is lost, its calls are left out from now on: {error}");
            return Err(error);
        }
        self.0.own.bury();
        self.0.shared.bury();
        Ok(())
    }

    /// The functions, with the context current; functions that do nothing if it cannot be.
    pub(in crate::gl) fn f(&self) -> &Functions {
        match self.make_current() {
            Ok(()) => &self.0.functions,
            Err(_) => Functions::inert(),
        }
    }

    /// The oldest error that GL recorded and nobody asked for.
    pub fn get_error(&self) -> Option<ErrorCode> {
        match self.f().GetError() {
            glow::NO_ERROR => None,
            code => Some(ErrorCode(code)),
        }
    }

    /// Calls GL and asks whether it refused. For rare calls: asking may wait for a driver's own thread.
    fn checked(&self, call: &'static str, calls: impl FnOnce(&Functions)) -> Result<(), GlError> {
        while let Some(stale) = self.get_error() {
            tracing::warn!("{stale} recorded before {call}");
            if stale == ErrorCode(glow::CONTEXT_LOST) {
                return Err(GlError::Refused { call, error: stale });
            }
        }
        calls(self.f());
        self.get_error()
            .map_or(Ok(()), |error| Err(GlError::Refused { call, error }))
    }

    fn own(&self, what: &'static str, name: Name) -> Result<Handle, GlError> {
        owned(&self.0.own, what, name)
    }

    fn shared(&self, what: &'static str, name: Name) -> Result<Handle, GlError> {
        owned(&self.0.shared, what, name)
    }

    /// The name of an object, or 0, which GL refuses, if the object is not of this context or its share
    /// group.
    fn name(&self, handle: &Handle) -> u32 {
        if self.knows(handle) {
            handle.name().number()
        } else {
            0
        }
    }

    fn knows(&self, handle: &Handle) -> bool {
        let known = [self.0.own.scope(), self.0.shared.scope()].contains(&handle.scope());
        if !known {
            tracing::error!("{:?} is not an object of this context", handle.name());
        }
        known
    }
}

fn owned(pool: &Rc<Pool>, what: &'static str, name: Name) -> Result<Handle, GlError> {
    match name {
        Name::Sync(sync) if sync.is_null() => Err(GlError::Create(what)),
        Name::Sync(_) => Ok(Handle::new(pool, name)),
        _ if name.number() == 0 => Err(GlError::Create(what)),
        _ => Ok(Handle::new(pool, name)),
    }
}

/// A count or size as GL's signed type.
fn int(what: &'static str, value: impl Into<i128>) -> Result<i32, GlError> {
    let value = value.into();
    match i32::try_from(value) {
        Ok(int) if int >= 0 => Ok(int),
        _ => Err(GlError::OutOfRange { what, value }),
    }
}

/// A byte count or offset as GL's signed type.
fn bytes(what: &'static str, value: u64) -> Result<isize, GlError> {
    isize::try_from(value).map_err(|_| GlError::OutOfRange {
        what,
        value: value.into(),
    })
}

/// A number that GL itself checks, the largest if it does not fit.
fn clamped(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
