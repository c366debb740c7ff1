//! Fragment shaders.

use std::fmt::Write;

use crate::pipe::{
    tgsi::{
        File, Index, Instruction, Interpolation, Location, Opcode, PropertyName, Semantic, SemanticName,
        Shader, Stage,
    },
    wire::virgl::enums::CompareFunc,
};

use super::{
    assemble::assemble,
    declared::{Declared, Slot},
    emit::{Bound, Emitter, Interpolants, StageParts, Width, operand},
    error::EmitError,
    key::{Emitted, FragmentKey, Host, Layout},
    names::Varying,
    operand::push_swizzle,
    outputs::is_varying,
    per_vertex::MISSING,
    registers::undeclared,
    value::{Kind, Native},
    variable::{Input, Variable},
};

/// Colour buffers of a framebuffer.
const MAX_COLOR_BUFFERS: u32 = 8;

/// Translates a fragment shader.
pub fn fragment(
    shader: &Shader,
    key: &FragmentKey,
    host: &Host,
    layout: &Layout,
) -> Result<Emitted, EmitError> {
    if shader.stage != Stage::Fragment {
        return Err(EmitError::WrongStage {
            expected: Stage::Fragment,
            found: shader.stage,
        });
    }
    let declared = Declared::new(shader)?;
    let mut stage = StageParts::default();
    layouts(&declared, &mut stage)?;
    inputs(&declared, key, &mut stage)?;
    polygon_stipple(key, &mut stage);
    outputs(&declared, key, host, &mut stage)?;
    let bound = Bound {
        swizzled: &key.swizzled,
        images: key.images,
    };
    assemble(&declared, &stage, host, layout, bound)
}

/// FS_COORD_ORIGIN changes nothing. It repeats what the application declared, but the client is not offered a choice
/// of origins and has already converted its coordinates to GL's own: row 0 of the surface is at the bottom. Pixel centres
/// it leaves to us.
fn layouts(declared: &Declared<'_>, stage: &mut StageParts) -> Result<(), EmitError> {
    let property = |name| declared.shader.property(name).unwrap_or(0);
    if property(PropertyName::FsCoordPixelCenter) != 0 {
        stage
            .globals
            .push_str("layout(pixel_center_integer)in vec4 gl_FragCoord;\n");
    }
    if property(PropertyName::FsEarlyDepthStencil) != 0 {
        stage.globals.push_str("layout(early_fragment_tests)in;\n");
    }
    Ok(())
}

fn inputs(declared: &Declared<'_>, key: &FragmentKey, stage: &mut StageParts) -> Result<(), EmitError> {
    let mut distances = false;
    for (register, slot) in declared.input_slots() {
        let used = declared.used_inputs >> register & 1 != 0;
        let input = if slot.semantic.name == SemanticName::Clipdist {
            distances |= used;
            clip_distances(declared, key, slot)?
        } else if is_varying(declared, File::In, slot)? {
            let (input, interpolants) = varying(key, slot, used, &mut stage.globals);
            stage.interpolants.resize(register as usize + 1, None);
            stage.interpolants[register as usize] = interpolants;
            input
        } else {
            Input::Variable(builtin(declared, slot)?)
        };
        stage.inputs.resize(register as usize + 1, None);
        stage.inputs[register as usize] = Some(input);
    }
    if distances {
        let counts = key.input_distances;
        for (name, count) in [("gl_ClipDistance", counts.clip), ("gl_CullDistance", counts.cull)] {
            if count > 0 {
                let _ = writeln!(stage.globals, "in float {name}[{count}];");
            }
        }
    }
    Ok(())
}

fn builtin(declared: &Declared<'_>, slot: &Slot) -> Result<Variable, EmitError> {
    Ok(match slot.semantic.name {
        SemanticName::Position => Variable::vector("gl_FragCoord"),
        SemanticName::Pcoord => Variable::vector("vec4(gl_PointCoord,0.0,1.0)"),
        SemanticName::Face => Variable::scalar("(gl_FrontFacing?1.0:-1.0)", Native::Float),
        SemanticName::PrimId => Variable::scalar("gl_PrimitiveID", Native::Int),
        SemanticName::Layer => Variable::scalar("gl_Layer", Native::Int),
        SemanticName::ViewportIndex => Variable::scalar("gl_ViewportIndex", Native::Int),
        _ => return Err(declared.bad_semantic(File::In, slot.semantic)),
    })
}

/// Four of the distances that the previous stage writes, clip distances first.
fn clip_distances(declared: &Declared<'_>, key: &FragmentKey, slot: &Slot) -> Result<Input, EmitError> {
    if slot.semantic.index > 1 {
        return Err(declared.bad_semantic(File::In, slot.semantic));
    }
    let counts = key.input_distances;
    let mut text = String::from("vec4(");
    for channel in 0..4 {
        let n = slot.semantic.index as u8 * 4 + channel;
        if channel > 0 {
            text.push(',');
        }
        text.push_str(&counts.member(n).unwrap_or_else(|| "0.0".into()));
    }
    text.push(')');
    Ok(Input::Variable(Variable::vector(text)))
}

/// Declares what the previous stage writes of a varying and says how to read it, and which inputs can be interpolated
/// elsewhere.
fn varying(
    key: &FragmentKey,
    slot: &Slot,
    used: bool,
    globals: &mut String,
) -> (Input, Option<Interpolants>) {
    let mut name = |semantic| {
        if used {
            declare(key, slot, semantic, globals);
        }
        Varying(key.producer.letter(), semantic).to_string()
    };
    let (text, interpolants) = match resolve(key, slot.semantic) {
        Source::Missing => return (MISSING, None),
        Source::PointCoordinate => ("vec4(gl_PointCoord,0.0,1.0)".into(), None),
        Source::Varying(fog) if fog.name == SemanticName::Fog => {
            (format!("vec4({}.x,0.0,0.0,1.0)", name(fog)), None)
        }
        Source::Varying(semantic) => {
            let name = name(semantic);
            (name.clone(), Some((name, None)))
        }
        Source::BothSides(semantic) => {
            let (front, back) = (name(semantic), name(back_color(semantic)));
            let text = format!("(gl_FrontFacing?{front}:{back})");
            (text, Some((front, Some(back))))
        }
    };
    (Input::Variable(Variable::vector(text)), interpolants)
}

/// Where the value of a varying input comes from.
#[derive(Debug, Clone, Copy)]
enum Source {
    Missing,
    PointCoordinate,
    Varying(Semantic),
    BothSides(Semantic),
}

fn resolve(key: &FragmentKey, semantic: Semantic) -> Source {
    let index = semantic.index;
    let sprite = matches!(semantic.name, SemanticName::Generic | SemanticName::Texcoord)
        && index < 32
        && key.sprite_coords >> index & 1 != 0;
    if sprite {
        return Source::PointCoordinate;
    }
    let front = key.available.has(semantic);
    let back =
        semantic.name == SemanticName::Color && key.two_sided && key.available.has(back_color(semantic));
    match (front, back) {
        (true, true) => Source::BothSides(semantic),
        (true, false) => Source::Varying(semantic),
        (false, true) => Source::Varying(back_color(semantic)),
        (false, false) => Source::Missing,
    }
}

const fn back_color(front: Semantic) -> Semantic {
    Semantic {
        name: SemanticName::Bcolor,
        index: front.index,
    }
}

fn declare(key: &FragmentKey, slot: &Slot, semantic: Semantic, globals: &mut String) {
    let auxiliary = match slot.location {
        Location::Center => "",
        Location::Centroid => "centroid ",
        Location::Sample => "sample ",
    };
    let interpolation = match slot.interpolation {
        Interpolation::Constant => "flat ",
        Interpolation::Color if key.flat_shade => "flat ",
        Interpolation::Linear => "noperspective ",
        Interpolation::Perspective | Interpolation::Color => "",
    };
    let name = Varying(key.producer.letter(), semantic);
    let _ = writeln!(globals, "{interpolation}{auxiliary}in vec4 {name};");
}

/// Row y of the pattern is component y & 3 of element y / 4; its highest bit is the leftmost pixel.
fn polygon_stipple(key: &FragmentKey, stage: &mut StageParts) {
    if key.polygon_stipple {
        stage.system_block = true;
        stage.epilogue.push_str(
            "{uvec2 p=uvec2(gl_FragCoord.xy)&31u;\
             if((sys.stipple[p.y>>2][p.y&3u]<<p.x&0x80000000u)==0u)discard;}\n",
        );
    }
}

/// Outputs are words in locals until exit, where the formats of the colour buffers give them types.
fn outputs(
    declared: &Declared<'_>,
    key: &FragmentKey,
    host: &Host,
    stage: &mut StageParts,
) -> Result<(), EmitError> {
    let mut colors = [None; MAX_COLOR_BUFFERS as usize];
    let mut rest = String::new();
    for (register, slot) in declared.output_slots() {
        let Semantic { name, index } = slot.semantic;
        match name {
            SemanticName::Color if index < MAX_COLOR_BUFFERS => colors[index as usize] = Some(register),
            SemanticName::Position => {
                depth_layout(declared, stage)?;
                let _ = writeln!(rest, "gl_FragDepth=F(o{register}.z);");
            }
            SemanticName::Stencil => {
                if !host.stencil_export {
                    return Err(EmitError::HostLacks("ARB_shader_stencil_export"));
                }
                stage.extensions.push("GL_ARB_shader_stencil_export");
                let _ = writeln!(rest, "gl_FragStencilRefARB=int(o{register}.y);");
            }
            SemanticName::SampleMask => {
                let _ = writeln!(rest, "gl_SampleMask[0]=int(o{register}.x);");
            }
            _ => return Err(declared.bad_semantic(File::Out, slot.semantic)),
        }
        let _ = writeln!(stage.prologue, "uvec4 o{register}=uvec4(0u);");
        stage.outputs.resize(register as usize + 1, None);
        stage.outputs[register as usize] = Some(Variable::bits(format!("o{register}")));
    }
    if let Some(color) = colors[0] {
        alpha_test(key, color, stage);
    }
    if fetches(declared.shader) {
        if !host.framebuffer_fetch {
            return Err(EmitError::HostLacks("EXT_shader_framebuffer_fetch"));
        }
        stage.extensions.push("GL_EXT_shader_framebuffer_fetch");
        fetched_colors(key, &colors, stage);
    }
    color_outputs(declared, key, &colors, stage);
    stage.epilogue.push_str(&rest);
    Ok(())
}

fn depth_layout(declared: &Declared<'_>, stage: &mut StageParts) -> Result<(), EmitError> {
    let name = PropertyName::FsDepthLayout;
    let layout = match declared.shader.property(name).unwrap_or(0) {
        0 => return Ok(()),
        1 => "any",
        2 => "greater",
        3 => "less",
        4 => "unchanged",
        value => return Err(EmitError::Property { name, value }),
    };
    let _ = writeln!(stage.globals, "layout(depth_{layout})out float gl_FragDepth;");
    Ok(())
}

fn alpha_test(key: &FragmentKey, color: u32, stage: &mut StageParts) {
    let operator = match key.alpha_test {
        None | Some(CompareFunc::Always) => return,
        Some(CompareFunc::Never) => {
            stage.epilogue.push_str("discard;\n");
            return;
        }
        Some(CompareFunc::Less) => "<",
        Some(CompareFunc::Equal) => "==",
        Some(CompareFunc::Lequal) => "<=",
        Some(CompareFunc::Greater) => ">",
        Some(CompareFunc::Notequal) => "!=",
        Some(CompareFunc::Gequal) => ">=",
    };
    stage.system_block = true;
    let _ = writeln!(
        stage.epilogue,
        "if(!(F(o{color}.w){operator}sys.alpha_ref))discard;"
    );
}

fn color_outputs(
    declared: &Declared<'_>,
    key: &FragmentKey,
    colors: &[Option<u32>; MAX_COLOR_BUFFERS as usize],
    stage: &mut StageParts,
) {
    let to_all = declared
        .shader
        .property(PropertyName::FsColor0WritesAllCbufs)
        .unwrap_or(0)
        != 0;
    if key.dual_source {
        for (index, register) in colors.iter().take(2).enumerate() {
            if let Some(register) = register {
                color_output(key, (0, index), *register, stage);
            }
        }
        return;
    }
    let broadcast = colors[0].filter(|_| to_all);
    let buffers = usize::from(key.color_buffers).clamp(1, colors.len());
    for (buffer, own) in colors.iter().enumerate() {
        let register = match broadcast {
            Some(register) if buffer < buffers => Some(register),
            Some(_) => None,
            None => *own,
        };
        if let Some(register) = register {
            color_output(key, (buffer, 0), register, stage);
        }
    }
}

fn fetches(shader: &Shader) -> bool {
    shader.instructions.iter().any(|i| i.opcode == Opcode::Fbfetch)
}

/// What colour registers read: the colour buffers as they are, put back into the order of the shader's channels.
fn fetched_colors(
    key: &FragmentKey,
    colors: &[Option<u32>; MAX_COLOR_BUFFERS as usize],
    stage: &mut StageParts,
) {
    for (buffer, register) in colors.iter().enumerate() {
        let Some(register) = *register else { continue };
        let bit = |mask: u8| mask >> buffer & 1 != 0;
        let swizzle = if bit(key.exchange_red_blue) { ".zyxw" } else { "" };
        let words = if bit(key.signed_colors | key.unsigned_colors) {
            format!("uvec4(color{buffer}_0{swizzle})")
        } else {
            format!("U(color{buffer}_0{swizzle})")
        };
        let text = if bit(key.alpha_in_red) {
            format!("uvec4(0u,0u,0u,{words}.x)")
        } else {
            words
        };
        stage.read_outputs.resize(stage.outputs.len(), None);
        stage.read_outputs[register as usize] = Some(Input::Variable(Variable::bits(text)));
    }
}

fn color_output(key: &FragmentKey, (buffer, index): (usize, usize), register: u32, stage: &mut StageParts) {
    let bit = |mask: u8| mask >> buffer & 1 != 0;
    let mut channels = [0, 1, 2, 3];
    if bit(key.alpha_in_red) {
        channels[0] = 3;
    }
    if bit(key.exchange_red_blue) {
        channels.swap(0, 2);
    }
    let (name, open) = if bit(key.signed_colors) {
        ("ivec4", "ivec4(")
    } else if bit(key.unsigned_colors) {
        ("uvec4", "(")
    } else {
        ("vec4", "F(")
    };
    let source = if index == 1 { ",index=1" } else { "" };
    let out = if stage.read_outputs.is_empty() {
        "out"
    } else {
        "inout"
    };
    let _ = writeln!(
        stage.globals,
        "layout(location={buffer}{source}){out} {name} color{buffer}_{index};"
    );
    let _ = write!(stage.epilogue, "color{buffer}_{index}={open}o{register}");
    push_swizzle(&mut stage.epilogue, &channels);
    stage.epilogue.push_str(");\n");
}

impl Emitter<'_> {
    /// Interpolation at another place. GLSL takes only the input itself, so modifiers and swizzle come after.
    pub(super) fn interpolate(&mut self, i: &Instruction) -> Result<(), EmitError> {
        self.fragment_only(i.opcode)?;
        let source = operand(i, 0)?;
        let (File::In, Index::Direct(n)) = (source.register.file, source.register.index) else {
            return Err(EmitError::Access {
                file: source.register.file,
                access: "interpolated",
            });
        };
        let missing = || undeclared(File::In, n.into());
        let register = usize::try_from(n).map_err(|_| missing())?;
        let input = self.stage.inputs.get(register).and_then(Option::as_ref);
        if input.is_none() {
            return Err(missing());
        }
        let stage = self.stage;
        let Some((front, back)) = stage.interpolants.get(register).and_then(Option::as_ref) else {
            return self.store(i, Kind::Float, Width::Each, |e, written| {
                e.source(source, Kind::Float, written)
            });
        };
        self.body.push_str("{vec4 r=");
        if back.is_some() {
            self.body.push_str("gl_FrontFacing?");
        }
        self.interpolated(i, front)?;
        if let Some(back) = back {
            self.body.push(':');
            self.interpolated(i, back)?;
        }
        self.body.push(';');
        self.store(i, Kind::Float, Width::Each, |e, written| {
            e.local(source, "r", written);
            Ok(())
        })?;
        self.body.push_str("}\n");
        Ok(())
    }

    fn interpolated(&mut self, i: &Instruction, name: &str) -> Result<(), EmitError> {
        match i.opcode {
            Opcode::InterpCentroid => {
                let _ = write!(self.body, "interpolateAtCentroid({name}");
            }
            Opcode::InterpSample => {
                let _ = write!(self.body, "interpolateAtSample({name},");
                self.source(operand(i, 1)?, Kind::Int, &[0])?;
            }
            _ => {
                let _ = write!(self.body, "interpolateAtOffset({name},");
                self.source(operand(i, 1)?, Kind::Float, &[0, 1])?;
            }
        }
        self.body.push(')');
        Ok(())
    }
}
