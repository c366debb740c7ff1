//! Queries, conditional rendering and transform feedback.

use super::{Buffer, Gl, Name, Query, TransformFeedback, bytes};
use crate::gl::GlError;

/// `GL_QUERY_RESULT_NO_WAIT`.
const QUERY_RESULT_NO_WAIT: u32 = 0x9194;

/// What is to be told of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryValue {
    /// The result, once there is one.
    Result,
    /// The result if there is one; else nothing is told.
    ResultNow,
    /// 1 if there is a result, else 0.
    Availability,
}

/// The type of what is told of a query. What is too large for it becomes its largest number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum QueryNumber {
    I32,
    U32,
    I64,
    U64,
}

impl QueryNumber {
    const fn size(self) -> u64 {
        match self {
            Self::I32 | Self::U32 => 4,
            Self::I64 | Self::U64 => 8,
        }
    }
}

impl Gl {
    /// A query for a target, as `GL_SAMPLES_PASSED`.
    ///
    /// # Errors
    /// If GL makes none.
    pub fn create_query(&self, target: u32) -> Result<Query, GlError> {
        let mut name = 0;
        // Mesa's glCreateQueries knows no pipeline statistics.
        // SAFETY: one name is written.
        unsafe { self.f().GenQueries(1, &mut name) };
        Ok(Query {
            handle: self.own("query", Name::Query(name))?,
            target,
        })
    }

    /// Begins to count. `index` is the vertex stream, 0 for targets without streams.
    ///
    /// # Errors
    /// If GL refuses: another query of this target is counting.
    pub fn begin_query(&self, query: &Query, index: u32) -> Result<(), GlError> {
        let name = self.name(&query.handle);
        self.checked("glBeginQueryIndexed", |f| {
            f.BeginQueryIndexed(query.target, index, name)
        })
    }

    /// Stops counting.
    ///
    /// # Errors
    /// If GL refuses: no query of this target is counting.
    pub fn end_query(&self, query: &Query, index: u32) -> Result<(), GlError> {
        self.checked("glEndQueryIndexed", |f| f.EndQueryIndexed(query.target, index))
    }

    /// Takes the time once GL has come this far. The query's target must be `GL_TIMESTAMP`.
    pub fn query_counter(&self, query: &Query) {
        self.f().QueryCounter(self.name(&query.handle), query.target);
    }

    /// Whether the result can be had without waiting.
    pub fn query_result_available(&self, query: &Query) -> bool {
        self.query_u64(query, glow::QUERY_RESULT_AVAILABLE) != 0
    }

    /// The result; waits for it.
    pub fn query_result_u64(&self, query: &Query) -> u64 {
        self.query_u64(query, glow::QUERY_RESULT)
    }

    fn query_u64(&self, query: &Query, what: u32) -> u64 {
        let mut value = 0;
        let name = self.name(&query.handle);
        // SAFETY: one number is written; no buffer is ever bound to GL_QUERY_BUFFER.
        unsafe { self.f().GetQueryObjectui64v(name, what, &mut value) };
        value
    }

    /// Lets GL write what is to be told of a query into a buffer, without anybody waiting here.
    ///
    /// # Errors
    /// If the number does not lie in the buffer, or GL refuses: the query has never counted.
    pub fn query_into_buffer(
        &self,
        query: &Query,
        value: QueryValue,
        number: QueryNumber,
        (buffer, offset): (&Buffer, u64),
    ) -> Result<(), GlError> {
        let needed = offset.saturating_add(number.size());
        if needed > buffer.size() {
            return Err(GlError::Short {
                what: "query buffer",
                needed,
                given: buffer.size(),
            });
        }
        let what = match value {
            QueryValue::Result => glow::QUERY_RESULT,
            QueryValue::ResultNow => QUERY_RESULT_NO_WAIT,
            QueryValue::Availability => glow::QUERY_RESULT_AVAILABLE,
        };
        let (query, at) = (self.name(&query.handle), bytes("query buffer offset", offset)?);
        let buffer = self.name(&buffer.state.handle);
        self.checked("glGetQueryBufferObject", |f| match number {
            QueryNumber::I32 => f.GetQueryBufferObjectiv(query, buffer, what, at),
            QueryNumber::U32 => f.GetQueryBufferObjectuiv(query, buffer, what, at),
            QueryNumber::I64 => f.GetQueryBufferObjecti64v(query, buffer, what, at),
            QueryNumber::U64 => f.GetQueryBufferObjectui64v(query, buffer, what, at),
        })
    }

    /// Draws from now on only if the query counted something. `mode` as `GL_QUERY_WAIT`.
    pub fn begin_conditional_render(&self, query: &Query, mode: u32) {
        self.f().BeginConditionalRender(self.name(&query.handle), mode);
    }

    /// Draws unconditionally again.
    pub fn end_conditional_render(&self) {
        self.f().EndConditionalRender();
    }

    /// A transform feedback object.
    ///
    /// # Errors
    /// If GL makes none.
    pub fn create_transform_feedback(&self) -> Result<TransformFeedback, GlError> {
        let mut name = 0;
        // SAFETY: one name is written.
        unsafe { self.f().CreateTransformFeedbacks(1, &mut name) };
        Ok(TransformFeedback {
            handle: self.own("transform feedback", Name::TransformFeedback(name))?,
        })
    }

    /// Binds a transform feedback object; `None` binds the context's own.
    pub fn bind_transform_feedback(&self, feedback: Option<&TransformFeedback>) {
        let name = feedback.map_or(0, |feedback| self.name(&feedback.handle));
        self.f().BindTransformFeedback(glow::TRANSFORM_FEEDBACK, name);
    }

    /// Begins to capture points, lines or triangles.
    pub fn begin_transform_feedback(&self, primitive: u32) {
        self.f().BeginTransformFeedback(primitive);
    }

    /// Pauses capturing.
    pub fn pause_transform_feedback(&self) {
        self.f().PauseTransformFeedback();
    }

    /// Goes on capturing.
    pub fn resume_transform_feedback(&self) {
        self.f().ResumeTransformFeedback();
    }

    /// Ends capturing.
    pub fn end_transform_feedback(&self) {
        self.f().EndTransformFeedback();
    }
}
