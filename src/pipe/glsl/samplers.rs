//! Which GLSL sampler each sampler slot needs.
//!
//! TGSI gives a sampler its type in two places: the target of the instructions that use it and the return type of
//! its view. Slots that are selected through an address register become elements of an array.

use crate::pipe::tgsi::{
    Detail, File, Index, Instruction, Opcode, Operation, Register, ReturnType, Shader, Texture,
};

use super::{error::EmitError, value::Native};

/// Sampler slots of a stage.
pub(super) const MAX_SAMPLERS: u32 = 32;

/// A sampler slot in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sampler {
    pub target: Texture,
    /// The type of its texels.
    pub texel: Native,
}

/// Consecutive slots of one type: a GLSL sampler, or an array of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub first: u32,
    pub len: u32,
    pub sampler: Sampler,
}

/// The samplers of a shader, by slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Samplers {
    slots: [Option<Sampler>; MAX_SAMPLERS as usize],
    groups: Vec<Group>,
}

impl Samplers {
    pub(super) fn new(shader: &Shader) -> Result<Self, EmitError> {
        let mut samplers = Self::default();
        let views = views(shader)?;
        let declared = declared_slots(shader)?;
        let uses = || shader.instructions.iter().filter_map(sampler_use);
        for (instruction, register) in uses().filter(|(i, _)| samples(i.opcode)) {
            samplers.sample(instruction, register)?;
        }
        for (instruction, register) in uses() {
            samplers.query(instruction, register)?;
        }
        for (unit, (slot, view)) in samplers.slots.iter_mut().zip(views).enumerate() {
            match (slot, view) {
                (Some(sampler), Some(view)) => sampler.texel = view.texel,
                (slot @ None, view) if declared >> unit & 1 != 0 => *slot = view,
                _ => {}
            }
        }
        samplers.group(uses().map(|(_, register)| register));
        Ok(samplers)
    }

    /// Takes the target of an instruction that samples.
    fn sample(&mut self, instruction: &Instruction, register: &Register) -> Result<(), EmitError> {
        let Index::Direct(unit) = register.index else {
            return Ok(());
        };
        let target = target_of(instruction)?;
        match self.slot(unit)? {
            Some(sampler) if sampler.target != target => Err(EmitError::SamplerConflict {
                unit: unit as u32,
                first: sampler.target,
                second: target,
            }),
            slot => {
                *slot = Some(float_sampler(target));
                Ok(())
            }
        }
    }

    /// Takes the target of an instruction that asks for sizes, if nothing samples.
    fn query(&mut self, instruction: &Instruction, register: &Register) -> Result<(), EmitError> {
        if let Index::Direct(unit) = register.index {
            let target = target_of(instruction)?;
            self.slot(unit)?.get_or_insert(float_sampler(target));
        }
        Ok(())
    }

    fn slot(&mut self, unit: i32) -> Result<&mut Option<Sampler>, EmitError> {
        usize::try_from(unit)
            .ok()
            .and_then(|n| self.slots.get_mut(n))
            .ok_or(EmitError::Undeclared {
                file: File::Samp,
                index: unit.into(),
            })
    }

    /// Splits the slots into single samplers and the arrays that `uses` address.
    fn group<'a>(&mut self, uses: impl Iterator<Item = &'a Register>) {
        let mut addressed = 0u32;
        for register in uses {
            if let Index::Relative { offset, .. } = register.index
                && (0..MAX_SAMPLERS as i32).contains(&offset)
            {
                addressed |= 1 << offset;
            }
        }
        let mut first = 0;
        while first < MAX_SAMPLERS {
            let Some(sampler) = self.get(first) else {
                first += 1;
                continue;
            };
            let same = (first..MAX_SAMPLERS).take_while(|&n| self.get(n) == Some(sampler));
            let run = same.count() as u32;
            let in_run = (first..first + run).any(|n| addressed >> n & 1 != 0);
            let len = if in_run { run } else { 1 };
            self.groups.push(Group { first, len, sampler });
            first += len;
        }
    }

    /// The sampler in a slot.
    pub(super) fn get(&self, unit: u32) -> Option<Sampler> {
        self.slots.get(unit as usize).copied().flatten()
    }

    /// The group that holds a slot.
    pub(super) fn group_of(&self, unit: u32) -> Option<Group> {
        let holds = |g: &&Group| (g.first..g.first + g.len).contains(&unit);
        self.groups.iter().find(holds).copied()
    }

    /// All groups, ascending.
    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }
}

/// The sampler operand of a texture instruction: its last source.
fn sampler_use(instruction: &Instruction) -> Option<(&Instruction, &Register)> {
    let last = instruction.sources.last()?;
    (instruction.opcode.operation() == Operation::Texture || instruction.opcode == Opcode::Txqs)
        .then_some((instruction, &last.register))
}

const fn samples(opcode: Opcode) -> bool {
    !matches!(opcode, Opcode::Txq | Opcode::Txqs | Opcode::Lodq)
}

fn target_of(instruction: &Instruction) -> Result<Texture, EmitError> {
    instruction
        .texture
        .filter(|&t| t != Texture::Unknown)
        .ok_or(EmitError::Target {
            opcode: instruction.opcode,
            target: Texture::Unknown,
        })
}

const fn float_sampler(target: Texture) -> Sampler {
    Sampler {
        target,
        texel: Native::Float,
    }
}

fn views(shader: &Shader) -> Result<[Option<Sampler>; MAX_SAMPLERS as usize], EmitError> {
    let mut views = [None; MAX_SAMPLERS as usize];
    for d in &shader.declarations {
        let Detail::SamplerView { target, types } = d.detail else {
            continue;
        };
        let texel = match types[0] {
            ReturnType::Sint => Native::Int,
            ReturnType::Uint => Native::Bits,
            ReturnType::Unorm | ReturnType::Snorm | ReturnType::Float => Native::Float,
        };
        for view in range(&mut views, d.file, d.first, d.last)? {
            *view = Some(Sampler { target, texel });
        }
    }
    Ok(views)
}

fn declared_slots(shader: &Shader) -> Result<u32, EmitError> {
    let mut declared = [false; MAX_SAMPLERS as usize];
    for d in shader.declarations.iter().filter(|d| d.file == File::Samp) {
        range(&mut declared, d.file, d.first, d.last)?.fill(true);
    }
    Ok((0..)
        .zip(declared)
        .fold(0, |mask, (n, set)| mask | u32::from(set) << n))
}

fn range<T>(table: &mut [T], file: File, first: u32, last: u32) -> Result<&mut [T], EmitError> {
    table
        .get_mut(first as usize..=last as usize)
        .ok_or(EmitError::RegisterLimit {
            file,
            index: last,
            limit: MAX_SAMPLERS,
        })
}
