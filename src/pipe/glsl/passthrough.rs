//! The control shader of programs that have none.
//!
//! It hands on what the vertex shader writes and takes the levels from pipeline state. They come in a uniform block,
//! not in the text, so that an application may change them with every draw. The block takes the place of the default
//! constant buffer of the stage that is missing.

use std::fmt::{Display, Write};

use crate::pipe::tgsi::{PropertyName, Semantic, SemanticName, Stage};

use super::{
    error::EmitError,
    key::{Emitted, Host, Layout, PassthroughKey},
    names::{CONTROL, VERTEX, Varying, stage_number},
    outputs::varying_count,
    tess_control::MAX_PATCH_VERTICES,
};

/// Writes a control shader that passes on everything.
///
/// The default levels are read from the binding of constant buffer 0 of the control stage: four outer levels and, 16
/// bytes behind, two inner levels, as floats; 32 bytes in all.
///
/// # Errors
/// If the patch has no vertices or more than 32.
pub fn passthrough_control(key: &PassthroughKey, host: &Host, layout: &Layout) -> Result<Emitted, EmitError> {
    let vertices = key.vertices;
    if !(1..=MAX_PATCH_VERTICES).contains(&vertices) {
        return Err(EmitError::Property {
            name: PropertyName::TcsVerticesOut,
            value: vertices,
        });
    }
    let binding = stage_number(Stage::TessControl) * layout.uniform_blocks_per_stage;
    let mut globals = format!(
        "#version {} core\nlayout(std140,binding={binding})uniform levels{{vec4 outer;vec4 inner;}};\n\
         layout(vertices={vertices})out;\n",
        host.version
    );
    let mut body = String::new();
    for semantic in varyings() {
        if key.available.has(semantic) {
            let (from, to) = (Varying(VERTEX, semantic), Varying(CONTROL, semantic));
            let _ = writeln!(globals, "in vec4 {from}[];\nout uvec4 {to}[];");
            let _ = writeln!(
                body,
                "{to}[gl_InvocationID]=floatBitsToUint({from}[gl_InvocationID]);"
            );
        }
    }
    let mut copy = |member: &dyn Display| {
        let _ = writeln!(
            body,
            "gl_out[gl_InvocationID].{member}=gl_in[gl_InvocationID].{member};"
        );
    };
    copy(&"gl_Position");
    if key.point_size {
        copy(&"gl_PointSize");
    }
    for n in 0..8 {
        if let Some(member) = key.distances.member(n) {
            copy(&member);
        }
    }
    for n in 0..4 {
        let _ = writeln!(body, "gl_TessLevelOuter[{n}]=outer[{n}];");
    }
    for n in 0..2 {
        let _ = writeln!(body, "gl_TessLevelInner[{n}]=inner[{n}];");
    }
    Ok(Emitted {
        source: format!("{globals}void main(){{\n{body}}}\n"),
        system_block: false,
    })
}

/// Every varying that a vertex shader can write.
fn varyings() -> impl Iterator<Item = Semantic> {
    [
        SemanticName::Generic,
        SemanticName::Texcoord,
        SemanticName::Color,
        SemanticName::Bcolor,
        SemanticName::Fog,
        SemanticName::Clipvertex,
    ]
    .into_iter()
    .flat_map(|name| {
        let count = varying_count(name).unwrap_or(1);
        (0..count).map(move |index| Semantic { name, index })
    })
}
