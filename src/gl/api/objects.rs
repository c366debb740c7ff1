//! Owned GL objects. Dropping one deletes it.

use std::{
    cell::{Cell, RefCell},
    hash::{Hash, Hasher},
    rc::Rc,
};

use super::Handle;

/// Vertex buffer bindings and attributes that are counted on: GL guarantees 16 of each, and masks have 32
/// bits.
pub(super) const MAX_BINDINGS: usize = 32;

macro_rules! identity {
    ($name:ident, $($handle:tt).+) => {
        impl $name {
            /// GL's name for it.
            pub fn id(&self) -> u32 {
                self.$($handle).+.name().number()
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.$($handle).+ == other.$($handle).+
            }
        }

        impl Eq for $name {}

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.$($handle).+.hash(state);
            }
        }
    };
}

macro_rules! object {
    ($(#[$doc:meta])* $name:ident $(, $field:ident: $ty:ty)?) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            pub(super) handle: Handle,
            $(pub(super) $field: $ty,)?
        }

        identity!($name, handle);
    };
}

object! {
    /// A texture, shared.
    Texture, target: u32
}
object! {
    /// A sampler, shared.
    Sampler
}
object! {
    /// A compiled shader, shared.
    Shader
}
object! {
    /// A linked program, shared.
    Program
}
object! {
    /// A fence, shared.
    Sync
}
object! {
    /// A framebuffer of one context.
    Framebuffer
}
object! {
    /// A query of one context.
    Query, target: u32
}
object! {
    /// A transform feedback object of one context.
    TransformFeedback
}

impl Texture {
    /// The target that it was made for.
    pub fn target(&self) -> u32 {
        self.target
    }
}

/// A buffer, shared.
///
/// A vertex array that it is bound to keeps it alive: GL would otherwise take vertices from where the buffer
/// was.
#[derive(Debug)]
pub struct Buffer {
    pub(super) state: Rc<BufferState>,
}

#[derive(Debug)]
pub(super) struct BufferState {
    pub(super) handle: Handle,
    /// Bytes of its storage.
    pub(super) size: Cell<u64>,
}

identity!(Buffer, state.handle);

impl Buffer {
    /// Bytes of its storage.
    pub fn size(&self) -> u64 {
        self.state.size.get()
    }
}

/// What a binding of a vertex array reads.
#[derive(Debug)]
pub(super) struct VertexSource {
    pub(super) buffer: Rc<BufferState>,
    /// In bytes.
    pub(super) offset: u64,
    pub(super) stride: u32,
}

/// A vertex array of one context.
#[derive(Debug)]
pub struct VertexArray {
    pub(super) state: Rc<ArrayState>,
}

/// What a vertex array reads from, as far as drawing safely needs to know it.
#[derive(Debug)]
pub(super) struct ArrayState {
    pub(super) handle: Handle,
    /// Enabled attributes, a bit each.
    pub(super) enabled: Cell<u32>,
    /// The binding that each attribute reads.
    pub(super) binding: [Cell<u8>; MAX_BINDINGS],
    /// The bindings with a buffer, a bit each.
    pub(super) bound: Cell<u32>,
    pub(super) buffers: RefCell<[Option<VertexSource>; MAX_BINDINGS]>,
    pub(super) elements: RefCell<Option<Rc<BufferState>>>,
    /// The bindings that enabled attributes read, a bit each.
    pub(super) needed: Cell<u32>,
}

identity!(VertexArray, state.handle);
