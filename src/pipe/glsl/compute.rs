//! Compute shaders.

use std::fmt::Write;

use crate::pipe::tgsi::{PropertyName, Shader, Stage};

use super::{
    assemble::assemble,
    declared::Declared,
    emit::{Bound, StageParts},
    error::EmitError,
    key::{ComputeKey, Emitted, Host, Layout},
};

/// Invocations of a work group, beyond any GL's limit.
const MAX_INVOCATIONS: u64 = 1 << 13;

/// Translates a compute shader. `shared_bytes` is the size of its shared memory, which its text does not say.
///
/// # Errors
/// As [`vertex`](super::vertex); an empty or oversized work group or shared memory too.
pub fn compute(
    shader: &Shader,
    key: &ComputeKey,
    shared_bytes: u32,
    host: &Host,
    layout: &Layout,
) -> Result<Emitted, EmitError> {
    if shader.stage != Stage::Compute {
        return Err(EmitError::WrongStage {
            expected: Stage::Compute,
            found: shader.stage,
        });
    }
    let declared = Declared::new(shader)?;
    let mut stage = StageParts::default();
    let [x, y, z] = checked(fixed_block(shader).unwrap_or(key.block))?;
    let _ = writeln!(
        stage.globals,
        "layout(local_size_x={x},local_size_y={y},local_size_z={z})in;"
    );
    stage.shared_words = declared
        .buffers
        .declare_shared(&mut stage.globals, shared_bytes)?;
    let bound = Bound {
        swizzled: &key.swizzled,
        images: key.images,
    };
    assemble(&declared, &stage, host, layout, bound)
}

/// The size of a work group, if the shader says it.
pub(super) fn fixed_block(shader: &Shader) -> Option<[u32; 3]> {
    let width = shader
        .property(PropertyName::CsFixedBlockWidth)
        .filter(|&w| w != 0)?;
    let other = |name| shader.property(name).filter(|&n| n != 0).unwrap_or(1);
    Some([
        width,
        other(PropertyName::CsFixedBlockHeight),
        other(PropertyName::CsFixedBlockDepth),
    ])
}

fn checked(block: [u32; 3]) -> Result<[u32; 3], EmitError> {
    let product = block.iter().try_fold(1u64, |product, &n| {
        product.checked_mul(n.into()).filter(|&p| p <= MAX_INVOCATIONS)
    });
    match product {
        Some(1..) => Ok(block),
        _ => Err(EmitError::WorkGroup(block)),
    }
}
