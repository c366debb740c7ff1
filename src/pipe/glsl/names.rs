//! The names that generated shaders share with each other.
//!
//! Varyings are named by their semantic, never by their register: a name must not depend on facts that the other
//! stage cannot see. Uniform names carry the stage because GL keeps one name space for a whole program.

use std::fmt;

use crate::pipe::tgsi::{Semantic, SemanticName, Stage};

/// The letters of the four channels.
pub(super) const CHANNELS: [char; 4] = ['x', 'y', 'z', 'w'];

/// The letters of the stages that write varyings. Evaluation shaders write as vertex shaders do, so that whatever
/// follows need not know which it is.
pub(super) const VERTEX: char = 'v';
pub(super) const CONTROL: char = 'c';
pub(super) const GEOMETRY: char = 'g';

/// The name of a varying, behind the letter of the stage that writes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Varying(pub char, pub Semantic);

impl Varying {
    /// The prefix of a semantic that crosses stages as a varying, `None` for all others.
    fn letter(name: SemanticName) -> Option<&'static str> {
        Some(match name {
            SemanticName::Generic => "g",
            SemanticName::Texcoord => "t",
            SemanticName::Color => "c",
            SemanticName::Bcolor => "bc",
            SemanticName::Fog => "f",
            SemanticName::Clipvertex => "cv",
            SemanticName::Patch => "p",
            _ => return None,
        })
    }
}

impl fmt::Display for Varying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = Self::letter(self.1.name).unwrap_or("x");
        write!(f, "{}_{letter}{}", self.0, self.1.index)
    }
}

/// The number of a stage on the wire, which selects its range of bindings.
pub(super) const fn stage_number(stage: Stage) -> u32 {
    match stage {
        Stage::Vertex => 0,
        Stage::Fragment => 1,
        Stage::Geometry => 2,
        Stage::TessControl => 3,
        Stage::TessEval => 4,
        Stage::Compute => 5,
    }
}

/// The prefix of a stage's uniforms.
pub(super) const fn stage_letter(stage: Stage) -> char {
    match stage {
        Stage::Vertex => 'v',
        Stage::Fragment => 'f',
        Stage::Geometry => 'g',
        Stage::TessControl => 'c',
        Stage::TessEval => 'e',
        Stage::Compute => 'k',
    }
}
