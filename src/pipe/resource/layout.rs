//! Sizes of resources: of their levels, of their contents in guest memory, and of the data of a transfer.
//!
//! In guest memory levels follow each other without padding, as do the layers of a level and the rows of a layer.
//! Client and server both compute this layout, it is never sent: `virgl_resource_layout` in Mesa's
//! `src/gallium/drivers/virgl/virgl_resource.c`, `vrend_transfer_*` in virglrenderer's `vrend_renderer.c`.
//!
//! A [`ResourceShape`] only exists if its bytes can be counted in 64 bits. What a client adds to it, strides and boxes,
//! is checked or saturates: a span of `u64::MAX` bytes fits into no memory.

use crate::pipe::{
    format::{Block, Format, Kind},
    wire::virgl::{command::Box3, enums::TextureTarget},
};

/// The largest resources that are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceLimits {
    /// Width and height of 1D, 2D and rectangle textures.
    pub texture_2d: u32,
    /// Width, height and depth of 3D textures.
    pub texture_3d: u32,
    /// Width and height of cube faces.
    pub texture_cube: u32,
    /// Layers of array textures.
    pub layers: u32,
    /// Samples per texel.
    pub samples: u32,
    /// Bytes of a resource, over all levels and layers, one sample each.
    pub bytes: u64,
}

/// Why a resource of such a description is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ResourceError {
    #[error("no texture target has the number {target}")]
    Target { target: u32 },
    #[error("no texture can be made of {format}")]
    Format { format: Format },
    #[error("core GL has no compressed rectangle textures, such as of {format}")]
    CompressedRectangle { format: Format },
    #[error("a {} texture of {width} x {height} x {depth} texels and {layers} layers: {rule}", .target.name())]
    Size {
        target: TextureTarget,
        width: u32,
        height: u32,
        depth: u32,
        layers: u32,
        rule: &'static str,
    },
    #[error("last level {last_level} of a {} texture that can have {levels} levels", .target.name())]
    Levels {
        target: TextureTarget,
        last_level: u32,
        levels: u32,
    },
    #[error("{samples} samples in a {} texture with last level {last_level}; at most {max}, in 2D without mipmaps", .target.name())]
    Samples {
        target: TextureTarget,
        samples: u32,
        last_level: u32,
        max: u32,
    },
    #[error("{bytes} bytes are more than the {max} that a resource may have")]
    Bytes { bytes: u128, max: u64 },
}

/// Why the box or the strides of a transfer do not fit the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum BoxError {
    #[error("level {level} of a resource with {levels} levels")]
    Level { level: u32, levels: u32 },
    #[error("{area:?} is outside level {level} of {extent:?}")]
    Outside { area: Box3, level: u32, extent: Extent },
    #[error("{area:?} cuts through blocks of {width} x {height} texels")]
    Unaligned { area: Box3, width: u8, height: u8 },
    #[error("stride {given} is less than the {needed} bytes of a row")]
    Stride { given: u64, needed: u64 },
    #[error("layer stride {given} is less than the {needed} bytes of a layer")]
    LayerStride { given: u64, needed: u64 },
}

/// The size of a level in texels, of a buffer in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Width.
    pub width: u32,
    /// Height; 1 for buffers and 1D textures.
    pub height: u32,
    /// Slices of a 3D texture, layers of an array, faces of cubes; else 1.
    pub layers: u32,
}

/// What a client asks for, as far as sizes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dimensions {
    /// Texture target, or buffer.
    pub target: TextureTarget,
    /// Format; without a meaning for buffers.
    pub format: Format,
    /// Width in texels; bytes of a buffer.
    pub width: u32,
    /// Height in texels.
    pub height: u32,
    /// Depth in texels.
    pub depth: u32,
    /// Layers of arrays, six for each cube. 0 is taken as 1.
    pub array_size: u32,
    /// Number of the last level.
    pub last_level: u32,
    /// Samples per texel; 0 is taken as 1.
    pub samples: u32,
}

/// The checked sizes of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceShape {
    target: TextureTarget,
    block: Block,
    width: u32,
    height: u32,
    depth: u32,
    layers: u32,
    levels: u32,
    samples: u32,
}

/// How the data of a box lie in memory, from the box's first byte on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferShape {
    /// The box, with parts of blocks that stick out of the level cut off.
    pub area: Box3,
    /// Bytes of one row of blocks.
    pub row_bytes: u64,
    /// Rows of blocks in a slice; for 1D arrays the layers, which GL takes as rows.
    pub rows: u64,
    /// Slices.
    pub slices: u64,
    /// Bytes from row to row.
    pub stride: u64,
    /// Bytes from slice to slice.
    pub layer_stride: u64,
    /// Bytes from the first to the last, both included; 0 for an empty box.
    pub span: u64,
}

const BYTES: Block = Block {
    width: 1,
    height: 1,
    depth: 1,
    bytes: 1,
};

impl ResourceShape {
    /// Checks a description.
    ///
    /// Sizes in directions that a target does not have may be 0 as well as 1. Buffers are runs of bytes of any
    /// format.
    ///
    /// # Errors
    /// Sizes that the target does not allow or that exceed `limits`; formats without a host counterpart.
    pub fn new(asked: &Dimensions, limits: &ResourceLimits) -> Result<Self, ResourceError> {
        let block = match (asked.target, asked.format.info()) {
            (TextureTarget::Buffer, _) => BYTES,
            (TextureTarget::Rect, Some(info)) if info.kind == Kind::Compressed => {
                return Err(ResourceError::CompressedRectangle { format: asked.format });
            }
            (_, Some(info)) if info.host.is_some() => info.block,
            _ => return Err(ResourceError::Format { format: asked.format }),
        };
        let shape = Self {
            target: asked.target,
            block,
            width: asked.width,
            height: asked.height.max(1),
            depth: asked.depth.max(1),
            layers: asked.array_size.max(1),
            levels: asked.last_level.saturating_add(1),
            samples: asked.samples.max(1),
        };
        shape.check_size(limits)?;
        shape.check_levels()?;
        shape.check_samples(limits)?;
        shape.check_bytes(limits)?;
        Ok(shape)
    }

    fn check_size(&self, limits: &ResourceLimits) -> Result<(), ResourceError> {
        use TextureTarget::*;
        let Self {
            target,
            width,
            height,
            depth,
            layers,
            ..
        } = *self;
        let max = match target {
            Buffer => u32::MAX,
            D3 => limits.texture_3d,
            Cube | CubeArray => limits.texture_cube,
            D1 | D2 | Rect | D1Array | D2Array => limits.texture_2d,
        };
        let tall = !matches!(target, Buffer | D1 | D1Array);
        let rule = if width == 0 && target != Buffer {
            "the width is 0"
        } else if width > max || height > max || depth > max {
            "larger than the host allows"
        } else if height != 1 && !tall {
            "the target has no height"
        } else if depth != 1 && target != D3 {
            "the target has no depth"
        } else if matches!(target, Cube | CubeArray) && width != height {
            "faces of cubes are squares"
        } else if target == Cube && layers != 6 {
            "cubes have six layers"
        } else if target == CubeArray && !layers.is_multiple_of(6) {
            "arrays of cubes have six layers a cube"
        } else if layers != 1 && !matches!(target, Cube | CubeArray | D1Array | D2Array) {
            "the target has no layers"
        } else if layers > limits.layers.max(6) {
            "more layers than the host allows"
        } else {
            return Ok(());
        };
        Err(ResourceError::Size {
            target,
            width,
            height,
            depth,
            layers,
            rule,
        })
    }

    fn check_levels(&self) -> Result<(), ResourceError> {
        use TextureTarget::*;
        let longest = match self.target {
            Buffer | Rect => 1,
            D1 | D1Array => self.width,
            D2 | D2Array | Cube | CubeArray => self.width.max(self.height),
            D3 => self.width.max(self.height).max(self.depth),
        };
        let levels = longest.max(1).ilog2() + 1;
        if self.levels > levels {
            let (target, last_level) = (self.target, self.levels - 1);
            return Err(ResourceError::Levels {
                target,
                last_level,
                levels,
            });
        }
        Ok(())
    }

    fn check_samples(&self, limits: &ResourceLimits) -> Result<(), ResourceError> {
        let flat = matches!(self.target, TextureTarget::D2 | TextureTarget::D2Array);
        if self.samples > 1 && (self.samples > limits.samples || !flat || self.levels > 1) {
            return Err(ResourceError::Samples {
                target: self.target,
                samples: self.samples,
                last_level: self.levels - 1,
                max: limits.samples,
            });
        }
        Ok(())
    }

    /// Counts in 128 bits, which three 32-bit sizes and the bytes of a block cannot exceed.
    fn check_bytes(&self, limits: &ResourceLimits) -> Result<(), ResourceError> {
        let level_bytes = |level| {
            let Extent {
                width,
                height,
                layers,
            } = self.extent(level);
            let blocks = u128::from(self.columns(width)) * u128::from(self.rows(height));
            blocks * u128::from(self.block.bytes) * u128::from(layers)
        };
        let bytes = (0..self.levels).map(level_bytes).sum::<u128>();
        if bytes > limits.bytes.into() {
            return Err(ResourceError::Bytes {
                bytes,
                max: limits.bytes,
            });
        }
        Ok(())
    }

    /// The texture target, or buffer.
    pub fn target(&self) -> TextureTarget {
        self.target
    }

    /// The unit of storage; single bytes in buffers.
    pub fn block(&self) -> Block {
        self.block
    }

    /// The number of levels.
    pub fn levels(&self) -> u32 {
        self.levels
    }

    /// Samples per texel, at least 1.
    pub fn samples(&self) -> u32 {
        self.samples
    }

    /// The size of a level, or what it would be; see [`Self::levels`].
    pub fn extent(&self, level: u32) -> Extent {
        let minify = |size: u32| size.checked_shr(level).unwrap_or(0).max(1);
        Extent {
            width: if self.target == TextureTarget::Buffer {
                self.width
            } else {
                minify(self.width)
            },
            height: minify(self.height),
            layers: match self.target {
                TextureTarget::D3 => minify(self.depth),
                _ => self.layers,
            },
        }
    }

    /// Bytes from row to row of blocks in a level.
    pub fn level_stride(&self, level: u32) -> u64 {
        self.columns(self.extent(level).width) * u64::from(self.block.bytes)
    }

    /// Bytes from layer to layer, or slice to slice, in a level.
    pub fn level_layer_stride(&self, level: u32) -> u64 {
        self.level_stride(level) * self.rows(self.extent(level).height)
    }

    /// Where a level begins in guest memory.
    pub fn level_offset(&self, level: u32) -> u64 {
        (0..level.min(self.levels))
            .map(|level| self.level_size(level))
            .sum()
    }

    /// Bytes of all levels in guest memory.
    pub fn total_size(&self) -> u64 {
        self.level_offset(self.levels)
    }

    fn level_size(&self, level: u32) -> u64 {
        self.level_layer_stride(level) * u64::from(self.extent(level).layers)
    }

    fn columns(&self, width: u32) -> u64 {
        u64::from(width.div_ceil(self.block.width.into()))
    }

    fn rows(&self, height: u32) -> u64 {
        u64::from(height.div_ceil(self.block.height.into()))
    }

    /// Checks that a box lies inside a level. Boxes of compressed textures begin and end at the edges of blocks or of
    /// the level.
    ///
    /// # Errors
    /// A level or box that the resource does not have.
    pub fn check_box(&self, level: u32, area: &Box3) -> Result<(), BoxError> {
        self.clip_box(level, area).map(|_| ())
    }

    /// The box without what sticks out of the level; only the last block of a row or column can stick out.
    fn clip_box(&self, level: u32, area: &Box3) -> Result<Box3, BoxError> {
        if level >= self.levels {
            return Err(BoxError::Level {
                level,
                levels: self.levels,
            });
        }
        let extent = self.extent(level);
        let Block { width, height, .. } = self.block;
        let outside = || BoxError::Outside {
            area: *area,
            level,
            extent,
        };
        let x = Side::new(area.x, area.w, extent.width, width).ok_or_else(outside)?;
        let y = Side::new(area.y, area.h, extent.height, height).ok_or_else(outside)?;
        Side::new(area.z, area.d, extent.layers, 1).ok_or_else(outside)?;
        match (x, y) {
            (Side::Inside { size: w }, Side::Inside { size: h }) => Ok(Box3 { w, h, ..*area }),
            _ => Err(BoxError::Unaligned {
                area: *area,
                width,
                height,
            }),
        }
    }

    /// How the data of a box lie in memory. A stride of 0 stands for that of the whole level.
    ///
    /// # Errors
    /// As for [`Self::check_box`]; strides that make rows or layers overlap.
    pub fn transfer(
        &self,
        level: u32,
        area: &Box3,
        stride: u32,
        layer_stride: u32,
    ) -> Result<TransferShape, BoxError> {
        let area = self.clip_box(level, area)?;
        let stride = match stride {
            0 => self.level_stride(level),
            given => given.into(),
        };
        let layer_stride = match layer_stride {
            0 => stride.saturating_mul(self.rows(self.extent(level).height)),
            given => given.into(),
        };
        self.lay_out(area, stride, layer_stride)
    }

    /// How the data of a box lie in memory of their own, without padding.
    ///
    /// # Errors
    /// As for [`Self::check_box`].
    pub fn packed(&self, level: u32, area: &Box3) -> Result<TransferShape, BoxError> {
        let area = self.clip_box(level, area)?;
        let stride = self.columns(area.w as u32) * u64::from(self.block.bytes);
        self.lay_out(area, stride, stride * self.rows(area.h as u32))
    }

    /// `area` has been checked, so its sizes are not negative.
    fn lay_out(&self, area: Box3, stride: u64, layer_stride: u64) -> Result<TransferShape, BoxError> {
        let row_bytes = self.columns(area.w as u32) * u64::from(self.block.bytes);
        let mut rows = self.rows(area.h as u32);
        let mut slices = area.d as u64;
        let mut stride = stride;
        if self.target == TextureTarget::D1Array && rows == 1 {
            (rows, slices, stride) = (slices, 1, layer_stride);
        }
        if rows > 1 && stride < row_bytes {
            return Err(BoxError::Stride {
                given: stride,
                needed: row_bytes,
            });
        }
        let layer_bytes = rows
            .saturating_sub(1)
            .saturating_mul(stride)
            .saturating_add(row_bytes);
        if slices > 1 && layer_stride < layer_bytes {
            return Err(BoxError::LayerStride {
                given: layer_stride,
                needed: layer_bytes,
            });
        }
        let empty = row_bytes == 0 || rows == 0 || slices == 0;
        let span = match empty {
            true => 0,
            false => (slices - 1)
                .saturating_mul(layer_stride)
                .saturating_add(layer_bytes),
        };
        Ok(TransferShape {
            area,
            row_bytes,
            rows,
            slices,
            stride,
            layer_stride,
            span,
        })
    }
}

/// One direction of a box inside a level.
enum Side {
    /// At the edges of blocks; `size` ends with the level.
    Inside { size: i32 },
    /// Through a block.
    Cut,
}

impl Side {
    /// `None` if it is outside the level.
    fn new(start: i32, size: i32, extent: u32, block: u8) -> Option<Self> {
        let (start, size) = (u32::try_from(start).ok()?, u32::try_from(size).ok()?);
        let end = start.checked_add(size)?;
        if end > extent.checked_next_multiple_of(block.into())? || start > extent {
            return None;
        }
        if !start.is_multiple_of(block.into()) || !end.is_multiple_of(block.into()) && end != extent {
            return Some(Side::Cut);
        }
        let size = i32::try_from(end.min(extent) - start).ok()?;
        Some(Side::Inside { size })
    }
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
