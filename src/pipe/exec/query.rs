//! Queries: GL query objects whose results go into guest memory as
//! `{ u32 state, u32 size, u64 result }`.
//!
//! A client that has asked for a result waits until the record says that it is there. So every question is answered,
//! with zero where there was nothing to count.

use std::rc::Rc;

use super::{Shared, buffers::buffer_of, error::ExecError, sub_context::SubContext};
use crate::{
    gl::{self, Gl, QueryNumber, QueryValue},
    pipe::{
        resource::{Attached, Resource},
        wire::virgl::{
            command::{ObjectId, QueryState, ResourceId},
            enums::{QueryType, QueryValueType},
        },
    },
};

/// "The result is there" in the first word of the record.
const STATE_DONE: u32 = 1;
/// Bytes of the record in guest memory.
const RECORD_SIZE: usize = 16;

/// The index of GET_QUERY_RESULT_QBO that asks whether there is a result.
const AVAILABILITY: i32 = -1;
/// `GL_TRANSFORM_FEEDBACK_OVERFLOW`: of any stream.
const TRANSFORM_FEEDBACK_OVERFLOW: u32 = 0x82ec;
/// `GL_TRANSFORM_FEEDBACK_STREAM_OVERFLOW`.
const TRANSFORM_FEEDBACK_STREAM_OVERFLOW: u32 = 0x82ed;

/// GL's targets for the statistics of the wire, from [ARB_pipeline_statistics_query](
/// https://registry.khronos.org/OpenGL/extensions/ARB/ARB_pipeline_statistics_query.txt).
const STATISTICS: [u32; 11] = [
    0x82ee, // vertices submitted
    0x82ef, // primitives submitted
    0x82f0, // vertex shader invocations
    0x887f, // geometry shader invocations
    0x82f3, // primitives emitted by geometry shaders
    0x82f6, // primitives that came to clipping
    0x82f7, // primitives that came from clipping
    0x82f4, // fragment shader invocations
    0x82f1, // patches of tessellation control shaders
    0x82f2, // tessellation evaluation shader invocations
    0x82f5, // compute shader invocations
];

/// Where a query is in its life.
#[derive(Debug)]
enum Progress {
    /// Nothing measured yet.
    New,
    /// Between BEGIN and END.
    Active,
    /// Ended; GL has or will have a result.
    Ended,
}

/// A query object.
#[derive(Debug)]
pub(super) struct Query {
    id: ObjectId,
    kind: QueryType,
    offset: usize,
    result: Rc<Attached>,
    /// `None` for what the host does not count.
    query: Option<(gl::Query, Counter)>,
    progress: Progress,
}

/// What GL is to count: a query target, and the vertex stream for those that have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counter {
    target: u32,
    stream: u32,
}

impl Counter {
    /// `None` for what the host does not count. `index` of the wire is a vertex stream or names a statistic.
    fn new(host: &gl::Capabilities, kind: QueryType, index: u32) -> Option<Self> {
        let plain = |target| Some(Self { target, stream: 0 });
        let streamed = |target| {
            Some(Self {
                target,
                stream: index,
            })
        };
        match kind {
            QueryType::OcclusionCounter => plain(glow::SAMPLES_PASSED),
            QueryType::OcclusionPredicate => plain(glow::ANY_SAMPLES_PASSED),
            QueryType::OcclusionPredicateConservative => plain(glow::ANY_SAMPLES_PASSED_CONSERVATIVE),
            QueryType::Timestamp => plain(glow::TIMESTAMP),
            QueryType::TimeElapsed => plain(glow::TIME_ELAPSED),
            QueryType::PrimitivesGenerated => streamed(glow::PRIMITIVES_GENERATED),
            QueryType::PrimitivesEmitted => streamed(glow::TRANSFORM_FEEDBACK_PRIMITIVES_WRITTEN),
            QueryType::SoOverflowPredicate if host.transform_feedback_overflow => {
                streamed(TRANSFORM_FEEDBACK_STREAM_OVERFLOW)
            }
            QueryType::SoOverflowAnyPredicate if host.transform_feedback_overflow => {
                plain(TRANSFORM_FEEDBACK_OVERFLOW)
            }
            QueryType::PipelineStatistics if host.pipeline_statistics => {
                plain(*STATISTICS.get(index as usize)?)
            }
            QueryType::SoOverflowPredicate
            | QueryType::SoOverflowAnyPredicate
            | QueryType::PipelineStatistics
            | QueryType::TimestampDisjoint
            | QueryType::SoStatistics
            | QueryType::GpuFinished => None,
        }
    }
}

impl Query {
    pub(super) fn new(
        gl: &Gl,
        id: ObjectId,
        desc: &QueryState,
        result: Rc<Attached>,
    ) -> Result<Self, ExecError> {
        if u64::from(desc.offset) + RECORD_SIZE as u64 > result.resource().shape.total_size() {
            return Err(no_room(result.resource()));
        }
        let query = match Counter::new(gl.capabilities(), desc.kind, desc.index.into()) {
            Some(counter) => Some((gl.create_query(counter.target)?, counter)),
            None => None,
        };
        Ok(Self {
            id,
            kind: desc.kind,
            offset: desc.offset as usize,
            result,
            query,
            progress: Progress::New,
        })
    }

    pub(super) fn begin(&mut self, gl: &Gl) -> Result<(), ExecError> {
        if matches!(self.progress, Progress::Active) {
            return self.refuse("it has begun already");
        }
        match &self.query {
            None => Err(ExecError::Unsupported("this query type")),
            Some(_) if self.kind == QueryType::Timestamp => Ok(()),
            Some((query, counter)) => {
                gl.begin_query(query, counter.stream)?;
                self.progress = Progress::Active;
                Ok(())
            }
        }
    }

    pub(super) fn end(&mut self, gl: &Gl) -> Result<(), ExecError> {
        match (&self.query, &self.progress) {
            (Some((query, _)), _) if self.kind == QueryType::Timestamp => gl.query_counter(query),
            (Some((query, counter)), Progress::Active) => gl.end_query(query, counter.stream)?,
            _ => return self.refuse("it has not begun"),
        }
        self.progress = Progress::Ended;
        Ok(())
    }

    /// Writes the result into guest memory if GL has it, or waits for it. Gives back whether it is written.
    pub(super) fn resolve(&self, gl: &Gl, wait: bool) -> Result<bool, ExecError> {
        let result = match (&self.query, &self.progress) {
            (Some((query, _)), Progress::Ended) if !wait && !gl.query_result_available(query) => {
                return Ok(false);
            }
            (Some((query, _)), Progress::Ended) => gl.query_result_u64(query),
            _ => 0,
        };
        let (size, result) = match self.kind {
            QueryType::Timestamp | QueryType::TimeElapsed => (8u32, result),
            _ => (4, result.min(u32::MAX.into())),
        };
        let mut record = [0u8; RECORD_SIZE];
        record[0..4].copy_from_slice(&STATE_DONE.to_le_bytes());
        record[4..8].copy_from_slice(&size.to_le_bytes());
        record[8..16].copy_from_slice(&result.to_le_bytes());
        let memory = self.result.memory()?;
        let range = self.offset..self.offset + RECORD_SIZE;
        let to = memory.as_ref().and_then(|memory| memory.write(range));
        let to = to.ok_or(no_room(self.result.resource()))?;
        to.copy_from(gl::ReadBytes::from(&record[..]));
        Ok(true)
    }

    /// Lets GL write the result, or whether there is one, into a buffer.
    pub(super) fn store(
        &self,
        gl: &Gl,
        value: QueryValue,
        number: QueryNumber,
        to: (&gl::Buffer, u64),
    ) -> Result<(), ExecError> {
        match (&self.query, &self.progress) {
            (Some((query, _)), Progress::Ended) => Ok(gl.query_into_buffer(query, value, number, to)?),
            _ => self.refuse("it has no result to store"),
        }
    }

    /// GL's query, if conditional rendering may look at it.
    pub(super) fn conditional(&self) -> Result<&gl::Query, ExecError> {
        use QueryType::*;
        match (self.kind, &self.query, &self.progress) {
            (
                OcclusionCounter
                | OcclusionPredicate
                | OcclusionPredicateConservative
                | SoOverflowPredicate
                | SoOverflowAnyPredicate,
                Some((query, _)),
                Progress::Ended,
            ) => Ok(query),
            _ => {
                let reason = "it has no result that rendering can depend on";
                Err(ExecError::Query { id: self.id, reason })
            }
        }
    }

    /// Stops measuring, because the query goes away.
    pub(super) fn abandon(&mut self, gl: &Gl) {
        if let (Progress::Active, Some((query, counter))) = (&self.progress, &self.query) {
            if let Err(error) = gl.end_query(query, counter.stream) {
                tracing::debug!("ending an abandoned query: {error}");
            }
            self.progress = Progress::New;
        }
    }

    fn refuse(&self, reason: &'static str) -> Result<(), ExecError> {
        Err(ExecError::Query { id: self.id, reason })
    }
}

impl SubContext {
    pub(super) fn begin_query(&mut self, id: ObjectId) -> Result<(), ExecError> {
        self.objects.query(id)?.borrow_mut().begin(&self.gl)
    }

    pub(super) fn end_query(&mut self, id: ObjectId) -> Result<(), ExecError> {
        self.objects.query(id)?.borrow_mut().end(&self.gl)
    }

    /// GET_QUERY_RESULT_QBO: lets GL write the result of a query into a buffer, or with the index for that whether there
    /// is one.
    pub(super) fn store_query(
        &mut self,
        shared: &Shared,
        query: ObjectId,
        (index, wait): (i32, bool),
        value_type: QueryValueType,
        (resource, offset): (ResourceId, u32),
    ) -> Result<(), ExecError> {
        let value = match (index, wait) {
            (AVAILABILITY, _) => QueryValue::Availability,
            (_, true) => QueryValue::Result,
            (_, false) => QueryValue::ResultNow,
        };
        let number = match value_type {
            QueryValueType::I32 => QueryNumber::I32,
            QueryValueType::U32 => QueryNumber::U32,
            QueryValueType::I64 => QueryNumber::I64,
            QueryValueType::U64 => QueryNumber::U64,
        };
        let to = (buffer_of(shared.resource(resource)?)?, offset.into());
        self.objects
            .query(query)?
            .borrow()
            .store(&self.gl, value, number, to)
    }
}

fn no_room(resource: &Resource) -> ExecError {
    ExecError::WrongResource {
        id: resource.id,
        wanted: "guest memory of 16 bytes",
    }
}
