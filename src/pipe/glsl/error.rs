//! Why a shader cannot be translated.

use crate::pipe::tgsi::{File, Opcode, PropertyName, SemanticName, Stage, Texture};

/// A shader that has no translation. The text comes from a client, so all of these can be provoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// The tree is of another stage than the function that was called.
    #[error("expected a {expected:?} shader, found {found:?}")]
    WrongStage {
        /// The stage asked for.
        expected: Stage,
        /// The stage of the tree.
        found: Stage,
    },
    /// The translator does not know the opcode.
    #[error("opcode {} is not supported", .0.mnemonic())]
    Opcode(Opcode),
    /// The opcode has no meaning in this stage.
    #[error("opcode {} is not allowed in {stage:?} shaders", .opcode.mnemonic())]
    OpcodeInStage {
        /// The opcode.
        opcode: Opcode,
        /// The stage of the shader.
        stage: Stage,
    },
    /// An instruction has fewer operands than its opcode needs.
    #[error("opcode {} lacks operands", .0.mnemonic())]
    MissingOperand(Opcode),
    /// An operand that must be an immediate is not.
    #[error("operand {operand} of {} must be an immediate", .opcode.mnemonic())]
    NotConstant {
        /// The opcode.
        opcode: Opcode,
        /// Number of the source operand.
        operand: usize,
    },
    /// A texture opcode that GLSL does not offer for the target.
    #[error("opcode {} does not take target {target:?}", .opcode.mnemonic())]
    Target {
        /// The opcode.
        opcode: Opcode,
        /// The texture target.
        target: Texture,
    },
    /// One sampler is used with two targets, which one GLSL sampler cannot serve.
    #[error("sampler {unit} is used as {first:?} and as {second:?}")]
    SamplerConflict {
        /// Sampler slot.
        unit: u32,
        /// Target of the first use.
        first: Texture,
        /// Target of a later use.
        second: Texture,
    },
    /// Texel offsets that GLSL cannot express.
    #[error("opcode {} cannot take these texel offsets", .0.mnemonic())]
    TexelOffset(Opcode),
    /// A semantic that the stage does not have, or an index beyond its range.
    #[error("semantic {name:?}[{index}] is not supported on {file:?} of {stage:?} shaders")]
    Semantic {
        /// The stage of the shader.
        stage: Stage,
        /// The register file it is declared on.
        file: File,
        /// The semantic name.
        name: SemanticName,
        /// The semantic index.
        index: u32,
    },
    /// An input or output without a semantic.
    #[error("register {file:?}[{index}] has no semantic")]
    NoSemantic {
        /// The register file.
        file: File,
        /// The register.
        index: u32,
    },
    /// A register that no declaration covers.
    #[error("register {file:?}[{index}] is not declared")]
    Undeclared {
        /// The register file.
        file: File,
        /// The register index.
        index: i64,
    },
    /// A declaration beyond what the translator takes.
    #[error("register {file:?}[{index}] is beyond the limit of {limit} registers")]
    RegisterLimit {
        /// The register file.
        file: File,
        /// The declared index.
        index: u32,
        /// How many registers the file may have.
        limit: u32,
    },
    /// A register file that cannot be read, written or addressed in this way.
    #[error("{file:?} registers cannot be {access}")]
    Access {
        /// The register file.
        file: File,
        /// What was attempted.
        access: &'static str,
    },
    /// A property with a value that has no translation.
    #[error("property {name:?} cannot be {value}")]
    Property {
        /// The property.
        name: PropertyName,
        /// Its value.
        value: u32,
    },
    /// The host's GL lacks an extension that the shader needs.
    #[error("the host lacks {0}")]
    HostLacks(&'static str),
    /// An image that is read has no format, or one that GLSL does not have.
    #[error("image {unit} cannot be used with format {format}")]
    ImageFormat {
        /// Image slot.
        unit: u32,
        /// The format as the text names it, `NONE` if it does not.
        format: String,
    },
    /// An opcode that images of a format do not have.
    #[error("opcode {} does not take the format of image {unit}", .opcode.mnemonic())]
    ImageOpcode {
        /// The opcode.
        opcode: Opcode,
        /// Image slot.
        unit: u32,
    },
    /// A work group without invocations, or with too many.
    #[error("a work group of {0:?} invocations")]
    WorkGroup([u32; 3]),
    /// A translation longer than any program needs.
    #[error("the translation is longer than {0} bytes")]
    TooLong(usize),
    /// A barrier where GLSL does not allow one.
    #[error("BARRIER inside control flow of a tessellation control shader")]
    Barrier,
    /// Control flow that does not nest.
    #[error("unbalanced {}", .0.mnemonic())]
    Unbalanced(Opcode),
    /// Control flow nested too deeply for the recursion of GLSL compilers.
    #[error("control flow is nested more than {0} levels deep")]
    Nesting(usize),
    /// The shader does not close with `END`.
    #[error("the shader has no END")]
    NoEnd,
    /// An entry of the stream-output table that GL cannot capture.
    #[error("stream output {entry}: {reason}")]
    StreamOutput {
        /// Position in the table.
        entry: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
}
