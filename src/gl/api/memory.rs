//! Textures that lie in memory which others attach: what is drawn is there without a copy.

use std::{
    fs::File,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd},
        unix::fs::FileExt,
    },
};

use super::{Gl, Handle, Name, Pixels, Region, Texture, int};
use crate::gl::{
    DrawableMemory, GlError, MemoryError, ReadBytes,
    mapping::DriverMapping,
    memory::{DATA_OFFSET, PIXEL_BYTES, ROW_ALIGNMENTS},
};

const HANDLE_TYPE_OPAQUE_FD: u32 = 0x9586;
/// Sizes that memory is tried out with: the first shows how rows are aligned, the second has padding and blocks that
/// are not complete.
const TRIALS: [[u32; 2]; 2] = [[1, 2], [301, 67]];

/// A 2D texture whose pixels lie in a memfd, as red, green, blue, alpha in bytes, row 0 first. Others may map it and
/// attach it to an X server; what GL drew is there once GL has finished it, which it must have before this is dropped.
#[derive(Debug)]
pub struct MemoryTexture {
    /// Goes first, so that GL never finds the memory unmapped.
    mapping: DriverMapping,
    texture: Texture,
    _memory: Handle,
    file: File,
    width: u32,
    height: u32,
    stride: u32,
    size: u64,
}

impl MemoryTexture {
    /// The texture.
    pub fn texture(&self) -> &Texture {
        &self.texture
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Bytes from a row to the next, a multiple of 4.
    pub fn stride(&self) -> u32 {
        self.stride
    }

    /// Bytes from the start of the memory to the first row.
    pub fn data_offset(&self) -> u32 {
        DATA_OFFSET
    }

    /// The size of the memory in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The rows as they are in the memory now, from the first on. What GL drew is there once GL has finished it.
    pub fn rows(&self) -> ReadBytes<'_> {
        self.mapping
            .bytes_from(DATA_OFFSET as usize)
            .unwrap_or(ReadBytes::from(&[][..]))
    }

    /// The memory, sealed against changes of its size.
    pub fn memfd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Gl {
    /// How memory must look for [`Gl::create_memory_texture`]. The first call of a display tries it out: makes
    /// textures, writes pixels through GL and looks for them in the memory.
    ///
    /// # Errors
    /// If the host cannot draw in memory of ours. The answer stays the same.
    pub fn probe_drawable_memory(&self) -> Result<DrawableMemory, GlError> {
        let probed = self.0.drawable_memory.get_or_init(|| self.try_memory());
        Ok(probed.clone()?)
    }

    /// A texture in memory of its own, in format `GL_RGBA8`, cleared to zero. Sizes are at least 1 and at most GL's
    /// largest.
    ///
    /// # Errors
    /// If the host cannot draw in memory of ours, there is no memory, or GL refuses the size.
    pub fn create_memory_texture(&self, width: u32, height: u32) -> Result<MemoryTexture, GlError> {
        self.memory_texture(&self.probe_drawable_memory()?, width, height)
    }

    fn try_memory(&self) -> Result<DrawableMemory, MemoryError> {
        let capabilities = self.capabilities();
        if !capabilities.renderer.starts_with("llvmpipe") {
            return Err(MemoryError::Renderer(capabilities.renderer.clone()));
        }
        for extension in ["GL_EXT_memory_object", "GL_EXT_memory_object_fd"] {
            if !capabilities.has(extension) {
                return Err(MemoryError::Extension(extension));
            }
        }
        let [first, second] = TRIALS;
        let memory = DrawableMemory::of_driver(&capabilities.version_string);
        let memory = memory.with_row_alignment(self.find_pixels(&memory, &ROW_ALIGNMENTS, first)?);
        self.find_pixels(&memory, &[memory.stride(second[0])], second)?;
        Ok(memory)
    }

    /// Makes a texture, writes pixels that are all different, and tells which of some strides they have in the memory.
    fn find_pixels(
        &self,
        memory: &DrawableMemory,
        strides: &[u32],
        [width, height]: [u32; 2],
    ) -> Result<u32, MemoryError> {
        let refused = |error: GlError| match error {
            GlError::Memory(error) => error,
            other => MemoryError::Refused(other.to_string()),
        };
        let made = self.memory_texture(memory, width, height).map_err(refused)?;
        let sent: Vec<u8> = (1..=width * height).flat_map(u32::to_le_bytes).collect();
        let row_bytes = (width * PIXEL_BYTES) as usize;
        let (pixels, region) = rgba(width, height);
        self.texture_sub_image(&made.texture, region, &pixels, ReadBytes::from(&sent[..]))
            .map_err(refused)?;
        self.finish();
        let mut row = vec![0; row_bytes];
        let mut is_there = |stride: u64| {
            sent.chunks_exact(row_bytes).zip(0u64..).all(|(wanted, y)| {
                let at = u64::from(DATA_OFFSET) + y * stride;
                made.file.read_exact_at(&mut row, at).is_ok() && row == wanted
            })
        };
        let found = strides.iter().find(|&&stride| is_there(stride.into()));
        found.copied().ok_or(MemoryError::Elsewhere { width, height })
    }

    fn memory_texture(
        &self,
        memory: &DrawableMemory,
        width: u32,
        height: u32,
    ) -> Result<MemoryTexture, GlError> {
        let (w, h) = (int("width", width)?, int("height", height)?);
        let limit = self.capabilities().max_texture_size;
        for (what, side) in [("width", width), ("height", height)] {
            if side == 0 || side > limit {
                let value = side.into();
                return Err(GlError::OutOfRange { what, value });
            }
        }
        let file = memory.create(width, height)?;
        let object = self.import_memory(&file, memory.data_bytes(width, height))?;
        let mapping = memory.take_over(&file)?;
        let texture = self.create_texture(glow::TEXTURE_2D)?;
        let name = self.name(&texture.handle);
        self.checked("glTextureStorageMem2DEXT", |f| {
            // SAFETY: numbers and names only.
            unsafe { f.TextureStorageMem2DEXT(name, 1, glow::RGBA8, w, h, object.name().number(), 0) }
        })?;
        self.check_size(&texture, Some([width, height]))?;
        Ok(MemoryTexture {
            mapping,
            texture,
            _memory: object,
            file,
            width,
            height,
            stride: memory.stride(width),
            size: u64::from(DATA_OFFSET) + memory.data_bytes(width, height),
        })
    }

    /// A memory object of a file's `bytes` behind its header.
    fn import_memory(&self, file: &File, bytes: u64) -> Result<Handle, GlError> {
        let mut name = 0;
        // SAFETY: one name is written.
        unsafe { self.f().CreateMemoryObjectsEXT(1, &mut name) };
        let object = self.shared("memory object", Name::Memory(name))?;
        let fd = OwnedFd::from(file.try_clone().map_err(GlError::Descriptor)?);
        let number = fd.as_raw_fd();
        self.checked("glImportMemoryFdEXT", |f| {
            // SAFETY: the descriptor is ours, and given away below if GL takes it.
            unsafe { f.ImportMemoryFdEXT(name, bytes, HANDLE_TYPE_OPAQUE_FD, number) }
        })?;
        // GL owns the descriptor now.
        let _ = fd.into_raw_fd();
        Ok(object)
    }
}

fn rgba(width: u32, height: u32) -> (Pixels, Region) {
    let row_bytes = u64::from(width) * u64::from(PIXEL_BYTES);
    let pixels = Pixels {
        format: glow::RGBA,
        ty: glow::UNSIGNED_BYTE,
        pixel_bytes: PIXEL_BYTES.into(),
        row_bytes,
        image_bytes: row_bytes * u64::from(height),
        block: [1, 1],
    };
    let region = Region {
        level: 0,
        x: 0,
        y: 0,
        z: 0,
        w: width as i32,
        h: height as i32,
        d: 1,
    };
    (pixels, region)
}
