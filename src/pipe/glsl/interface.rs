//! What a shader shares with its neighbours and with the pipeline state.

use crate::pipe::tgsi::{File, PropertyName, Semantic, SemanticName, Shader, Stage};

use super::{
    compute,
    declared::{Declared, MAX_UNIFORM_BLOCKS, Slot},
    error::EmitError,
    geometry::primitives,
    key::ClipDistances,
    outputs::is_varying,
    tess_control, tess_eval,
};

/// A set of user and fixed-function varyings, as named by their semantics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Varyings {
    /// GENERIC[n], n < 64.
    pub generic: u64,
    /// TEXCOORD[n], n < 8.
    pub texcoord: u8,
    /// COLOR[n], n < 2.
    pub color: u8,
    /// BCOLOR[n], n < 2.
    pub back_color: u8,
    /// FOG.
    pub fog: bool,
    /// CLIPVERTEX, which a geometry shader can read.
    pub clip_vertex: bool,
    /// LAYER.
    pub layer: bool,
    /// VIEWPORT_INDEX.
    pub viewport_index: bool,
    /// PRIM_ID written by a geometry shader.
    pub primitive_id: bool,
    /// PATCH[n], n < 32, from control to evaluation shaders.
    pub patch: u32,
}

impl Varyings {
    /// Whether a varying is in the set.
    pub(super) fn has(&self, semantic: Semantic) -> bool {
        let bit = |mask: u64| mask.checked_shr(semantic.index).unwrap_or(0) & 1 != 0;
        match semantic.name {
            SemanticName::Generic => bit(self.generic),
            SemanticName::Texcoord => bit(self.texcoord.into()),
            SemanticName::Color => bit(self.color.into()),
            SemanticName::Bcolor => bit(self.back_color.into()),
            SemanticName::Patch => bit(self.patch.into()),
            SemanticName::Fog => self.fog,
            SemanticName::Clipvertex => self.clip_vertex,
            _ => false,
        }
    }
}

/// What a geometry or evaluation shader gives to the rasterizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Emits {
    Points,
    Lines,
    Triangles,
}

/// Facts of a shader that do not depend on a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The stage.
    pub stage: Stage,
    /// Attributes that a vertex shader declares: bit n is IN[n], at location n.
    pub attributes: u32,
    /// Varyings that the shader declares as inputs. Attributes and colour outputs are not varyings.
    pub inputs: Varyings,
    /// Varyings that the shader declares as outputs.
    pub outputs: Varyings,
    /// Size in vec4s of the default constant buffer, 0 if the shader has none.
    pub constants: u32,
    /// Constant buffers above 0 that must be bound: bit n is CONST[n][..].
    pub uniform_blocks: u32,
    /// Sizes in vec4s of the blocks that the text declares, by constant buffer number.
    pub uniform_block_sizes: [u32; MAX_UNIFORM_BLOCKS as usize],
    /// Sampler slots in use.
    pub samplers: u32,
    /// Sampler slots of shadow samplers.
    pub shadow_samplers: u32,
    /// Sampler slots of buffer textures.
    pub buffer_samplers: u32,
    /// Colours that a fragment shader writes: bit n is COLOR[n].
    pub color_outputs: u8,
    /// A fragment shader's colour 0 goes to all colour buffers.
    pub color_to_all: bool,
    /// Clip and cull distances that the shader writes.
    pub distances: ClipDistances,
    /// Whether the shader writes clip distances itself, so that user clip planes do not apply.
    pub writes_clip_distance: bool,
    /// Whether the shader reads clip distances, so that its key needs those of the previous stage.
    pub reads_clip_distance: bool,
    /// Whether the shader writes the point size.
    pub writes_point_size: bool,
    /// What a geometry or evaluation shader gives to the rasterizer.
    pub emits: Option<Emits>,
    /// Vertices of the patches that a control shader writes.
    pub patch_vertices: Option<u32>,
    /// Image slots that must be bound.
    pub images: u32,
    /// Image slots whose format the text leaves open: their types belong in the key.
    pub images_without_format: u32,
    /// Image slots that the shader sees as arrays, cubes or volumes: all their layers.
    pub layered_images: u32,
    /// Storage buffer slots that must be bound.
    pub storage_buffers: u32,
    /// Counter buffers that must be bound. They are the same for all stages.
    pub atomic_buffers: u32,
    /// Whether a compute shader leaves the size of its work groups to the dispatch, so that its key needs it.
    pub open_block: bool,
}

/// The facts of a shader that do not depend on a key.
pub fn interface(shader: &Shader) -> Result<Interface, EmitError> {
    let declared = Declared::new(shader)?;
    let blocks = (1..MAX_UNIFORM_BLOCKS).filter(|&n| declared.constants[n as usize] != 0);
    let samplers = |matching: fn(&str) -> bool| mask_of_samplers(&declared, matching);
    let fragment = shader.stage == Stage::Fragment;
    let colors = declared
        .output_slots()
        .filter(|(_, s)| fragment && s.semantic.name == SemanticName::Color && s.semantic.index < 8);
    Ok(Interface {
        stage: shader.stage,
        attributes: declared.attributes,
        inputs: varyings(&declared, File::In)?,
        outputs: if fragment {
            Varyings::default()
        } else {
            varyings(&declared, File::Out)?
        },
        constants: declared.constants[0],
        uniform_blocks: blocks.fold(0, |mask, n| mask | 1 << n),
        uniform_block_sizes: declared.constants,
        samplers: samplers(|_| true),
        shadow_samplers: samplers(|name| name.ends_with("Shadow")),
        buffer_samplers: samplers(|name| name == "Buffer"),
        color_outputs: colors.fold(0, |mask, (_, s)| mask | 1 << s.semantic.index),
        color_to_all: shader.property(PropertyName::FsColor0WritesAllCbufs).unwrap_or(0) != 0,
        distances: declared.distances,
        writes_clip_distance: declared.writes(SemanticName::Clipdist),
        reads_clip_distance: declared
            .input_slots()
            .any(|(_, s)| s.semantic.name == SemanticName::Clipdist),
        writes_point_size: declared.writes(SemanticName::Psize),
        emits: match shader.stage {
            Stage::Geometry => Some(primitives(shader)?.emits),
            Stage::TessEval => Some(tess_eval::domain(shader)?.emits()),
            _ => None,
        },
        patch_vertices: match shader.stage {
            Stage::TessControl => Some(tess_control::vertices_out(shader)?),
            _ => None,
        },
        images: declared.images.mask(),
        images_without_format: declared.images.typed_by_binding(),
        layered_images: declared.images.layered(),
        storage_buffers: declared.buffers.mask(),
        atomic_buffers: declared.counters.mask(),
        open_block: shader.stage == Stage::Compute && compute::fixed_block(shader).is_none(),
    })
}

fn mask_of_samplers(declared: &Declared<'_>, matching: fn(&str) -> bool) -> u32 {
    let mut mask = 0;
    for group in declared.samplers.groups() {
        let name = super::target::sampler_type(group.sampler).map_or("", |(_, name)| name);
        if matching(name) {
            for unit in group.first..group.first + group.len {
                mask |= 1 << unit;
            }
        }
    }
    mask
}

fn varyings(declared: &Declared<'_>, file: File) -> Result<Varyings, EmitError> {
    let table: &mut dyn Iterator<Item = (u32, &Slot)> = match file {
        File::In => &mut declared.input_slots(),
        _ => &mut declared.output_slots(),
    };
    let mut set = Varyings::default();
    for (_, slot) in table {
        let Semantic { name, index } = slot.semantic;
        if name == SemanticName::Patch && index >= 32 {
            return Err(declared.bad_semantic(file, slot.semantic));
        }
        is_varying(declared, file, slot)?;
        match name {
            SemanticName::Patch => set.patch |= 1 << index,
            SemanticName::Generic => set.generic |= 1 << index,
            SemanticName::Texcoord => set.texcoord |= 1 << index,
            SemanticName::Color => set.color |= 1 << index,
            SemanticName::Bcolor => set.back_color |= 1 << index,
            SemanticName::Fog => set.fog = true,
            SemanticName::Clipvertex => set.clip_vertex = true,
            SemanticName::Layer => set.layer = true,
            SemanticName::ViewportIndex => set.viewport_index = true,
            SemanticName::PrimId => set.primitive_id = true,
            _ => {}
        }
    }
    Ok(set)
}
