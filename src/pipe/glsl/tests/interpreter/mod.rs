//! TGSI on the CPU: what the opcodes mean, written down once more and independently of the translator.
//!
//! GLSL leaves much open: it may flush denormals, need not produce NaN, bounds the error of its functions and does not
//! define conversions out of range. So each word has a [`Trust`]: what the host must give exactly, within some error,
//! or not at all.

mod alu;
mod wide;

use crate::pipe::tgsi::{Destination, File, Immediate, Index, Instruction, Opcode, Register, Shader, Source};

/// How well a word is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Trust {
    /// These bits.
    Exact,
    /// A float no farther away than this.
    Near(f64),
    /// GLSL leaves it open.
    Unknown,
}

/// A word of a register.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Word {
    pub bits: u32,
    pub trust: Trust,
}

impl Word {
    pub(super) const UNKNOWN: Word = Word {
        bits: 0,
        trust: Trust::Unknown,
    };

    pub(super) const fn exact(bits: u32) -> Self {
        Self {
            bits,
            trust: Trust::Exact,
        }
    }

    /// A float that may be off by `error`.
    fn near(value: f32, error: f64) -> Self {
        let flushed = value.is_subnormal() || value.is_nan() || value.is_infinite();
        if flushed || error.is_nan() {
            return Self::UNKNOWN;
        }
        Self {
            bits: value.to_bits(),
            trust: Trust::Near(error),
        }
    }

    /// A float that is computed without error.
    fn float(value: f32) -> Self {
        if value.is_subnormal() || value.is_nan() {
            return Self::UNKNOWN;
        }
        // The sign of zero is nobody's promise.
        if value == 0.0 {
            return Self::near(0.0, 0.0);
        }
        Self::exact(value.to_bits())
    }

    /// The bits, if they are certain.
    fn certain(self) -> Option<u32> {
        (self.trust == Trust::Exact).then_some(self.bits)
    }

    /// The float, if it is certain and neither a NaN nor a denormal. A zero of either sign is certain enough.
    fn number(self) -> Option<f32> {
        let value = f32::from_bits(self.bits);
        let zero = value == 0.0 && self.trust == Trust::Near(0.0);
        let certain = self.trust == Trust::Exact || zero;
        (certain && !value.is_nan() && !value.is_subnormal()).then_some(value)
    }

    /// Whether what the host gave is one of the words that this one allows.
    pub(super) fn allows(self, given: u32) -> bool {
        match self.trust {
            Trust::Exact => self.bits == given,
            Trust::Near(error) => {
                let (own, given) = (f32::from_bits(self.bits), f32::from_bits(given));
                (f64::from(own) - f64::from(given)).abs() <= error
            }
            Trust::Unknown => true,
        }
    }
}

/// A register.
pub(super) type Vector = [Word; 4];

const UNKNOWN: Vector = [Word::UNKNOWN; 4];

/// Instructions that one invocation may execute.
const MAX_STEPS: usize = 10_000;

/// One invocation of a shader.
pub(super) struct Machine<'a> {
    shader: &'a Shader,
    /// CONST[n].
    constants: &'a [[u32; 4]],
    /// IN[n].
    inputs: &'a [[u32; 4]],
    temporaries: Vec<Vector>,
    outputs: Vec<Vector>,
    addresses: Vec<Vector>,
    /// For each instruction that jumps, where to.
    jumps: Vec<usize>,
}

impl<'a> Machine<'a> {
    /// Executes a shader and gives its outputs. Where control flow hangs on a word that is not certain, nothing is.
    pub(super) fn run(shader: &'a Shader, inputs: &'a [[u32; 4]], constants: &'a [[u32; 4]]) -> Vec<Vector> {
        let count = |file| shader.declarations_of(file).map(|d| d.last as usize + 1).max();
        let registers = |file| vec![UNKNOWN; count(file).unwrap_or(0)];
        let mut machine = Self {
            shader,
            constants,
            inputs,
            temporaries: registers(File::Temp),
            outputs: registers(File::Out),
            addresses: registers(File::Addr),
            jumps: jumps(&shader.instructions),
        };
        if machine.execute().is_none() {
            machine.outputs.fill(UNKNOWN);
        }
        machine.outputs
    }

    fn execute(&mut self) -> Option<()> {
        let instructions = &self.shader.instructions;
        let mut at = 0;
        for _ in 0..MAX_STEPS {
            let i = &instructions[at];
            at = match i.opcode {
                Opcode::End | Opcode::Ret => return Some(()),
                Opcode::Uif if self.read(&i.sources[0], Modify::Integer)[0].certain()? == 0 => self.jumps[at],
                Opcode::If if self.read(&i.sources[0], Modify::Float)[0].number()? == 0.0 => self.jumps[at],
                Opcode::Else | Opcode::Endloop | Opcode::Brk | Opcode::Cont => self.jumps[at],
                Opcode::Uif | Opcode::If | Opcode::Endif | Opcode::Bgnloop | Opcode::Nop => at + 1,
                _ => {
                    self.compute(i)?;
                    at + 1
                }
            };
        }
        panic!("no end after {MAX_STEPS} instructions\n{}", self.shader);
    }

    fn compute(&mut self, i: &Instruction) -> Option<()> {
        let modify = Modify::of(i.opcode);
        let mut sources = [UNKNOWN; 4];
        for (to, (n, source)) in sources.iter_mut().zip(i.sources.iter().enumerate()) {
            *to = self.read(source, modify.operand(i.opcode, n));
        }
        let mask = i.destinations.first()?.mask;
        let mut result = if modify == Modify::Wide {
            wide::evaluate(i, &sources, mask)
        } else {
            alu::evaluate(i.opcode, &sources)
        };
        if i.saturate {
            result = result.map(saturate);
        }
        self.write(&i.destinations[0], result)
    }

    fn read(&self, source: &Source, modify: Modify) -> Vector {
        let register = self.register(&source.register);
        let mut picked = source.swizzle.map(|c| register[usize::from(c)]);
        if modify == Modify::Wide {
            wide::modify(&mut picked, source);
            return picked;
        }
        for word in &mut picked {
            *word = modify.apply(*word, source);
        }
        picked
    }

    fn register(&self, register: &Register) -> Vector {
        let Some(n) = self.index(register) else {
            return UNKNOWN;
        };
        let exact = |table: &[[u32; 4]]| table.get(n).map_or(UNKNOWN, |words| words.map(Word::exact));
        match register.file {
            File::Temp => self.temporaries.get(n).copied().unwrap_or(UNKNOWN),
            File::Const => exact(self.constants),
            File::In => exact(self.inputs),
            File::Imm => {
                let words = |i: &Immediate| i.words.map(Word::exact);
                self.shader.immediates.get(n).map_or(UNKNOWN, words)
            }
            file => panic!("{file:?} registers are not interpreted"),
        }
    }

    fn index(&self, register: &Register) -> Option<usize> {
        match register.index {
            Index::Direct(n) => usize::try_from(n).ok(),
            Index::Relative {
                register,
                component,
                offset,
                ..
            } => {
                let address = self.addresses[register as usize][usize::from(component)].certain()?;
                usize::try_from(address as i32 + offset).ok()
            }
        }
    }

    /// Fails if it is not certain where to.
    fn write(&mut self, destination: &Destination, result: Vector) -> Option<()> {
        let n = self.index(&destination.register)?;
        let table = match destination.register.file {
            File::Temp => &mut self.temporaries,
            File::Out => &mut self.outputs,
            File::Addr => &mut self.addresses,
            file => panic!("{file:?} registers are not interpreted"),
        };
        for channel in destination.mask.channels() {
            table[n][channel] = result[channel];
        }
        Some(())
    }
}

/// What the modifiers of a source act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Modify {
    Float,
    Integer,
    /// Pairs of words.
    Wide,
}

impl Modify {
    fn of(opcode: Opcode) -> Self {
        if wide::is_wide(opcode) {
            Modify::Wide
        } else if alu::is_integer(opcode) {
            Modify::Integer
        } else {
            Modify::Float
        }
    }

    /// What they act on for operand `n`: selections test integers but move floats, and some opcodes mix.
    fn operand(self, opcode: Opcode, n: usize) -> Self {
        match (opcode, n) {
            (Opcode::Ucmp, 0) | (Opcode::Ldexp, 1) => Modify::Integer,
            (Opcode::F2d, _) => Modify::Float,
            (Opcode::I2d | Opcode::U2d | Opcode::I2i64 | Opcode::U2i64, _)
            | (Opcode::Dldexp | Opcode::I64shr | Opcode::U64shr | Opcode::U64shl, 1) => Modify::Integer,
            _ => self,
        }
    }

    fn apply(self, word: Word, source: &Source) -> Word {
        let mut bits = word.bits;
        match self {
            Modify::Float => {
                bits &= if source.absolute { 0x7fff_ffff } else { u32::MAX };
                bits ^= if source.negate { 0x8000_0000 } else { 0 };
            }
            Modify::Integer | Modify::Wide => {
                if source.absolute {
                    bits = (bits as i32).unsigned_abs();
                }
                if source.negate {
                    bits = bits.wrapping_neg();
                }
            }
        }
        Word { bits, ..word }
    }
}

fn saturate(word: Word) -> Word {
    match (word.trust, f32::from_bits(word.bits)) {
        (Trust::Exact, value) if !value.is_nan() => Word::float(value.clamp(0.0, 1.0)),
        (Trust::Near(error), value) => Word::near(value.clamp(0.0, 1.0), error),
        _ => Word::UNKNOWN,
    }
}

/// Where the flow instructions lead when they jump.
fn jumps(instructions: &[Instruction]) -> Vec<usize> {
    let mut jumps = vec![0; instructions.len()];
    let mut open: Vec<usize> = Vec::new();
    let mut leaving: Vec<(usize, usize)> = Vec::new();
    let in_loop = |open: &[usize]| {
        let loops = open.iter().rev();
        let mut loops = loops.filter(|&&at| instructions[at].opcode == Opcode::Bgnloop);
        *loops.next().expect("the parser has seen the loop")
    };
    for (at, i) in instructions.iter().enumerate() {
        match i.opcode {
            Opcode::If | Opcode::Uif | Opcode::Bgnloop => open.push(at),
            Opcode::Else => {
                jumps[open.pop().expect("an open IF")] = at + 1;
                open.push(at);
            }
            Opcode::Endif => jumps[open.pop().expect("an open IF")] = at + 1,
            Opcode::Endloop => {
                let start = open.pop().expect("an open loop");
                jumps[at] = start + 1;
                for (_, from) in leaving.iter().filter(|(of, _)| *of == start) {
                    jumps[*from] = at + 1;
                }
            }
            Opcode::Cont => jumps[at] = in_loop(&open) + 1,
            Opcode::Brk => leaving.push((in_loop(&open), at)),
            _ => {}
        }
    }
    jumps
}
