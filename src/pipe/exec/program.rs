//! Linked programs, found by the translations that they are made of.

use std::{
    collections::HashMap,
    rc::{Rc, Weak},
};

use super::{
    error::ExecError,
    keys::{
        self, Pipeline, Tessellation, compute_key, control_key, evaluation_key, fragment_key, geometry_key,
        vertex_key,
    },
    library::Compiled,
    shader::{Key, Shader, Translation, Variants},
    state::State,
};
use crate::{
    gl::{self, Gl, ShaderKind},
    pipe::{
        glsl::{self, PassthroughKey},
        wire::virgl::enums::Stage,
    },
};

/// A linked program with what drawing needs to know of it.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) linked: Rc<gl::Program>,
    /// Whether any stage reads the system block.
    pub(super) system_block: bool,
    /// Whether its control shader is ours, which reads the default levels.
    pub(super) default_levels: bool,
    /// Keeps the names by which the program is found from being given anew.
    _parts: Vec<Rc<Compiled>>,
    /// The shaders it was made of.
    shaders: Vec<Weak<Shader>>,
}

/// Names of the translations for the stages, by their numbers on the wire (0 without one).
type ProgramKey = [u32; 5];

/// Control shaders of ours that are kept. More are compiled anew.
const MAX_PASSTHROUGH: usize = 64;

/// The programs of a sub-context.
#[derive(Debug, Default)]
pub(super) struct Programs {
    drawing: HashMap<ProgramKey, Rc<Program>>,
    computing: HashMap<u32, Rc<Program>>,
    passthrough: Variants<PassthroughKey>,
}

/// The translations of a program while it is looked up.
#[derive(Debug, Default)]
struct Parts {
    key: ProgramKey,
    compiled: Vec<Rc<Compiled>>,
}

impl Parts {
    fn add(&mut self, stage: Stage, compiled: Rc<Compiled>) {
        self.key[stage.to_wire() as usize] = compiled.shader.id();
        self.compiled.push(compiled);
    }
}

impl Programs {
    /// The program for the bound state, compiled and linked if it is new; `None` if a stage is missing.
    ///
    /// # Errors
    /// If the bound shaders cannot draw together, or one cannot be translated.
    pub(super) fn select(
        &mut self,
        gl: &Gl,
        to: &Translation,
        state: &State,
    ) -> Result<Option<Rc<Program>>, ExecError> {
        let Some(pipeline) = Pipeline::of(state)? else {
            return Ok(None);
        };
        let Parts { key, compiled } = self.parts(gl, to, state, &pipeline)?;
        if let Some(program) = self.drawing.get(&key) {
            return Ok(Some(program.clone()));
        }
        let shaders = [Some(pipeline.vertex), pipeline.geometry, Some(pipeline.fragment)];
        let tessellation = pipeline.tessellation.map(|t| [t.control, Some(t.evaluation)]);
        let shaders = shaders.into_iter().chain(tessellation.into_iter().flatten());
        let program = Program {
            default_levels: pipeline.tessellation.is_some_and(|t| t.control.is_none()),
            ..link(gl, to, compiled, shaders.flatten())?
        };
        Ok(Some(self.drawing.entry(key).or_insert(Rc::new(program)).clone()))
    }

    /// The translation of each stage.
    fn parts(
        &mut self,
        gl: &Gl,
        to: &Translation,
        state: &State,
        pipeline: &Pipeline<'_>,
    ) -> Result<Parts, ExecError> {
        let mut parts = Parts::default();
        let key = Key::Vertex(vertex_key(state, pipeline));
        parts.add(Stage::Vertex, pipeline.vertex.variant(gl, to, &key)?);
        if let Some(tessellation) = &pipeline.tessellation {
            let control = self.control(gl, to, state, pipeline, tessellation)?;
            parts.add(Stage::TessControl, control);
            let key = Key::Evaluation(evaluation_key(state, pipeline, tessellation));
            let evaluation = tessellation.evaluation.variant(gl, to, &key)?;
            parts.add(Stage::TessEval, evaluation);
        }
        if let Some(geometry) = pipeline.geometry {
            let key = Key::Geometry(geometry_key(state, pipeline, geometry));
            parts.add(Stage::Geometry, geometry.variant(gl, to, &key)?);
        }
        let key = Key::Fragment(fragment_key(state, pipeline));
        parts.add(Stage::Fragment, pipeline.fragment.variant(gl, to, &key)?);
        Ok(parts)
    }

    /// The control shader, or one of ours where there is none.
    fn control(
        &mut self,
        gl: &Gl,
        to: &Translation,
        state: &State,
        pipeline: &Pipeline<'_>,
        tessellation: &Tessellation<'_>,
    ) -> Result<Rc<Compiled>, ExecError> {
        if let Some(control) = tessellation.control {
            let key = Key::Control(control_key(state, pipeline, control));
            return control.variant(gl, to, &key);
        }
        let key = keys::passthrough_key(state, pipeline);
        let emit = || glsl::passthrough_control(&key, &to.host, &to.layout);
        let kind = ShaderKind::TessControl;
        let compiled = self
            .passthrough
            .find_or_compile(gl, &to.library, kind, &key, emit)?;
        self.passthrough.truncate(MAX_PASSTHROUGH);
        Ok(compiled)
    }

    /// The program of the bound compute shader for groups of `state.block`; `None` if there is none.
    ///
    /// # Errors
    /// If the shader cannot be translated.
    pub(super) fn select_compute(
        &mut self,
        gl: &Gl,
        to: &Translation,
        state: &State,
    ) -> Result<Option<Rc<Program>>, ExecError> {
        let Some(shader) = &state.stage(Stage::Compute).shader else {
            return Ok(None);
        };
        let key = Key::Compute(compute_key(state, shader));
        let compiled = shader.variant(gl, to, &key)?;
        let id = compiled.shader.id();
        if let Some(program) = self.computing.get(&id) {
            return Ok(Some(program.clone()));
        }
        let program = Rc::new(link(gl, to, vec![compiled], [shader].into_iter())?);
        Ok(Some(self.computing.entry(id).or_insert(program).clone()))
    }

    /// Drops the programs made of shaders that no longer exist.
    pub(super) fn forget_dead(&mut self) {
        self.drawing.retain(|_, program| program.alive());
        self.computing.retain(|_, program| program.alive());
    }
}

impl Program {
    fn alive(&self) -> bool {
        self.shaders.iter().all(|shader| shader.strong_count() > 0)
    }
}

fn link<'a>(
    gl: &Gl,
    to: &Translation,
    parts: Vec<Rc<Compiled>>,
    shaders: impl Iterator<Item = &'a Rc<Shader>>,
) -> Result<Program, ExecError> {
    Ok(Program {
        linked: to.library.program(gl, &parts)?,
        system_block: parts.iter().any(|part| part.system_block),
        default_levels: false,
        shaders: shaders.map(Rc::downgrade).collect(),
        _parts: parts,
    })
}
