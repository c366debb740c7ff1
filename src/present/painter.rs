//! Draws pictures onto a frame: rectangles of textures, one over the other.
//!
//! Row 0 of textures and of frames is the top row, as X has it, so nothing is ever turned round.

use std::cell::Cell;

use crate::{
    gl::{Framebuffer, Gl, GlError, Program, Sampler, ShaderKind, Texture, VertexArray},
    x11::Rect,
};

const VERTEX: &str = "#version 450 core
layout(location = 0) uniform vec4 place;
out vec2 at;
void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    gl_Position = vec4(mix(place.xy, place.zw, corner), 0.0, 1.0);
    at = corner;
}
";
const PLACE: i32 = 0;

/// How a layer meets what lies below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blend {
    /// It covers it.
    Opaque,
    /// By its alpha, which its colours are already multiplied with, as everywhere in X.
    Premultiplied,
}

/// How texels become pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Each pixel shows the texel that it lies on. Exact where the layer has the texture's own size.
    Nearest,
    /// Each pixel shows a mean of the texels around, out of the texture's levels if it has several. For layers of another
    /// size than the texture's.
    Smooth,
}

/// Where a frame's memory has red and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelOrder {
    /// Where GL has them.
    Native,
    /// In each other's place: the memory of a frame that GL calls RGBA and the X server BGRA.
    Exchanged,
}

/// A picture of a frame.
#[derive(Debug)]
pub struct Layer<'a> {
    /// A 2D texture.
    pub texture: &'a Texture,
    /// The size that it is drawn in, whatever its own is, in pixels of the frame.
    pub size: (u32, u32),
    /// Where its top left corner goes.
    pub at: (i32, i32),
    /// How it is scaled.
    pub filter: Filter,
    /// How it meets what is below.
    pub blend: Blend,
    /// Where the bytes of its texels have red and blue, if they are four bytes, one a channel, and `size` is the
    /// texture's own; else `None`. Opaque layers whose bytes are those of the frame are copied instead of drawn, which
    /// costs hosts that draw with the CPU far less.
    pub stored: Option<ChannelOrder>,
}

/// Programs and objects for drawing, in one context.
#[derive(Debug)]
pub struct Painter {
    native: Program,
    exchanged: Program,
    /// Without attributes: the corners are made from vertex numbers.
    array: VertexArray,
    nearest: Sampler,
    smooth: Sampler,
    /// What layers are copied from.
    source: Framebuffer,
}

/// Drawing of one frame.
#[derive(Debug)]
pub struct Pass<'a> {
    gl: &'a Gl,
    painter: &'a Painter,
    program: &'a Program,
    framebuffer: &'a Framebuffer,
    size: (u32, u32),
    area: Rect,
    order: ChannelOrder,
    /// What the area is to be filled with, unless the first layer covers it.
    background: Cell<Option<[f32; 4]>>,
}

impl Painter {
    /// Makes what drawing needs.
    ///
    /// # Errors
    /// If GL refuses.
    pub fn new(gl: &Gl) -> Result<Self, GlError> {
        Ok(Self {
            native: program(gl, "rgba")?,
            exchanged: program(gl, "bgra")?,
            array: gl.create_vertex_array()?,
            nearest: sampler(gl, glow::NEAREST, glow::NEAREST)?,
            smooth: sampler(gl, glow::LINEAR_MIPMAP_LINEAR, glow::LINEAR)?,
            source: gl.create_framebuffer()?,
        })
    }

    /// Begins a frame in the framebuffer: only `area` will be touched, and it is filled with `background` first.
    pub fn begin<'a>(
        &'a self,
        gl: &'a Gl,
        framebuffer: &'a Framebuffer,
        (width, height): (u32, u32),
        area: Rect,
        background: [f32; 4],
        order: ChannelOrder,
    ) -> Pass<'a> {
        let [red, green, blue, alpha] = background;
        let (program, background) = match order {
            ChannelOrder::Native => (&self.native, background),
            ChannelOrder::Exchanged => (&self.exchanged, [blue, green, red, alpha]),
        };
        let clip = area.intersection(Rect::of_size(width, height));
        gl.bind_framebuffer(glow::FRAMEBUFFER, Some(framebuffer));
        gl.viewport_array(&[[0.0, 0.0, width as f32, height as f32]]);
        let int = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        gl.scissor_array(&[[clip.x, clip.y, int(clip.width), int(clip.height)]]);
        gl.set_enabled(glow::SCISSOR_TEST, true);
        gl.blend_func_separate_i(
            0,
            glow::ONE,
            glow::ONE_MINUS_SRC_ALPHA,
            glow::ONE,
            glow::ONE_MINUS_SRC_ALPHA,
        );
        gl.use_program(Some(program));
        gl.bind_vertex_array(Some(&self.array));
        Pass {
            gl,
            painter: self,
            program,
            framebuffer,
            size: (width, height),
            area: clip,
            order,
            background: Cell::new(Some(background)),
        }
    }
}

impl Pass<'_> {
    /// Draws a layer over those before it.
    ///
    /// # Errors
    /// If GL refuses to draw.
    pub fn layer(&self, layer: &Layer<'_>) -> Result<(), GlError> {
        let covers = Rect {
            x: layer.at.0,
            y: layer.at.1,
            width: layer.size.0,
            height: layer.size.1,
        };
        if layer.blend == Blend::Opaque && covers.intersection(self.area) == self.area {
            self.background.set(None);
        }
        self.fill();
        match layer.stored {
            Some(order) if order == self.order && layer.blend == Blend::Opaque => {
                self.copy(layer, covers.intersection(self.area));
                Ok(())
            }
            _ => self.draw(layer),
        }
    }

    /// Ends the frame.
    pub fn finish(self) {}

    /// Fills the area with the background, if nothing has been drawn yet.
    fn fill(&self) {
        if let Some(background) = self.background.take() {
            self.gl.clear_framebuffer_f(self.framebuffer, 0, background);
        }
    }

    /// Copies the part of a layer that lies in `part` of the frame.
    fn copy(&self, layer: &Layer<'_>, part: Rect) {
        if part.is_empty() {
            return;
        }
        let (gl, source) = (self.gl, &self.painter.source);
        let (width, height) = (part.width as i32, part.height as i32);
        let to = [part.x, part.y, part.x + width, part.y + height];
        let from = [
            to[0] - layer.at.0,
            to[1] - layer.at.1,
            to[2] - layer.at.0,
            to[3] - layer.at.1,
        ];
        gl.framebuffer_texture(source, glow::COLOR_ATTACHMENT0, Some(layer.texture), 0);
        gl.blit_framebuffer(
            source,
            self.framebuffer,
            from,
            to,
            glow::COLOR_BUFFER_BIT,
            glow::NEAREST,
        );
        // A framebuffer would keep the texture's storage.
        gl.framebuffer_texture(source, glow::COLOR_ATTACHMENT0, None, 0);
    }

    fn draw(&self, layer: &Layer<'_>) -> Result<(), GlError> {
        let gl = self.gl;
        let clip = |at: f64, whole: u32| (2.0 * at / f64::from(whole.max(1)) - 1.0) as f32;
        let (x, y) = (f64::from(layer.at.0), f64::from(layer.at.1));
        let (right, bottom) = (x + f64::from(layer.size.0), y + f64::from(layer.size.1));
        let (width, height) = self.size;
        let place = [
            clip(x, width),
            clip(y, height),
            clip(right, width),
            clip(bottom, height),
        ];
        gl.program_uniform_4f(self.program, PLACE, place);
        gl.set_enabled_indexed(glow::BLEND, 0, layer.blend == Blend::Premultiplied);
        let sampler = match layer.filter {
            Filter::Nearest => &self.painter.nearest,
            Filter::Smooth => &self.painter.smooth,
        };
        gl.bind_sampler(0, Some(sampler));
        gl.bind_texture_unit(0, Some(layer.texture));
        gl.draw_arrays(glow::TRIANGLE_STRIP, 0, 4, 1, 0)
    }
}

impl Drop for Pass<'_> {
    /// A frame without layers is all background.
    fn drop(&mut self) {
        self.fill();
    }
}

fn sampler(gl: &Gl, smaller: u32, larger: u32) -> Result<Sampler, GlError> {
    let sampler = gl.create_sampler()?;
    for (name, value) in [
        (glow::TEXTURE_MIN_FILTER, smaller),
        (glow::TEXTURE_MAG_FILTER, larger),
        (glow::TEXTURE_WRAP_S, glow::CLAMP_TO_EDGE),
        (glow::TEXTURE_WRAP_T, glow::CLAMP_TO_EDGE),
    ] {
        gl.sampler_parameter_i(&sampler, name, value as i32);
    }
    Ok(sampler)
}

fn program(gl: &Gl, channels: &str) -> Result<Program, GlError> {
    let fragment = format!(
        "#version 450 core
layout(binding = 0) uniform sampler2D picture;
in vec2 at;
out vec4 color;
void main() {{
    color = texture(picture, at).{channels};
}}
"
    );
    gl.create_program(&[(ShaderKind::Vertex, VERTEX), (ShaderKind::Fragment, &fragment)])
}
