//! Variables of the generated shader that stand for registers.

use std::borrow::Cow;

use super::{key::ClipDistances, value::Native};

/// A variable of the generated shader.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub text: Cow<'static, str>,
    pub native: Native,
    pub form: Form,
}

/// How the channels of a register lie in a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Vector,
    /// One component, which then stands for all four.
    Scalar,
    /// The elements of an array; channels from `count` on do not exist.
    Elements {
        count: u8,
    },
    /// Members of a vertex: clip and cull distances from scalar `first` on.
    Distances {
        first: u8,
        counts: ClipDistances,
    },
}

impl Form {
    /// What follows the name of the variable to name one channel, where each lies by itself; `None` if the channel does
    /// not exist.
    pub(super) fn element(self, channel: u8) -> Option<String> {
        match self {
            Form::Elements { count } => (channel < count).then(|| format!("[{channel}]")),
            Form::Distances { first, counts } => counts.member(first + channel).map(|m| format!(".{m}")),
            Form::Vector | Form::Scalar => None,
        }
    }
}

impl Variable {
    pub(super) fn vector(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            native: Native::Float,
            form: Form::Vector,
        }
    }

    pub(super) fn bits(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            native: Native::Bits,
            form: Form::Vector,
        }
    }

    pub(super) fn scalar(text: impl Into<Cow<'static, str>>, native: Native) -> Self {
        Self {
            text: text.into(),
            native,
            form: Form::Scalar,
        }
    }

    /// Elements of an array of floats.
    pub(super) fn elements(text: impl Into<Cow<'static, str>>, count: u8) -> Self {
        Self {
            form: Form::Elements { count },
            ..Self::vector(text)
        }
    }
}

/// What an input register reads.
#[derive(Debug, Clone)]
pub(super) enum Input {
    /// Nobody writes it.
    Literal([u32; 4]),
    /// A variable of the stage.
    Variable(Variable),
    /// A value for each vertex of the input primitive.
    PerVertex(PerVertex),
}

/// What a register reads of a vertex: `open`, the number of the vertex, `close`.
#[derive(Debug, Clone)]
pub(super) struct PerVertex {
    pub open: String,
    pub close: &'static str,
    pub native: Native,
    pub scalar: bool,
}
