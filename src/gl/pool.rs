//! Names of GL objects and their end.
//!
//! An object may be dropped while another context is current, and a name means something else there. So a
//! name is deleted at once only if its own context (or, for shared objects, any context of its share group)
//! is current; else it waits until one is.

use std::{
    cell::{Cell, RefCell},
    hash::{Hash, Hasher},
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
};

use super::functions::{Functions, SyncName};

/// A number that no other context or share group of this process has.
pub(super) fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The context that is current on this thread, and its share group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Current {
    pub(super) context: u64,
    pub(super) group: u64,
}

thread_local! {
    static CURRENT: Cell<Option<Current>> = const { Cell::new(None) };
}

/// The context that is current on this thread.
pub(super) fn current() -> Option<Current> {
    CURRENT.get()
}

/// To be called whenever EGL's current context changed.
pub(super) fn set_current(current: Option<Current>) {
    CURRENT.set(current);
}

/// Where a name means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// In one context: framebuffers, vertex arrays, queries, transform feedback.
    Context(u64),
    /// In all contexts of a share group.
    Group(u64),
}

/// The name of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Name {
    Buffer(u32),
    Texture(u32),
    Sampler(u32),
    Shader(u32),
    Program(u32),
    Sync(SyncName),
    Memory(u32),
    Framebuffer(u32),
    VertexArray(u32),
    Query(u32),
    TransformFeedback(u32),
}

impl Name {
    /// The number; 0 for sync objects, which have an address instead.
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Buffer(n)
            | Self::Texture(n)
            | Self::Sampler(n)
            | Self::Shader(n)
            | Self::Program(n)
            | Self::Memory(n)
            | Self::Framebuffer(n)
            | Self::VertexArray(n)
            | Self::Query(n)
            | Self::TransformFeedback(n) => n,
            Self::Sync(_) => 0,
        }
    }

    /// Deletes the object. A context in which the name means it must be current.
    fn delete(self, f: &Functions) {
        match self {
            Self::Shader(n) => f.DeleteShader(n),
            Self::Program(n) => f.DeleteProgram(n),
            // SAFETY: the name came from glFenceSync and is deleted once.
            Self::Sync(sync) => unsafe { f.DeleteSync(sync) },
            // SAFETY: one name is read.
            Self::Buffer(n) => unsafe { f.DeleteBuffers(1, &n) },
            // SAFETY: one name is read.
            Self::Texture(n) => unsafe { f.DeleteTextures(1, &n) },
            // SAFETY: one name is read.
            Self::Sampler(n) => unsafe { f.DeleteSamplers(1, &n) },
            // SAFETY: one name is read.
            Self::Memory(n) => unsafe { f.DeleteMemoryObjectsEXT(1, &n) },
            // SAFETY: one name is read.
            Self::Framebuffer(n) => unsafe { f.DeleteFramebuffers(1, &n) },
            // SAFETY: one name is read.
            Self::VertexArray(n) => unsafe { f.DeleteVertexArrays(1, &n) },
            // SAFETY: one name is read.
            Self::Query(n) => unsafe { f.DeleteQueries(1, &n) },
            // SAFETY: one name is read.
            Self::TransformFeedback(n) => unsafe { f.DeleteTransformFeedbacks(1, &n) },
        }
    }
}

/// The names of one scope that wait for their end.
pub(super) struct Pool {
    functions: Rc<Functions>,
    scope: Scope,
    waiting: RefCell<Vec<Name>>,
}

impl Pool {
    pub(super) fn new(functions: Rc<Functions>, scope: Scope) -> Rc<Self> {
        Rc::new(Self {
            functions,
            scope,
            waiting: RefCell::default(),
        })
    }

    pub(super) fn scope(&self) -> Scope {
        self.scope
    }

    fn is_current(&self) -> bool {
        current().is_some_and(|current| match self.scope {
            Scope::Context(id) => id == current.context,
            Scope::Group(id) => id == current.group,
        })
    }

    /// Whether names wait for a context of the scope to be current.
    pub(super) fn is_owed(&self) -> bool {
        !self.waiting.borrow().is_empty()
    }

    /// Deletes what waits, if a context of the scope is current.
    pub(super) fn bury(&self) {
        if self.is_current() {
            for name in self.waiting.take() {
                name.delete(&self.functions);
            }
        }
    }

    fn release(&self, name: Name) {
        if self.is_current() {
            name.delete(&self.functions);
        } else {
            self.waiting.borrow_mut().push(name);
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pool").field(&self.scope).finish()
    }
}

/// Owns a name.
#[derive(Debug)]
pub(super) struct Handle {
    pool: Rc<Pool>,
    name: Name,
}

impl Handle {
    pub(super) fn new(pool: &Rc<Pool>, name: Name) -> Self {
        Self {
            pool: pool.clone(),
            name,
        }
    }

    pub(super) fn name(&self) -> Name {
        self.name
    }

    pub(super) fn scope(&self) -> Scope {
        self.pool.scope()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.pool.release(self.name);
    }
}

impl PartialEq for Handle {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.scope() == other.scope()
    }
}

impl Eq for Handle {}

impl Hash for Handle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}
