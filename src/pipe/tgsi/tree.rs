//! The syntax tree of a TGSI shader.
//!
//! The tree keeps what the text says and judges little: register ranges, semantics and immediates come from an
//! untrusted client, so whoever walks the tree checks indices against the declarations.

use super::Opcode;

/// The pipeline stage a shader is for; the first word of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Stage {
    Vertex,
    Fragment,
    Geometry,
    TessControl,
    TessEval,
    Compute,
}

/// A whole shader.
#[derive(Debug, Clone, PartialEq)]
pub struct Shader {
    /// The stage named by the header.
    pub stage: Stage,
    /// Properties in text order; unknown ones are skipped by the parser.
    pub properties: Vec<Property>,
    /// Declarations in text order.
    pub declarations: Vec<Declaration>,
    /// Immediates; the position is the register index.
    pub immediates: Vec<Immediate>,
    /// Instructions in text order, the closing `END` included.
    pub instructions: Vec<Instruction>,
}

impl Shader {
    /// The value of a property, if the shader sets it (the last one wins).
    pub fn property(&self, name: PropertyName) -> Option<u32> {
        self.properties
            .iter()
            .rev()
            .find(|p| p.name == name)
            .map(|p| p.value)
    }

    /// The word that channel x of an operand reads, if it is an immediate; modifiers are not applied.
    pub fn immediate(&self, source: &Source) -> Option<u32> {
        let (File::Imm, Index::Direct(n)) = (source.register.file, source.register.index) else {
            return None;
        };
        let immediate = self.immediates.get(usize::try_from(n).ok()?)?;
        Some(immediate.words[source.swizzle[0] as usize & 3])
    }

    /// The declarations of a register file, in text order.
    pub fn declarations_of(&self, file: File) -> impl Iterator<Item = &Declaration> {
        self.declarations.iter().filter(move |d| d.file == file)
    }
}

/// `PROPERTY name value`. Word values (primitives, origins, stages) are stored as their gallium numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Property {
    /// Which property.
    pub name: PropertyName,
    /// Its value; for words, the gallium enum number.
    pub value: u32,
}

/// The properties that a virgl client can send (mnemonic in camel case).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum PropertyName {
    GsInputPrimitive,
    GsOutputPrimitive,
    GsMaxOutputVertices,
    FsCoordOrigin,
    FsCoordPixelCenter,
    FsColor0WritesAllCbufs,
    FsDepthLayout,
    VsProhibitUcps,
    GsInvocations,
    VsWindowSpacePosition,
    TcsVerticesOut,
    TesPrimMode,
    TesSpacing,
    TesVertexOrderCw,
    TesPointMode,
    NumClipdistEnabled,
    NumCulldistEnabled,
    FsEarlyDepthStencil,
    FsPostDepthCoverage,
    NextShader,
    CsFixedBlockWidth,
    CsFixedBlockHeight,
    CsFixedBlockDepth,
    MulZeroWins,
    LegacyMathRules,
    VsBlitSgprsAmd,
    CsUserDataComponentsAmd,
    LayerViewportRelative,
    FsBlendEquationAdvanced,
    SeparableProgram,
}

/// A register file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum File {
    Null,
    Const,
    In,
    Out,
    Temp,
    Samp,
    Addr,
    Imm,
    Pred,
    Sv,
    Image,
    Sview,
    Buffer,
    Memory,
    HwAtomic,
}

/// A write mask or a set of channels: bit 0 is x, bit 3 is w.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mask(pub u8);

impl Mask {
    /// All four channels.
    pub const XYZW: Mask = Mask(0xf);

    /// Whether channel `c` (0 to 3) is in the mask.
    pub const fn has(self, c: usize) -> bool {
        self.0 >> c & 1 != 0
    }

    /// The number of channels in the mask.
    pub const fn count(self) -> usize {
        (self.0 & 0xf).count_ones() as usize
    }

    /// The channels in the mask, ascending.
    pub fn channels(self) -> impl Iterator<Item = usize> {
        (0..4).filter(move |&c| self.has(c))
    }
}

/// The first bracket of a two-bracket declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredDimension {
    /// `[]`: the size follows from the stage (vertices of the input primitive, patch size).
    Implied,
    /// `[n]`: a constant buffer or atomic buffer number.
    Index(u32),
}

/// `DCL file[first..last] ...`
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// The register file.
    pub file: File,
    /// The first of two brackets, when there are two.
    pub dimension: Option<DeclaredDimension>,
    /// First register of the range.
    pub first: u32,
    /// Last register of the range, inclusive; the parser refuses `last < first`.
    pub last: u32,
    /// Declared channels.
    pub mask: Mask,
    /// `ARRAY(n)`.
    pub array: Option<u32>,
    /// `LOCAL`.
    pub local: bool,
    /// Semantic of inputs, outputs and system values.
    pub semantic: Option<Semantic>,
    /// `STREAM(x, y, z, w)` of geometry outputs.
    pub streams: Option<[u8; 4]>,
    /// Interpolation of fragment inputs.
    pub interpolation: Option<Interpolation>,
    /// Where a fragment input is sampled.
    pub location: Location,
    /// `INVARIANT`.
    pub invariant: bool,
    /// What is special to the file.
    pub detail: Detail,
}

/// The part of a declaration that depends on its register file.
#[derive(Debug, Clone, PartialEq)]
pub enum Detail {
    /// Nothing.
    None,
    /// `DCL IMAGE[n], target, format, WR`.
    Image {
        /// Texture target of the image.
        target: Texture,
        /// Format name without `PIPE_FORMAT_`, `None` for `PIPE_FORMAT_NONE` or an absent format.
        format: Option<String>,
        /// `WR`.
        writable: bool,
        /// `RAW`.
        raw: bool,
    },
    /// `DCL SVIEW[n], target, type`.
    SamplerView {
        /// Texture target of the view.
        target: Texture,
        /// Return type of the four channels.
        types: [ReturnType; 4],
    },
    /// `DCL BUFFER[n], ATOMIC`.
    AtomicBuffer,
    /// `DCL MEMORY[n], SHARED`.
    Memory(MemoryKind),
}

/// A semantic and its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Semantic {
    /// The name.
    pub name: SemanticName,
    /// The index, 0 when the text has none.
    pub index: u32,
}

/// The semantics of inputs, outputs and system values (text name in camel case).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum SemanticName {
    Position,
    Color,
    Bcolor,
    Fog,
    Psize,
    Generic,
    Normal,
    Face,
    Edgeflag,
    PrimId,
    InstanceId,
    VertexId,
    Stencil,
    Clipdist,
    Clipvertex,
    GridSize,
    BlockId,
    BlockSize,
    ThreadId,
    Texcoord,
    Pcoord,
    ViewportIndex,
    Layer,
    Culldist,
    SampleId,
    SamplePos,
    SampleMask,
    InvocationId,
    VertexIdNobase,
    Basevertex,
    Patch,
    Tesscoord,
    Tessouter,
    Tessinner,
    VerticesIn,
    HelperInvocation,
    Baseinstance,
    Drawid,
    WorkDim,
    SubgroupSize,
    SubgroupInvocation,
    SubgroupEqMask,
    SubgroupGeMask,
    SubgroupGtMask,
    SubgroupLeMask,
    SubgroupLtMask,
}

/// How a fragment input is interpolated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Interpolation {
    Constant,
    Linear,
    Perspective,
    /// Flat if the rasterizer says flat shading, else perspective.
    Color,
}

/// Where a fragment input is interpolated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Location {
    Center,
    Centroid,
    Sample,
}

/// A texture target as TGSI names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Texture {
    Buffer,
    D1,
    D2,
    D3,
    Cube,
    Rect,
    Shadow1D,
    Shadow2D,
    ShadowRect,
    D1Array,
    D2Array,
    Shadow1DArray,
    Shadow2DArray,
    ShadowCube,
    D2Msaa,
    D2ArrayMsaa,
    CubeArray,
    ShadowCubeArray,
    Unknown,
}

/// The type that a sampler view's channel returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ReturnType {
    Unorm,
    Snorm,
    Sint,
    Uint,
    Float,
}

/// What a `MEMORY` register addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum MemoryKind {
    Global,
    Shared,
    Private,
    Input,
}

/// The type word of an immediate. It says nothing about use: operands are raw bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ImmediateType {
    Flt32,
    Uint32,
    Int32,
    Flt64,
    Uint64,
    Int64,
}

/// `IMM[n] type {a, b, c, d}`: four 32-bit words (64-bit types: two values, low word first).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Immediate {
    /// The type word.
    pub kind: ImmediateType,
    /// The raw bits.
    pub words: [u32; 4],
}

/// A register index: constant, or relative to an address register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Index {
    /// `[n]`; the text may carry a negative number.
    Direct(i32),
    /// `[file[register].component + offset]`.
    Relative {
        /// The file of the address register, `ADDR` in practice.
        file: File,
        /// The address register.
        register: u32,
        /// Its component, 0 to 3.
        component: u8,
        /// The constant part.
        offset: i32,
    },
}

/// The register of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Register {
    /// The register file.
    pub file: File,
    /// The first of two brackets: vertex number, constant buffer, atomic buffer.
    pub dimension: Option<Index>,
    /// The register index.
    pub index: Index,
    /// The `(n)` suffix: the ARRAY the index lies in, 0 when absent.
    pub array: u32,
}

/// A source operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source {
    /// What is read.
    pub register: Register,
    /// Which channel goes to x, y, z, w (0 to 3 each).
    pub swizzle: [u8; 4],
    /// Leading `-`, applied after `|..|`.
    pub negate: bool,
    /// `|..|`.
    pub absolute: bool,
}

/// A destination operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Destination {
    /// What is written.
    pub register: Register,
    /// Which channels are written.
    pub mask: Mask,
}

/// A texel offset: three channels of an immediate or a temporary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TexelOffset {
    /// The register file.
    pub file: File,
    /// The register index.
    pub index: i32,
    /// The channels for x, y and z.
    pub swizzle: [u8; 3],
}

/// Qualifiers of a memory instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)]
pub struct MemoryQualifiers {
    pub coherent: bool,
    pub restrict: bool,
    pub volatile: bool,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct Instruction {
    /// The opcode.
    pub opcode: Opcode,
    /// `_SAT`.
    pub saturate: bool,
    /// `_PRECISE`.
    pub precise: bool,
    /// Destinations, as many as the opcode has.
    pub destinations: Vec<Destination>,
    /// Sources, as many as the opcode has.
    pub sources: Vec<Source>,
    /// The texture target of texture and image instructions, if the text names one.
    pub texture: Option<Texture>,
    /// Texel offsets, at most four.
    pub offsets: Vec<TexelOffset>,
    /// Qualifiers of memory instructions.
    pub memory: MemoryQualifiers,
    /// Image format of memory instructions, without `PIPE_FORMAT_`.
    pub format: Option<String>,
    /// The `:n` jump hint of flow instructions.
    pub label: Option<u32>,
}
