//! Writing the tree as text, in the layout of Mesa's `tgsi_dump`.
//!
//! Reading the written text gives the same tree. `FLT32` immediates are written as hexadecimal bits, as clients send
//! them; `FLT64` immediates too, since the decimals of `tgsi_dump` lose bits.

use std::fmt::{Display, Formatter, Result, Write};

use super::names::property_words;
use super::*;

impl Display for Shader {
    fn fmt(&self, f: &mut Formatter) -> Result {
        writeln!(f, "{}", self.stage.word())?;
        for property in &self.properties {
            writeln!(f, "{property}")?;
        }
        for declaration in &self.declarations {
            writeln!(f, "{declaration}")?;
        }
        for (number, immediate) in self.immediates.iter().enumerate() {
            writeln!(f, "IMM[{number}] {immediate}")?;
        }
        let mut depth = 0usize;
        for (number, instruction) in self.instructions.iter().enumerate() {
            let opcode = instruction.opcode;
            if matches!(opcode, Opcode::Else | Opcode::Endif | Opcode::Endloop) {
                depth = depth.saturating_sub(1);
            }
            writeln!(f, "{number:3}: {:1$}{instruction}", "", 2 * depth)?;
            if matches!(opcode, Opcode::If | Opcode::Uif | Opcode::Else | Opcode::Bgnloop) {
                depth += 1;
            }
        }
        Ok(())
    }
}

impl Display for Property {
    fn fmt(&self, f: &mut Formatter) -> Result {
        write!(f, "PROPERTY {} ", self.name.word())?;
        match property_words(self.name).get(self.value as usize) {
            Some(word) => f.write_str(word),
            None => self.value.fmt(f),
        }
    }
}

impl Display for Declaration {
    fn fmt(&self, f: &mut Formatter) -> Result {
        write!(f, "DCL {}", self.file.word())?;
        match self.dimension {
            Some(DeclaredDimension::Implied) => f.write_str("[]")?,
            Some(DeclaredDimension::Index(n)) => write!(f, "[{n}]")?,
            None => {}
        }
        write!(f, "[{}", self.first)?;
        if self.last != self.first {
            write!(f, "..{}", self.last)?;
        }
        f.write_char(']')?;
        self.mask.fmt(f)?;
        if let Some(array) = self.array {
            write!(f, ", ARRAY({array})")?;
        }
        if self.local {
            f.write_str(", LOCAL")?;
        }
        if let Some(semantic) = self.semantic {
            write!(f, ", {semantic}")?;
        }
        if let Some([x, y, z, w]) = self.streams {
            write!(f, ", STREAM({x}, {y}, {z}, {w})")?;
        }
        self.detail.fmt(f)?;
        if let Some(interpolation) = self.interpolation {
            write!(f, ", {}", interpolation.word())?;
        }
        if self.location != Location::Center {
            write!(f, ", {}", self.location.word())?;
        }
        if self.invariant {
            f.write_str(", INVARIANT")?;
        }
        Ok(())
    }
}

/// The mask with its dot; nothing for all four channels.
impl Display for Mask {
    fn fmt(&self, f: &mut Formatter) -> Result {
        if *self == Mask::XYZW {
            return Ok(());
        }
        f.write_char('.')?;
        self.channels().try_for_each(|c| f.write_char(letter(c as u8)))
    }
}

impl Display for Semantic {
    fn fmt(&self, f: &mut Formatter) -> Result {
        f.write_str(self.name.word())?;
        let indexed = matches!(self.name, SemanticName::Generic | SemanticName::Texcoord);
        if self.index != 0 || indexed {
            write!(f, "[{}]", self.index)?;
        }
        Ok(())
    }
}

/// The detail's modifiers, each behind a comma.
impl Display for Detail {
    fn fmt(&self, f: &mut Formatter) -> Result {
        match self {
            Detail::None => Ok(()),
            Detail::Image {
                target,
                format,
                writable,
                raw,
            } => {
                let format = format.as_deref().unwrap_or("NONE");
                write!(f, ", {}, PIPE_FORMAT_{format}", target.word())?;
                f.write_str(if *writable { ", WR" } else { "" })?;
                f.write_str(if *raw { ", RAW" } else { "" })
            }
            Detail::SamplerView { target, types } => {
                write!(f, ", {}", target.word())?;
                let equal = types.iter().all(|t| t == &types[0]);
                let printed = if equal { &types[..1] } else { &types[..] };
                printed.iter().try_for_each(|t| write!(f, ", {}", t.word()))
            }
            Detail::AtomicBuffer => f.write_str(", ATOMIC"),
            Detail::Memory(kind) => write!(f, ", {}", kind.word()),
        }
    }
}

/// The immediate without its number.
impl Display for Immediate {
    fn fmt(&self, f: &mut Formatter) -> Result {
        write!(f, "{} {{", self.kind.word())?;
        let [x, y, z, w] = self.words;
        let pairs = [(x, y), (z, w)].map(|(low, high)| u64::from(high) << 32 | u64::from(low));
        match self.kind {
            ImmediateType::Flt32 => list(f, self.words, |f, v| write!(f, "{v:#010x}")),
            ImmediateType::Uint32 => list(f, self.words, |f, v| v.fmt(f)),
            ImmediateType::Int32 => list(f, self.words, |f, v| (v as i32).fmt(f)),
            ImmediateType::Flt64 => list(f, pairs, |f, v| write!(f, "{v:#018x}")),
            ImmediateType::Uint64 => list(f, pairs, |f, v| v.fmt(f)),
            ImmediateType::Int64 => list(f, pairs, |f, v| (v as i64).fmt(f)),
        }?;
        f.write_char('}')
    }
}

fn list<T, const N: usize>(
    f: &mut Formatter,
    values: [T; N],
    write: impl Fn(&mut Formatter, T) -> Result,
) -> Result {
    for (i, value) in values.into_iter().enumerate() {
        f.write_str(if i > 0 { ", " } else { "" })?;
        write(f, value)?;
    }
    Ok(())
}

impl Display for Index {
    fn fmt(&self, f: &mut Formatter) -> Result {
        match *self {
            Index::Direct(index) => write!(f, "[{index}]"),
            Index::Relative {
                file,
                register,
                component,
                offset,
            } => {
                write!(f, "[{}[{register}].{}", file.word(), letter(component))?;
                if offset != 0 {
                    write!(f, "{offset:+}")?;
                }
                f.write_char(']')
            }
        }
    }
}

impl Display for Register {
    fn fmt(&self, f: &mut Formatter) -> Result {
        f.write_str(self.file.word())?;
        if let Some(dimension) = self.dimension {
            dimension.fmt(f)?;
        }
        self.index.fmt(f)?;
        if self.array != 0 {
            write!(f, "({})", self.array)?;
        }
        Ok(())
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut Formatter) -> Result {
        let bar = if self.absolute { "|" } else { "" };
        f.write_str(if self.negate { "-" } else { "" })?;
        write!(f, "{bar}{}", self.register)?;
        if self.swizzle != [0, 1, 2, 3] {
            swizzle(f, &self.swizzle)?;
        }
        f.write_str(bar)
    }
}

impl Display for Destination {
    fn fmt(&self, f: &mut Formatter) -> Result {
        write!(f, "{}{}", self.register, self.mask)
    }
}

impl Display for TexelOffset {
    fn fmt(&self, f: &mut Formatter) -> Result {
        write!(f, "{}[{}]", self.file.word(), self.index)?;
        swizzle(f, &self.swizzle)
    }
}

/// The instruction without its number.
impl Display for Instruction {
    fn fmt(&self, f: &mut Formatter) -> Result {
        f.write_str(self.opcode.mnemonic())?;
        f.write_str(if self.saturate { "_SAT" } else { "" })?;
        f.write_str(if self.precise { "_PRECISE" } else { "" })?;
        let mut separator = " ";
        for destination in &self.destinations {
            write!(f, "{separator}{destination}")?;
            separator = ", ";
        }
        for source in &self.sources {
            write!(f, "{separator}{source}")?;
            separator = ", ";
        }
        self.memory.fmt(f)?;
        if let Some(texture) = self.texture {
            write!(f, ", {}", texture.word())?;
        }
        for offset in &self.offsets {
            write!(f, ", {offset}")?;
        }
        if let Some(format) = &self.format {
            write!(f, ", PIPE_FORMAT_{format}")?;
        }
        if let Some(label) = self.label {
            write!(f, " :{label}")?;
        }
        Ok(())
    }
}

/// The qualifiers, each behind a comma.
impl Display for MemoryQualifiers {
    fn fmt(&self, f: &mut Formatter) -> Result {
        f.write_str(if self.coherent { ", COHERENT" } else { "" })?;
        f.write_str(if self.restrict { ", RESTRICT" } else { "" })?;
        f.write_str(if self.volatile { ", VOLATILE" } else { "" })
    }
}

fn swizzle(f: &mut Formatter, channels: &[u8]) -> Result {
    f.write_char('.')?;
    channels.iter().try_for_each(|&c| f.write_char(letter(c)))
}

/// The letter of a channel, 0 to 3.
fn letter(channel: u8) -> char {
    match channel {
        0 => 'x',
        1 => 'y',
        2 => 'z',
        _ => 'w',
    }
}
