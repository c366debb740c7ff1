//! What a shader declares, checked and indexed by register.
//!
//! Declarations come from a client: everything here is bounded, so that no declaration makes the host's compiler
//! allocate more than a fixed amount.

use crate::pipe::tgsi::{
    Declaration, DeclaredDimension, File, Index, Instruction, Interpolation, Location, Mask, Opcode,
    PropertyName, Register, Semantic, SemanticName, Shader, Stage,
};

use super::{
    buffers::Buffers, counters::Counters, error::EmitError, images::Images, key::ClipDistances,
    samplers::Samplers,
};

/// Inputs and outputs a shader may declare.
pub(super) const MAX_VARYINGS: u32 = 64;
/// System values a shader may declare.
const MAX_SYSTEM_VALUES: u32 = 32;
/// Temporaries a shader may declare.
const MAX_TEMPORARIES: u32 = 1 << 15;
/// Registers in all arrays of temporaries together.
const MAX_ARRAY_REGISTERS: u32 = 1 << 14;
/// Arrays of temporaries.
const MAX_ARRAYS: usize = 256;
/// vec4s in a uniform block: 64 KiB, GL's usual limit.
pub const BLOCK_CONSTANTS: u32 = 4096;
/// vec4s in the default constant buffer: as many as a command carries. Drivers give a scalar a whole one, and put state of
/// theirs behind the uniforms.
const MAX_CONSTANTS: u32 = 4 * BLOCK_CONSTANTS;
/// Constant buffers of a stage.
pub(super) const MAX_UNIFORM_BLOCKS: u32 = 32;

/// An input or output register.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub semantic: Semantic,
    pub mask: Mask,
    pub interpolation: Interpolation,
    pub location: Location,
    pub invariant: bool,
}

/// An addressable range of temporaries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Array {
    pub id: u32,
    pub first: u32,
    pub len: u32,
}

/// The declarations of a shader.
pub(super) struct Declared<'a> {
    pub shader: &'a Shader,
    /// Inputs by register. Vertex shader inputs have no semantic and are only in `attributes`.
    pub inputs: Vec<Option<Slot>>,
    /// Outputs by register.
    pub outputs: Vec<Option<Slot>>,
    /// Bit n: vertex shader input n is declared.
    pub attributes: u32,
    /// Inputs that an instruction reads.
    pub used_inputs: u64,
    /// Some input is read through an address register.
    pub indirect_inputs: bool,
    /// Some input of a vertex is read through an address register.
    pub indirect_vertices: bool,
    /// Some output is read or written through an address register.
    pub indirect_outputs: bool,
    /// System values by register.
    pub system: Vec<Option<SemanticName>>,
    /// Bit n of word n / 64: temporary n is declared outside arrays.
    temporaries: Vec<u64>,
    /// Arrays of temporaries.
    pub arrays: Vec<Array>,
    /// vec4s of constant buffer n, 0 if it is not declared.
    pub constants: [u32; MAX_UNIFORM_BLOCKS as usize],
    /// Some constant buffer above 0 is selected through an address register.
    pub indirect_blocks: bool,
    pub samplers: Samplers,
    pub images: Images,
    pub buffers: Buffers,
    pub counters: Counters,
    /// Clip and cull distances that the shader writes.
    pub distances: ClipDistances,
}

impl<'a> Declared<'a> {
    pub(super) fn new(shader: &'a Shader) -> Result<Self, EmitError> {
        let mut declared = Self {
            shader,
            inputs: Vec::new(),
            outputs: Vec::new(),
            attributes: 0,
            used_inputs: 0,
            indirect_inputs: false,
            indirect_vertices: false,
            indirect_outputs: false,
            system: Vec::new(),
            temporaries: Vec::new(),
            arrays: Vec::new(),
            constants: [0; MAX_UNIFORM_BLOCKS as usize],
            indirect_blocks: false,
            samplers: Samplers::new(shader)?,
            images: Images::new(shader)?,
            buffers: Buffers::new(shader)?,
            counters: Counters::new(shader)?,
            distances: ClipDistances::default(),
        };
        for declaration in &shader.declarations {
            declared.add(declaration)?;
        }
        declared.distances = declared.written_distances()?;
        for i in &shader.instructions {
            declared.use_operands(i);
        }
        if declared.indirect_blocks {
            declared.widen_blocks();
        }
        Ok(declared)
    }

    fn add(&mut self, d: &Declaration) -> Result<(), EmitError> {
        match d.file {
            File::In if self.shader.stage == Stage::Vertex => {
                within(d, 32)?;
                for register in d.first..=d.last {
                    self.attributes |= 1 << register;
                }
                Ok(())
            }
            File::In => add_slots(&mut self.inputs, d),
            File::Out => add_slots(&mut self.outputs, d),
            File::Sv => self.add_system_value(d),
            File::Temp => self.add_temporaries(d),
            File::Const => self.add_constants(d),
            _ => Ok(()),
        }
    }

    fn add_system_value(&mut self, d: &Declaration) -> Result<(), EmitError> {
        within(d, MAX_SYSTEM_VALUES)?;
        let semantic = d.semantic.ok_or(EmitError::NoSemantic {
            file: d.file,
            index: d.first,
        })?;
        for register in d.first..=d.last {
            put(&mut self.system, register, semantic.name);
        }
        Ok(())
    }

    fn add_temporaries(&mut self, d: &Declaration) -> Result<(), EmitError> {
        within(d, MAX_TEMPORARIES)?;
        if let Some(id) = d.array {
            let len = d.last - d.first + 1;
            let total: u32 = self.arrays.iter().map(|a| a.len).sum();
            if total + len > MAX_ARRAY_REGISTERS || self.arrays.len() == MAX_ARRAYS {
                return Err(EmitError::RegisterLimit {
                    file: d.file,
                    index: total + len - 1,
                    limit: MAX_ARRAY_REGISTERS,
                });
            }
            self.arrays.push(Array {
                id,
                first: d.first,
                len,
            });
            return Ok(());
        }
        let words = d.last as usize / 64 + 1;
        if self.temporaries.len() < words {
            self.temporaries.resize(words, 0);
        }
        let (first, last) = (d.first as usize, d.last as usize);
        for word in first / 64..=last / 64 {
            let below = if word == first / 64 { first % 64 } else { 0 };
            let above = if word == last / 64 { 63 - last % 64 } else { 0 };
            self.temporaries[word] |= u64::MAX << below & u64::MAX >> above;
        }
        Ok(())
    }

    fn add_constants(&mut self, d: &Declaration) -> Result<(), EmitError> {
        let block = match d.dimension {
            Some(DeclaredDimension::Index(n)) => n,
            Some(DeclaredDimension::Implied) | None => 0,
        };
        let limit = match block {
            0 => MAX_CONSTANTS,
            _ => BLOCK_CONSTANTS,
        };
        within(d, limit)?;
        let size = self
            .constants
            .get_mut(block as usize)
            .ok_or(EmitError::RegisterLimit {
                file: d.file,
                index: block,
                limit: MAX_UNIFORM_BLOCKS,
            })?;
        *size = (*size).max(d.last + 1);
        Ok(())
    }

    /// Clip and cull distances by property; without properties every declared scalar clips.
    fn written_distances(&self) -> Result<ClipDistances, EmitError> {
        let mut declared = 0;
        for (_, slot) in self.output_slots() {
            if slot.semantic.name == SemanticName::Clipdist {
                let index = u8::try_from(slot.semantic.index).ok().filter(|&n| n < 2);
                let index = index.ok_or_else(|| self.bad_semantic(File::Out, slot.semantic))?;
                declared = declared.max(index * 4 + 8 - (slot.mask.0 & 0xf).leading_zeros() as u8);
            }
        }
        if declared == 0 {
            return Ok(ClipDistances::default());
        }
        let count = |name| {
            let value = self.shader.property(name).unwrap_or(0);
            u8::try_from(value)
                .ok()
                .filter(|&n| n <= 8)
                .ok_or(EmitError::Property { name, value })
        };
        let clip = count(PropertyName::NumClipdistEnabled)?;
        let cull = count(PropertyName::NumCulldistEnabled)?;
        match clip + cull {
            0 => Ok(ClipDistances {
                clip: declared,
                cull: 0,
            }),
            1..=8 => Ok(ClipDistances { clip, cull }),
            _ => Err(EmitError::Property {
                name: PropertyName::NumCulldistEnabled,
                value: cull.into(),
            }),
        }
    }

    fn use_operands(&mut self, i: &Instruction) {
        for source in &i.sources {
            self.use_register(&source.register, i.opcode);
        }
        for offset in i.offsets.iter().filter(|o| o.file == File::In) {
            self.use_input(offset.index);
        }
        for destination in &i.destinations {
            let register = &destination.register;
            self.indirect_outputs |=
                register.file == File::Out && matches!(register.index, Index::Relative { .. });
        }
    }

    fn use_register(&mut self, register: &Register, opcode: Opcode) {
        // A constant buffer that is loaded from is named by the only index there is.
        let block = match opcode {
            Opcode::Load => Some(register.index),
            _ => register.dimension,
        };
        match (register.file, register.index) {
            (File::In, Index::Direct(n)) => self.use_input(n),
            (File::In, Index::Relative { .. }) => {
                self.indirect_vertices |= register.dimension.is_some();
                self.indirect_inputs |= register.dimension.is_none();
                self.used_inputs = u64::MAX;
            }
            (File::Out, Index::Relative { .. }) => self.indirect_outputs = true,
            (File::Const, _) if matches!(block, Some(Index::Relative { .. })) => {
                self.indirect_blocks = true;
            }
            _ => {}
        }
    }

    fn use_input(&mut self, n: i32) {
        if (0..64).contains(&n) {
            self.used_inputs |= 1 << n;
        }
    }

    /// An indirectly selected constant buffer is an element of a GLSL array of blocks, which all have one size.
    fn widen_blocks(&mut self) {
        let Some((first, last)) = self.block_range() else {
            return;
        };
        let widest = self.constants[1..].iter().copied().max().unwrap_or(0);
        self.constants[first as usize..=last as usize].fill(widest);
    }

    /// Lowest and highest constant buffer above 0.
    pub(super) fn block_range(&self) -> Option<(u32, u32)> {
        let used = |n: &u32| self.constants[*n as usize] != 0;
        let first = (1..MAX_UNIFORM_BLOCKS).find(used)?;
        let last = (1..MAX_UNIFORM_BLOCKS).rev().find(used)?;
        Some((first, last))
    }

    /// Uniform blocks that the default constant buffer fills beside the first one.
    pub(super) fn further_blocks(&self) -> u32 {
        self.constants[0].saturating_sub(1) / BLOCK_CONSTANTS
    }

    /// Whether a temporary outside arrays is declared.
    pub(super) fn is_temporary(&self, register: u32) -> bool {
        let word = self.temporaries.get(register as usize / 64).copied();
        word.unwrap_or(0) >> (register % 64) & 1 != 0
    }

    /// The array that a temporary lies in: by its id if the operand names one, else by its index.
    pub(super) fn array_of(&self, id: u32, index: i64) -> Option<usize> {
        let holds = |a: &Array| (i64::from(a.first)..i64::from(a.first) + i64::from(a.len)).contains(&index);
        self.arrays
            .iter()
            .position(|a| if id != 0 { a.id == id } else { holds(a) })
    }

    /// The outputs with a semantic, by register.
    pub(super) fn output_slots(&self) -> impl Iterator<Item = (u32, &Slot)> {
        slots(&self.outputs)
    }

    /// The inputs with a semantic, by register.
    pub(super) fn input_slots(&self) -> impl Iterator<Item = (u32, &Slot)> {
        slots(&self.inputs)
    }

    /// Whether some output has the semantic.
    pub(super) fn writes(&self, name: SemanticName) -> bool {
        self.output_slots().any(|(_, s)| s.semantic.name == name)
    }

    /// The error for a semantic that the stage cannot have.
    pub(super) fn bad_semantic(&self, file: File, semantic: Semantic) -> EmitError {
        EmitError::Semantic {
            stage: self.shader.stage,
            file,
            name: semantic.name,
            index: semantic.index,
        }
    }
}

fn slots(table: &[Option<Slot>]) -> impl Iterator<Item = (u32, &Slot)> {
    (0u32..)
        .zip(table)
        .filter_map(|(n, slot)| slot.as_ref().map(|s| (n, s)))
}

fn within(d: &Declaration, limit: u32) -> Result<(), EmitError> {
    if d.first <= d.last && d.last < limit {
        return Ok(());
    }
    Err(EmitError::RegisterLimit {
        file: d.file,
        index: d.last,
        limit,
    })
}

fn put<T: Copy>(table: &mut Vec<Option<T>>, register: u32, value: T) {
    let register = register as usize;
    if table.len() <= register {
        table.resize(register + 1, None);
    }
    table[register] = Some(value);
}

/// Registers of a range take consecutive semantic indices.
fn add_slots(table: &mut Vec<Option<Slot>>, d: &Declaration) -> Result<(), EmitError> {
    within(d, MAX_VARYINGS)?;
    let semantic = d.semantic.ok_or(EmitError::NoSemantic {
        file: d.file,
        index: d.first,
    })?;
    for register in d.first..=d.last {
        let index = semantic.index.saturating_add(register - d.first);
        put(
            table,
            register,
            Slot {
                semantic: Semantic { index, ..semantic },
                mask: d.mask,
                interpolation: d.interpolation.unwrap_or(Interpolation::Perspective),
                location: d.location,
                invariant: d.invariant,
            },
        );
    }
    Ok(())
}
