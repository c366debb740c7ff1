//! The GL functions we use, loaded by name.
//!
//! Functions that take only numbers and names are safe to call: GL checks every one of them and records an
//! error. Functions that take an address, or read vertices from wherever a vertex array says, are unsafe. In
//! [`Functions::inert`] all of them do nothing, for a context that cannot be made current. So do functions of
//! extensions that the host lacks: whether it has them is for [`Capabilities`](super::Capabilities) to say.
//!
//! Signatures are those of the [OpenGL 4.6 core
//! specification](https://registry.khronos.org/OpenGL/specs/gl/glspec46.core.pdf) and of
//! [EXT_memory_object](https://registry.khronos.org/OpenGL/extensions/EXT/EXT_external_objects.txt),
//! [EXT_memory_object_fd](https://registry.khronos.org/OpenGL/extensions/EXT/EXT_external_objects_fd.txt),
//! [EXT_EGL_image_storage](https://registry.khronos.org/OpenGL/extensions/EXT/EXT_EGL_image_storage.txt) and
//! [OES_EGL_image](https://registry.khronos.org/OpenGL/extensions/OES/OES_EGL_image.txt).

use std::{
    ffi::{c_char, c_void},
    mem,
};

use super::GlError;

/// `GLsync`.
pub(super) type SyncName = *mut c_void;
/// `GLDEBUGPROC`.
pub(super) type DebugProc = extern "system" fn(u32, u32, u32, u32, i32, *const c_char, *const c_void);

/// What a function that does nothing returns.
trait Nothing {
    const VALUE: Self;
}

impl Nothing for () {
    const VALUE: Self = ();
}
impl Nothing for u8 {
    const VALUE: Self = 0;
}
impl Nothing for u32 {
    const VALUE: Self = 0;
}
impl<T> Nothing for *mut T {
    const VALUE: Self = std::ptr::null_mut();
}
impl<T> Nothing for *const T {
    const VALUE: Self = std::ptr::null();
}

/// The return type of a function, `()` if it has none.
macro_rules! returned {
    () => {
        ()
    };
    ($ret:ty) => {
        $ret
    };
}

macro_rules! functions {
    (
        numbers { $($number:ident($($n_arg:ident: $n_ty:ty),*) $(-> $n_ret:ty)?;)* }
        addresses { $($address:ident($($a_arg:ident: $a_ty:ty),*) $(-> $a_ret:ty)?;)* }
        extensions { $($extension:ident($($e_arg:ident: $e_ty:ty),*);)* }
    ) => {
        /// The table.
        #[allow(non_snake_case)]
        pub(super) struct Functions {
            $($number: unsafe extern "system" fn($($n_ty),*) -> returned!($($n_ret)?),)*
            $($address: unsafe extern "system" fn($($a_ty),*) -> returned!($($a_ret)?),)*
            $($extension: unsafe extern "system" fn($($e_ty),*),)*
        }

        #[allow(non_snake_case, clippy::too_many_arguments, clippy::unused_unit)]
        impl Functions {
            /// Looks all functions up.
            pub(super) fn load(
                find: impl Fn(&'static str) -> Option<extern "system" fn()>,
            ) -> Result<Self, GlError> {
                let require = |name| find(name).ok_or(GlError::Function(name));
                Ok(Self {
                    $($number: {
                        let found = require(concat!("gl", stringify!($number)))?;
                        // SAFETY: the function of this name has this signature.
                        unsafe {
                            mem::transmute::<
                                extern "system" fn(),
                                unsafe extern "system" fn($($n_ty),*) -> returned!($($n_ret)?),
                            >(found)
                        }
                    },)*
                    $($address: {
                        let found = require(concat!("gl", stringify!($address)))?;
                        // SAFETY: the function of this name has this signature.
                        unsafe {
                            mem::transmute::<
                                extern "system" fn(),
                                unsafe extern "system" fn($($a_ty),*) -> returned!($($a_ret)?),
                            >(found)
                        }
                    },)*
                    $($extension: match find(concat!("gl", stringify!($extension))) {
                        // SAFETY: the function of this name has this signature.
                        Some(found) => unsafe {
                            mem::transmute::<
                                extern "system" fn(),
                                unsafe extern "system" fn($($e_ty),*),
                            >(found)
                        },
                        None => Self::inert().$extension,
                    },)*
                })
            }

            /// Functions that do nothing and return zero.
            pub(super) fn inert() -> &'static Self {
                static INERT: Functions = Functions {
                    $($number: {
                        unsafe extern "system" fn inert($(_: $n_ty),*) -> returned!($($n_ret)?) {
                            Nothing::VALUE
                        }
                        inert
                    },)*
                    $($address: {
                        unsafe extern "system" fn inert($(_: $a_ty),*) -> returned!($($a_ret)?) {
                            Nothing::VALUE
                        }
                        inert
                    },)*
                    $($extension: {
                        unsafe extern "system" fn inert($(_: $e_ty),*) {}
                        inert
                    },)*
                };
                &INERT
            }

            $(
                pub(super) fn $number(&self, $($n_arg: $n_ty),*) -> returned!($($n_ret)?) {
                    // SAFETY: GL checks numbers and names, and touches no memory of ours for their sake.
                    unsafe { (self.$number)($($n_arg),*) }
                }
            )*

            $(
                /// # Safety
                /// Addresses must be valid for as many bytes as the other arguments make GL touch; all that a draw reads must
                /// lie in buffers.
                pub(super) unsafe fn $address(&self, $($a_arg: $a_ty),*) -> returned!($($a_ret)?) {
                    // SAFETY: the caller's.
                    unsafe { (self.$address)($($a_arg),*) }
                }
            )*

            $(
                /// # Safety
                /// As above; images must be EGL's, and file descriptors are GL's from then on.
                pub(super) unsafe fn $extension(&self, $($e_arg: $e_ty),*) {
                    // SAFETY: the caller's.
                    unsafe { (self.$extension)($($e_arg),*) }
                }
            )*
        }
    };
}

functions! {
    numbers {
        AttachShader(program: u32, shader: u32);
        BeginConditionalRender(id: u32, mode: u32);
        BeginQueryIndexed(target: u32, index: u32, id: u32);
        BeginTransformFeedback(mode: u32);
        BindBuffer(target: u32, buffer: u32);
        BindBufferBase(target: u32, index: u32, buffer: u32);
        BindBufferRange(target: u32, index: u32, buffer: u32, offset: isize, size: isize);
        BindFramebuffer(target: u32, framebuffer: u32);
        BindImageTexture(unit: u32, texture: u32, level: i32, layered: u8, layer: i32, access: u32, format: u32);
        BindSampler(unit: u32, sampler: u32);
        BindTexture(target: u32, texture: u32);
        BindTextureUnit(unit: u32, texture: u32);
        BindTransformFeedback(target: u32, id: u32);
        BindVertexArray(array: u32);
        BlendColor(r: f32, g: f32, b: f32, a: f32);
        BlendEquationSeparatei(buffer: u32, rgb: u32, alpha: u32);
        BlendFuncSeparatei(buffer: u32, src_rgb: u32, dst_rgb: u32, src_alpha: u32, dst_alpha: u32);
        BlitNamedFramebuffer(read: u32, draw: u32, sx0: i32, sy0: i32, sx1: i32, sy1: i32,
            dx0: i32, dy0: i32, dx1: i32, dy1: i32, mask: u32, filter: u32);
        CheckNamedFramebufferStatus(framebuffer: u32, target: u32) -> u32;
        ClearNamedFramebufferfi(framebuffer: u32, buffer: u32, index: i32, depth: f32, stencil: i32);
        ClipControl(origin: u32, depth: u32);
        ColorMaski(buffer: u32, r: u8, g: u8, b: u8, a: u8);
        CompileShader(shader: u32);
        CopyImageSubData(src: u32, src_target: u32, src_level: i32, sx: i32, sy: i32, sz: i32,
            dst: u32, dst_target: u32, dst_level: i32, dx: i32, dy: i32, dz: i32, w: i32, h: i32, d: i32);
        CopyNamedBufferSubData(read: u32, write: u32, read_offset: isize, write_offset: isize, size: isize);
        CreateProgram() -> u32;
        CreateShader(kind: u32) -> u32;
        CullFace(face: u32);
        DeleteProgram(program: u32);
        DeleteShader(shader: u32);
        DepthFunc(func: u32);
        DepthMask(on: u8);
        DetachShader(program: u32, shader: u32);
        Disable(what: u32);
        DispatchCompute(x: u32, y: u32, z: u32);
        DispatchComputeIndirect(offset: isize);
        Disablei(what: u32, index: u32);
        Enable(what: u32);
        EnableVertexArrayAttrib(array: u32, index: u32);
        DisableVertexArrayAttrib(array: u32, index: u32);
        Enablei(what: u32, index: u32);
        EndConditionalRender();
        EndQueryIndexed(target: u32, index: u32);
        EndTransformFeedback();
        FenceSync(condition: u32, flags: u32) -> SyncName;
        Finish();
        Flush();
        FrontFace(mode: u32);
        GenerateTextureMipmap(texture: u32);
        GetError() -> u32;
        GetGraphicsResetStatus() -> u32;
        InvalidateBufferData(buffer: u32);
        LineWidth(width: f32);
        LinkProgram(program: u32);
        LogicOp(op: u32);
        MemoryBarrier(barriers: u32);
        MinSampleShading(value: f32);
        NamedFramebufferParameteri(framebuffer: u32, name: u32, value: i32);
        NamedFramebufferReadBuffer(framebuffer: u32, buffer: u32);
        NamedFramebufferTexture(framebuffer: u32, attachment: u32, texture: u32, level: i32);
        NamedFramebufferTextureLayer(framebuffer: u32, attachment: u32, texture: u32, level: i32, layer: i32);
        PatchParameteri(name: u32, value: i32);
        PauseTransformFeedback();
        PixelStorei(name: u32, value: i32);
        PointParameteri(name: u32, value: i32);
        PointSize(size: f32);
        PolygonMode(face: u32, mode: u32);
        PolygonOffset(factor: f32, units: f32);
        PrimitiveRestartIndex(index: u32);
        ProgramUniform1f(program: u32, location: i32, x: f32);
        ProgramUniform1i(program: u32, location: i32, x: i32);
        ProgramUniform4f(program: u32, location: i32, x: f32, y: f32, z: f32, w: f32);
        ProgramUniform4i(program: u32, location: i32, x: i32, y: i32, z: i32, w: i32);
        ProvokingVertex(mode: u32);
        QueryCounter(id: u32, target: u32);
        ResumeTransformFeedback();
        SampleMaski(index: u32, mask: u32);
        SamplerParameterf(sampler: u32, name: u32, value: f32);
        SamplerParameteri(sampler: u32, name: u32, value: i32);
        StencilFuncSeparate(face: u32, func: u32, reference: i32, mask: u32);
        StencilMaskSeparate(face: u32, mask: u32);
        StencilOpSeparate(face: u32, fail: u32, depth_fail: u32, pass: u32);
        TextureBarrier();
        TextureBufferRange(texture: u32, internal: u32, buffer: u32, offset: isize, size: isize);
        TextureParameteri(texture: u32, name: u32, value: i32);
        TextureStorage1D(texture: u32, levels: i32, internal: u32, w: i32);
        TextureStorage2D(texture: u32, levels: i32, internal: u32, w: i32, h: i32);
        TextureStorage2DMultisample(texture: u32, samples: i32, internal: u32, w: i32, h: i32, fixed: u8);
        TextureStorage3D(texture: u32, levels: i32, internal: u32, w: i32, h: i32, d: i32);
        TextureStorage3DMultisample(texture: u32, samples: i32, internal: u32, w: i32, h: i32, d: i32, fixed: u8);
        TextureView(texture: u32, target: u32, original: u32, internal: u32,
            level: u32, levels: u32, layer: u32, layers: u32);
        UseProgram(program: u32);
        VertexArrayAttribBinding(array: u32, attrib: u32, binding: u32);
        VertexArrayAttribFormat(array: u32, attrib: u32, size: i32, ty: u32, normalized: u8, offset: u32);
        VertexArrayAttribIFormat(array: u32, attrib: u32, size: i32, ty: u32, offset: u32);
        VertexArrayAttribLFormat(array: u32, attrib: u32, size: i32, ty: u32, offset: u32);
        VertexArrayBindingDivisor(array: u32, binding: u32, divisor: u32);
        VertexArrayElementBuffer(array: u32, buffer: u32);
        VertexArrayVertexBuffer(array: u32, binding: u32, buffer: u32, offset: isize, stride: i32);
    }
    addresses {
        ClearNamedFramebufferfv(framebuffer: u32, buffer: u32, index: i32, value: *const f32);
        ClearNamedFramebufferiv(framebuffer: u32, buffer: u32, index: i32, value: *const i32);
        ClearNamedFramebufferuiv(framebuffer: u32, buffer: u32, index: i32, value: *const u32);
        ClearTexSubImage(texture: u32, level: i32, x: i32, y: i32, z: i32, w: i32, h: i32, d: i32,
            format: u32, ty: u32, texel: *const c_void);
        ClientWaitSync(sync: SyncName, flags: u32, timeout: u64) -> u32;
        CompressedTextureSubImage1D(texture: u32, level: i32, x: i32, w: i32,
            internal: u32, size: i32, data: *const c_void);
        CompressedTextureSubImage2D(texture: u32, level: i32, x: i32, y: i32, w: i32, h: i32,
            internal: u32, size: i32, data: *const c_void);
        CompressedTextureSubImage3D(texture: u32, level: i32, x: i32, y: i32, z: i32, w: i32, h: i32, d: i32,
            internal: u32, size: i32, data: *const c_void);
        CreateBuffers(n: i32, names: *mut u32);
        CreateFramebuffers(n: i32, names: *mut u32);
        CreateQueries(target: u32, n: i32, names: *mut u32);
        CreateSamplers(n: i32, names: *mut u32);
        CreateTextures(target: u32, n: i32, names: *mut u32);
        CreateTransformFeedbacks(n: i32, names: *mut u32);
        CreateVertexArrays(n: i32, names: *mut u32);
        DebugMessageCallback(callback: Option<DebugProc>, user: *const c_void);
        DeleteBuffers(n: i32, names: *const u32);
        DeleteFramebuffers(n: i32, names: *const u32);
        DeleteQueries(n: i32, names: *const u32);
        DeleteSamplers(n: i32, names: *const u32);
        DeleteSync(sync: SyncName);
        DeleteTextures(n: i32, names: *const u32);
        DeleteTransformFeedbacks(n: i32, names: *const u32);
        DeleteVertexArrays(n: i32, names: *const u32);
        DepthRangeArrayv(first: u32, count: i32, ranges: *const f64);
        DrawArrays(mode: u32, first: i32, count: i32);
        DrawArraysInstancedBaseInstance(mode: u32, first: i32, count: i32, instances: i32, base: u32);
        DrawElements(mode: u32, count: i32, ty: u32, offset: *const c_void);
        DrawElementsBaseVertex(mode: u32, count: i32, ty: u32, offset: *const c_void, base: i32);
        DrawElementsInstancedBaseVertexBaseInstance(mode: u32, count: i32, ty: u32, offset: *const c_void,
            instances: i32, base: i32, base_instance: u32);
        GenTextures(n: i32, names: *mut u32);
        GetCompressedTextureSubImage(texture: u32, level: i32, x: i32, y: i32, z: i32, w: i32, h: i32, d: i32,
            size: i32, data: *mut c_void);
        GetFloatv(name: u32, values: *mut f32);
        GetIntegeri_v(name: u32, index: u32, values: *mut i32);
        GetIntegerv(name: u32, values: *mut i32);
        GetMultisamplefv(name: u32, index: u32, values: *mut f32);
        GetInternalformativ(target: u32, internal: u32, name: u32, count: i32, values: *mut i32);
        GetNamedBufferSubData(buffer: u32, offset: isize, size: isize, data: *mut c_void);
        GetProgramInfoLog(program: u32, size: i32, length: *mut i32, log: *mut c_char);
        GetProgramiv(program: u32, name: u32, value: *mut i32);
        GetQueryObjectui64v(id: u32, name: u32, value: *mut u64);
        GetShaderInfoLog(shader: u32, size: i32, length: *mut i32, log: *mut c_char);
        GetShaderiv(shader: u32, name: u32, value: *mut i32);
        GetString(name: u32) -> *const u8;
        GetStringi(name: u32, index: u32) -> *const u8;
        GetSynciv(sync: SyncName, name: u32, count: i32, length: *mut i32, values: *mut i32);
        GetTextureLevelParameteriv(texture: u32, level: i32, name: u32, values: *mut i32);
        GetTextureSubImage(texture: u32, level: i32, x: i32, y: i32, z: i32, w: i32, h: i32, d: i32,
            format: u32, ty: u32, size: i32, data: *mut c_void);
        MapNamedBufferRange(buffer: u32, offset: isize, size: isize, access: u32) -> *mut c_void;
        NamedBufferData(buffer: u32, size: isize, data: *const c_void, usage: u32);
        NamedBufferStorage(buffer: u32, size: isize, data: *const c_void, flags: u32);
        NamedBufferSubData(buffer: u32, offset: isize, size: isize, data: *const c_void);
        NamedFramebufferDrawBuffers(framebuffer: u32, n: i32, buffers: *const u32);
        ReadnPixels(x: i32, y: i32, w: i32, h: i32, format: u32, ty: u32, size: i32, data: *mut c_void);
        SamplerParameterIiv(sampler: u32, name: u32, values: *const i32);
        SamplerParameterIuiv(sampler: u32, name: u32, values: *const u32);
        SamplerParameterfv(sampler: u32, name: u32, values: *const f32);
        ScissorArrayv(first: u32, count: i32, areas: *const i32);
        ShaderSource(shader: u32, n: i32, strings: *const *const c_char, lengths: *const i32);
        TextureParameteriv(texture: u32, name: u32, values: *const i32);
        TextureSubImage1D(texture: u32, level: i32, x: i32, w: i32,
            format: u32, ty: u32, data: *const c_void);
        TextureSubImage2D(texture: u32, level: i32, x: i32, y: i32, w: i32, h: i32,
            format: u32, ty: u32, data: *const c_void);
        TextureSubImage3D(texture: u32, level: i32, x: i32, y: i32, z: i32, w: i32, h: i32, d: i32,
            format: u32, ty: u32, data: *const c_void);
        ViewportArrayv(first: u32, count: i32, areas: *mut f32);
        WaitSync(sync: SyncName, flags: u32, timeout: u64);
    }
    extensions {
        CreateMemoryObjectsEXT(n: i32, names: *mut u32);
        DeleteMemoryObjectsEXT(n: i32, names: *const u32);
        ImportMemoryFdEXT(memory: u32, size: u64, handle_type: u32, fd: i32);
        TextureStorageMem2DEXT(texture: u32, levels: i32, internal: u32, w: i32, h: i32, memory: u32, offset: u64);
        EGLImageTargetTextureStorageEXT(texture: u32, image: *const c_void, attributes: *const i32);
        EGLImageTargetTexture2DOES(target: u32, image: *const c_void);
    }
}

/// `glPolygonOffsetClamp`, which GL has since 4.6 and older versions by extension.
pub(super) type PolygonOffsetClamp = unsafe extern "system" fn(f32, f32, f32);

/// The address of `glPolygonOffsetClamp` under its name since 4.6 or its older one.
pub(super) fn polygon_offset_clamp(found: extern "system" fn()) -> PolygonOffsetClamp {
    // SAFETY: the function has this signature under both names.
    unsafe { mem::transmute::<extern "system" fn(), PolygonOffsetClamp>(found) }
}
