//! What a shader reads from a texture, texel by texel.

use pixbridge::gl::{Gl, GlError, Pixels, Program, Region, ShaderKind, Texture, VertexArray, WriteBytes};

const VERTEX: &str = "#version 450
void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    gl_Position = vec4(corner * 4.0 - 1.0, 0.0, 1.0);
}";

const PLAIN: &str = "#version 450
layout(binding = 0) uniform sampler2D picture;
layout(location = 0) uniform int level;
layout(location = 0) out vec4 colour;
void main() { colour = texelFetch(picture, ivec2(gl_FragCoord.xy), level); }";

const RECTANGLE: &str = "#version 450
layout(binding = 0) uniform sampler2DRect picture;
layout(location = 0) out vec4 colour;
void main() { colour = texelFetch(picture, ivec2(gl_FragCoord.xy)); }";

/// Programs that read textures.
#[derive(Debug)]
pub struct Sampler {
    gl: Gl,
    plain: Program,
    rectangle: Program,
    vertices: VertexArray,
}

impl Sampler {
    /// A sampler for textures of a context.
    ///
    /// # Errors
    /// If GL takes the programs not.
    pub fn new(gl: &Gl) -> Result<Self, GlError> {
        let program =
            |fragment| gl.create_program(&[(ShaderKind::Vertex, VERTEX), (ShaderKind::Fragment, fragment)]);
        Ok(Self {
            plain: program(PLAIN)?,
            rectangle: program(RECTANGLE)?,
            vertices: gl.create_vertex_array()?,
            gl: gl.clone(),
        })
    }

    /// Red, green, blue and alpha of all texels of a level of this size, row 0 first.
    ///
    /// # Errors
    /// If GL refuses.
    pub fn read(
        &self,
        texture: &Texture,
        level: u32,
        (width, height): (u16, u16),
    ) -> Result<Vec<[f32; 4]>, GlError> {
        let gl = &self.gl;
        let picture = gl.create_texture(glow::TEXTURE_2D)?;
        gl.texture_storage_2d(&picture, 1, glow::RGBA32F, width.into(), height.into())?;
        let framebuffer = gl.create_framebuffer()?;
        gl.framebuffer_texture(&framebuffer, glow::COLOR_ATTACHMENT0, Some(&picture), 0);
        gl.bind_framebuffer(glow::FRAMEBUFFER, Some(&framebuffer));
        gl.viewport_array(&[[0.0, 0.0, width.into(), height.into()]]);
        let program = match texture.target() {
            glow::TEXTURE_RECTANGLE => &self.rectangle,
            _ => &self.plain,
        };
        gl.program_uniform_1i(&self.plain, 0, level.cast_signed());
        gl.use_program(Some(program));
        gl.bind_vertex_array(Some(&self.vertices));
        gl.bind_texture_unit(0, Some(texture));
        gl.draw_arrays(glow::TRIANGLES, 0, 3, 1, 0)?;
        gl.bind_texture_unit(0, None);
        let whole = Region {
            level: 0,
            x: 0,
            y: 0,
            z: 0,
            w: width.into(),
            h: height.into(),
            d: 1,
        };
        let pixels = Pixels {
            format: glow::RGBA,
            ty: glow::FLOAT,
            pixel_bytes: 16,
            row_bytes: 16 * u64::from(width),
            image_bytes: 0,
            block: [1, 1],
        };
        let mut bytes = vec![0; 16 * usize::from(width) * usize::from(height)];
        gl.get_texture_sub_image(&picture, whole, &pixels, WriteBytes::from(&mut bytes[..]))?;
        let float = |bytes: &[u8; 4]| f32::from_ne_bytes(*bytes);
        let texels = bytes.as_chunks::<16>().0;
        Ok(texels
            .iter()
            .map(|texel| std::array::from_fn(|at| float(&texel.as_chunks::<4>().0[at])))
            .collect())
    }
}
