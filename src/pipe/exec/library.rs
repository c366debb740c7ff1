//! Shaders and programs of all contexts of a share group, found by their texts.
//!
//! Drivers compile each shader object for itself, and once more for each program at its first draw. Applications come with
//! the same texts again and again: a context for each window, a process for each tab, one start after the other. Whoever
//! asks for what is there gets that.
//!
//! Nothing is kept on disk: Mesa does that for what takes its time, the machine code of each state that a program is drawn
//! with.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::{Rc, Weak},
};

use super::error::ExecError;
use crate::{
    gl::{self, Gl, ShaderKind},
    pipe::glsl::Emitted,
};

/// Programs that are kept without a user, the most recently found ones.
const KEPT_PROGRAMS: usize = 128;
/// Bytes of text of the programs that are kept without a user.
const KEPT_TEXT: usize = 16 << 20;
/// Texts known before those of dropped shaders are looked for.
const FEWEST_TEXTS: usize = 64;

/// A compiled translation.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) shader: gl::Shader,
    /// Whether it reads the system block.
    pub(super) system_block: bool,
    /// Bytes of its text.
    length: usize,
}

/// A linked program and what it was made of.
#[derive(Debug)]
struct Linked {
    program: Rc<gl::Program>,
    /// Keeps the names by which the program is found from being given anew.
    parts: Vec<Rc<Compiled>>,
}

impl Linked {
    fn is_of(&self, parts: &[Rc<Compiled>]) -> bool {
        let same = |(one, other): (&Rc<Compiled>, &Rc<Compiled>)| Rc::ptr_eq(one, other);
        self.parts.len() == parts.len() && self.parts.iter().zip(parts).all(same)
    }
}

/// The shaders and programs of a share group.
#[derive(Debug, Default)]
pub(super) struct Library {
    shaders: RefCell<HashMap<(ShaderKind, String), Weak<Compiled>>>,
    /// How many texts may be known before those of dropped shaders are forgotten.
    room: Cell<usize>,
    /// The most recently found first.
    programs: RefCell<Vec<Linked>>,
}

impl Library {
    /// The shader of a text, compiled now if there is none.
    ///
    /// # Errors
    /// GL's log if it does not compile.
    pub(super) fn shader(
        &self,
        gl: &Gl,
        kind: ShaderKind,
        emitted: Emitted,
    ) -> Result<Rc<Compiled>, ExecError> {
        let Emitted { source, system_block } = emitted;
        let mut shaders = self.shaders.borrow_mut();
        let key = (kind, source);
        if let Some(compiled) = shaders.get(&key).and_then(Weak::upgrade) {
            return Ok(compiled);
        }
        let compiled = Rc::new(Compiled {
            shader: gl.compile_shader(kind, &key.1)?,
            system_block,
            length: key.1.len(),
        });
        if shaders.len() >= self.room.get().max(FEWEST_TEXTS) {
            shaders.retain(|_, compiled| compiled.strong_count() > 0);
            self.room.set(shaders.len() * 2);
        }
        shaders.insert(key, Rc::downgrade(&compiled));
        Ok(compiled)
    }

    /// The program of these shaders, linked now if there is none.
    ///
    /// # Errors
    /// GL's log if they do not link.
    pub(super) fn program(&self, gl: &Gl, parts: &[Rc<Compiled>]) -> Result<Rc<gl::Program>, ExecError> {
        let mut programs = self.programs.borrow_mut();
        if let Some(at) = programs.iter().position(|linked| linked.is_of(parts)) {
            programs[..=at].rotate_right(1);
            return Ok(programs[0].program.clone());
        }
        let shaders: Vec<_> = parts.iter().map(|part| &part.shader).collect();
        let program = Rc::new(gl.link_program(&shaders)?);
        programs.insert(
            0,
            Linked {
                program: program.clone(),
                parts: parts.to_vec(),
            },
        );
        tidy(&mut programs);
        Ok(program)
    }
}

/// Lets go of the programs that were found longest ago, down to what may be kept.
fn tidy(programs: &mut Vec<Linked>) {
    let mut text = 0;
    let kept = programs.iter().take(KEPT_PROGRAMS).take_while(|linked| {
        text += linked.parts.iter().map(|part| part.length).sum::<usize>();
        text <= KEPT_TEXT
    });
    let kept = kept.count();
    programs.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gl::{Choice, Display, Platform};

    const VERTEX: &str = "#version 450
void main() { gl_Position = vec4(0.0); }";

    fn context() -> gl::Context {
        let display = Display::open(Choice::Only(Platform::Surfaceless)).expect("a surfaceless display");
        let context = display.create_context(None).expect("a context");
        context.make_current().unwrap();
        context
    }

    fn emitted(source: impl Into<String>) -> Emitted {
        Emitted {
            source: source.into(),
            system_block: false,
        }
    }

    fn fragment(red: usize) -> Emitted {
        emitted(format!(
            "#version 450
layout(location = 0) out vec4 color;
void main() {{ color = vec4({red}.0, 0.0, 0.0, 1.0); }}"
        ))
    }

    #[test]
    fn the_same_text_is_compiled_and_linked_once() {
        let (context, library) = (context(), Library::default());
        let make = || {
            let vertex = library.shader(&context.gl(), ShaderKind::Vertex, emitted(VERTEX));
            let fragment = library.shader(&context.gl(), ShaderKind::Fragment, fragment(1));
            library.program(&context.gl(), &[vertex.unwrap(), fragment.unwrap()])
        };
        let (first, second) = (make().unwrap(), make().unwrap());
        assert_eq!(first.id(), second.id());
    }

    #[test]
    fn other_texts_make_other_programs() {
        let (context, library) = (context(), Library::default());
        let vertex = library
            .shader(&context.gl(), ShaderKind::Vertex, emitted(VERTEX))
            .unwrap();
        let make = |red| {
            let fragment = library.shader(&context.gl(), ShaderKind::Fragment, fragment(red));
            library.program(&context.gl(), &[vertex.clone(), fragment.unwrap()])
        };
        assert_ne!(make(1).unwrap().id(), make(2).unwrap().id());
    }

    #[test]
    fn a_text_that_does_not_compile_is_refused_each_time() {
        let (context, library) = (context(), Library::default());
        for _ in 0..2 {
            let wrong = emitted("#version 450\nnonsense");
            assert!(library.shader(&context.gl(), ShaderKind::Vertex, wrong).is_err());
        }
        assert!(library.shaders.borrow().is_empty());
    }

    #[test]
    fn long_texts_are_kept_up_to_a_sum() {
        let (context, library) = (context(), Library::default());
        let vertex = library
            .shader(&context.gl(), ShaderKind::Vertex, emitted(VERTEX))
            .unwrap();
        for red in 0..5 {
            let mut long = fragment(red);
            long.source.push_str(&" ".repeat(KEPT_TEXT / 4));
            let fragment = library.shader(&context.gl(), ShaderKind::Fragment, long);
            library
                .program(&context.gl(), &[vertex.clone(), fragment.unwrap()])
                .unwrap();
        }
        assert_eq!(library.programs.borrow().len(), 3);
    }

    #[test]
    fn programs_found_long_ago_and_texts_of_dropped_shaders_are_forgotten() {
        let (context, library) = (context(), Library::default());
        let vertex = library
            .shader(&context.gl(), ShaderKind::Vertex, emitted(VERTEX))
            .unwrap();
        for red in 0..4 * KEPT_PROGRAMS {
            let fragment = library.shader(&context.gl(), ShaderKind::Fragment, fragment(red));
            library
                .program(&context.gl(), &[vertex.clone(), fragment.unwrap()])
                .unwrap();
        }
        assert_eq!(library.programs.borrow().len(), KEPT_PROGRAMS);
        assert!(library.shaders.borrow().len() <= 2 * (KEPT_PROGRAMS + 2));
    }
}
