//! Queries: GL query objects whose results go into guest memory as
//! `{ u32 state, u32 size, u64 result }`.
//!
//! A client that has asked for a result waits until the record says that it is there. So every question is answered,
//! with zero where there was nothing to count.

use std::rc::Rc;

use super::error::ExecError;
use crate::{
    gl::{self, Gl},
    pipe::{
        resource::{Attached, Resource},
        wire::virgl::{
            command::{ObjectId, QueryState},
            enums::QueryType,
        },
    },
};

/// "The result is there" in the first word of the record.
const STATE_DONE: u32 = 1;
/// Bytes of the record in guest memory.
const RECORD_SIZE: usize = 16;

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
    index: u32,
    offset: usize,
    result: Rc<Attached>,
    /// `None` for what the host does not count.
    query: Option<gl::Query>,
    progress: Progress,
}

/// GL's target for a query type; `None` for those that the host does not count.
fn target(kind: QueryType) -> Option<u32> {
    Some(match kind {
        QueryType::OcclusionCounter => glow::SAMPLES_PASSED,
        QueryType::OcclusionPredicate => glow::ANY_SAMPLES_PASSED,
        QueryType::OcclusionPredicateConservative => glow::ANY_SAMPLES_PASSED_CONSERVATIVE,
        QueryType::Timestamp => glow::TIMESTAMP,
        QueryType::TimeElapsed => glow::TIME_ELAPSED,
        QueryType::PrimitivesGenerated => glow::PRIMITIVES_GENERATED,
        QueryType::PrimitivesEmitted => glow::TRANSFORM_FEEDBACK_PRIMITIVES_WRITTEN,
        QueryType::TimestampDisjoint
        | QueryType::SoStatistics
        | QueryType::SoOverflowPredicate
        | QueryType::SoOverflowAnyPredicate
        | QueryType::GpuFinished
        | QueryType::PipelineStatistics => return None,
    })
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
        let query = target(desc.kind)
            .map(|target| gl.create_query(target))
            .transpose()?;
        Ok(Self {
            id,
            kind: desc.kind,
            index: desc.index.into(),
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
            Some(query) => {
                gl.begin_query(query, self.index)?;
                self.progress = Progress::Active;
                Ok(())
            }
        }
    }

    pub(super) fn end(&mut self, gl: &Gl) -> Result<(), ExecError> {
        match (&self.query, &self.progress) {
            (Some(query), _) if self.kind == QueryType::Timestamp => gl.query_counter(query),
            (Some(query), Progress::Active) => gl.end_query(query, self.index)?,
            _ => return self.refuse("it has not begun"),
        }
        self.progress = Progress::Ended;
        Ok(())
    }

    /// Writes the result into guest memory if GL has it, or waits for it. Gives back whether it is written.
    pub(super) fn resolve(&self, gl: &Gl, wait: bool) -> Result<bool, ExecError> {
        let result = match (&self.query, &self.progress) {
            (Some(query), Progress::Ended) if !wait && !gl.query_result_available(query) => return Ok(false),
            (Some(query), Progress::Ended) => gl.query_result_u64(query),
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

    /// GL's query, if conditional rendering may look at it.
    pub(super) fn conditional(&self) -> Result<&gl::Query, ExecError> {
        use QueryType::*;
        match (self.kind, &self.query, &self.progress) {
            (
                OcclusionCounter | OcclusionPredicate | OcclusionPredicateConservative,
                Some(query),
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
        if let (Progress::Active, Some(query)) = (&self.progress, &self.query) {
            if let Err(error) = gl.end_query(query, self.index) {
                tracing::debug!("ending an abandoned query: {error}");
            }
            self.progress = Progress::New;
        }
    }

    fn refuse(&self, reason: &'static str) -> Result<(), ExecError> {
        Err(ExecError::Query { id: self.id, reason })
    }
}

fn no_room(resource: &Resource) -> ExecError {
    ExecError::WrongResource {
        id: resource.id,
        wanted: "guest memory of 16 bytes",
    }
}
