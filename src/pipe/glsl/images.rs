//! Which GLSL image each image slot needs.
//!
//! The declaration has target and format; whether an image is read or written, and how coherent it must be, is known
//! from the instructions alone. Slots that are selected through an address register become elements of an array.
//! GLSL reads no image without a format, and writes those without one by the type they are bound with.

use std::fmt::Write;

use crate::pipe::tgsi::{
    Detail, File, Index, Instruction, MemoryQualifiers, Opcode, Register, Shader, Stage, Texture,
};

use super::{
    buffers::{memory_register, merge, push_qualifiers},
    error::EmitError,
    key::{IntegerImages, Layout},
    names::{stage_letter, stage_number},
    target::{Shape, shape},
    value::Native,
};

/// Image slots of a stage.
const MAX_IMAGES: u32 = 32;

/// A format that GLSL can name: its layout qualifier and the type of its texels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Format {
    qualifier: &'static str,
    pub texel: Native,
}

/// An image slot in use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Image {
    pub target: Texture,
    pub format: Option<Format>,
    reads: bool,
    writes: bool,
    qualifiers: MemoryQualifiers,
}

/// Consecutive slots alike: a GLSL image, or an array of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub first: u32,
    pub len: u32,
    pub image: Image,
}

impl Group {
    /// The type of the texels.
    pub(super) const fn texel(&self, bound: IntegerImages) -> Native {
        match self.image.format {
            Some(format) => format.texel,
            None if bound.signed >> self.first & 1 != 0 => Native::Int,
            None if bound.unsigned >> self.first & 1 != 0 => Native::Bits,
            None => Native::Float,
        }
    }

    pub(super) fn shape(&self) -> Option<Shape> {
        shape(self.image.target).filter(|s| !s.shadow)
    }
}

/// The images of a shader.
#[derive(Debug, Clone, Default)]
pub(super) struct Images {
    groups: Vec<Group>,
}

impl Images {
    pub(super) fn new(shader: &Shader) -> Result<Self, EmitError> {
        let mut slots = declared(shader)?;
        let uses = || {
            let on_memory = shader
                .instructions
                .iter()
                .filter_map(|i| Some((i, memory_register(i)?)));
            on_memory.filter(|(_, register)| register.file == File::Image)
        };
        for (i, register) in uses() {
            if let Index::Direct(n) = register.index
                && let Some(Some(image)) = usize::try_from(n).ok().and_then(|n| slots.get_mut(n))
            {
                image.add_use(i);
            }
        }
        let mut images = Self {
            groups: group(&slots, uses().map(|(_, register)| register)),
        };
        for (i, register) in uses() {
            if let Index::Relative { offset, .. } = register.index
                && let Some(group) = images.groups.iter_mut().find(|g| g.holds(offset))
            {
                group.image.add_use(i);
            }
        }
        images.check(shader)?;
        Ok(images)
    }

    /// Refuses images that are read but have no format that GLSL has.
    fn check(&self, shader: &Shader) -> Result<(), EmitError> {
        match self
            .groups
            .iter()
            .find(|g| g.image.reads && g.image.format.is_none())
        {
            None => Ok(()),
            Some(group) => Err(EmitError::ImageFormat {
                unit: group.first,
                format: format_word(shader, group.first),
            }),
        }
    }

    /// The group that holds a slot.
    pub(super) fn group_of(&self, unit: i32) -> Option<Group> {
        self.groups.iter().find(|g| g.holds(unit)).copied()
    }

    /// Slots that the text declares.
    pub(super) fn mask(&self) -> u32 {
        self.slots(|_| true)
    }

    /// Slots whose type the key gives.
    pub(super) fn typed_by_binding(&self) -> u32 {
        self.slots(|group| group.image.format.is_none())
    }

    /// Slots whose images have several layers.
    pub(super) fn layered(&self) -> u32 {
        self.slots(|group| {
            group
                .shape()
                .is_some_and(|shape| shape.layered || shape.dimensions == 3)
        })
    }

    fn slots(&self, matching: impl Fn(&Group) -> bool) -> u32 {
        let groups = self.groups.iter().filter(|g| matching(g));
        groups.fold(0, |mask, g| mask | (u32::MAX >> (MAX_IMAGES - g.len)) << g.first)
    }

    pub(super) fn declare(
        &self,
        out: &mut String,
        stage: Stage,
        layout: &Layout,
        bound: IntegerImages,
    ) -> Result<(), EmitError> {
        let slots = layout.images[stage_number(stage) as usize];
        for group in &self.groups {
            let last = group.first + group.len - 1;
            if last >= slots.count {
                return Err(EmitError::RegisterLimit {
                    file: File::Image,
                    index: last,
                    limit: slots.count,
                });
            }
            let Some(shape) = group.shape() else { continue };
            let _ = write!(out, "layout(binding={}", slots.first + group.first);
            if let Some(format) = group.image.format {
                let _ = write!(out, ",{}", format.qualifier);
            }
            out.push(')');
            push_qualifiers(out, group.image.qualifiers);
            out.push_str(match (group.image.reads, group.image.writes) {
                (true, true) => "",
                (true, false) => "readonly ",
                (false, _) => "writeonly ",
            });
            let prefix = match group.texel(bound) {
                Native::Float => "",
                Native::Int => "i",
                Native::Bits => "u",
            };
            let letter = stage_letter(stage);
            let _ = write!(
                out,
                "uniform {prefix}image{} {letter}i{}",
                shape.name, group.first
            );
            if group.len > 1 {
                let _ = write!(out, "[{}]", group.len);
            }
            out.push_str(";\n");
        }
        Ok(())
    }
}

impl Group {
    /// Whether a texel is one word, as atomics want it.
    pub(super) fn is_one_word(&self) -> bool {
        self.image
            .format
            .is_some_and(|f| matches!(f.qualifier, "r32i" | "r32ui" | "r32f"))
    }

    fn holds(&self, unit: i32) -> bool {
        u32::try_from(unit).is_ok_and(|n| (self.first..self.first + self.len).contains(&n))
    }
}

impl Image {
    fn add_use(&mut self, i: &Instruction) {
        merge(&mut self.qualifiers, i.memory);
        match i.opcode {
            Opcode::Resq => {}
            Opcode::Load => self.reads = true,
            Opcode::Store => self.writes = true,
            _ => {
                self.reads = true;
                self.writes = true;
            }
        }
        if self.format.is_none() {
            self.format = i.format.as_deref().and_then(format);
        }
    }
}

fn declared(shader: &Shader) -> Result<[Option<Image>; MAX_IMAGES as usize], EmitError> {
    let mut slots = [None; MAX_IMAGES as usize];
    for d in shader.declarations_of(File::Image) {
        let Detail::Image {
            target, format: name, ..
        } = &d.detail
        else {
            continue;
        };
        let range = slots.get_mut(d.first as usize..=d.last as usize);
        let range = range.ok_or(EmitError::RegisterLimit {
            file: File::Image,
            index: d.last,
            limit: MAX_IMAGES,
        })?;
        range.fill(Some(Image {
            target: *target,
            format: name.as_deref().and_then(format),
            reads: false,
            writes: false,
            qualifiers: MemoryQualifiers::default(),
        }));
    }
    Ok(slots)
}

/// Splits the slots into single images and the arrays that `uses` address.
fn group<'a>(slots: &[Option<Image>], uses: impl Iterator<Item = &'a Register>) -> Vec<Group> {
    let mut addressed = 0u32;
    for register in uses {
        if let Index::Relative { offset, .. } = register.index
            && (0..MAX_IMAGES as i32).contains(&offset)
        {
            addressed |= 1 << offset;
        }
    }
    let mut groups = Vec::new();
    let mut first = 0;
    while first < slots.len() {
        let Some(mut image) = slots[first] else {
            first += 1;
            continue;
        };
        let alike = |slot: &&Option<Image>| {
            slot.is_some_and(|other| (other.target, other.format) == (image.target, image.format))
        };
        let run = slots[first..].iter().take_while(alike).count();
        let in_run = (first..first + run).any(|n| addressed >> n & 1 != 0);
        let len = if in_run { run } else { 1 };
        for other in slots[first..first + len].iter().flatten() {
            merge(&mut image.qualifiers, other.qualifiers);
            image.reads |= other.reads;
            image.writes |= other.writes;
        }
        groups.push(Group {
            first: first as u32,
            len: len as u32,
            image,
        });
        first += len;
    }
    groups
}

/// The format that the text gives an image, for an error.
fn format_word(shader: &Shader, unit: u32) -> String {
    let declaration = shader
        .declarations_of(File::Image)
        .find(|d| (d.first..=d.last).contains(&unit));
    match declaration.map(|d| &d.detail) {
        Some(Detail::Image {
            format: Some(name), ..
        }) => name.chars().take(40).collect(),
        _ => "NONE".into(),
    }
}

/// The format behind a `PIPE_FORMAT_` name, `None` if GLSL has no qualifier for it.
fn format(name: &str) -> Option<Format> {
    use Native::{Bits, Float, Int};
    let (qualifier, texel) = match name {
        "R32G32B32A32_FLOAT" => ("rgba32f", Float),
        "R16G16B16A16_FLOAT" => ("rgba16f", Float),
        "R32G32_FLOAT" => ("rg32f", Float),
        "R16G16_FLOAT" => ("rg16f", Float),
        "R11G11B10_FLOAT" => ("r11f_g11f_b10f", Float),
        "R32_FLOAT" => ("r32f", Float),
        "R16_FLOAT" => ("r16f", Float),
        "R16G16B16A16_UNORM" => ("rgba16", Float),
        "R10G10B10A2_UNORM" => ("rgb10_a2", Float),
        "R8G8B8A8_UNORM" => ("rgba8", Float),
        "R16G16_UNORM" => ("rg16", Float),
        "R8G8_UNORM" => ("rg8", Float),
        "R16_UNORM" => ("r16", Float),
        "R8_UNORM" => ("r8", Float),
        "R16G16B16A16_SNORM" => ("rgba16_snorm", Float),
        "R8G8B8A8_SNORM" => ("rgba8_snorm", Float),
        "R16G16_SNORM" => ("rg16_snorm", Float),
        "R8G8_SNORM" => ("rg8_snorm", Float),
        "R16_SNORM" => ("r16_snorm", Float),
        "R8_SNORM" => ("r8_snorm", Float),
        "R32G32B32A32_SINT" => ("rgba32i", Int),
        "R16G16B16A16_SINT" => ("rgba16i", Int),
        "R8G8B8A8_SINT" => ("rgba8i", Int),
        "R32G32_SINT" => ("rg32i", Int),
        "R16G16_SINT" => ("rg16i", Int),
        "R8G8_SINT" => ("rg8i", Int),
        "R32_SINT" => ("r32i", Int),
        "R16_SINT" => ("r16i", Int),
        "R8_SINT" => ("r8i", Int),
        "R32G32B32A32_UINT" => ("rgba32ui", Bits),
        "R16G16B16A16_UINT" => ("rgba16ui", Bits),
        "R10G10B10A2_UINT" => ("rgb10_a2ui", Bits),
        "R8G8B8A8_UINT" => ("rgba8ui", Bits),
        "R32G32_UINT" => ("rg32ui", Bits),
        "R16G16_UINT" => ("rg16ui", Bits),
        "R8G8_UINT" => ("rg8ui", Bits),
        "R32_UINT" => ("r32ui", Bits),
        "R16_UINT" => ("r16ui", Bits),
        "R8_UINT" => ("r8ui", Bits),
        _ => return None,
    };
    Some(Format { qualifier, texel })
}
