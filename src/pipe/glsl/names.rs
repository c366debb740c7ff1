//! The names that generated shaders share with each other.
//!
//! Varyings are named by their semantic, never by their register: a name must not depend on facts that the other
//! stage cannot see. Uniform names carry the stage because GL keeps one name space for a whole program.

use std::fmt;

use crate::pipe::tgsi::{Semantic, SemanticName, Stage};

use super::key::Producer;

/// The letters of the four channels.
pub(super) const CHANNELS: [char; 4] = ['x', 'y', 'z', 'w'];

/// The name of a user or fixed-function varying written by `Producer`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Varying(pub Producer, pub Semantic);

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
            _ => return None,
        })
    }
}

impl fmt::Display for Varying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.0 {
            Producer::Vertex => "v",
            Producer::Geometry => "g",
        };
        let letter = Self::letter(self.1.name).unwrap_or("x");
        write!(f, "{stage}_{letter}{}", self.1.index)
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
