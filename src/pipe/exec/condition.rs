//! Conditional rendering: draws that depend on the result of a query.

use super::{error::ExecError, sub_context::SubContext};
use crate::pipe::wire::virgl::{command::ObjectId, enums::RenderConditionMode};

impl SubContext {
    pub(super) fn set_render_condition(
        &mut self,
        query: ObjectId,
        inverted: bool,
        mode: RenderConditionMode,
    ) -> Result<(), ExecError> {
        if self.condition.take().is_some() {
            self.gl.end_conditional_render();
        }
        if query.0 == 0 {
            return Ok(());
        }
        let query = self.objects.query(query)?.clone();
        let mode = gl_condition_mode(mode, inverted);
        self.gl
            .begin_conditional_render(query.borrow().conditional()?, mode);
        self.condition = Some((query, mode));
        Ok(())
    }

    /// Runs `work` outside conditional rendering.
    pub(super) fn unconditionally<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, ExecError>,
    ) -> Result<T, ExecError> {
        let Some((query, mode)) = self.condition.take() else {
            return work(self);
        };
        self.gl.end_conditional_render();
        let result = work(self);
        if let Ok(gl_query) = query.borrow().conditional() {
            self.gl.begin_conditional_render(gl_query, mode);
        }
        self.condition = Some((query, mode));
        result
    }
}

fn gl_condition_mode(mode: RenderConditionMode, inverted: bool) -> u32 {
    let plain = match mode {
        RenderConditionMode::Wait => glow::QUERY_WAIT,
        RenderConditionMode::NoWait => glow::QUERY_NO_WAIT,
        RenderConditionMode::ByRegionWait => glow::QUERY_BY_REGION_WAIT,
        RenderConditionMode::ByRegionNoWait => glow::QUERY_BY_REGION_NO_WAIT,
    };
    // The inverted names follow the plain ones at a fixed distance.
    if inverted {
        plain + (glow::QUERY_WAIT_INVERTED - glow::QUERY_WAIT)
    } else {
        plain
    }
}
