//! Storage buffers and shared memory: what a shader does with them, and how they are declared.
//!
//! Both are arrays of words, addressed in bytes. GLSL's atomic minimum and maximum take their sign from the type of the
//! memory, TGSI's from the opcode: the words are `int` if the shader compares them as signed only, else `uint`.
//!
//! Addresses into storage buffers are left to GL's robust access, as vertex indices are: only GL knows the bound range.
//! Shared memory has no such guard, so its addresses are kept inside here.

use std::fmt::Write;

use crate::pipe::tgsi::{
    Detail, File, Index, Instruction, MemoryKind, MemoryQualifiers, Opcode, Operation, Register, Shader,
    Stage,
};

use super::{
    error::EmitError,
    key::Layout,
    names::{stage_letter, stage_number},
    value::Native,
};

/// Storage buffers of a stage.
pub(super) const MAX_BUFFERS: u32 = 32;
/// Bytes of shared memory: twice what GL asks for at least.
pub const MAX_SHARED_BYTES: u32 = 1 << 16;
const MAX_SHARED_WORDS: u32 = MAX_SHARED_BYTES / 4;

/// How words are compared by atomic minimum and maximum.
#[derive(Debug, Clone, Copy, Default)]
struct Comparisons {
    signed: bool,
    unsigned: bool,
}

impl Comparisons {
    fn add(&mut self, opcode: Opcode) {
        match opcode {
            Opcode::Atomimin | Opcode::Atomimax => self.signed = true,
            Opcode::Atomumin | Opcode::Atomumax => self.unsigned = true,
            _ => {}
        }
    }

    const fn element(self) -> Native {
        if self.signed && !self.unsigned {
            Native::Int
        } else {
            Native::Bits
        }
    }
}

/// The storage buffers and the shared memory of a shader.
#[derive(Debug, Clone, Default)]
pub(super) struct Buffers {
    /// Bit n: BUFFER[n] is declared.
    declared: u32,
    /// Bit n: BUFFER[n] is named by an instruction.
    used: u32,
    /// Some buffer is selected through an address register.
    indirect: bool,
    qualifiers: [MemoryQualifiers; MAX_BUFFERS as usize],
    comparisons: Comparisons,
    shared: bool,
    shared_comparisons: Comparisons,
}

impl Buffers {
    pub(super) fn new(shader: &Shader) -> Result<Self, EmitError> {
        let mut buffers = Self::default();
        for d in shader.declarations_of(File::Buffer) {
            if d.last >= MAX_BUFFERS {
                return Err(EmitError::RegisterLimit {
                    file: File::Buffer,
                    index: d.last,
                    limit: MAX_BUFFERS,
                });
            }
            for n in d.first..=d.last {
                buffers.declared |= 1 << n;
            }
        }
        for d in shader.declarations_of(File::Memory) {
            let shared = matches!(d.detail, Detail::Memory(MemoryKind::Shared));
            if !shared || shader.stage != Stage::Compute {
                return Err(EmitError::Access {
                    file: File::Memory,
                    access: "anything but shared memory of a compute shader",
                });
            }
            buffers.shared = true;
        }
        for i in &shader.instructions {
            if let Some(register) = memory_register(i) {
                buffers.add_use(i, register);
            }
        }
        Ok(buffers)
    }

    fn add_use(&mut self, i: &Instruction, register: &Register) {
        match (register.file, register.index) {
            (File::Memory, _) => self.shared_comparisons.add(i.opcode),
            (File::Buffer, Index::Direct(n)) => {
                self.comparisons.add(i.opcode);
                let slot = usize::try_from(n).ok();
                if let Some(qualifiers) = slot.and_then(|n| self.qualifiers.get_mut(n)) {
                    self.used |= 1 << n;
                    merge(qualifiers, i.memory);
                }
            }
            (File::Buffer, Index::Relative { .. }) => {
                self.comparisons.add(i.opcode);
                self.indirect = true;
                for qualifiers in &mut self.qualifiers {
                    merge(qualifiers, i.memory);
                }
            }
            _ => {}
        }
    }

    /// Slots that the text declares.
    pub(super) fn mask(&self) -> u32 {
        if self.indirect {
            return self
                .range()
                .map_or(0, |(first, len)| (u32::MAX >> (MAX_BUFFERS - len)) << first);
        }
        self.used & self.declared
    }

    /// First slot and length of the array, if buffers are addressed.
    pub(super) fn array(&self) -> Option<(u32, u32)> {
        self.range().filter(|_| self.indirect)
    }

    fn range(&self) -> Option<(u32, u32)> {
        (self.declared != 0).then(|| {
            let first = self.declared.trailing_zeros();
            (first, MAX_BUFFERS - self.declared.leading_zeros() - first)
        })
    }

    pub(super) const fn element(&self) -> Native {
        self.comparisons.element()
    }

    pub(super) const fn has_shared(&self) -> bool {
        self.shared
    }

    pub(super) const fn shared_element(&self) -> Native {
        self.shared_comparisons.element()
    }

    /// The declarations of the storage blocks.
    pub(super) fn declare(&self, out: &mut String, stage: Stage, layout: &Layout) -> Result<(), EmitError> {
        let mask = self.mask();
        let slots = layout.storage_blocks[stage_number(stage) as usize];
        let highest = MAX_BUFFERS - mask.leading_zeros();
        if highest > slots.count {
            return Err(EmitError::RegisterLimit {
                file: File::Buffer,
                index: highest - 1,
                limit: slots.count,
            });
        }
        let letter = stage_letter(stage);
        let element = element_name(self.element());
        if let Some((first, len)) = self.array() {
            block_head(out, slots.first + first, self.qualifiers[first as usize]);
            let _ = writeln!(out, "buffer {letter}bn{{{element} d[];}}bn[{len}];");
            return Ok(());
        }
        for n in (0..MAX_BUFFERS).filter(|n| mask >> n & 1 != 0) {
            block_head(out, slots.first + n, self.qualifiers[n as usize]);
            let _ = writeln!(out, "buffer {letter}b{n}{{{element} d[];}}b{n};");
        }
        Ok(())
    }

    /// The declaration of `bytes` bytes of shared memory, and how many words that is.
    pub(super) fn declare_shared(&self, out: &mut String, bytes: u32) -> Result<u32, EmitError> {
        let words = bytes.div_ceil(4);
        if !self.shared {
            return Ok(0);
        }
        if words == 0 || words > MAX_SHARED_WORDS {
            return Err(EmitError::RegisterLimit {
                file: File::Memory,
                index: words,
                limit: MAX_SHARED_WORDS,
            });
        }
        let _ = writeln!(out, "shared {} m[{words}];", element_name(self.shared_element()));
        Ok(words)
    }
}

/// The register that a memory instruction acts on.
pub(super) fn memory_register(i: &Instruction) -> Option<&Register> {
    if i.opcode.operation() != Operation::Memory {
        return None;
    }
    match i.opcode {
        Opcode::Store => i.destinations.first().map(|d| &d.register),
        _ => i.sources.first().map(|s| &s.register),
    }
}

/// A variable is as coherent as the most coherent of its uses.
pub(super) const fn merge(into: &mut MemoryQualifiers, more: MemoryQualifiers) {
    into.coherent |= more.coherent;
    into.volatile |= more.volatile;
    into.restrict |= more.restrict;
}

/// The qualifiers in GLSL, each followed by a space.
pub(super) fn push_qualifiers(out: &mut String, qualifiers: MemoryQualifiers) {
    for (set, word) in [
        (qualifiers.coherent, "coherent "),
        (qualifiers.volatile, "volatile "),
        (qualifiers.restrict, "restrict "),
    ] {
        if set {
            out.push_str(word);
        }
    }
}

fn block_head(out: &mut String, binding: u32, qualifiers: MemoryQualifiers) {
    let _ = write!(out, "layout(std430,binding={binding})");
    push_qualifiers(out, qualifiers);
}

const fn element_name(native: Native) -> &'static str {
    match native {
        Native::Int => "int",
        Native::Float | Native::Bits => "uint",
    }
}
