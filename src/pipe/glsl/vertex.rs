//! Vertex shaders.

use std::fmt::Write;

use crate::pipe::tgsi::{Shader, Stage};

use super::{
    assemble::assemble,
    declared::Declared,
    emit::{Bound, StageParts},
    error::EmitError,
    key::{Emitted, Host, Layout, StreamOutputs, VertexKey},
    value::{Native, type_name},
    variable::{Form, Input, Variable},
    vertex_outputs::{After, outputs},
};

/// Translates a vertex shader.
///
/// `so` is the stream-output table of the shader object; it is used only if the key says that this is the last
/// stage before the rasterizer.
pub fn vertex(
    shader: &Shader,
    key: &VertexKey,
    so: &StreamOutputs,
    host: &Host,
    layout: &Layout,
) -> Result<Emitted, EmitError> {
    if shader.stage != Stage::Vertex {
        return Err(EmitError::WrongStage {
            expected: Stage::Vertex,
            found: shader.stage,
        });
    }
    let declared = Declared::new(shader)?;
    let mut stage = StageParts::default();
    attributes(&declared, key, &mut stage);
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

/// Attributes are floats unless their format is a pure integer.
fn attributes(declared: &Declared<'_>, key: &VertexKey, stage: &mut StageParts) {
    for register in (0..32u32).filter(|n| declared.attributes >> n & 1 != 0) {
        let bit = |mask: u32| mask >> register & 1 != 0;
        let native = if bit(key.signed_inputs) {
            Native::Int
        } else if bit(key.unsigned_inputs) {
            Native::Bits
        } else {
            Native::Float
        };
        if declared.used_inputs >> register & 1 != 0 {
            let name = type_name(native, 4);
            let _ = writeln!(
                stage.globals,
                "layout(location={register})in {name} in_{register};"
            );
        }
        let variable = Variable {
            text: format!("in_{register}").into(),
            native,
            form: Form::Vector,
        };
        stage.inputs.resize(register as usize + 1, None);
        stage.inputs[register as usize] = Some(Input::Variable(variable));
    }
}
