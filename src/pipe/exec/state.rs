//! What a sub-context has bound, and what of it the host GL does not know yet.

use std::rc::Rc;

use super::{
    buffers::BoundBuffer,
    image::BoundImage,
    keys,
    sampler::{BorderClass, Sampler, SamplerView},
    shader::Shader,
    surface::Surface,
    vertex::VertexElements,
};
use crate::pipe::{
    glsl::Emits,
    resource::Resource,
    wire::virgl::{
        command::{BlendState, DsaState, RasterizerState, Scissor, Viewport},
        enums::{Primitive, Stage},
        limits,
    },
};

/// Shader stages of the wire.
pub(super) const STAGES: usize = 6;
/// Viewports and scissors of the wire.
pub(super) const VIEWPORTS: usize = 16;
/// Sampler slots per stage that the host binds.
pub(super) const SAMPLERS: usize = 32;
/// Constant buffer slots per stage.
pub(super) const UNIFORM_BUFFERS: usize = 32;
/// Storage buffer slots per stage.
pub(super) const STORAGE_BUFFERS: usize = limits::SHADER_BUFFERS;
/// Image slots per stage.
pub(super) const IMAGES: usize = limits::SHADER_IMAGES;
/// Counter buffer slots, which all stages share.
pub(super) const ATOMIC_BUFFERS: usize = limits::ATOMIC_BUFFERS;

/// A set of state groups that changed since they were last given to GL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dirty(u32);

impl Dirty {
    pub(super) const BLEND: Dirty = Dirty(1 << 0);
    pub(super) const RASTERIZER: Dirty = Dirty(1 << 1);
    pub(super) const DSA: Dirty = Dirty(1 << 2);
    pub(super) const FRAMEBUFFER: Dirty = Dirty(1 << 3);
    pub(super) const VIEWPORT: Dirty = Dirty(1 << 4);
    pub(super) const SCISSOR: Dirty = Dirty(1 << 5);
    pub(super) const PROGRAM: Dirty = Dirty(1 << 6);
    pub(super) const VERTEX_ELEMENTS: Dirty = Dirty(1 << 7);
    pub(super) const VERTEX_BUFFERS: Dirty = Dirty(1 << 8);
    pub(super) const SYSTEM: Dirty = Dirty(1 << 9);
    pub(super) const BLEND_COLOR: Dirty = Dirty(1 << 10);
    pub(super) const SAMPLE_MASK: Dirty = Dirty(1 << 11);
    pub(super) const SAMPLERS: Dirty = Dirty(1 << 12);
    pub(super) const UNIFORMS: Dirty = Dirty(1 << 13);
    /// Storage buffers, counter buffers and images.
    pub(super) const STORAGE: Dirty = Dirty(1 << 14);
    /// Default levels of tessellation.
    pub(super) const LEVELS: Dirty = Dirty(1 << 15);
    /// The program that computes.
    pub(super) const COMPUTE: Dirty = Dirty(1 << 16);
    const NOTHING: Dirty = Dirty(0);
    pub(super) const ALL: Dirty = Dirty(u32::MAX);

    /// The program that a stage is part of.
    pub(super) fn program_of(stage: Stage) -> Dirty {
        match stage {
            Stage::Compute => Self::COMPUTE,
            _ => Self::PROGRAM,
        }
    }

    pub(super) fn insert(&mut self, other: Dirty) {
        self.0 |= other.0;
    }

    pub(super) fn has(self, other: Dirty) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether any of `other` was set; clears it.
    pub(super) fn take(&mut self, other: Dirty) -> bool {
        let had = self.has(other);
        self.0 &= !other.0;
        had
    }
}

impl std::ops::BitOr for Dirty {
    type Output = Dirty;
    fn bitor(self, other: Dirty) -> Dirty {
        Dirty(self.0 | other.0)
    }
}

/// Whether both are the same object, or none.
pub(super) fn same<T>(one: &Option<Rc<T>>, other: &Option<Rc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Rc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}

/// Whether a part of two objects is not the same.
type Differs<T> = dyn Fn(Option<&T>, Option<&T>) -> bool;

fn differs<T, P: PartialEq>(part: fn(Option<&T>) -> P) -> impl Fn(Option<&T>, Option<&T>) -> bool {
    move |one, other| part(one) != part(other)
}

/// Puts an object into its slot. What that changes is nothing if it is there already, else `always`, and the groups in
/// whose part it differs from the one before.
fn rebind<T>(
    slot: &mut Option<Rc<T>>,
    object: Option<Rc<T>>,
    always: Dirty,
    parts: &[(Dirty, &Differs<T>)],
) -> Dirty {
    let before = std::mem::replace(slot, object);
    if same(&before, slot) {
        return Dirty::NOTHING;
    }
    let groups = parts
        .iter()
        .filter(|(_, differs)| differs(before.as_deref(), slot.as_deref()));
    groups.fold(always, |all, (group, _)| all | *group)
}

/// A vertex buffer slot.
#[derive(Debug, Clone)]
pub(super) struct BoundVertexBuffer {
    pub(super) resource: Rc<Resource>,
    pub(super) offset: u32,
    pub(super) stride: u32,
}

/// The index buffer.
#[derive(Debug, Clone)]
pub(super) struct BoundIndexBuffer {
    pub(super) resource: Rc<Resource>,
    pub(super) size: u32,
    pub(super) offset: u32,
}

/// Bindings of one shader stage.
#[derive(Debug, Default)]
pub(super) struct StageState {
    pub(super) shader: Option<Rc<Shader>>,
    /// The default constant buffer as last sent.
    pub(super) constants: Vec<u32>,
    pub(super) constants_dirty: bool,
    pub(super) uniform_buffers: [Option<BoundBuffer>; UNIFORM_BUFFERS],
    /// Bit n: uniform buffer n changed.
    pub(super) uniform_buffers_dirty: u32,
    pub(super) views: [Option<Rc<SamplerView>>; SAMPLERS],
    pub(super) samplers: [Option<Rc<Sampler>>; SAMPLERS],
    /// Bit n: sampler view n changed, or whether the shader compares with it.
    pub(super) views_dirty: u32,
    /// Bit n: sampler state n changed.
    pub(super) samplers_dirty: u32,
    /// What kind of border colour the bound samplers were made for.
    pub(super) borders: [Option<BorderClass>; SAMPLERS],
    pub(super) storage_buffers: [Option<BoundBuffer>; STORAGE_BUFFERS],
    /// Bit n: storage buffer n changed.
    pub(super) storage_buffers_dirty: u32,
    pub(super) images: [Option<BoundImage>; IMAGES],
    /// Bit n: image n changed.
    pub(super) images_dirty: u32,
}

/// What a draw's primitives become for the rasterizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PrimitiveClass {
    Points,
    Lines,
    Triangles,
}

impl PrimitiveClass {
    pub(super) fn of(mode: Primitive) -> Self {
        use Primitive::*;
        match mode {
            Points => Self::Points,
            Lines | LineLoop | LineStrip | LinesAdjacency | LineStripAdjacency => Self::Lines,
            _ => Self::Triangles,
        }
    }
}

impl From<Emits> for PrimitiveClass {
    fn from(emits: Emits) -> Self {
        match emits {
            Emits::Points => Self::Points,
            Emits::Lines => Self::Lines,
            Emits::Triangles => Self::Triangles,
        }
    }
}

/// Everything bound in a sub-context.
#[derive(Debug)]
pub(super) struct State {
    pub(super) dirty: Dirty,
    pub(super) blend: Option<Rc<BlendState>>,
    pub(super) rasterizer: Option<Rc<RasterizerState>>,
    pub(super) dsa: Option<Rc<DsaState>>,
    pub(super) vertex_elements: Option<Rc<VertexElements>>,
    pub(super) vertex_buffers: Vec<Option<BoundVertexBuffer>>,
    pub(super) index_buffer: Option<BoundIndexBuffer>,
    pub(super) stages: [StageState; STAGES],
    pub(super) atomic_buffers: [Option<BoundBuffer>; ATOMIC_BUFFERS],
    /// Bit n: counter buffer n changed.
    pub(super) atomic_buffers_dirty: u32,
    pub(super) color_surfaces: Vec<Option<Rc<Surface>>>,
    pub(super) depth_surface: Option<Rc<Surface>>,
    /// Width, height, layers and samples of a framebuffer without attachments.
    pub(super) no_attach: (u16, u16, u16, u8),
    pub(super) viewports: [Viewport; VIEWPORTS],
    pub(super) scissors: [Scissor; VIEWPORTS],
    pub(super) blend_color: [f32; 4],
    pub(super) stencil_ref: (u8, u8),
    pub(super) sample_mask: u32,
    pub(super) min_samples: u32,
    pub(super) clip_planes: [[f32; 4]; 8],
    pub(super) stipple: [u32; 32],
    /// The number of the draw in a list of draws that the client has taken apart.
    pub(super) draw_id: u32,
    /// What the last draw drew.
    pub(super) mode: Primitive,
    /// Vertices of the patches drawn last.
    pub(super) patch_vertices: u32,
    /// Default levels of tessellation: four outer and two inner ones.
    pub(super) levels: ([f32; 4], [f32; 2]),
    /// Work group of the last dispatch, for compute shaders that leave it open.
    pub(super) block: [u32; 3],
}

impl State {
    pub(super) fn bind_blend(&mut self, blend: Option<Rc<BlendState>>) {
        let parts = [(Dirty::PROGRAM, &differs(keys::blend_part) as &Differs<_>)];
        let changed = rebind(&mut self.blend, blend, Dirty::BLEND, &parts);
        self.dirty.insert(changed);
    }

    pub(super) fn bind_dsa(&mut self, dsa: Option<Rc<DsaState>>) {
        let reference = |dsa: Option<&DsaState>| dsa.map(|dsa| dsa.alpha_ref.to_bits());
        let parts = [
            (Dirty::PROGRAM, &differs(keys::dsa_part) as &Differs<_>),
            (Dirty::SYSTEM, &differs(reference)),
        ];
        let changed = rebind(&mut self.dsa, dsa, Dirty::DSA, &parts);
        self.dirty.insert(changed);
    }

    pub(super) fn bind_rasterizer(&mut self, rasterizer: Option<Rc<RasterizerState>>) {
        type Part<P> = fn(Option<&RasterizerState>) -> Option<P>;
        let halfz: Part<_> = |r| r.map(|r| r.clip_halfz);
        let scissor: Part<_> = |r| r.map(|r| r.scissor);
        let samples: Part<_> = |r| r.map(|r| (r.multisample, r.force_persample_interp));
        let parts = [
            (Dirty::PROGRAM, &differs(keys::rasterizer_part) as &Differs<_>),
            (Dirty::VIEWPORT, &differs(halfz)),
            (Dirty::SCISSOR, &differs(scissor)),
            (Dirty::SAMPLE_MASK, &differs(samples)),
        ];
        let changed = rebind(&mut self.rasterizer, rasterizer, Dirty::RASTERIZER, &parts);
        self.dirty.insert(changed);
    }

    pub(super) fn bind_vertex_elements(&mut self, elements: Option<Rc<VertexElements>>) {
        let parts = [(Dirty::PROGRAM, &differs(keys::elements_part) as &Differs<_>)];
        let always = Dirty::VERTEX_ELEMENTS;
        let changed = rebind(&mut self.vertex_elements, elements, always, &parts);
        self.dirty.insert(changed);
    }

    pub(super) fn stage(&self, stage: Stage) -> &StageState {
        &self.stages[stage.to_wire() as usize]
    }

    /// Takes what a draw says of its primitives.
    pub(super) fn set_primitives(&mut self, mode: Primitive, patch_vertices: u32) {
        let patches = mode == Primitive::Patches;
        if PrimitiveClass::of(mode) != PrimitiveClass::of(self.mode)
            || patches != (self.mode == Primitive::Patches)
            || patches && patch_vertices != self.patch_vertices
        {
            self.dirty.insert(Dirty::PROGRAM);
        }
        self.mode = mode;
        if patches {
            self.patch_vertices = patch_vertices;
        }
    }

    /// What reaches the rasterizer, and transform feedback before it.
    pub(super) fn captured(&self) -> PrimitiveClass {
        let emits = |stage| self.stage(stage).shader.as_ref()?.interface.emits;
        emits(Stage::Geometry)
            .or(emits(Stage::TessEval))
            .map_or(PrimitiveClass::of(self.mode), PrimitiveClass::from)
    }

    pub(super) fn new() -> Self {
        let viewport = Viewport {
            scale: [0.0; 3],
            translate: [0.0, 0.0, 0.0],
        };
        let scissor = Scissor {
            min_x: 0,
            min_y: 0,
            max_x: 0,
            max_y: 0,
        };
        Self {
            dirty: Dirty::ALL,
            blend: None,
            rasterizer: None,
            dsa: None,
            vertex_elements: None,
            vertex_buffers: Vec::new(),
            index_buffer: None,
            stages: Default::default(),
            atomic_buffers: Default::default(),
            atomic_buffers_dirty: 0,
            color_surfaces: Vec::new(),
            depth_surface: None,
            no_attach: (0, 0, 0, 0),
            viewports: [viewport; VIEWPORTS],
            scissors: [scissor; VIEWPORTS],
            blend_color: [0.0; 4],
            stencil_ref: (0, 0),
            sample_mask: u32::MAX,
            min_samples: 1,
            clip_planes: [[0.0; 4]; 8],
            stipple: [u32::MAX; 32],
            draw_id: 0,
            mode: Primitive::Triangles,
            patch_vertices: 3,
            levels: ([1.0; 4], [1.0; 2]),
            block: [1; 3],
        }
    }
}
