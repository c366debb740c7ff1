//! What is drawn: a square of pixels, each by a draw of its own.

use std::{error::Error, ffi::c_void, ptr};

use glow::HasContext as _;
use pixbridge_xtests::surfaceless::{Egl, make_current};

use super::Changes;

/// Pixels of a row, and rows.
const SIDE: u32 = 100;
/// Draws of a frame.
const DRAWS: u32 = SIDE * SIDE;
/// How many different ones there are of what changes.
const VARIANTS: usize = 4;
/// Vertices of a draw: a square as a triangle strip.
const VERTICES: u32 = 4;
/// Floats of a vertex: a position and a colour.
const FLOATS: u32 = 5;

/// What a draw is coloured with.
type Colour = [f32; 3];

const TINTS: [Colour; VARIANTS] = [[1.0, 1.0, 1.0], [1.0, 0.5, 1.0], [0.5, 1.0, 1.0], [1.0, 1.0, 0.5]];
const LIGHTS: [Colour; VARIANTS] = [
    [1.0, 1.0, 1.0],
    [0.75, 1.0, 1.0],
    [1.0, 0.75, 1.0],
    [1.0, 1.0, 0.75],
];
const TEXELS: [[u8; 4]; VARIANTS] = [
    [255, 255, 255, 255],
    [255, 255, 128, 255],
    [128, 255, 255, 255],
    [255, 128, 255, 255],
];
/// How far a pixel may be from what it should be, of 255.
const TOLERANCE: f32 = 2.0;

const VERTEX: &str = "#version 130
in vec2 position;
in vec3 colour;
uniform vec3 tint;
out vec3 shade;
void main() {
    shade = colour * tint;
    gl_Position = vec4(position, 0.0, 1.0);
}";
const FRAGMENT: &str = "#version 130
in vec3 shade;
uniform vec3 light;
uniform sampler2D image;
out vec4 drawn;
void main() {
    drawn = vec4(shade * light * texture(image, vec2(0.5)).rgb, 1.0);
}";

/// A GL call. Each is given objects of the context only, and addresses of slices.
macro_rules! gl {
    ($gl:expr, $($call:tt)*) => {{
        // SAFETY: the context is current in the only thread.
        unsafe { $gl.$($call)* }
    }};
}

/// All that a frame needs.
pub(super) struct Scene {
    gl: glow::Context,
    tint: glow::UniformLocation,
    light: glow::UniformLocation,
    arrays: [glow::VertexArray; VARIANTS],
    buffers: [glow::Buffer; VARIANTS],
    textures: [glow::Texture; VARIANTS],
    _egl: Egl,
}

impl Scene {
    /// Makes a context current and everything that is drawn with.
    pub(super) fn open() -> Result<Self, Box<dyn Error>> {
        // SAFETY: the system's libEGL is what it says.
        let egl = unsafe { Egl::load_required() }?;
        make_current(&egl)?;
        let find = |name: &str| {
            egl.get_proc_address(name)
                .map_or(ptr::null(), |f| f as *const c_void)
        };
        // SAFETY: the context is current and stays so in this thread.
        let gl = unsafe { glow::Context::from_loader_function(find) };
        attach_square(&gl)?;
        let program = link(&gl)?;
        gl!(gl, use_program(Some(program)));
        let uniform = |name| gl!(gl, get_uniform_location(program, name)).ok_or(name);
        let (tint, light) = (uniform("tint")?, uniform("light")?);
        let mut arrays = Vec::new();
        for _ in 0..VARIANTS {
            arrays.push(vertex_array(&gl, program)?);
        }
        let mut textures = Vec::new();
        for texel in &TEXELS {
            textures.push(texture(&gl, texel)?);
        }
        let (arrays, buffers): (Vec<_>, Vec<_>) = arrays.into_iter().unzip();
        let many = "as many as were made";
        Ok(Self {
            tint,
            light,
            arrays: arrays.try_into().map_err(|_| many)?,
            buffers: buffers.try_into().map_err(|_| many)?,
            textures: textures.try_into().map_err(|_| many)?,
            gl,
            _egl: egl,
        })
    }

    /// Who draws.
    pub(super) fn renderer(&self) -> String {
        gl!(self.gl, get_parameter_string(glow::RENDERER))
    }

    /// Draws a frame.
    pub(super) fn draw(&mut self, changes: Changes) -> Result<(), Box<dyn Error>> {
        let gl = &self.gl;
        gl!(gl, clear(glow::COLOR_BUFFER_BIT));
        gl!(gl, enable(glow::BLEND));
        self.set(0, Changes::All);
        for draw in 0..DRAWS {
            self.set(draw, changes);
            let first = (draw * VERTICES).cast_signed();
            gl!(gl, draw_arrays(glow::TRIANGLE_STRIP, first, VERTICES as i32));
        }
        gl!(gl, flush());
        match gl!(gl, get_error()) {
            glow::NO_ERROR => Ok(()),
            error => Err(format!("GL refused something: {error:#x}").into()),
        }
    }

    /// Sets what changes for a draw.
    fn set(&self, draw: u32, changes: Changes) {
        let (gl, variant) = (&self.gl, draw as usize % VARIANTS);
        let changed = |of: Changes| changes == of || changes == Changes::All;
        if changed(Changes::Uniforms) {
            let [red, green, blue] = TINTS[variant];
            gl!(gl, uniform_3_f32(Some(&self.tint), red, green, blue));
        }
        if changed(Changes::Lights) {
            let [red, green, blue] = LIGHTS[variant];
            gl!(gl, uniform_3_f32(Some(&self.light), red, green, blue));
        }
        if changed(Changes::Textures) {
            gl!(gl, bind_texture(glow::TEXTURE_2D, Some(self.textures[variant])));
        }
        if changed(Changes::Blend) {
            // The ground is black, so either gives what is drawn.
            let factor = [glow::ZERO, glow::ONE][variant % 2];
            gl!(gl, blend_func(glow::ONE, factor));
        }
        if changed(Changes::Buffers) {
            gl!(gl, bind_vertex_array(Some(self.arrays[variant])));
        }
        if changes == Changes::Uploads {
            let square = square(draw);
            let offset = draw as usize * size_of_val(&square);
            gl!(gl, bind_buffer(glow::ARRAY_BUFFER, Some(self.buffers[0])));
            gl!(
                gl,
                buffer_sub_data_u8_slice(glow::ARRAY_BUFFER, offset as i32, bytemuck::cast_slice(&square))
            );
        }
    }

    /// A fence behind what was drawn.
    pub(super) fn fence(&self) -> Result<glow::Fence, Box<dyn Error>> {
        Ok(gl!(self.gl, fence_sync(glow::SYNC_GPU_COMMANDS_COMPLETE, 0))?)
    }

    /// Waits until GL has come to a fence.
    pub(super) fn wait(&self, fence: glow::Fence) {
        gl!(
            self.gl,
            client_wait_sync(fence, glow::SYNC_FLUSH_COMMANDS_BIT, i32::MAX)
        );
        gl!(self.gl, delete_sync(fence));
    }

    /// Waits until everything is drawn.
    pub(super) fn finish(&self) {
        gl!(self.gl, finish());
    }

    /// Looks whether each draw of the last frame left what it should.
    pub(super) fn look(&self, changes: Changes) -> Result<(), Box<dyn Error>> {
        let mut bytes = vec![0; (DRAWS * 4) as usize];
        let (side, to) = (SIDE as i32, glow::PixelPackData::Slice(Some(&mut bytes)));
        gl!(
            self.gl,
            read_pixels(0, 0, side, side, glow::RGBA, glow::UNSIGNED_BYTE, to)
        );
        for (draw, pixel) in (0..DRAWS).zip(bytes.as_chunks::<4>().0) {
            let wanted = expected(draw, changes);
            let near = |(seen, wanted): (&u8, &f32)| (f32::from(*seen) - wanted).abs() <= TOLERANCE;
            if !pixel.iter().zip(&wanted).all(near) {
                return Err(format!("draw {draw} left {pixel:?} instead of {wanted:?}").into());
            }
        }
        Ok(())
    }
}

/// The colour of a draw's vertices.
fn vertex_colour(draw: u32) -> Colour {
    let [low, high, ..] = draw.to_le_bytes().map(f32::from);
    [(low / 2.0 + 127.0) / 255.0, (high + 200.0) / 255.0, 0.75]
}

/// What a draw leaves in its pixel, of 255.
fn expected(draw: u32, changes: Changes) -> Colour {
    let variant = |of: Changes| match changes == of || changes == Changes::All {
        true => draw as usize % VARIANTS,
        false => 0,
    };
    let (tint, light) = (
        TINTS[variant(Changes::Uniforms)],
        LIGHTS[variant(Changes::Lights)],
    );
    let (colour, texel) = (vertex_colour(draw), TEXELS[variant(Changes::Textures)]);
    std::array::from_fn(|at| colour[at] * tint[at] * light[at] * f32::from(texel[at]))
}

/// The vertices of a draw: the square of its pixel.
fn square(draw: u32) -> [[f32; FLOATS as usize]; VERTICES as usize] {
    let to_clip = |pixel: u32| pixel as f32 / SIDE as f32 * 2.0 - 1.0;
    let (column, row) = (draw % SIDE, draw / SIDE);
    let [red, green, blue] = vertex_colour(draw);
    [(0, 0), (1, 0), (0, 1), (1, 1)]
        .map(|(right, up)| [to_clip(column + right), to_clip(row + up), red, green, blue])
}

/// Makes a texture with a pixel for each draw what is drawn to.
fn attach_square(gl: &glow::Context) -> Result<(), Box<dyn Error>> {
    let texture = gl!(gl, create_texture())?;
    let (side, none) = (SIDE as i32, glow::PixelUnpackData::Slice(None));
    gl!(gl, bind_texture(glow::TEXTURE_2D, Some(texture)));
    gl!(
        gl,
        tex_image_2d(
            glow::TEXTURE_2D,
            0,
            glow::RGBA8 as i32,
            side,
            side,
            0,
            glow::RGBA,
            glow::UNSIGNED_BYTE,
            none
        )
    );
    let framebuffer = gl!(gl, create_framebuffer())?;
    let (target, point) = (glow::FRAMEBUFFER, glow::COLOR_ATTACHMENT0);
    gl!(gl, bind_framebuffer(target, Some(framebuffer)));
    gl!(
        gl,
        framebuffer_texture_2d(target, point, glow::TEXTURE_2D, Some(texture), 0)
    );
    gl!(gl, viewport(0, 0, side, side));
    match gl!(gl, check_framebuffer_status(target)) {
        glow::FRAMEBUFFER_COMPLETE => Ok(()),
        status => Err(format!("nothing can be drawn to: {status:#x}").into()),
    }
}

fn link(gl: &glow::Context) -> Result<glow::Program, Box<dyn Error>> {
    let program = gl!(gl, create_program())?;
    for (kind, source) in [(glow::VERTEX_SHADER, VERTEX), (glow::FRAGMENT_SHADER, FRAGMENT)] {
        let shader = gl!(gl, create_shader(kind))?;
        gl!(gl, shader_source(shader, source));
        gl!(gl, compile_shader(shader));
        gl!(gl, attach_shader(program, shader));
    }
    gl!(gl, link_program(program));
    match gl!(gl, get_program_link_status(program)) {
        true => Ok(program),
        false => Err(gl!(gl, get_program_info_log(program)).into()),
    }
}

/// A vertex array with the vertices of all draws in a buffer of its own.
fn vertex_array(
    gl: &glow::Context,
    program: glow::Program,
) -> Result<(glow::VertexArray, glow::Buffer), Box<dyn Error>> {
    let squares: Vec<_> = (0..DRAWS).map(square).collect();
    let array = gl!(gl, create_vertex_array())?;
    let buffer = gl!(gl, create_buffer())?;
    gl!(gl, bind_vertex_array(Some(array)));
    gl!(gl, bind_buffer(glow::ARRAY_BUFFER, Some(buffer)));
    let bytes: &[u8] = bytemuck::cast_slice(&squares);
    gl!(
        gl,
        buffer_data_u8_slice(glow::ARRAY_BUFFER, bytes, glow::STATIC_DRAW)
    );
    let stride = (FLOATS * 4) as i32;
    for (name, size, offset) in [("position", 2, 0), ("colour", 3, 8)] {
        let at = gl!(gl, get_attrib_location(program, name)).ok_or(name)?;
        gl!(
            gl,
            vertex_attrib_pointer_f32(at, size, glow::FLOAT, false, stride, offset)
        );
        gl!(gl, enable_vertex_attrib_array(at));
    }
    Ok((array, buffer))
}

/// A texture of one texel.
fn texture(gl: &glow::Context, texel: &[u8; 4]) -> Result<glow::Texture, Box<dyn Error>> {
    let texture = gl!(gl, create_texture())?;
    gl!(gl, bind_texture(glow::TEXTURE_2D, Some(texture)));
    let pixels = glow::PixelUnpackData::Slice(Some(texel));
    gl!(
        gl,
        tex_image_2d(
            glow::TEXTURE_2D,
            0,
            glow::RGBA8 as i32,
            1,
            1,
            0,
            glow::RGBA,
            glow::UNSIGNED_BYTE,
            pixels
        )
    );
    for (name, value) in [
        (glow::TEXTURE_MIN_FILTER, glow::NEAREST),
        (glow::TEXTURE_MAG_FILTER, glow::NEAREST),
    ] {
        gl!(gl, tex_parameter_i32(glow::TEXTURE_2D, name, value.cast_signed()));
    }
    Ok(texture)
}
