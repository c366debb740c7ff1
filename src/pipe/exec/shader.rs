//! Shader objects: text collected from packets, parsed once, translated and compiled once per key.

use std::{cell::RefCell, rc::Rc};

use super::{error::ExecError, state::PrimitiveClass};
use crate::{
    gl::{self, Gl, ShaderKind},
    pipe::{
        glsl::{self, Emitted, FragmentKey, GeometryKey, Host, Interface, Layout, StreamOutputs, VertexKey},
        tgsi,
        wire::virgl::{
            command::{ObjectId, ShaderPart, ShaderPosition},
            enums::{Primitive, Stage},
        },
    },
};

/// Longest shader text accepted, in bytes.
const MAX_TEXT: u32 = 8 << 20;

/// What the translator needs to know of the host.
#[derive(Debug, Clone, Copy)]
pub(super) struct Translation {
    pub(super) host: Host,
    pub(super) layout: Layout,
}

/// A compiled translation of a shader for one key.
#[derive(Debug)]
pub(super) struct Variant<K> {
    pub(super) key: K,
    pub(super) compiled: gl::Shader,
    pub(super) system_block: bool,
}

/// The variants of a shader, most recently used first.
type Variants<K> = RefCell<Vec<Rc<Variant<K>>>>;

/// The variants, by what varies them.
#[derive(Debug)]
enum StageVariants {
    Vertex(Variants<VertexKey>),
    Geometry(Variants<GeometryKey>),
    Fragment(Variants<FragmentKey>),
}

/// A shader object.
#[derive(Debug)]
pub(super) struct Shader {
    pub(super) stage: Stage,
    pub(super) interface: Interface,
    tree: tgsi::Shader,
    stream_outputs: StreamOutputs,
    variants: StageVariants,
}

impl Shader {
    /// Parses and analyses the collected text.
    fn new(stage: Stage, text: &[u8], stream_outputs: StreamOutputs) -> Result<Self, ExecError> {
        let tree = tgsi::parse_bytes(text)?;
        let variants = match tree.stage {
            tgsi::Stage::Vertex => StageVariants::Vertex(RefCell::default()),
            tgsi::Stage::Geometry => StageVariants::Geometry(RefCell::default()),
            tgsi::Stage::Fragment => StageVariants::Fragment(RefCell::default()),
            _ => return Err(ExecError::Unsupported("this shader stage")),
        };
        let interface = glsl::interface(&tree)?;
        Ok(Self {
            stage,
            interface,
            tree,
            stream_outputs,
            variants,
        })
    }

    /// Whether the stage in the text is the one that the command named.
    fn matches_stage(&self) -> bool {
        matches!(
            (&self.variants, self.stage),
            (StageVariants::Vertex(_), Stage::Vertex)
                | (StageVariants::Geometry(_), Stage::Geometry)
                | (StageVariants::Fragment(_), Stage::Fragment)
        )
    }

    /// What a geometry shader emits.
    pub(super) fn emitted_class(&self) -> PrimitiveClass {
        let primitive = self.tree.property(tgsi::PropertyName::GsOutputPrimitive);
        primitive
            .and_then(Primitive::from_wire)
            .map_or(PrimitiveClass::Points, PrimitiveClass::of)
    }

    pub(super) fn vertex_variant(
        &self,
        gl: &Gl,
        to: &Translation,
        key: &VertexKey,
    ) -> Result<Rc<Variant<VertexKey>>, ExecError> {
        let StageVariants::Vertex(variants) = &self.variants else {
            unreachable!("bound by stage")
        };
        find_or_compile(variants, gl, ShaderKind::Vertex, key, || {
            glsl::vertex(&self.tree, key, &self.stream_outputs, &to.host, &to.layout)
        })
    }

    pub(super) fn geometry_variant(
        &self,
        gl: &Gl,
        to: &Translation,
        key: &GeometryKey,
    ) -> Result<Rc<Variant<GeometryKey>>, ExecError> {
        let StageVariants::Geometry(variants) = &self.variants else {
            unreachable!("bound by stage")
        };
        find_or_compile(variants, gl, ShaderKind::Geometry, key, || {
            glsl::geometry(&self.tree, key, &self.stream_outputs, &to.host, &to.layout)
        })
    }

    pub(super) fn fragment_variant(
        &self,
        gl: &Gl,
        to: &Translation,
        key: &FragmentKey,
    ) -> Result<Rc<Variant<FragmentKey>>, ExecError> {
        let StageVariants::Fragment(variants) = &self.variants else {
            unreachable!("bound by stage")
        };
        find_or_compile(variants, gl, ShaderKind::Fragment, key, || {
            glsl::fragment(&self.tree, key, &to.host, &to.layout)
        })
    }
}

/// The variant for `key`, moved to the front; compiled now if there is none yet.
fn find_or_compile<K: Clone + PartialEq>(
    variants: &Variants<K>,
    gl: &Gl,
    kind: ShaderKind,
    key: &K,
    emit: impl FnOnce() -> Result<Emitted, glsl::EmitError>,
) -> Result<Rc<Variant<K>>, ExecError> {
    let mut variants = variants.borrow_mut();
    if let Some(at) = variants.iter().position(|v| v.key == *key) {
        variants[..=at].rotate_right(1);
        return Ok(variants[0].clone());
    }
    let Emitted { source, system_block } = emit()?;
    tracing::trace!(target: "pixbridge::glsl", "{source}");
    let compiled = gl.compile_shader(kind, &source)?;
    let variant = Rc::new(Variant {
        key: key.clone(),
        compiled,
        system_block,
    });
    variants.insert(0, variant.clone());
    Ok(variant)
}

/// A shader whose text has not arrived completely.
#[derive(Debug)]
struct Partial {
    id: ObjectId,
    text: Vec<u8>,
    total: usize,
    stream_outputs: StreamOutputs,
}

/// Collects shader texts that come in several packets: at most one unfinished shader per stage.
#[derive(Debug, Default)]
pub(super) struct ShaderAssembly {
    partial: [Option<Partial>; 6],
}

impl ShaderAssembly {
    /// Takes one packet; gives the shader back when its text is complete.
    pub(super) fn add(&mut self, id: ObjectId, part: &ShaderPart<'_>) -> Result<Option<Shader>, ExecError> {
        let stage = part.stage;
        let slot = &mut self.partial[stage.to_wire() as usize];
        let refuse = |reason| Err(ExecError::ShaderPart { id, stage, reason });
        let mut partial = match (part.position, slot.take()) {
            (ShaderPosition::First(total), _) if total == 0 || total > MAX_TEXT => {
                return refuse("the text is empty or too long");
            }
            (ShaderPosition::First(total), _) => Partial {
                id,
                text: Vec::new(),
                total: total as usize,
                stream_outputs: StreamOutputs {
                    strides: part.strides,
                    outputs: part.outputs.iter().collect(),
                },
            },
            (ShaderPosition::Continuation(_), None) => return refuse("a continuation without a beginning"),
            (ShaderPosition::Continuation(offset), Some(partial)) => {
                if partial.id != id || partial.text.len() != offset as usize {
                    return refuse("a continuation that does not follow its beginning");
                }
                partial
            }
        };
        let room = partial.total.next_multiple_of(4) - partial.text.len();
        if part.text.len() * 4 > room {
            return refuse("more text than announced");
        }
        partial
            .text
            .extend(part.text.iter().flat_map(|word| word.to_le_bytes()));
        if partial.text.len() < partial.total {
            *slot = Some(partial);
            return Ok(None);
        }
        let tail = partial.text.len().saturating_sub(4);
        if !partial.text[tail..].contains(&0) {
            return refuse("the text is not closed by a NUL");
        }
        let shader = Shader::new(stage, &partial.text, partial.stream_outputs)?;
        if !shader.matches_stage() {
            return refuse("the text is for another stage");
        }
        Ok(Some(shader))
    }
}
