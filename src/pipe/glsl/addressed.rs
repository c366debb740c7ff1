//! Registers that are chosen at run time among variables that form no array.
//!
//! Inputs of vertices, and outputs of control shaders, are variables of their own. Functions that choose among them
//! are written once for a shader, so that its size does not grow with the number of such accesses.

use std::fmt::Write;

use crate::pipe::tgsi::{Mask, Stage};

use super::{
    declared::Declared,
    emit::{Emitter, StageParts},
    operand::push_swizzle,
    registers::At,
    value::{Kind, Modifiers, Native, cast, write_literal},
    variable::{Form, Input, Variable},
};

/// The functions that the accesses of a shader need.
pub(super) fn functions(out: &mut String, declared: &Declared<'_>, stage: &StageParts, put_masks: u16) {
    if declared.indirect_vertices {
        per_vertex(out, "in_vertex", &stage.inputs);
    }
    if declared.shader.stage != Stage::TessControl || !declared.indirect_outputs {
        return;
    }
    per_vertex(out, "out_vertex", &stage.read_outputs);
    patch(out, &stage.read_outputs);
    for mask in (0..16u8).filter(|n| put_masks >> n & 1 != 0) {
        put_function(out, &stage.outputs, Mask(mask));
    }
}

fn per_vertex(out: &mut String, name: &str, table: &[Option<Input>]) {
    let _ = writeln!(out, "uvec4 {name}(uint v,uint r){{switch(r){{");
    for (n, input) in table.iter().enumerate() {
        match input {
            Some(Input::PerVertex(p)) => {
                let open = cast(p.native, Native::Bits, 4).unwrap_or("");
                let _ = writeln!(out, "case {n}u:return uvec4({open}({}v{}));", p.open, p.close);
            }
            Some(Input::Literal(words)) => {
                let _ = write!(out, "case {n}u:return ");
                write_literal(out, Kind::Uint, words, Modifiers::NONE);
                out.push_str(";\n");
            }
            Some(Input::Variable(_)) | None => {}
        }
    }
    out.push_str("}\nreturn uvec4(0u);}\n");
}

fn patch(out: &mut String, table: &[Option<Input>]) {
    out.push_str("uvec4 out_patch(uint r){switch(r){\n");
    for (n, input) in table.iter().enumerate() {
        if let Some(Input::Variable(v)) = input {
            let open = cast(v.native, Native::Bits, 4).unwrap_or("");
            let _ = writeln!(out, "case {n}u:return uvec4({open}({}));", v.text);
        }
    }
    out.push_str("}\nreturn uvec4(0u);}\n");
}

fn put_function(out: &mut String, table: &[Option<Variable>], mask: Mask) {
    let _ = writeln!(out, "void put{}(uint r,uvec4 v){{switch(r){{", mask.0);
    for (n, variable) in table.iter().enumerate() {
        if let Some(variable) = variable {
            let _ = write!(out, "case {n}u:");
            assignment(out, variable, mask, "v");
            out.push_str("break;\n");
        }
    }
    out.push_str("}}\n");
}

/// Assigns the channels of a local vector of words to a variable.
pub(super) fn assignment(out: &mut String, variable: &Variable, mask: Mask, from: &str) {
    let Variable { text, native, form } = variable;
    let one = cast(Native::Bits, *native, 1).unwrap_or("");
    match *form {
        Form::Vector => {
            let channels: Vec<u8> = mask.channels().map(|c| c as u8).collect();
            if channels.is_empty() {
                return;
            }
            out.push_str(text);
            push_swizzle(out, &channels);
            let open = cast(Native::Bits, *native, channels.len()).unwrap_or("");
            let _ = write!(out, "={open}({from}");
            push_swizzle(out, &channels);
            out.push_str(");");
        }
        Form::Scalar if mask.has(0) => {
            let _ = write!(out, "{text}={one}({from}.x);");
        }
        Form::Scalar => {}
        Form::Elements { .. } | Form::Distances { .. } => {
            for c in mask.channels() {
                if let Some(element) = form.element(c as u8) {
                    let _ = write!(out, "{text}{element}={one}({from}[{c}]);");
                }
            }
        }
    }
}

/// The array that stands for the outputs of a shader that addresses them, and what copies it to them.
pub(super) fn output_array(declared: &Declared<'_>, stage: &StageParts) -> Option<(String, String)> {
    if !declared.indirect_outputs || declared.shader.stage == Stage::TessControl {
        return None;
    }
    let count = stage.outputs.len().max(1);
    let mut copies = String::new();
    for (n, variable) in stage.outputs.iter().enumerate() {
        if let Some(variable) = variable {
            assignment(&mut copies, variable, Mask::XYZW, &format!("outs[{n}]"));
            copies.push('\n');
        }
    }
    let array = format!("uvec4 outs[{count}];\nfor(int i=0;i<{count};i++)outs[i]=uvec4(0u);\n");
    Some((array, copies))
}

impl Emitter<'_> {
    /// Hands the local `w` to the output at an index.
    pub(super) fn put(&mut self, at: At, mask: Mask) {
        self.features.put_masks |= 1 << (mask.0 & 0xf);
        let _ = write!(self.body, "put{}(", mask.0 & 0xf);
        self.index(at);
        self.body.push_str(",w);}\n");
    }
}
