//! Stream output: transform feedback into the bound targets.
//!
//! A list of targets that is bound again goes on where it stopped; a list not seen before starts at the targets'
//! offsets. Capturing begins with the first draw, since GL wants to know the primitive, and pauses between draws.

use std::rc::Rc;

use super::{buffers::buffer_of, error::ExecError, state::PrimitiveClass};
use crate::{
    gl::{self, Gl},
    pipe::{resource::Resource, wire::virgl::command::StreamoutTargetState},
};

/// A stream-output target object.
#[derive(Debug)]
pub(super) struct StreamoutTarget {
    resource: Rc<Resource>,
    offset: u32,
    size: u32,
}

impl StreamoutTarget {
    pub(super) fn new(resource: Rc<Resource>, desc: &StreamoutTargetState) -> Result<Self, ExecError> {
        buffer_of(&resource)?;
        let room = resource.desc.width.saturating_sub(desc.offset);
        let size = desc.size.min(room) & !3;
        Ok(Self {
            resource,
            offset: desc.offset & !3,
            size,
        })
    }
}

/// How far capturing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    New,
    /// Begun for this GL primitive with this program, and paused.
    Paused {
        primitive: u32,
        program: u32,
    },
    /// As above, and running.
    Running {
        primitive: u32,
        program: u32,
    },
}

/// A list of targets with GL's feedback object for it.
#[derive(Debug)]
struct Feedback {
    targets: Vec<Option<Rc<StreamoutTarget>>>,
    object: gl::TransformFeedback,
    progress: Progress,
}

/// The stream output of a sub-context.
#[derive(Debug, Default)]
pub(super) struct Streamout {
    known: Vec<Feedback>,
    /// Index into `known` of the bound list.
    current: Option<usize>,
}

/// Lists remembered for resuming.
const MAX_KNOWN: usize = 64;

fn same(a: &[Option<Rc<StreamoutTarget>>], b: &[Option<Rc<StreamoutTarget>>]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| match (a, b) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        })
}

/// What transform feedback calls the primitives that it captures.
fn feedback_primitive(class: PrimitiveClass) -> u32 {
    match class {
        PrimitiveClass::Points => glow::POINTS,
        PrimitiveClass::Lines => glow::LINES,
        PrimitiveClass::Triangles => glow::TRIANGLES,
    }
}

impl Streamout {
    /// Binds a list of targets; an empty list turns stream output off.
    pub(super) fn set_targets(
        &mut self,
        gl: &Gl,
        targets: Vec<Option<Rc<StreamoutTarget>>>,
    ) -> Result<(), ExecError> {
        self.pause(gl);
        self.current = None;
        if targets.iter().all(Option::is_none) {
            return Ok(());
        }
        if let Some(at) = self.known.iter().position(|f| same(&f.targets, &targets)) {
            self.current = Some(at);
            return Ok(());
        }
        if self.known.len() == MAX_KNOWN {
            self.end(gl, 0);
            self.known.remove(0);
        }
        let object = gl.create_transform_feedback()?;
        gl.bind_transform_feedback(Some(&object));
        for (index, target) in targets.iter().enumerate().take(4) {
            let Some(target) = target else { continue };
            let range = target
                .resource
                .buffer()
                .map(|b| (b, target.offset.into(), target.size.into()));
            gl.bind_buffer_range(glow::TRANSFORM_FEEDBACK_BUFFER, index as u32, range)?;
        }
        gl.bind_transform_feedback(None);
        self.known.push(Feedback {
            targets,
            object,
            progress: Progress::New,
        });
        self.current = Some(self.known.len() - 1);
        Ok(())
    }

    /// Whether targets are bound.
    pub(super) fn active(&self) -> bool {
        self.current.is_some()
    }

    /// Starts or goes on capturing for a draw.
    pub(super) fn resume(&mut self, gl: &Gl, class: PrimitiveClass, program: &gl::Program) {
        let Some(at) = self.current else { return };
        let (primitive, program) = (feedback_primitive(class), program.id());
        let wanted = Progress::Running { primitive, program };
        if self.known[at].progress == wanted {
            return;
        }
        if !matches!(self.known[at].progress, Progress::New) && !self.continues(at, primitive, program) {
            self.end(gl, at);
        }
        let feedback = &mut self.known[at];
        gl.bind_transform_feedback(Some(&feedback.object));
        match feedback.progress {
            Progress::New => gl.begin_transform_feedback(primitive),
            _ => gl.resume_transform_feedback(),
        }
        feedback.progress = wanted;
    }

    fn continues(&self, at: usize, primitive: u32, program: u32) -> bool {
        self.known[at].progress == Progress::Paused { primitive, program }
    }

    /// Pauses capturing: before anything that draws on our own behalf, and before the program changes.
    pub(super) fn pause(&mut self, gl: &Gl) {
        let Some(at) = self.current else { return };
        if let Progress::Running { primitive, program } = self.known[at].progress {
            gl.pause_transform_feedback();
            gl.bind_transform_feedback(None);
            self.known[at].progress = Progress::Paused { primitive, program };
        }
    }

    /// Forgets the lists that name a target which is going away.
    pub(super) fn forget(&mut self, gl: &Gl, target: &Rc<StreamoutTarget>) {
        let names = |f: &Feedback| f.targets.iter().flatten().any(|t| Rc::ptr_eq(t, target));
        let mut at = 0;
        while at < self.known.len() {
            if self.current != Some(at) && names(&self.known[at]) {
                self.end(gl, at);
                self.known.remove(at);
                if let Some(current) = &mut self.current
                    && *current > at
                {
                    *current -= 1;
                }
            } else {
                at += 1;
            }
        }
    }

    /// Ends capturing of one list, so that the next draw would begin it anew.
    fn end(&mut self, gl: &Gl, at: usize) {
        let feedback = &mut self.known[at];
        if !matches!(feedback.progress, Progress::New) {
            gl.bind_transform_feedback(Some(&feedback.object));
            gl.end_transform_feedback();
            gl.bind_transform_feedback(None);
            feedback.progress = Progress::New;
        }
    }
}
