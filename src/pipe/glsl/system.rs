//! System values, and what they ask of the host.

use crate::pipe::tgsi::{File, SemanticName, Stage};

use super::{
    error::EmitError,
    features::Features,
    key::Host,
    per_vertex::{INNER_LEVELS, OUTER_LEVELS},
    value::Native,
};

/// A value that GL provides.
#[derive(Debug, Clone, Copy)]
pub(super) struct SystemValue {
    /// A GLSL expression that may be followed by a swizzle or stand as an operand.
    pub text: &'static str,
    pub native: Native,
    /// Whether it is a scalar, which then stands for all four channels.
    pub scalar: bool,
}

const fn int(text: &'static str) -> SystemValue {
    SystemValue {
        text,
        native: Native::Int,
        scalar: true,
    }
}

/// The GLSL for a register of the SV file.
pub(super) fn system_value(
    stage: Stage,
    name: SemanticName,
    host: &Host,
    features: &mut Features,
) -> Result<SystemValue, EmitError> {
    use SemanticName as S;
    let draw_parameter = match (stage, name) {
        (Stage::Vertex, S::VertexIdNobase) => {
            Some(["(gl_VertexID-gl_BaseVertex)", "(gl_VertexID-gl_BaseVertexARB)"])
        }
        (Stage::Vertex, S::Basevertex) => Some(["gl_BaseVertex", "gl_BaseVertexARB"]),
        (Stage::Vertex, S::Baseinstance) => Some(["gl_BaseInstance", "gl_BaseInstanceARB"]),
        (Stage::Vertex, S::Drawid) => {
            features.system_block = true;
            Some(["(gl_DrawID+sys.draw_id_base)", "(gl_DrawIDARB+sys.draw_id_base)"])
        }
        _ => None,
    };
    if let Some([core, extension]) = draw_parameter {
        if host.version >= 460 {
            return Ok(int(core));
        }
        if !host.draw_parameters {
            return Err(EmitError::HostLacks("ARB_shader_draw_parameters"));
        }
        features.require("GL_ARB_shader_draw_parameters");
        return Ok(int(extension));
    }
    if let Some(value) = subgroup_value(name) {
        if !host.ballot {
            return Err(EmitError::HostLacks("ARB_shader_ballot"));
        }
        features.require("GL_ARB_shader_ballot");
        if !value.scalar {
            features.require_long_integers(host)?;
        }
        return Ok(value);
    }
    Ok(match (stage, name) {
        (Stage::Vertex, S::VertexId) => int("gl_VertexID"),
        (Stage::Vertex, S::InstanceId) => int("gl_InstanceID"),
        (Stage::Geometry | Stage::TessControl, S::InvocationId) => int("gl_InvocationID"),
        (Stage::TessControl | Stage::TessEval, S::PrimId) => int("gl_PrimitiveID"),
        (Stage::TessControl | Stage::TessEval, S::VerticesIn) => int("gl_PatchVerticesIn"),
        (Stage::TessEval, S::Tesscoord) => vector("vec4(gl_TessCoord,0.0)"),
        (Stage::TessEval, S::Tessouter) => vector(OUTER_LEVELS),
        (Stage::TessEval, S::Tessinner) => vector(INNER_LEVELS),
        (Stage::Compute, S::ThreadId) => words("uvec4(gl_LocalInvocationID,0u)"),
        (Stage::Compute, S::BlockId) => words("uvec4(gl_WorkGroupID,0u)"),
        (Stage::Compute, S::BlockSize) => words("uvec4(gl_WorkGroupSize,1u)"),
        (Stage::Compute, S::GridSize) => words("uvec4(gl_NumWorkGroups,1u)"),
        (Stage::Geometry, S::PrimId) => int("gl_PrimitiveIDIn"),
        (Stage::Fragment, S::PrimId) => int("gl_PrimitiveID"),
        (Stage::Fragment, S::SampleId) => int("gl_SampleID"),
        (Stage::Fragment, S::SampleMask) => int("gl_SampleMaskIn[0]"),
        (Stage::Fragment, S::HelperInvocation) => int("(-int(gl_HelperInvocation))"),
        (Stage::Fragment, S::SamplePos) => vector("vec4(gl_SamplePosition,0.0,1.0)"),
        (Stage::Fragment, S::Position) => vector("gl_FragCoord"),
        (Stage::Fragment, S::Pcoord) => vector("vec4(gl_PointCoord,0.0,1.0)"),
        (Stage::Fragment, S::Face) => SystemValue {
            text: "(gl_FrontFacing?1.0:-1.0)",
            native: Native::Float,
            scalar: true,
        },
        _ => {
            return Err(EmitError::Semantic {
                stage,
                file: File::Sv,
                name,
                index: 0,
            });
        }
    })
}

/// Values of the invocations that run together; the masks are 64 bits wide.
const fn subgroup_value(name: SemanticName) -> Option<SystemValue> {
    use SemanticName as S;
    Some(match name {
        S::SubgroupSize => int("int(gl_SubGroupSizeARB)"),
        S::SubgroupInvocation => int("int(gl_SubGroupInvocationARB)"),
        S::SubgroupEqMask => words("uvec4(unpackUint2x32(gl_SubGroupEqMaskARB),0u,0u)"),
        S::SubgroupGeMask => words("uvec4(unpackUint2x32(gl_SubGroupGeMaskARB),0u,0u)"),
        S::SubgroupGtMask => words("uvec4(unpackUint2x32(gl_SubGroupGtMaskARB),0u,0u)"),
        S::SubgroupLeMask => words("uvec4(unpackUint2x32(gl_SubGroupLeMaskARB),0u,0u)"),
        S::SubgroupLtMask => words("uvec4(unpackUint2x32(gl_SubGroupLtMaskARB),0u,0u)"),
        _ => return None,
    })
}

const fn words(text: &'static str) -> SystemValue {
    SystemValue {
        text,
        native: Native::Bits,
        scalar: false,
    }
}

const fn vector(text: &'static str) -> SystemValue {
    SystemValue {
        text,
        native: Native::Float,
        scalar: false,
    }
}
