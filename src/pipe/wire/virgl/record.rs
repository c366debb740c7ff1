//! Handles, and lists of small fixed-size entries that are decoded on iteration.

use std::marker::PhantomData;

use crate::pipe::format::Format;

/// A client-chosen handle in a sub-context's object table; 0 means "none".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ObjectId(pub u32);

/// A resource of the connection; 0 means "none".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ResourceId(pub u32);

/// A fixed-size entry of a list in a command.
pub trait Record: Sized {
    /// Words per entry.
    const WORDS: usize;
    /// Reads an entry from exactly [`Self::WORDS`] words; every bit pattern has a meaning.
    fn read(words: &[u32]) -> Self;
    /// Appends the entry's words.
    fn write(&self, words: &mut Vec<u32>);
}

/// A list of fixed-size entries, still in wire form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Records<'a, T> {
    words: &'a [u32],
    entry: PhantomData<T>,
}

impl<'a, T: Record> Records<'a, T> {
    /// Interprets `words` as entries; `None` if the length is not a multiple of the entry size.
    pub fn new(words: &'a [u32]) -> Option<Self> {
        words.len().is_multiple_of(T::WORDS).then_some(Self {
            words,
            entry: PhantomData,
        })
    }

    /// No entries.
    pub const fn empty() -> Self {
        Self {
            words: &[],
            entry: PhantomData,
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.words.len() / T::WORDS
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The entries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = T> + use<'a, T> {
        self.words.chunks_exact(T::WORDS).map(T::read)
    }

    /// The words of all entries.
    pub fn words(&self) -> &'a [u32] {
        self.words
    }
}

/// A box in a resource level: origin and size in texels (bytes, for buffers). Signed as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)]
pub struct Box3 {
    pub x: i32,
    pub y: i32,
    pub z: i32,
    pub w: i32,
    pub h: i32,
    pub d: i32,
}

/// Six floats of a viewport: window = scale * ndc + translate.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub struct Viewport {
    pub scale: [f32; 3],
    pub translate: [f32; 3],
}

/// A scissor rectangle; the maxima are exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Scissor {
    pub min_x: u16,
    pub min_y: u16,
    pub max_x: u16,
    pub max_y: u16,
}

/// One vertex buffer binding; `resource` 0 unbinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct VertexBuffer {
    pub stride: u32,
    pub offset: u32,
    pub resource: ResourceId,
}

/// One vertex element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct VertexElement {
    pub src_offset: u32,
    pub instance_divisor: u32,
    pub vertex_buffer_index: u32,
    pub format: Format,
}

/// A range of a buffer bound as SSBO or atomic counter buffer; `resource` 0 unbinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct BufferRange {
    pub offset: u32,
    pub length: u32,
    pub resource: ResourceId,
}

/// A shader image binding; `resource` 0 unbinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShaderImage {
    /// Format of the image unit.
    pub format: Format,
    /// Bit 0 read, bit 1 write.
    pub access: u32,
    /// Texture: first layer in the low half, last layer in the high half; buffer: byte offset.
    pub layers_or_offset: u32,
    /// Texture: level; buffer: byte size.
    pub level_or_size: u32,
    /// The resource.
    pub resource: ResourceId,
}

/// One captured output of a stream-output table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct StreamOutput {
    pub register: u8,
    pub start_component: u8,
    pub num_components: u8,
    pub buffer: u8,
    /// Offset in 32-bit words inside a vertex of the buffer.
    pub dst_offset: u16,
    pub stream: u8,
}

impl Record for Viewport {
    const WORDS: usize = 6;
    fn read(w: &[u32]) -> Self {
        let f = |i: usize| f32::from_bits(w[i]);
        Self {
            scale: [f(0), f(1), f(2)],
            translate: [f(3), f(4), f(5)],
        }
    }
    fn write(&self, words: &mut Vec<u32>) {
        words.extend(self.scale.iter().chain(&self.translate).map(|f| f.to_bits()));
    }
}

impl Record for Scissor {
    const WORDS: usize = 2;
    fn read(w: &[u32]) -> Self {
        Self {
            min_x: w[0] as u16,
            min_y: (w[0] >> 16) as u16,
            max_x: w[1] as u16,
            max_y: (w[1] >> 16) as u16,
        }
    }
    fn write(&self, words: &mut Vec<u32>) {
        let corner = |x: u16, y: u16| u32::from(x) | u32::from(y) << 16;
        words.extend([corner(self.min_x, self.min_y), corner(self.max_x, self.max_y)]);
    }
}

impl Record for VertexBuffer {
    const WORDS: usize = 3;
    fn read(w: &[u32]) -> Self {
        Self {
            stride: w[0],
            offset: w[1],
            resource: ResourceId(w[2]),
        }
    }
    fn write(&self, words: &mut Vec<u32>) {
        words.extend([self.stride, self.offset, self.resource.0]);
    }
}

impl Record for VertexElement {
    const WORDS: usize = 4;
    fn read(w: &[u32]) -> Self {
        Self {
            src_offset: w[0],
            instance_divisor: w[1],
            vertex_buffer_index: w[2],
            format: Format(w[3]),
        }
    }
    fn write(&self, words: &mut Vec<u32>) {
        words.extend([
            self.src_offset,
            self.instance_divisor,
            self.vertex_buffer_index,
            self.format.0,
        ]);
    }
}

impl Record for BufferRange {
    const WORDS: usize = 3;
    fn read(w: &[u32]) -> Self {
        Self {
            offset: w[0],
            length: w[1],
            resource: ResourceId(w[2]),
        }
    }
    fn write(&self, words: &mut Vec<u32>) {
        words.extend([self.offset, self.length, self.resource.0]);
    }
}

impl Record for ShaderImage {
    const WORDS: usize = 5;
    fn read(w: &[u32]) -> Self {
        Self {
            format: Format(w[0]),
            access: w[1],
            layers_or_offset: w[2],
            level_or_size: w[3],
            resource: ResourceId(w[4]),
        }
    }
    fn write(&self, words: &mut Vec<u32>) {
        words.extend([
            self.format.0,
            self.access,
            self.layers_or_offset,
            self.level_or_size,
            self.resource.0,
        ]);
    }
}

impl Record for StreamOutput {
    const WORDS: usize = 2;
    fn read(w: &[u32]) -> Self {
        Self {
            register: w[0] as u8,
            start_component: (w[0] >> 8 & 3) as u8,
            num_components: (w[0] >> 10 & 7) as u8,
            buffer: (w[0] >> 13 & 7) as u8,
            dst_offset: (w[0] >> 16) as u16,
            stream: (w[1] & 3) as u8,
        }
    }
    fn write(&self, words: &mut Vec<u32>) {
        let source = u32::from(self.register)
            | u32::from(self.start_component & 3) << 8
            | u32::from(self.num_components & 7) << 10
            | u32::from(self.buffer & 7) << 13
            | u32::from(self.dst_offset) << 16;
        words.extend([source, u32::from(self.stream & 3)]);
    }
}

impl Record for ObjectId {
    const WORDS: usize = 1;
    fn read(w: &[u32]) -> Self {
        ObjectId(w[0])
    }
    fn write(&self, words: &mut Vec<u32>) {
        words.push(self.0);
    }
}
