//! Shaders and programs.

use std::{ffi::c_char, fmt, ptr};

use super::{Gl, Name, Program, Shader};
use crate::gl::{GlError, ProgramError};

/// Longest info log that is kept, in bytes.
const MAX_LOG: usize = 64 << 10;

/// A shader stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ShaderKind {
    Vertex,
    TessControl,
    TessEval,
    Geometry,
    Fragment,
    Compute,
}

impl ShaderKind {
    const fn gl_name(self) -> u32 {
        match self {
            Self::Vertex => glow::VERTEX_SHADER,
            Self::TessControl => glow::TESS_CONTROL_SHADER,
            Self::TessEval => glow::TESS_EVALUATION_SHADER,
            Self::Geometry => glow::GEOMETRY_SHADER,
            Self::Fragment => glow::FRAGMENT_SHADER,
            Self::Compute => glow::COMPUTE_SHADER,
        }
    }
}

impl fmt::Display for ShaderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vertex => "vertex",
            Self::TessControl => "tessellation control",
            Self::TessEval => "tessellation evaluation",
            Self::Geometry => "geometry",
            Self::Fragment => "fragment",
            Self::Compute => "compute",
        })
    }
}

impl Gl {
    /// Compiles a shader.
    ///
    /// # Errors
    /// GL's log if it does not compile.
    pub fn compile_shader(&self, kind: ShaderKind, source: &str) -> Result<Shader, GlError> {
        let length = i32::try_from(source.len()).map_err(|_| GlError::OutOfRange {
            what: "shader source length",
            value: source.len() as i128,
        })?;
        let name = self.f().CreateShader(kind.gl_name());
        let shader = Shader {
            handle: self.shared("shader", Name::Shader(name))?,
        };
        let text: *const c_char = source.as_ptr().cast();
        // SAFETY: one string of `length` bytes is read.
        unsafe { self.f().ShaderSource(name, 1, &text, &length) };
        self.f().CompileShader(name);
        let mut status = 0;
        // SAFETY: one number is written.
        unsafe { self.f().GetShaderiv(name, glow::COMPILE_STATUS, &mut status) };
        if status == 0 {
            let log = read_log(|size, length, log| {
                // SAFETY: there is room for `size` bytes.
                unsafe { self.f().GetShaderInfoLog(name, size, length, log) }
            });
            return Err(ProgramError::Compile { kind, log }.into());
        }
        Ok(shader)
    }

    /// Links shaders. They may be dropped or linked into other programs afterwards.
    ///
    /// # Errors
    /// GL's log if they do not link.
    pub fn link_program(&self, shaders: &[&Shader]) -> Result<Program, GlError> {
        let name = self.f().CreateProgram();
        let program = Program {
            handle: self.shared("program", Name::Program(name))?,
        };
        for shader in shaders {
            self.f().AttachShader(name, self.name(&shader.handle));
        }
        self.f().LinkProgram(name);
        for shader in shaders {
            self.f().DetachShader(name, self.name(&shader.handle));
        }
        let mut status = 0;
        // SAFETY: one number is written.
        unsafe { self.f().GetProgramiv(name, glow::LINK_STATUS, &mut status) };
        if status == 0 {
            let log = read_log(|size, length, log| {
                // SAFETY: there is room for `size` bytes.
                unsafe { self.f().GetProgramInfoLog(name, size, length, log) }
            });
            return Err(ProgramError::Link { log }.into());
        }
        Ok(program)
    }

    /// Compiles and links in one go.
    ///
    /// # Errors
    /// GL's log of what went wrong, and where.
    pub fn create_program(&self, sources: &[(ShaderKind, &str)]) -> Result<Program, GlError> {
        let shaders: Vec<_> = sources
            .iter()
            .map(|(kind, source)| self.compile_shader(*kind, source))
            .collect::<Result<_, _>>()?;
        self.link_program(&shaders.iter().collect::<Vec<_>>())
    }

    /// Makes the program the one that draws.
    pub fn use_program(&self, program: Option<&Program>) {
        self.f()
            .UseProgram(program.map_or(0, |program| self.name(&program.handle)));
    }

    /// Sets a uniform of type `int` or a sampler.
    pub fn program_uniform_1i(&self, program: &Program, location: i32, value: i32) {
        self.f()
            .ProgramUniform1i(self.name(&program.handle), location, value);
    }

    /// Sets a float.
    pub fn program_uniform_1f(&self, program: &Program, location: i32, value: f32) {
        self.f()
            .ProgramUniform1f(self.name(&program.handle), location, value);
    }

    /// Sets a uniform of type `vec4`.
    pub fn program_uniform_4f(&self, program: &Program, location: i32, [x, y, z, w]: [f32; 4]) {
        self.f()
            .ProgramUniform4f(self.name(&program.handle), location, x, y, z, w);
    }

    /// Sets a uniform of type `ivec4`.
    pub fn program_uniform_4i(&self, program: &Program, location: i32, [x, y, z, w]: [i32; 4]) {
        self.f()
            .ProgramUniform4i(self.name(&program.handle), location, x, y, z, w);
    }
}

fn read_log(get: impl FnOnce(i32, *mut i32, *mut c_char)) -> String {
    let mut log = vec![0u8; MAX_LOG];
    get(MAX_LOG as i32, ptr::null_mut(), log.as_mut_ptr().cast());
    let end = log.iter().position(|&byte| byte == 0).unwrap_or(log.len());
    String::from_utf8_lossy(&log[..end]).trim_end().to_owned()
}
