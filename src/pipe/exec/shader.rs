//! Shader objects: text collected from packets, parsed once, translated and compiled once per key.

use std::{cell::RefCell, rc::Rc};

use super::{
    error::ExecError,
    library::{Compiled, Library},
};
use crate::{
    gl::{Gl, ShaderKind},
    pipe::{
        glsl::{
            self, ComputeKey, ControlKey, EmitError, Emitted, EvaluationKey, FragmentKey, GeometryKey, Host,
            Interface, Layout, StreamOutputs, VertexKey,
        },
        tgsi,
        wire::virgl::{
            command::{ObjectId, ShaderPart, ShaderPosition},
            enums::Stage,
        },
    },
};

/// Longest shader text accepted, in bytes.
const MAX_TEXT: u32 = 8 << 20;

/// What the translator needs to know of the host, and where its translations are compiled.
#[derive(Debug)]
pub(super) struct Translation {
    pub(super) host: Host,
    pub(super) layout: Layout,
    pub(super) library: Library,
}

/// The state outside of a shader's text that its translation depends on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Key {
    Vertex(VertexKey),
    Control(ControlKey),
    Evaluation(EvaluationKey),
    Geometry(GeometryKey),
    Fragment(FragmentKey),
    Compute(ComputeKey),
}

impl Key {
    fn kind(&self) -> ShaderKind {
        match self {
            Key::Vertex(_) => ShaderKind::Vertex,
            Key::Control(_) => ShaderKind::TessControl,
            Key::Evaluation(_) => ShaderKind::TessEval,
            Key::Geometry(_) => ShaderKind::Geometry,
            Key::Fragment(_) => ShaderKind::Fragment,
            Key::Compute(_) => ShaderKind::Compute,
        }
    }
}

/// Compiled translations by key, most recently used first.
#[derive(Debug)]
pub(super) struct Variants<K>(Vec<(K, Rc<Compiled>)>);

impl<K> Default for Variants<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Clone + PartialEq> Variants<K> {
    /// The variant for `key`, moved to the front; emitted and compiled now if there is none yet.
    pub(super) fn find_or_compile(
        &mut self,
        gl: &Gl,
        library: &Library,
        kind: ShaderKind,
        key: &K,
        emit: impl FnOnce() -> Result<Emitted, EmitError>,
    ) -> Result<Rc<Compiled>, ExecError> {
        if let Some(at) = self.0.iter().position(|(of, _)| of == key) {
            self.0[..=at].rotate_right(1);
            return Ok(self.0[0].1.clone());
        }
        let emitted = emit()?;
        tracing::trace!(target: "pixbridge::glsl", "{}", emitted.source);
        let compiled = library.shader(gl, kind, emitted)?;
        self.0.insert(0, (key.clone(), compiled.clone()));
        Ok(compiled)
    }

    /// Drops all but the `count` most recently used ones.
    pub(super) fn truncate(&mut self, count: usize) {
        self.0.truncate(count);
    }
}

/// A shader object.
#[derive(Debug)]
pub(super) struct Shader {
    pub(super) stage: Stage,
    pub(super) interface: Interface,
    tree: tgsi::Shader,
    stream_outputs: StreamOutputs,
    /// Bytes of shared memory of a compute shader.
    shared_memory: u32,
    variants: RefCell<Variants<Key>>,
}

impl Shader {
    /// The translation for a key of the shader's stage.
    pub(super) fn variant(&self, gl: &Gl, to: &Translation, key: &Key) -> Result<Rc<Compiled>, ExecError> {
        let (tree, captures) = (&self.tree, &self.stream_outputs);
        let (host, layout) = (&to.host, &to.layout);
        let emit = || match key {
            Key::Vertex(key) => glsl::vertex(tree, key, captures, host, layout),
            Key::Control(key) => glsl::tess_control(tree, key, host, layout),
            Key::Evaluation(key) => glsl::tess_eval(tree, key, captures, host, layout),
            Key::Geometry(key) => glsl::geometry(tree, key, captures, host, layout),
            Key::Fragment(key) => glsl::fragment(tree, key, host, layout),
            Key::Compute(key) => glsl::compute(tree, key, self.shared_memory, host, layout),
        };
        self.variants
            .borrow_mut()
            .find_or_compile(gl, &to.library, key.kind(), key, emit)
    }
}

/// Whether the stage in the text is the one that the command named.
fn same_stage(text: tgsi::Stage, command: Stage) -> bool {
    command
        == match text {
            tgsi::Stage::Vertex => Stage::Vertex,
            tgsi::Stage::Fragment => Stage::Fragment,
            tgsi::Stage::Geometry => Stage::Geometry,
            tgsi::Stage::TessControl => Stage::TessControl,
            tgsi::Stage::TessEval => Stage::TessEval,
            tgsi::Stage::Compute => Stage::Compute,
        }
}

/// A shader whose text has not arrived completely.
#[derive(Debug)]
struct Partial {
    id: ObjectId,
    text: Vec<u8>,
    total: usize,
    stream_outputs: StreamOutputs,
    shared_memory: u32,
}

impl Partial {
    /// Takes the text of one more part.
    fn extend(&mut self, words: &[u32]) -> Result<(), &'static str> {
        let room = self.total.next_multiple_of(4) - self.text.len();
        if words.len() * 4 > room {
            return Err("more text than announced");
        }
        self.text.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        Ok(())
    }

    fn complete(&self) -> bool {
        self.text.len() >= self.total
    }

    /// Parses and analyses the text.
    fn finish(self, stage: Stage) -> Result<Shader, ExecError> {
        let refuse = |reason| {
            let id = self.id;
            Err(ExecError::ShaderPart { id, stage, reason })
        };
        let tail = self.text.len().saturating_sub(4);
        if !self.text[tail..].contains(&0) {
            return refuse("the text is not closed by a NUL");
        }
        let tree = tgsi::parse_bytes(&self.text)?;
        if !same_stage(tree.stage, stage) {
            return refuse("the text is for another stage");
        }
        Ok(Shader {
            stage,
            interface: glsl::interface(&tree)?,
            tree,
            stream_outputs: self.stream_outputs,
            shared_memory: self.shared_memory,
            variants: RefCell::default(),
        })
    }
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
        let refuse = |reason| ExecError::ShaderPart { id, stage, reason };
        let mut partial = match (part.position, slot.take()) {
            (ShaderPosition::First(total), _) if total == 0 || total > MAX_TEXT => {
                return Err(refuse("the text is empty or too long"));
            }
            (ShaderPosition::First(total), _) => Partial {
                id,
                text: Vec::new(),
                total: total as usize,
                stream_outputs: StreamOutputs {
                    strides: part.strides,
                    outputs: part.outputs.iter().collect(),
                },
                shared_memory: part.shared_memory,
            },
            (ShaderPosition::Continuation(_), None) => {
                return Err(refuse("a continuation without a beginning"));
            }
            (ShaderPosition::Continuation(offset), Some(partial)) => {
                if partial.id != id || partial.text.len() != offset as usize {
                    return Err(refuse("a continuation that does not follow its beginning"));
                }
                partial
            }
        };
        partial.extend(part.text).map_err(refuse)?;
        if !partial.complete() {
            *slot = Some(partial);
            return Ok(None);
        }
        partial.finish(stage).map(Some)
    }
}
