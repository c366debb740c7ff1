//! Sampler views and sampler states.
//!
//! Every view is a GL texture view of its own, so that swizzle and level range are set once, when the view is made,
//! and binding it is one call. A state may need several GL samplers: the border colour's meaning depends on the view
//! it is used with.

use std::{cell::OnceCell, rc::Rc};

use super::error::ExecError;
use crate::{
    gl::{self, Gl},
    pipe::{
        format::{FormatInfo, HostFormat, Kind, Storage, host_format},
        resource::{HostTexture, Resource},
        wire::virgl::{
            command::{SamplerState, SamplerViewState},
            enums::{CompareFunc, ImageFilter, MipFilter, Swizzle, TextureTarget, Wrap},
        },
    },
};

/// A sampler view object.
#[derive(Debug)]
pub(super) struct SamplerView {
    /// Keeps the storage alive, and names what a draw reads.
    _resource: Rc<Resource>,
    texture: gl::Texture,
    /// A second view without swizzle for comparisons, where the swizzle moves the compared channel away from red.
    comparing: OnceCell<gl::Texture>,
    recipe: ViewRecipe,
    swizzle: [Swizzle; 4],
    border: BorderClass,
}

/// What a GL texture is made of.
#[derive(Debug, Clone, Copy)]
enum ViewRecipe {
    Texture {
        gl_target: u32,
        internal: u32,
        levels: (u32, u32),
        layers: (u32, u32),
        stencil: bool,
    },
    Buffer,
}

/// How a border colour has to be given to GL so that the shader sees what the client meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BorderClass {
    Plain,
    Exchanged,
    AlphaInRed,
    AlphaInGreen,
    Integer,
}

const BORDER_CLASSES: usize = BorderClass::Integer as usize + 1;

pub(super) fn gl_swizzle(swizzle: [Swizzle; 4]) -> [i32; 4] {
    swizzle.map(|s| match s {
        Swizzle::X => glow::RED,
        Swizzle::Y => glow::GREEN,
        Swizzle::Z => glow::BLUE,
        Swizzle::W => glow::ALPHA,
        Swizzle::Zero => glow::ZERO,
        Swizzle::One => glow::ONE,
    } as i32)
}

fn border_class(info: &FormatInfo, host: &HostFormat) -> BorderClass {
    match host.storage {
        _ if info.integer().is_some() => BorderClass::Integer,
        Storage::Exchanged => BorderClass::Exchanged,
        Storage::AlphaInRed => BorderClass::AlphaInRed,
        Storage::AlphaInGreen => BorderClass::AlphaInGreen,
        Storage::Named | Storage::Rearranged => BorderClass::Plain,
    }
}

impl SamplerView {
    pub(super) fn new(gl: &Gl, resource: Rc<Resource>, desc: &SamplerViewState) -> Result<Self, ExecError> {
        let format = desc.format;
        let (info, host) = host_format(format).ok_or(ExecError::Format {
            format,
            usage: "a sampler view",
        })?;
        match resource.texture() {
            Some(storage) => Self::of_texture(gl, &resource, storage, (info, host), desc),
            None => Self::of_buffer(gl, &resource, info, host, desc),
        }
    }

    fn of_texture(
        gl: &Gl,
        resource: &Rc<Resource>,
        storage: &HostTexture,
        (info, host): (&'static FormatInfo, &'static HostFormat),
        desc: &SamplerViewState,
    ) -> Result<Self, ExecError> {
        let recipe = ViewRecipe::texture(resource, storage, info, desc)?;
        let own = storage.format.is_depth_or_stencil();
        let (base, host) = if own {
            (storage.format, &storage.host)
        } else {
            (info, host)
        };
        let texture = recipe.make(gl, storage, host.swizzled(desc.swizzle))?;
        Ok(Self {
            _resource: resource.clone(),
            texture,
            comparing: OnceCell::new(),
            recipe,
            swizzle: desc.swizzle,
            border: border_class(base, host),
        })
    }

    fn of_buffer(
        gl: &Gl,
        resource: &Rc<Resource>,
        info: &'static FormatInfo,
        host: &HostFormat,
        desc: &SamplerViewState,
    ) -> Result<Self, ExecError> {
        let buffer = resource.buffer().ok_or(ExecError::WrongResource {
            id: resource.id,
            wanted: "a texture or a buffer",
        })?;
        let block = u64::from(info.block.bytes);
        let (first, last) = (u64::from(desc.first), u64::from(desc.last));
        let texels = u64::from(resource.desc.width) / block;
        if first > last || first >= texels {
            return Err(ExecError::OutOfRange {
                what: "first texel of a buffer view",
                value: first,
            });
        }
        let size = (last.min(texels - 1) - first + 1) * block;
        let texture = gl.create_texture(glow::TEXTURE_BUFFER)?;
        gl.texture_buffer_range(&texture, host.internal, buffer, first * block, size)?;
        Ok(Self {
            _resource: resource.clone(),
            texture,
            comparing: OnceCell::new(),
            recipe: ViewRecipe::Buffer,
            swizzle: host.swizzled(desc.swizzle),
            border: BorderClass::Plain,
        })
    }

    /// The swizzle that a shader has to apply where GL cannot: the client's for textures, for buffers the whole of it.
    pub(super) fn swizzle(&self) -> [Swizzle; 4] {
        self.swizzle
    }

    /// Whether a shader may have to apply the swizzle.
    pub(super) fn varies_shader(&self) -> bool {
        match self.recipe {
            ViewRecipe::Buffer => self.swizzle != [Swizzle::X, Swizzle::Y, Swizzle::Z, Swizzle::W],
            ViewRecipe::Texture { .. } => self
                .swizzle
                .iter()
                .any(|s| matches!(s, Swizzle::Zero | Swizzle::One)),
        }
    }

    pub(super) fn border(&self) -> BorderClass {
        self.border
    }

    /// The GL texture to bind for a sampler that compares, or for one that does not.
    pub(super) fn texture(&self, gl: &Gl, comparing: bool) -> Result<&gl::Texture, ExecError> {
        if !comparing || self.swizzle[0] == Swizzle::X {
            return Ok(&self.texture);
        }
        if self.comparing.get().is_none()
            && let Some(storage) = self._resource.texture()
        {
            let plain = [Swizzle::X, Swizzle::Y, Swizzle::Z, Swizzle::W];
            let _ = self.comparing.set(self.recipe.make(gl, storage, plain)?);
        }
        Ok(self.comparing.get().unwrap_or(&self.texture))
    }
}

impl ViewRecipe {
    fn texture(
        resource: &Resource,
        storage: &HostTexture,
        info: &FormatInfo,
        desc: &SamplerViewState,
    ) -> Result<Self, ExecError> {
        let target = match (TextureTarget::from_wire(desc.target.into()), storage.target) {
            (Some(TextureTarget::Buffer) | None, own) => own,
            (Some(asked), _) => asked,
        };
        let gl_target = storage.view_target(target).ok_or(ExecError::Target {
            target,
            usage: "a view of this resource",
        })?;
        let (first_layer, last_layer) = (desc.first & 0xffff, desc.first >> 16);
        let (first_level, last_level) = (desc.last & 0xff, desc.last >> 8 & 0xff);
        let last_level = last_level.min(storage.levels - 1);
        let last_layer = last_layer.min(storage.layers - 1);
        if first_level > last_level || first_layer > last_layer {
            return Err(ExecError::Range {
                id: resource.id,
                levels: (first_level, last_level),
                layers: (first_layer, last_layer),
            });
        }
        let layers = layer_window(target, storage, first_layer, last_layer);
        Ok(ViewRecipe::Texture {
            gl_target,
            internal: storage.view_internal(info),
            levels: (first_level, last_level - first_level + 1),
            layers,
            stencil: info.kind == Kind::Stencil,
        })
    }

    fn make(&self, gl: &Gl, storage: &HostTexture, swizzle: [Swizzle; 4]) -> Result<gl::Texture, ExecError> {
        let ViewRecipe::Texture {
            gl_target,
            internal,
            levels,
            layers,
            stencil,
        } = *self
        else {
            unreachable!("buffers have no texture views")
        };
        let texture = gl.texture_view(gl_target, &storage.texture, internal, levels, layers)?;
        gl.texture_parameter_iv(&texture, glow::TEXTURE_SWIZZLE_RGBA, &gl_swizzle(swizzle));
        if stencil {
            gl.texture_parameter_i(
                &texture,
                glow::DEPTH_STENCIL_TEXTURE_MODE,
                glow::STENCIL_INDEX as i32,
            );
        }
        Ok(texture)
    }
}

/// First layer and number of layers of a view, as its target wants them.
fn layer_window(target: TextureTarget, storage: &HostTexture, first: u32, last: u32) -> (u32, u32) {
    use TextureTarget::*;
    let available = last - first + 1;
    match target {
        D1 | D2 | Rect => (first, 1),
        D3 => (0, 1),
        Cube => (if storage.layers - first >= 6 { first } else { 0 }, 6),
        CubeArray => (first, (available / 6 * 6).max(6)),
        D1Array | D2Array | Buffer => (first, available),
    }
}

/// A sampler state object.
#[derive(Debug)]
pub(super) struct Sampler {
    state: SamplerState,
    variants: [OnceCell<gl::Sampler>; BORDER_CLASSES],
}

impl Sampler {
    pub(super) fn new(state: &SamplerState) -> Self {
        Self {
            state: *state,
            variants: Default::default(),
        }
    }

    /// The GL sampler for use with a view of that class.
    pub(super) fn variant(&self, gl: &Gl, class: BorderClass) -> Result<&gl::Sampler, ExecError> {
        let class = if self.uses_border() {
            class
        } else {
            BorderClass::Plain
        };
        let cell = &self.variants[class as usize];
        if cell.get().is_none() {
            let _ = cell.set(self.make(gl, class)?);
        }
        cell.get().ok_or(ExecError::Unsupported("this sampler"))
    }

    fn uses_border(&self) -> bool {
        [self.state.wrap_s, self.state.wrap_t, self.state.wrap_r]
            .iter()
            .any(|w| matches!(w, Wrap::ClampToBorder | Wrap::MirrorClampToBorder))
    }

    fn make(&self, gl: &Gl, class: BorderClass) -> Result<gl::Sampler, ExecError> {
        let state = &self.state;
        let sampler = gl.create_sampler()?;
        let set = |name, value: u32| gl.sampler_parameter_i(&sampler, name, value as i32);
        let mirror_clamp = gl.capabilities().has("GL_EXT_texture_mirror_clamp");
        set(glow::TEXTURE_WRAP_S, gl_wrap(state.wrap_s, mirror_clamp));
        set(glow::TEXTURE_WRAP_T, gl_wrap(state.wrap_t, mirror_clamp));
        set(glow::TEXTURE_WRAP_R, gl_wrap(state.wrap_r, mirror_clamp));
        set(
            glow::TEXTURE_MIN_FILTER,
            gl_min_filter(state.min_img_filter, state.min_mip_filter),
        );
        set(glow::TEXTURE_MAG_FILTER, gl_mag_filter(state.mag_img_filter));
        if state.compare {
            set(glow::TEXTURE_COMPARE_MODE, glow::COMPARE_REF_TO_TEXTURE);
        }
        set(glow::TEXTURE_COMPARE_FUNC, gl_compare(state.compare_func));
        if gl.capabilities().seamless_cubemap_per_texture {
            set(glow::TEXTURE_CUBE_MAP_SEAMLESS, state.seamless_cube_map.into());
        }
        gl.sampler_parameter_f(&sampler, glow::TEXTURE_LOD_BIAS, state.lod_bias);
        gl.sampler_parameter_f(&sampler, glow::TEXTURE_MIN_LOD, state.min_lod);
        gl.sampler_parameter_f(&sampler, glow::TEXTURE_MAX_LOD, state.max_lod);
        if state.max_anisotropy > 1 && gl.capabilities().max_anisotropy > 1.0 {
            gl.sampler_parameter_f(
                &sampler,
                glow::TEXTURE_MAX_ANISOTROPY_EXT,
                state.max_anisotropy.into(),
            );
        }
        self.set_border(gl, &sampler, class);
        Ok(sampler)
    }

    fn set_border(&self, gl: &Gl, sampler: &gl::Sampler, class: BorderClass) {
        let raw = self.state.border_color;
        let [r, g, b, a] = raw.map(f32::from_bits);
        let color = match class {
            BorderClass::Integer => {
                gl.sampler_parameter_i_uiv(sampler, glow::TEXTURE_BORDER_COLOR, &raw);
                return;
            }
            BorderClass::Plain => [r, g, b, a],
            BorderClass::Exchanged => [b, g, r, a],
            BorderClass::AlphaInRed => [a, 0.0, 0.0, 0.0],
            BorderClass::AlphaInGreen => [r, a, 0.0, 0.0],
        };
        gl.sampler_parameter_fv(sampler, glow::TEXTURE_BORDER_COLOR, &color);
    }
}

/// Of EXT_texture_mirror_clamp.
const MIRROR_CLAMP_EXT: u32 = 0x8742;
const MIRROR_CLAMP_TO_BORDER_EXT: u32 = 0x8912;

/// Wrap modes. Core GL lost CLAMP, and hosts without mirror clamping to the border take the edge instead.
fn gl_wrap(wrap: Wrap, mirror_clamp: bool) -> u32 {
    match wrap {
        Wrap::Repeat => glow::REPEAT,
        Wrap::Clamp | Wrap::ClampToEdge => glow::CLAMP_TO_EDGE,
        Wrap::ClampToBorder => glow::CLAMP_TO_BORDER,
        Wrap::MirrorRepeat => glow::MIRRORED_REPEAT,
        Wrap::MirrorClamp if mirror_clamp => MIRROR_CLAMP_EXT,
        Wrap::MirrorClampToBorder if mirror_clamp => MIRROR_CLAMP_TO_BORDER_EXT,
        Wrap::MirrorClamp | Wrap::MirrorClampToEdge | Wrap::MirrorClampToBorder => glow::MIRROR_CLAMP_TO_EDGE,
    }
}

fn gl_mag_filter(filter: ImageFilter) -> u32 {
    match filter {
        ImageFilter::Nearest => glow::NEAREST,
        ImageFilter::Linear => glow::LINEAR,
    }
}

fn gl_min_filter(image: ImageFilter, mip: MipFilter) -> u32 {
    match (image, mip) {
        (ImageFilter::Nearest, MipFilter::None) => glow::NEAREST,
        (ImageFilter::Linear, MipFilter::None) => glow::LINEAR,
        (ImageFilter::Nearest, MipFilter::Nearest) => glow::NEAREST_MIPMAP_NEAREST,
        (ImageFilter::Linear, MipFilter::Nearest) => glow::LINEAR_MIPMAP_NEAREST,
        (ImageFilter::Nearest, MipFilter::Linear) => glow::NEAREST_MIPMAP_LINEAR,
        (ImageFilter::Linear, MipFilter::Linear) => glow::LINEAR_MIPMAP_LINEAR,
    }
}

/// GL's comparison names are consecutive, in the order of the wire.
pub(super) fn gl_compare(func: CompareFunc) -> u32 {
    glow::NEVER + func.to_wire()
}
