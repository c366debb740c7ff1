//! Queries, conditional rendering and transform feedback.

use super::{Gl, Name, Query, TransformFeedback};
use crate::gl::GlError;

impl Gl {
    /// A query for a target, as `GL_SAMPLES_PASSED`.
    ///
    /// # Errors
    /// If GL makes none.
    pub fn create_query(&self, target: u32) -> Result<Query, GlError> {
        let mut name = 0;
        // SAFETY: one name is written.
        unsafe { self.f().CreateQueries(target, 1, &mut name) };
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
