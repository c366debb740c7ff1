//! Draws the pictures of a [`stage`](crate::stage) with GL.

use pixbridge::{
    gl::{Context, Display, Gl, GlError, Program, ShaderKind, VertexArray},
    present::{Canvas, ChannelOrder, Frame},
    x11::{Fourcc, PixelFormat, Rect},
};

const FRAMEBUFFER: u32 = 0x8d40;
const TRIANGLE_STRIP: u32 = 0x0005;

const VERTEX: &str = "#version 450 core
void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
";
/// As [`pixel`](crate::stage::pixel), taken apart into the channels that a format packs.
const FRAGMENT: &str = "#version 450 core
layout(location = 0) uniform int number;
layout(location = 1) uniform ivec4 shifts;
layout(location = 2) uniform ivec4 largest;
out vec4 color;
void main() {
    uvec2 at = uvec2(gl_FragCoord.xy);
    uint red = at.x * 5u & 0xffu, green = at.y * 3u & 0xffu, blue = (at.x ^ at.y) & 0xffu;
    uint pixel = (red << 16 | green << 8 | blue) + uint(number) * 0x351b71u ^ uint(number) << 27;
    color = vec4(uvec4(pixel) >> uvec4(shifts) & uvec4(largest)) / vec4(largest);
}
";
const NUMBER: i32 = 0;
const SHIFTS: i32 = 1;
const LARGEST: i32 = 2;

/// A context that draws pictures.
#[derive(Debug)]
pub struct Brush {
    gl: Gl,
    program: Program,
    array: VertexArray,
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
        let sources = [(ShaderKind::Vertex, VERTEX), (ShaderKind::Fragment, FRAGMENT)];
        Ok(Self {
            program: gl.create_program(&sources)?,
            array: gl.create_vertex_array()?,
            gl,
            _context: context,
        })
    }

    /// The context.
    pub fn gl(&self) -> &Gl {
        &self.gl
    }

    /// Draws picture `number` on a frame for a window of 8 or 10 bits a channel, blue in the low bits.
    ///
    /// # Errors
    /// If GL refuses.
    pub fn paint(&self, frame: &mut Frame<Canvas>, format: PixelFormat, number: u32) -> Result<(), GlError> {
        let Self {
            gl, program, array, ..
        } = self;
        let ([red, green, blue, alpha], largest) = match format.fourcc {
            Fourcc::XRGB2101010 | Fourcc::ARGB2101010 => ([20, 10, 0, 30], [0x3ff, 0x3ff, 0x3ff, 3]),
            _ => ([16, 8, 0, 24], [0xff; 4]),
        };
        let shifts = match frame.target().order() {
            ChannelOrder::Native => [red, green, blue, alpha],
            ChannelOrder::Exchanged => [blue, green, red, alpha],
        };
        gl.program_uniform_1i(program, NUMBER, number.cast_signed());
        gl.program_uniform_4i(program, SHIFTS, shifts);
        gl.program_uniform_4i(program, LARGEST, largest);
        let (width, height) = (frame.size().width, frame.size().height);
        gl.bind_framebuffer(FRAMEBUFFER, Some(frame.target().framebuffer()));
        gl.viewport_array(&[[0.0, 0.0, width.into(), height.into()]]);
        gl.use_program(Some(program));
        gl.bind_vertex_array(Some(array));
        gl.draw_arrays(TRIANGLE_STRIP, 0, 4, 1, 0)?;
        frame.finish_drawing(gl, Rect::of_size(width.into(), height.into()))
    }
}
