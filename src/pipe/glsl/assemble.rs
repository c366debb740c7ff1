//! The text around `main`: version, extensions, resources and locals.

use std::fmt::Write;

use crate::pipe::tgsi::File;

use super::{
    addressed::functions,
    declared::{BLOCK_CONSTANTS, Declared},
    emit::{Bound, Emitter, StageParts},
    error::EmitError,
    key::{Emitted, Host, Layout},
    names::{CHANNELS, stage_letter, stage_number},
    target::sampler_type,
    value::{Kind, Modifiers, Native, write_literal},
    variable::Input,
};

/// std140 layout of the block that carries pipeline state to shaders: 264 bytes.
const SYSTEM_BLOCK: &str =
    "uniform system_block{vec4 clip_planes[8];uvec4 stipple[8];float alpha_ref;int draw_id_base;}sys;\n";

/// Emits the instructions and puts everything together.
pub(super) fn assemble(
    declared: &Declared<'_>,
    stage: &StageParts,
    host: &Host,
    layout: &Layout,
    bound: Bound<'_>,
) -> Result<Emitted, EmitError> {
    let mut emitter = Emitter::new(declared, stage, host, bound);
    emitter.run()?;
    let Emitter {
        features,
        body,
        output_array,
        ..
    } = emitter;

    let mut out = String::with_capacity(body.len() + stage.globals.len() + stage.prologue.len() + 1024);
    let _ = writeln!(out, "#version {} core", host.version);
    for extension in features.extensions() {
        let _ = writeln!(out, "#extension {extension} : require");
    }
    out.push_str("#define F uintBitsToFloat\n#define U floatBitsToUint\n");
    if features.doubles {
        out.push_str("#define D packDouble2x32\n#define E unpackDouble2x32\n");
    }
    if features.system_block {
        let _ = write!(out, "layout(std140,binding={})", layout.system_block);
        out.push_str(SYSTEM_BLOCK);
    }
    constant_blocks(&mut out, declared, layout)?;
    samplers(&mut out, declared, layout)?;
    let shader = declared.shader;
    declared
        .images
        .declare(&mut out, shader.stage, layout, bound.images)?;
    declared.buffers.declare(&mut out, shader.stage, layout)?;
    declared.counters.declare(&mut out, layout)?;
    out.push_str(&stage.globals);
    functions(&mut out, declared, stage, features.put_masks);
    out.push_str("void main(){\n");
    for (register, component) in features.addresses() {
        let _ = writeln!(out, "int d{register}{}=0;", CHANNELS[component]);
    }
    let mut separator = "uvec4 ";
    for n in features.temporaries() {
        let _ = write!(out, "{separator}t{n}");
        separator = ",";
    }
    for n in features.arrays() {
        let _ = write!(out, "{separator}a{n}[{}]", declared.arrays[n].len);
        separator = ",";
    }
    if separator == "," {
        out.push_str(";\n");
    }
    out.push_str(&stage.prologue);
    out.push_str(&output_array);
    if declared.indirect_inputs {
        input_array(&mut out, &stage.inputs);
    }
    out.push_str(&body);
    out.push_str("}\n");
    Ok(Emitted {
        source: out,
        system_block: features.system_block,
    })
}

fn constant_blocks(out: &mut String, declared: &Declared<'_>, layout: &Layout) -> Result<(), EmitError> {
    let stage = declared.shader.stage;
    let letter = stage_letter(stage);
    let base = stage_number(stage) * layout.uniform_blocks_per_stage;
    let range = declared.block_range();
    let highest = range.map_or(0, |(_, last)| last);
    let limit = layout
        .uniform_blocks_per_stage
        .saturating_sub(declared.further_blocks());
    if highest >= limit {
        return Err(EmitError::RegisterLimit {
            file: File::Const,
            index: highest,
            limit,
        });
    }
    for (n, &size) in (0u32..).zip(&declared.constants) {
        if size == 0 || (n > 0 && declared.indirect_blocks) {
            continue;
        }
        let _ = write!(
            out,
            "layout(std140,binding={})uniform {letter}k{n}{{uvec4 c[{}];}}",
            base + n,
            size.min(BLOCK_CONSTANTS)
        );
        if n == 0 {
            out.push_str("k;\n");
        } else {
            let _ = writeln!(out, "k{n};");
        }
    }
    further_blocks(out, declared, base + limit);
    if let (true, Some((first, last))) = (declared.indirect_blocks, range) {
        let size = declared.constants[first as usize];
        let count = last - first + 1;
        let _ = writeln!(
            out,
            "layout(std140,binding={})uniform {letter}kn{{uvec4 c[{size}];}}kn[{count}];",
            base + first
        );
    }
    Ok(())
}

/// The rest of a default constant buffer that is larger than a block, and a function that finds a constant in all of it.
fn further_blocks(out: &mut String, declared: &Declared<'_>, binding: u32) {
    let letter = stage_letter(declared.shader.stage);
    let mut find = "k.c[n]".to_owned();
    for block in 1..=declared.further_blocks() {
        let first = block * BLOCK_CONSTANTS;
        let size = (declared.constants[0] - first).min(BLOCK_CONSTANTS);
        let _ = writeln!(
            out,
            "layout(std140,binding={})uniform {letter}kr{block}{{uvec4 c[{size}];}}kr{block};",
            binding + block - 1
        );
        find = format!("n<{first}u?{find}:kr{block}.c[n-{first}u]");
    }
    if declared.further_blocks() > 0 {
        let _ = writeln!(out, "uvec4 kc(uint n){{return {find};}}");
    }
}

fn samplers(out: &mut String, declared: &Declared<'_>, layout: &Layout) -> Result<(), EmitError> {
    let stage = declared.shader.stage;
    let letter = stage_letter(stage);
    let base = stage_number(stage) * layout.samplers_per_stage;
    for group in declared.samplers.groups() {
        if group.first + group.len > layout.samplers_per_stage {
            return Err(EmitError::RegisterLimit {
                file: File::Samp,
                index: group.first + group.len - 1,
                limit: layout.samplers_per_stage,
            });
        }
        let Some((prefix, name)) = sampler_type(group.sampler) else {
            continue;
        };
        let (unit, first) = (base + group.first, group.first);
        let _ = write!(
            out,
            "layout(binding={unit})uniform {prefix}{name} {letter}s{first}"
        );
        if group.len > 1 {
            let _ = write!(out, "[{}]", group.len);
        }
        out.push_str(";\n");
    }
    Ok(())
}

/// Inputs that are read through an address register are gathered in an array.
fn input_array(out: &mut String, inputs: &[Option<Input>]) {
    let _ = writeln!(out, "uvec4 ins[{}];", inputs.len().max(1));
    for (n, input) in inputs.iter().enumerate() {
        match input {
            Some(Input::Literal(words)) => {
                let _ = write!(out, "ins[{n}]=");
                write_literal(out, Kind::Uint, words, Modifiers::NONE);
                out.push_str(";\n");
            }
            Some(Input::Variable(v)) => {
                let text = &v.text;
                let _ = match v.native {
                    Native::Float => writeln!(out, "ins[{n}]=uvec4(U({text}));"),
                    Native::Int | Native::Bits => writeln!(out, "ins[{n}]=uvec4({text});"),
                };
            }
            Some(Input::PerVertex(_)) | None => {
                let _ = writeln!(out, "ins[{n}]=uvec4(0u);");
            }
        }
    }
}
