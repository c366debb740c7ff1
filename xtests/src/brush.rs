//! Draws the pictures of a [`stage`](crate::stage) with GL.

use pixbridge::{
    gl::{Context, Display, Gl, GlError, Pixels, ReadBytes, Region, Texture},
    present::{Blend, Canvas, Filter, Frame, Layer, Painter, Size},
    x11::Rect,
};

use crate::stage::pixel;

const TEXTURE_2D: u32 = 0x0de1;
const RGBA8: u32 = 0x8058;
const BGRA: u32 = 0x80e1;
const UNSIGNED_BYTE: u32 = 0x1401;

/// A context that draws pictures.
#[derive(Debug)]
pub struct Brush {
    gl: Gl,
    painter: Painter,
    _context: Context,
}

impl Brush {
    /// Makes a context of a display.
    ///
    /// # Errors
    /// If GL refuses.
    pub fn new(display: &Display) -> Result<Self, GlError> {
        let context = display.create_context(None)?;
        let gl = context.gl();
        Ok(Self {
            painter: Painter::new(&gl)?,
            gl,
            _context: context,
        })
    }

    /// The context.
    pub fn gl(&self) -> &Gl {
        &self.gl
    }

    /// Draws picture `number` on a frame.
    ///
    /// # Errors
    /// If GL refuses.
    pub fn paint(&self, frame: &mut Frame<Canvas>, number: u32) -> Result<(), GlError> {
        let texture = self.texture(frame.size(), number)?;
        let size = (frame.size().width.into(), frame.size().height.into());
        let whole = Rect::of_size(size.0, size.1);
        let canvas = frame.target();
        let background = [1.0, 0.0, 1.0, 1.0];
        let pass = self.painter.begin(
            &self.gl,
            canvas.framebuffer(),
            size,
            whole,
            background,
            canvas.order(),
        );
        pass.layer(&Layer {
            texture: &texture,
            size,
            at: (0, 0),
            blend: Blend::Opaque,
            stored: None,
            filter: Filter::Nearest,
        })?;
        pass.finish();
        frame.finish_drawing(&self.gl, whole)
    }

    fn texture(&self, size: Size, number: u32) -> Result<Texture, GlError> {
        let (width, height) = (u32::from(size.width), u32::from(size.height));
        let mut bytes = Vec::new();
        for y in 0..size.height.into() {
            for x in 0..size.width.into() {
                bytes.extend(pixel(number, x, y).to_le_bytes());
            }
        }
        let texture = self.gl.create_texture(TEXTURE_2D)?;
        self.gl.texture_storage_2d(&texture, 1, RGBA8, width, height)?;
        let region = Region {
            level: 0,
            x: 0,
            y: 0,
            z: 0,
            w: size.width.into(),
            h: size.height.into(),
            d: 1,
        };
        let row_bytes = u64::from(width) * 4;
        let pixels = Pixels {
            format: BGRA,
            ty: UNSIGNED_BYTE,
            pixel_bytes: 4,
            row_bytes,
            image_bytes: row_bytes * u64::from(height),
            block: [1, 1],
        };
        let bytes = ReadBytes::from(bytes.as_slice());
        self.gl.texture_sub_image(&texture, region, &pixels, bytes)?;
        Ok(texture)
    }
}
