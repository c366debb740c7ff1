//! The object table of a sub-context: what CREATE_OBJECT makes, under client-chosen handles.

use std::{cell::RefCell, rc::Rc};

use super::{
    error::ExecError,
    query::Query,
    sampler::{Sampler, SamplerView},
    shader::Shader,
    streamout::StreamoutTarget,
    surface::Surface,
    vertex::VertexElements,
};
use crate::pipe::{
    ids::IdMap,
    wire::virgl::command::{BlendState, DsaState, ObjectId, RasterizerState},
};

/// An object. Shared, so that what is bound outlives its handle.
#[derive(Debug, Clone)]
pub(super) enum Object {
    Blend(Rc<BlendState>),
    Rasterizer(Rc<RasterizerState>),
    Dsa(Rc<DsaState>),
    Shader(Rc<Shader>),
    VertexElements(Rc<VertexElements>),
    SamplerView(Rc<SamplerView>),
    Sampler(Rc<Sampler>),
    Surface(Rc<Surface>),
    Query(Rc<RefCell<Query>>),
    StreamoutTarget(Rc<StreamoutTarget>),
}

/// Handles of one sub-context; one namespace over all object types.
#[derive(Debug, Default)]
pub(super) struct ObjectTable {
    objects: IdMap<Object>,
}

macro_rules! getter {
    ($name:ident, $variant:ident, $type:ty, $kind:literal) => {
        /// The object of that type under `id`.
        pub(super) fn $name(&self, id: ObjectId) -> Result<&Rc<$type>, ExecError> {
            match self.objects.get(&id.0) {
                Some(Object::$variant(object)) => Ok(object),
                _ => Err(ExecError::NoObject { kind: $kind, id }),
            }
        }
    };
}

impl ObjectTable {
    getter!(blend, Blend, BlendState, "blend");
    getter!(rasterizer, Rasterizer, RasterizerState, "rasterizer");
    getter!(dsa, Dsa, DsaState, "depth-stencil-alpha");
    getter!(shader, Shader, Shader, "shader");
    getter!(vertex_elements, VertexElements, VertexElements, "vertex elements");
    getter!(sampler_view, SamplerView, SamplerView, "sampler view");
    getter!(sampler, Sampler, Sampler, "sampler state");
    getter!(surface, Surface, Surface, "surface");
    getter!(query, Query, RefCell<Query>, "query");
    getter!(
        streamout_target,
        StreamoutTarget,
        StreamoutTarget,
        "stream-output target"
    );

    /// Puts an object under `id`; an older one under the same handle is given back.
    pub(super) fn insert(&mut self, id: ObjectId, object: Object) -> Option<Object> {
        self.objects.insert(id.0, object)
    }

    /// Forgets `id` and gives its object back.
    pub(super) fn remove(&mut self, id: ObjectId) -> Option<Object> {
        self.objects.remove(&id.0)
    }
}
