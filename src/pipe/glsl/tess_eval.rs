//! Tessellation evaluation shaders.

use std::fmt::Write;

use crate::pipe::tgsi::{PropertyName, Shader, Stage};

use super::{
    assemble::assemble,
    declared::Declared,
    emit::{Bound, StageParts},
    error::EmitError,
    interface::Emits,
    key::{Emitted, EvaluationKey, Host, Layout, StreamOutputs},
    per_vertex::{Previous, inputs},
    tess_control::MAX_PATCH_VERTICES,
    vertex_outputs::{After, outputs},
};

/// Translates a tessellation evaluation shader.
///
/// `so` is the stream-output table of the shader object; it is used only if the key says that this is the last
/// stage before the rasterizer.
///
/// # Errors
/// As [`vertex`](super::vertex).
pub fn tess_eval(
    shader: &Shader,
    key: &EvaluationKey,
    so: &StreamOutputs,
    host: &Host,
    layout: &Layout,
) -> Result<Emitted, EmitError> {
    if shader.stage != Stage::TessEval {
        return Err(EmitError::WrongStage {
            expected: Stage::TessEval,
            found: shader.stage,
        });
    }
    let declared = Declared::new(shader)?;
    let mut stage = StageParts {
        vertices: MAX_PATCH_VERTICES,
        ..StageParts::default()
    };
    let domain = domain(shader)?;
    let _ = write!(
        stage.globals,
        "layout({},{},{}",
        domain.shape, domain.spacing, domain.order
    );
    stage.globals.push_str(if domain.points {
        ",point_mode)in;\n"
    } else {
        ")in;\n"
    });
    let previous = Previous {
        available: &key.available,
        distances: key.input_distances,
    };
    inputs(&declared, previous, &mut stage)?;
    let after = After {
        last: key.last,
        clip_planes: key.clip_planes,
        captures: so,
    };
    outputs(&declared, after, host, &mut stage)?;
    let bound = Bound {
        swizzled: &key.swizzled,
        images: key.images,
    };
    assemble(&declared, &stage, host, layout, bound)
}

/// How patches are divided, from the properties of the shader.
#[derive(Debug, Clone, Copy)]
pub(super) struct Domain {
    shape: &'static str,
    spacing: &'static str,
    order: &'static str,
    points: bool,
}

impl Domain {
    pub(super) fn emits(self) -> Emits {
        match self.shape {
            _ if self.points => Emits::Points,
            "isolines" => Emits::Lines,
            _ => Emits::Triangles,
        }
    }
}

pub(super) fn domain(shader: &Shader) -> Result<Domain, EmitError> {
    let property = |name| shader.property(name).unwrap_or(0);
    let refuse = |name| {
        Err(EmitError::Property {
            name,
            value: property(name),
        })
    };
    // Gallium's primitive numbers.
    let shape = match property(PropertyName::TesPrimMode) {
        1 => "isolines",
        4 => "triangles",
        7 => "quads",
        _ => return refuse(PropertyName::TesPrimMode),
    };
    let spacing = match property(PropertyName::TesSpacing) {
        0 => "fractional_odd_spacing",
        1 => "fractional_even_spacing",
        2 => "equal_spacing",
        _ => return refuse(PropertyName::TesSpacing),
    };
    Ok(Domain {
        shape,
        spacing,
        order: match property(PropertyName::TesVertexOrderCw) {
            0 => "ccw",
            _ => "cw",
        },
        points: property(PropertyName::TesPointMode) != 0,
    })
}
