//! Texture opcodes.
//!
//! TGSI packs coordinates, layer, reference value, bias and level into one or two vectors; GLSL wants each in its
//! place. [`Shape`](super::target::Shape) says for each target where TGSI keeps what.

use std::fmt::Write;

use crate::pipe::{
    tgsi::{File, Index, Instruction, Opcode, Source, Stage, TexelOffset, Texture},
    wire::virgl::enums::Swizzle,
};

use super::{
    emit::{Emitter, Width, operand},
    error::EmitError,
    names::{CHANNELS, stage_letter},
    registers::undeclared,
    samplers::Sampler,
    target::{Shape, shape},
    value::{Kind, Modifiers, Native, type_name, write_literal},
};

/// A texture instruction whose sampler is resolved.
struct Access<'i> {
    i: &'i Instruction,
    shape: Shape,
    sampler: Sampler,
    /// Slot if it is known, for the swizzles of the key.
    unit: Option<u32>,
    /// The sampler operand.
    operand: &'i Source,
}

impl Access<'_> {
    fn unsupported(&self) -> EmitError {
        EmitError::Target {
            opcode: self.i.opcode,
            target: self.sampler.target,
        }
    }

    fn kind(&self) -> Kind {
        match self.sampler.texel {
            _ if self.shape.shadow => Kind::Float,
            Native::Float => Kind::Float,
            Native::Int => Kind::Int,
            Native::Bits => Kind::Uint,
        }
    }
}

impl Emitter<'_> {
    pub(super) fn texture(&mut self, i: &Instruction) -> Result<(), EmitError> {
        let access = self.access(i)?;
        match i.opcode {
            Opcode::Txq => self.size(&access),
            Opcode::Txqs => self.samples(&access),
            Opcode::Lodq => self.level(&access),
            Opcode::Tg4 => self.gather(&access),
            Opcode::Txf | Opcode::TxfLz => self.fetch(&access),
            _ => self.sample(&access),
        }
    }

    fn access<'i>(&self, i: &'i Instruction) -> Result<Access<'i>, EmitError> {
        let operand = i.sources.last().ok_or(EmitError::MissingOperand(i.opcode))?;
        let register = &operand.register;
        if register.file != File::Samp {
            return Err(EmitError::Access {
                file: register.file,
                access: "used as a sampler",
            });
        }
        let (slot, unit) = match register.index {
            Index::Direct(n) => (n, u32::try_from(n).ok()),
            Index::Relative { offset, .. } => (offset, None),
        };
        let sampler = u32::try_from(slot)
            .ok()
            .and_then(|n| self.declared.samplers.get(n));
        let sampler = sampler.ok_or_else(|| undeclared(File::Samp, slot.into()))?;
        let shape = shape(sampler.target).ok_or(EmitError::Target {
            opcode: i.opcode,
            target: sampler.target,
        })?;
        Ok(Access {
            i,
            shape,
            sampler,
            unit,
            operand,
        })
    }

    fn sampler(&mut self, access: &Access<'_>) -> Result<(), EmitError> {
        let index = access.operand.register.index;
        let slot = match index {
            Index::Direct(n) => n,
            Index::Relative { offset, .. } => offset,
        };
        let missing = || undeclared(File::Samp, slot.into());
        let unit = u32::try_from(slot).map_err(|_| missing())?;
        let group = self.declared.samplers.group_of(unit).ok_or_else(missing)?;
        let letter = stage_letter(self.declared.shader.stage);
        let _ = write!(self.body, "{letter}s{}", group.first);
        if group.len > 1 {
            let at = self.element_at(index, File::Samp, group.first, group.len)?;
            self.at(at);
        }
        Ok(())
    }

    /// TEX, TEX_LZ, TEX2, TXB, TXB2, TXL, TXL2, TXD and TXP.
    fn sample(&mut self, a: &Access<'_>) -> Result<(), EmitError> {
        let opcode = a.i.opcode;
        if a.shape.multisample || a.sampler.target == Texture::Buffer {
            return Err(a.unsupported());
        }
        let cube_array_shadow = a.sampler.target == Texture::ShadowCubeArray;
        let projected = a.projected();
        // Rectangle textures have one level; GLSL offers no way to choose it.
        let explicit_level = matches!(opcode, Opcode::Txl | Opcode::Txl2 | Opcode::TexLz) && a.shape.levels;
        // A bias needs the implicit level of fragment shaders.
        let biased = matches!(opcode, Opcode::Txb | Opcode::Txb2)
            && a.shape.levels
            && self.declared.shader.stage == Stage::Fragment;
        let extra = a.extra();
        // The w that would hold bias or level holds layer or reference.
        let packed = extra == (0, 3) && opcode != Opcode::TexLz;
        if (biased || explicit_level) && packed && a.shape.coordinate.contains(&3) {
            return Err(a.unsupported());
        }
        if (biased || explicit_level) && a.needs_shadow_lod(explicit_level) {
            if !self.host.texture_shadow_lod {
                return Err(EmitError::HostLacks("EXT_texture_shadow_lod"));
            }
            self.features.require("GL_EXT_texture_shadow_lod");
        }
        let gradient = opcode == Opcode::Txd;
        if gradient && cube_array_shadow {
            return Err(a.unsupported());
        }
        let name = match (projected, explicit_level, gradient) {
            (true, ..) => "textureProj",
            (_, true, _) => "textureLod",
            (_, _, true) => "textureGrad",
            _ => "texture",
        };
        self.result(a, |e| {
            e.call(a, name)?;
            e.source(operand(a.i, 0)?, Kind::Float, a.coordinate())?;
            if cube_array_shadow {
                e.argument(operand(a.i, 1)?, &[0])?;
            }
            if explicit_level && opcode == Opcode::TexLz {
                e.body.push_str(",0.0");
            } else if explicit_level {
                e.argument(operand(a.i, extra.0)?, &[extra.1])?;
            }
            if gradient {
                let width = usize::from(a.shape.dimensions);
                e.argument(operand(a.i, 1)?, &[0, 1, 2][..width])?;
                e.argument(operand(a.i, 2)?, &[0, 1, 2][..width])?;
            }
            e.offset(a)?;
            if biased {
                e.argument(operand(a.i, extra.0)?, &[extra.1])?;
            }
            e.body.push(')');
            Ok(())
        })
    }

    fn argument(&mut self, source: &Source, channels: &[u8]) -> Result<(), EmitError> {
        self.body.push(',');
        self.source(source, Kind::Float, channels)
    }

    /// `nameOffset(sampler,`
    fn call(&mut self, a: &Access<'_>, name: &str) -> Result<(), EmitError> {
        let offset = match a.i.offsets.len() {
            0 => "",
            1 => "Offset",
            _ => "Offsets",
        };
        let _ = write!(self.body, "{name}{offset}(");
        self.sampler(a)?;
        self.body.push(',');
        Ok(())
    }

    /// One constant offset.
    fn offset(&mut self, a: &Access<'_>) -> Result<(), EmitError> {
        match a.i.offsets.as_slice() {
            [] => Ok(()),
            [offset] if a.takes_offsets() && offset.file == File::Imm => {
                self.body.push(',');
                self.offset_value(a, offset)
            }
            _ => Err(EmitError::TexelOffset(a.i.opcode)),
        }
    }

    fn offset_value(&mut self, a: &Access<'_>, offset: &TexelOffset) -> Result<(), EmitError> {
        let swizzle = [
            offset.swizzle[0],
            offset.swizzle[1],
            offset.swizzle[2],
            offset.swizzle[2],
        ];
        let source = Source {
            register: crate::pipe::tgsi::Register {
                file: offset.file,
                dimension: None,
                index: Index::Direct(offset.index),
                array: 0,
            },
            swizzle,
            negate: false,
            absolute: false,
        };
        self.source(&source, Kind::Int, &[0, 1, 2][..usize::from(a.shape.dimensions)])
    }

    fn fetch(&mut self, a: &Access<'_>) -> Result<(), EmitError> {
        if a.shape.shadow || matches!(a.sampler.target, Texture::Cube | Texture::CubeArray) {
            return Err(a.unsupported());
        }
        if !a.i.offsets.is_empty() && (a.shape.multisample || a.sampler.target == Texture::Buffer) {
            return Err(EmitError::TexelOffset(a.i.opcode));
        }
        self.result(a, |e| {
            e.call(a, "texelFetch")?;
            e.source(operand(a.i, 0)?, Kind::Int, a.shape.point())?;
            if a.shape.levels && a.i.opcode == Opcode::TxfLz {
                e.body.push_str(",0");
            } else if a.shape.levels || a.shape.multisample {
                e.body.push(',');
                e.source(operand(a.i, 0)?, Kind::Int, &[3])?;
            }
            e.offset(a)?;
            e.body.push(')');
            Ok(())
        })
    }

    fn gather(&mut self, a: &Access<'_>) -> Result<(), EmitError> {
        let dimensions = a.shape.dimensions;
        if a.shape.multisample || dimensions == 1 || a.sampler.target == Texture::D3 {
            return Err(a.unsupported());
        }
        if !a.i.offsets.is_empty() && dimensions != 2 {
            return Err(EmitError::TexelOffset(a.i.opcode));
        }
        let component = if a.shape.shadow { 0 } else { self.component(a.i)? };
        self.store(a.i, a.kind(), Width::Four, |e, _| {
            if a.shape.shadow
                && let Some(constant) = e.shadow_constant(a.unit)
            {
                let _ = write!(e.body, "vec4({constant})");
                return Ok(());
            }
            e.call(a, "textureGather")?;
            e.source(operand(a.i, 0)?, Kind::Float, a.shape.point())?;
            if a.sampler.target == Texture::ShadowCubeArray {
                e.argument(operand(a.i, 1)?, &[0])?;
            } else if a.shape.shadow {
                let reference = if a.shape.layered || dimensions == 3 { 3 } else { 2 };
                e.argument(operand(a.i, 0)?, &[reference])?;
            }
            e.gather_offset(a)?;
            if !a.shape.shadow && component != 0 {
                let _ = write!(e.body, ",{component}");
            }
            e.body.push(')');
            Ok(())
        })
    }

    /// Gathers take an offset computed at run time, or four constant ones.
    fn gather_offset(&mut self, a: &Access<'_>) -> Result<(), EmitError> {
        match a.i.offsets.as_slice() {
            [] => Ok(()),
            [offset] => {
                self.body.push(',');
                self.offset_value(a, offset)
            }
            offsets if offsets.len() == 4 && offsets.iter().all(|o| o.file == File::Imm) => {
                self.body.push_str(",ivec2[4](");
                for (n, offset) in offsets.iter().enumerate() {
                    if n > 0 {
                        self.body.push(',');
                    }
                    self.offset_value(a, offset)?;
                }
                self.body.push(')');
                Ok(())
            }
            _ => Err(EmitError::TexelOffset(a.i.opcode)),
        }
    }

    /// The component that a gather takes, a constant.
    fn component(&self, i: &Instruction) -> Result<u32, EmitError> {
        let source = operand(i, 1)?;
        let not_constant = EmitError::NotConstant {
            opcode: i.opcode,
            operand: 1,
        };
        let component = self.declared.shader.immediate(source);
        Ok(component.ok_or(not_constant)? & 3)
    }

    /// Size in x, y, z and number of levels in w.
    fn size(&mut self, a: &Access<'_>) -> Result<(), EmitError> {
        let components = match a.sampler.target {
            Texture::Cube | Texture::ShadowCube => 2,
            Texture::CubeArray | Texture::ShadowCubeArray => 3,
            _ => a.shape.point().len(),
        };
        let level = operand(a.i, 0)?;
        self.store(a.i, Kind::Int, Width::Each, |e, written| {
            let levels_only = written == [3];
            if levels_only {
                return e.levels(a);
            }
            let inside = written.iter().all(|&c| usize::from(c) < components);
            if !inside {
                e.body.push_str("ivec4(");
            }
            e.body.push_str("textureSize(");
            e.sampler(a)?;
            if a.shape.levels {
                e.body.push(',');
                e.source(level, Kind::Int, &[0])?;
            }
            e.body.push(')');
            if inside {
                if components > 1 {
                    e.push_channels(written);
                }
                return Ok(());
            }
            e.body.push_str(&",0".repeat(3usize.saturating_sub(components)));
            e.body.push(',');
            e.levels(a)?;
            e.body.push(')');
            e.push_channels(written);
            Ok(())
        })
    }

    fn levels(&mut self, a: &Access<'_>) -> Result<(), EmitError> {
        if !a.shape.levels {
            self.body.push('1');
            return Ok(());
        }
        self.body.push_str("textureQueryLevels(");
        self.sampler(a)?;
        self.body.push(')');
        Ok(())
    }

    fn push_channels(&mut self, channels: &[u8]) {
        self.body.push('.');
        self.body
            .extend(channels.iter().map(|&c| CHANNELS[c as usize & 3]));
    }

    fn samples(&mut self, a: &Access<'_>) -> Result<(), EmitError> {
        if !a.shape.multisample {
            return Err(a.unsupported());
        }
        self.store(a.i, Kind::Int, Width::One, |e, _| {
            e.body.push_str("textureSamples(");
            e.sampler(a)?;
            e.body.push(')');
            Ok(())
        })
    }

    fn level(&mut self, a: &Access<'_>) -> Result<(), EmitError> {
        self.fragment_only(a.i.opcode)?;
        if !a.shape.levels {
            return Err(a.unsupported());
        }
        self.store(a.i, Kind::Float, Width::Four, |e, _| {
            e.body.push_str("vec4(textureQueryLod(");
            e.sampler(a)?;
            e.body.push(',');
            let width = usize::from(a.shape.dimensions);
            e.source(operand(a.i, 0)?, Kind::Float, &[0, 1, 2][..width])?;
            e.body.push_str("),0.0,0.0)");
            Ok(())
        })
    }

    /// Stores what `call` looks up, with the swizzle that GL cannot apply.
    fn result(
        &mut self,
        a: &Access<'_>,
        mut call: impl FnMut(&mut Self) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        let swizzle = self.swizzle(a.unit);
        let kind = a.kind();
        let Some(swizzle) = swizzle.filter(|s| !is_identity(*s, a.shape.shadow)) else {
            let width = if a.shape.shadow { Width::One } else { Width::Four };
            return self.store(a.i, kind, width, |e, _| call(e));
        };
        let name = type_name(kind.native(), if a.shape.shadow { 1 } else { 4 });
        let _ = write!(self.body, "{{{name} r=");
        call(self)?;
        self.body.push(';');
        self.store(a.i, kind, Width::Each, |e, written| {
            let several = written.len() > 1;
            if several {
                let _ = write!(e.body, "{}(", type_name(kind.native(), written.len()));
            }
            for (n, &channel) in written.iter().enumerate() {
                if n > 0 {
                    e.body.push(',');
                }
                e.swizzled(swizzle[channel as usize & 3], kind, a.shape.shadow);
            }
            if several {
                e.body.push(')');
            }
            Ok(())
        })?;
        self.body.push_str("}\n");
        Ok(())
    }

    fn swizzled(&mut self, swizzle: Swizzle, kind: Kind, shadow: bool) {
        let channel = match swizzle {
            Swizzle::Zero | Swizzle::One => {
                let one = if kind == Kind::Float { 1f32.to_bits() } else { 1 };
                let word = if swizzle == Swizzle::One { one } else { 0 };
                return write_literal(&mut self.body, kind, &[word], Modifiers::NONE);
            }
            Swizzle::X => 'x',
            Swizzle::Y => 'y',
            Swizzle::Z => 'z',
            Swizzle::W => 'w',
        };
        self.body.push('r');
        if !shadow {
            self.body.push('.');
            self.body.push(channel);
        }
    }

    fn swizzle(&self, unit: Option<u32>) -> Option<[Swizzle; 4]> {
        let entry = self
            .bound
            .swizzled
            .iter()
            .find(|s| Some(u32::from(s.slot)) == unit)?;
        Some(entry.swizzle)
    }

    /// A gather takes the first component of the swizzled texel.
    fn shadow_constant(&self, unit: Option<u32>) -> Option<&'static str> {
        match self.swizzle(unit)?[0] {
            Swizzle::Zero => Some("0.0"),
            Swizzle::One => Some("1.0"),
            _ => None,
        }
    }
}

impl Access<'_> {
    /// Core GLSL has no level or bias for these.
    fn needs_shadow_lod(&self, explicit_level: bool) -> bool {
        match self.sampler.target {
            Texture::Shadow2DArray | Texture::ShadowCubeArray => true,
            Texture::ShadowCube => explicit_level,
            _ => false,
        }
    }

    fn takes_offsets(&self) -> bool {
        let cube = self.shape.dimensions == 3 && self.sampler.target != Texture::D3;
        !cube && !self.shape.multisample && self.sampler.target != Texture::Buffer
    }

    /// Source and channel of bias or level.
    fn extra(&self) -> (usize, u8) {
        match self.i.opcode {
            Opcode::Txb2 | Opcode::Txl2 if self.sampler.target == Texture::ShadowCubeArray => (1, 1),
            Opcode::Txb2 | Opcode::Txl2 => (1, 0),
            _ => (0, 3),
        }
    }

    /// Whether the coordinate is divided by its last channel. That changes no direction into a cube, and layers have
    /// no projective lookups.
    fn projected(&self) -> bool {
        let cube = matches!(self.sampler.target, Texture::Cube | Texture::ShadowCube);
        self.i.opcode == Opcode::Txp && !cube && !self.shape.layered
    }

    /// The channels of GLSL's coordinate, divisor included for projective lookups.
    fn coordinate(&self) -> &'static [u8] {
        if !self.projected() {
            return self.shape.coordinate;
        }
        match (self.shape.shadow, self.shape.dimensions) {
            (true, 1) => &[0, 0, 2, 3],
            (false, 1) => &[0, 3],
            (false, 2) => &[0, 1, 3],
            _ => &[0, 1, 2, 3],
        }
    }
}

fn is_identity(swizzle: [Swizzle; 4], shadow: bool) -> bool {
    let constant = |s: &Swizzle| matches!(s, Swizzle::Zero | Swizzle::One);
    if shadow {
        return !swizzle.iter().any(constant);
    }
    swizzle == [Swizzle::X, Swizzle::Y, Swizzle::Z, Swizzle::W]
}
