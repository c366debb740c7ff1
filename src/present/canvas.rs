//! Frames that GL draws.
//!
//! Where the host draws with the CPU and can do so in memory of ours, the frame's own memory is the render target and
//! nothing is read back. Where the display has a GBM device, frames are drawn in its buffers, which servers take as they
//! are. Elsewhere a frame in shared memory is drawn in a texture, of which the changed part is read back.

use std::{os::fd::AsFd, rc::Rc};

use super::{
    AllocateError, Allocation, Allocator, ChannelOrder, DrmTimelines, Frame, MemfdAllocator, Memory,
    Placement, SharedPicture, Size, TimelineDevice, TimelineError,
    gbm::{self, RenderTarget},
};
use crate::{
    gl::{self, Capabilities, Framebuffer, Gl, GlError, MemoryTexture, Pixels, Region, Texture},
    memory::SharedMemory,
    x11::{Fourcc, PixelFormat, Rect},
};

/// GL takes no longer than this for a frame, in nanoseconds; a frame that takes longer is shown unfinished.
const PATIENCE: u64 = 1_000_000_000;

/// Memory for frames of one context.
#[derive(Debug, Clone)]
pub struct CanvasAllocator {
    gl: Gl,
    in_place: bool,
    /// The display whose device makes dmabufs.
    device: Option<Rc<gl::Display>>,
}

/// What GL draws a frame to.
#[derive(Debug)]
pub struct Canvas {
    framebuffer: Framebuffer,
    order: ChannelOrder,
    pixels: Drawn,
}

/// Where the drawn pixels are.
#[derive(Debug)]
enum Drawn {
    /// In the frame's memory.
    InPlace(#[expect(dead_code, reason = "held for its storage")] MemoryTexture),
    /// In the frame's memory, a dmabuf.
    Dmabuf {
        target: RenderTarget,
        handover: Handover,
    },
    /// In a texture, to be read back.
    Apart {
        #[expect(dead_code, reason = "held for its storage")]
        texture: Texture,
        layout: PixelLayout,
    },
}

/// When a dmabuf can be given to the server.
///
/// Mesa's drivers for GPUs put fences on the dmabufs of what they submit, for which the server's driver waits. What is
/// drawn with the CPU has no such fence, and other vendors' drivers need not put one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handover {
    /// When GL has submitted what was drawn.
    Submitted,
    /// When GL has drawn it.
    Finished,
}

impl Handover {
    fn of_host(capabilities: &Capabilities) -> Self {
        match capabilities.version_string.contains("Mesa") && !capabilities.draws_with_cpu() {
            true => Self::Submitted,
            false => Self::Finished,
        }
    }
}

/// How GL names the pixels of a format.
#[derive(Debug, Clone, Copy)]
struct PixelLayout {
    internal: u32,
    format: u32,
    ty: u32,
    bytes: u32,
}

impl PixelLayout {
    fn of(fourcc: Fourcc) -> Option<Self> {
        let bytes = fourcc.bytes_per_pixel()?;
        let (internal, format, ty) = match fourcc {
            Fourcc::XRGB8888 | Fourcc::ARGB8888 => (glow::RGBA8, glow::BGRA, glow::UNSIGNED_BYTE),
            Fourcc::XBGR8888 | Fourcc::ABGR8888 => (glow::RGBA8, glow::RGBA, glow::UNSIGNED_BYTE),
            Fourcc::XRGB2101010 | Fourcc::ARGB2101010 => {
                (glow::RGB10_A2, glow::BGRA, glow::UNSIGNED_INT_2_10_10_10_REV)
            }
            Fourcc::XBGR2101010 | Fourcc::ABGR2101010 => {
                (glow::RGB10_A2, glow::RGBA, glow::UNSIGNED_INT_2_10_10_10_REV)
            }
            Fourcc::RGB565 => (glow::RGB565, glow::RGB, glow::UNSIGNED_SHORT_5_6_5),
            Fourcc::XRGB1555 => (glow::RGB5_A1, glow::BGRA, glow::UNSIGNED_SHORT_1_5_5_5_REV),
            _ => return None,
        };
        Some(Self {
            internal,
            format,
            ty,
            bytes,
        })
    }

    fn pixels(self, stride: u32, height: u32) -> Pixels {
        Pixels {
            format: self.format,
            ty: self.ty,
            pixel_bytes: self.bytes.into(),
            row_bytes: stride.into(),
            image_bytes: u64::from(stride) * u64::from(height),
            block: [1, 1],
        }
    }
}

impl CanvasAllocator {
    /// Memory for frames that this context, or one that shares with it, draws. Tries out whether the host draws in
    /// memory of ours.
    pub fn new(gl: &Gl) -> Self {
        let in_place = match gl.probe_drawable_memory() {
            Ok(_) => true,
            Err(error) => {
                tracing::info!("frames are read back: {error}");
                false
            }
        };
        Self {
            gl: gl.clone(),
            in_place,
            device: None,
        }
    }

    /// The same, with dmabufs of the GBM device of `display`, which the context is of. Without such a device there are
    /// none.
    #[must_use]
    pub fn with_dmabufs(mut self, display: &Rc<gl::Display>) -> Self {
        self.device = Some(display.clone());
        self
    }

    /// The same, with frames in shared memory drawn apart and read back.
    #[must_use]
    pub fn reading_back(mut self) -> Self {
        self.in_place = false;
        self
    }

    fn in_place(&self, size: Size, order: ChannelOrder) -> Result<Allocation<Canvas>, AllocateError> {
        let (width, height) = (size.width.into(), size.height.into());
        let texture = self.gl.create_memory_texture(width, height).map_err(driver)?;
        let fd = texture.memfd().try_clone_to_owned().map_err(driver)?;
        let picture = SharedPicture {
            memory: SharedMemory::map(&fd)?,
            offset: texture.data_offset(),
            stride: texture.stride(),
            fd,
        };
        let framebuffer = self.framebuffer(texture.texture())?;
        Ok(Allocation {
            memory: Memory::Shared(picture),
            target: Canvas {
                framebuffer,
                order,
                pixels: Drawn::InPlace(texture),
            },
        })
    }

    fn apart(&self, size: Size, format: PixelFormat) -> Result<Allocation<Canvas>, AllocateError> {
        let layout = PixelLayout::of(format.fourcc)
            .ok_or(AllocateError::Unsupported("no GL format is like the window's"))?;
        let placement = Placement::Shared;
        let Allocation { memory, .. } = MemfdAllocator::default().allocate(size, format, placement)?;
        let texture = self.gl.create_texture(glow::TEXTURE_2D).map_err(driver)?;
        let (width, height) = (size.width.into(), size.height.into());
        self.gl
            .texture_storage_2d(&texture, 1, layout.internal, width, height)
            .map_err(driver)?;
        let framebuffer = self.framebuffer(&texture)?;
        Ok(Allocation {
            memory,
            target: Canvas {
                framebuffer,
                order: ChannelOrder::Native,
                pixels: Drawn::Apart { texture, layout },
            },
        })
    }

    fn dmabuf(
        &self,
        size: Size,
        format: PixelFormat,
        placement: Placement<'_>,
    ) -> Result<Allocation<Canvas>, AllocateError> {
        let display = (self.device.as_ref()).ok_or(AllocateError::Unsupported("GL draws no dmabufs here"))?;
        let (dmabuf, target) = gbm::render_target(display, &self.gl, size, format, placement)?;
        Ok(Allocation {
            memory: Memory::Dmabuf(dmabuf),
            target: Canvas {
                framebuffer: self.framebuffer(target.texture())?,
                order: ChannelOrder::Native,
                pixels: Drawn::Dmabuf {
                    target,
                    handover: Handover::of_host(self.gl.capabilities()),
                },
            },
        })
    }

    fn framebuffer(&self, texture: &Texture) -> Result<Framebuffer, AllocateError> {
        let framebuffer = self.gl.create_framebuffer().map_err(driver)?;
        self.gl
            .framebuffer_texture(&framebuffer, glow::COLOR_ATTACHMENT0, Some(texture), 0);
        if self.gl.check_framebuffer_status(&framebuffer) != glow::FRAMEBUFFER_COMPLETE {
            return Err(AllocateError::Unsupported(
                "GL does not draw in the window's pixels",
            ));
        }
        Ok(framebuffer)
    }
}

impl Allocator for CanvasAllocator {
    type Target = Canvas;

    fn allocate(
        &mut self,
        size: Size,
        format: PixelFormat,
        placement: Placement<'_>,
    ) -> Result<Allocation<Canvas>, AllocateError> {
        if placement != Placement::Shared {
            return self.dmabuf(size, format, placement);
        }
        match drawable_order(format.fourcc).filter(|_| self.in_place) {
            Some(order) => self.in_place(size, order),
            None => self.apart(size, format),
        }
    }

    fn timelines(&self) -> Result<Rc<dyn TimelineDevice>, TimelineError> {
        let device = self.device.as_ref().and_then(|display| display.gbm());
        DrmTimelines::of(device.ok_or(TimelineError::NoDevice)?.as_fd())
    }
}

impl Canvas {
    /// What to draw to. Row 0 is the top row.
    pub fn framebuffer(&self) -> &Framebuffer {
        &self.framebuffer
    }

    /// Where red and blue go.
    pub fn order(&self) -> ChannelOrder {
        self.order
    }
}

impl Frame<Canvas> {
    /// Finishes drawing: when this returns, the frame can be given to the server, and shows what was drawn in `area`, the
    /// only part that was drawn to. A device may still draw; the server waits for it.
    ///
    /// # Errors
    /// If GL refuses.
    pub fn finish_drawing(&mut self, gl: &Gl, area: Rect) -> Result<(), GlError> {
        match &self.target().pixels {
            Drawn::Dmabuf { target, .. } if self.takes_fence() => match target.display().export_fence(gl)? {
                Some(fence) => {
                    self.set_fence(fence);
                    Ok(())
                }
                None => finish(gl),
            },
            Drawn::Dmabuf {
                handover: Handover::Submitted,
                ..
            } => {
                gl.flush();
                // Drivers may leave calls to another thread: a question to GL waits until that has made them.
                gl.client_wait_sync(&gl.fence_sync()?, 0);
                Ok(())
            }
            Drawn::InPlace(_) | Drawn::Dmabuf { .. } => finish(gl),
            Drawn::Apart { layout, .. } => self.read_back(gl, *layout, area),
        }
    }

    fn read_back(&self, gl: &Gl, layout: PixelLayout, area: Rect) -> Result<(), GlError> {
        let size = self.size();
        let area = area.intersection(Rect::of_size(size.width.into(), size.height.into()));
        let Some(bytes) = self.bytes().filter(|_| !area.is_empty()) else {
            return Ok(());
        };
        let at = [area.x, area.y, area.width as i32, area.height as i32];
        let pixels = layout.pixels(self.stride(), area.height);
        let (x, y) = (at[0].unsigned_abs(), at[1].unsigned_abs());
        let first = y as usize * self.stride() as usize + x as usize * layout.bytes as usize;
        let span = pixels.span(&Region {
            level: 0,
            x: 0,
            y: 0,
            z: 0,
            w: at[2],
            h: at[3],
            d: 1,
        })?;
        let needed = first as u64 + span;
        let part = usize::try_from(needed).ok().and_then(|end| bytes.get(first..end));
        let part = part.ok_or(GlError::Short {
            what: "frame",
            needed,
            given: bytes.len() as u64,
        })?;
        gl.bind_framebuffer(glow::READ_FRAMEBUFFER, Some(self.target().framebuffer()));
        gl.read_pixels(at, &pixels, part)
    }
}

/// Waits until GL has drawn.
fn finish(gl: &Gl) -> Result<(), GlError> {
    let fence = gl.fence_sync()?;
    if !gl.client_wait_sync(&fence, PATIENCE) {
        tracing::warn!("GL takes longer than {PATIENCE} ns for a frame");
    }
    Ok(())
}

/// How memory of red, green, blue, alpha in bytes, which is what hosts draw in, serves for a format; `None` if not at
/// all.
fn drawable_order(fourcc: Fourcc) -> Option<ChannelOrder> {
    match fourcc {
        Fourcc::XRGB8888 | Fourcc::ARGB8888 => Some(ChannelOrder::Exchanged),
        Fourcc::XBGR8888 | Fourcc::ABGR8888 => Some(ChannelOrder::Native),
        _ => None,
    }
}

pub(super) fn driver(error: impl std::error::Error + Send + Sync + 'static) -> AllocateError {
    AllocateError::Driver(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mesas_drivers_for_gpus_make_others_wait() {
        for (version, renderer, expected) in [
            (
                "4.6 (Core Profile) Mesa 22.3.6",
                "AMD Radeon RX 6600",
                Handover::Submitted,
            ),
            (
                "4.5 (Core Profile) Mesa 22.3.6",
                "llvmpipe (LLVM 15.0.6)",
                Handover::Finished,
            ),
            ("4.6.0 NVIDIA 535.54", "NVIDIA RTX A2000", Handover::Finished),
        ] {
            let capabilities = Capabilities {
                version_string: version.into(),
                renderer: renderer.into(),
                ..Capabilities::default()
            };
            assert_eq!(Handover::of_host(&capabilities), expected, "{renderer}");
        }
    }
}
