//! Instructions: mnemonics, operands, addressing, and what texture and memory opcodes add.

use super::*;

/// Reads one instruction and checks that it is written as it was read.
fn instruction(text: &str) -> Instruction {
    let shader = read(text);
    let [instruction, _end] = &shader.instructions[..] else {
        panic!("{text} is {} instructions", shader.instructions.len() - 1);
    };
    assert_eq!(instruction.to_string(), text);
    instruction.clone()
}

/// The source of a `MOV`.
fn source(text: &str) -> Source {
    instruction(&format!("MOV TEMP[0], {text}")).sources[0]
}

#[test]
fn every_opcode_is_found_by_its_mnemonic() {
    for &opcode in Opcode::ALL {
        let operands = ["TEMP[0]"; 5][..opcode.destinations() + opcode.sources()].join(", ");
        let target = match opcode.operation() {
            Operation::Texture => ", 2D",
            _ => "",
        };
        let statement = format!("{}_SAT_PRECISE {operands}{target}", opcode.mnemonic());
        let opens = matches!(opcode, Opcode::If | Opcode::Uif);
        let text = match opcode {
            Opcode::End => continue,
            Opcode::Bgnloop => format!("{statement}\nENDLOOP"),
            Opcode::Brk | Opcode::Cont => format!("BGNLOOP\n{statement}\nENDLOOP"),
            Opcode::Endloop => format!("BGNLOOP\n{statement}"),
            Opcode::Else => format!("UIF TEMP[0]\n{statement}\nENDIF"),
            Opcode::Endif => format!("UIF TEMP[0]\n{statement}"),
            _ if opens => format!("{statement}\nENDIF"),
            _ => statement,
        };
        let shader = read(&text);
        let found = shader.instructions.iter().find(|i| i.saturate && i.precise);
        assert_eq!(found.map(|i| i.opcode), Some(opcode), "{text}");
    }
}

#[test]
fn suffixes_are_told_from_mnemonics() {
    let plain = instruction("ADD TEMP[0], TEMP[1], TEMP[2]");
    assert_eq!((plain.saturate, plain.precise), (false, false));
    let saturated = instruction("ADD_SAT TEMP[0], TEMP[1], TEMP[2]");
    assert_eq!((saturated.saturate, saturated.precise), (true, false));
    let precise = instruction("USEQ_PRECISE TEMP[0], TEMP[1], TEMP[2]");
    assert_eq!((precise.opcode, precise.precise), (Opcode::Useq, true));
    assert_eq!(instruction("DDX_FINE TEMP[0], IN[0]").opcode, Opcode::DdxFine);
}

#[test]
fn unknown_opcodes_are_refused_by_name() {
    assert_eq!(refusal("FROB TEMP[0]"), "line 2, column 1: unknown opcode `FROB`");
    assert_eq!(
        refusal("  7: ADD_SATURATE TEMP[0]"),
        "line 2, column 6: unknown opcode `ADD_SATURATE`"
    );
    assert_eq!(refusal("?"), "line 2, column 1: expected a statement, found `?`");
}

#[test]
fn numbers_of_instructions_mean_nothing() {
    assert_eq!(
        read("1234: NOP\n0 : NOP\nNOP").instructions,
        read("NOP NOP NOP").instructions
    );
    assert_eq!(
        refusal("12 NOP"),
        "line 2, column 4: expected `:` after an instruction number, found `NOP`"
    );
}

#[test]
fn opcodes_have_their_operands() {
    let mad = instruction("MAD TEMP[0].xy, IN[0], CONST[1], IMM[2].xxxx");
    assert_eq!(mad.destinations[0].mask, Mask(0b0011));
    let files: Vec<File> = mad.sources.iter().map(|s| s.register.file).collect();
    assert_eq!(files, [File::In, File::Const, File::Imm]);
    assert_eq!(
        refusal("MAD TEMP[0], IN[0], CONST[1]"),
        "line 3, column 1: expected `,` and an operand, found `END`"
    );
    assert_eq!(
        refusal("MOV TEMP[0], IN[0], IN[1]"),
        "line 2, column 19: expected white space before a statement, found `,`"
    );
    assert_eq!(instruction("KILL_IF -TEMP[0].xxxx").destinations, []);
    assert_eq!(instruction("CLOCK TEMP[0].xy").sources, []);
}

#[test]
fn swizzles_have_four_letters() {
    assert_eq!(source("IN[0]").swizzle, [0, 1, 2, 3]);
    assert_eq!(source("IN[0].wzyx").swizzle, [3, 2, 1, 0]);
    for swizzle in ["xyz", "xyzww", "rgba", ""] {
        let message = refusal(&format!("MOV TEMP[0], IN[0].{swizzle}"));
        assert!(
            message.contains("expected a swizzle of four letters"),
            "{message}"
        );
    }
}

#[test]
fn modifiers_surround_the_register_and_its_swizzle() {
    let modifiers = |text| (source(text).negate, source(text).absolute);
    assert_eq!(modifiers("IN[0].xxxx"), (false, false));
    assert_eq!(modifiers("-IN[0].xxxx"), (true, false));
    assert_eq!(modifiers("|IN[0].xxxx|"), (false, true));
    assert_eq!(modifiers("-|IN[0]|"), (true, true));
    assert_eq!(
        refusal("MOV TEMP[0], |IN[0]"),
        "line 3, column 1: expected the closing `|`, found `END`"
    );
}

#[test]
fn an_index_is_constant_or_relative_to_an_address_register() {
    let relative = |component, offset| Index::Relative {
        file: File::Addr,
        register: 1,
        component,
        offset,
    };
    assert_eq!(source("CONST[12]").register.index, Index::Direct(12));
    assert_eq!(source("CONST[-3]").register.index, Index::Direct(-3));
    assert_eq!(source("CONST[ADDR[1].x]").register.index, relative(0, 0));
    assert_eq!(source("CONST[ADDR[1].z+4]").register.index, relative(2, 4));
    assert_eq!(source("CONST[ADDR[1].x-4]").register.index, relative(0, -4));
    let loose = read(
        "MOV TEMP [ 0 ] . x , CONST [ ADDR [ 1 ] . x + 4 ] . x x x x"
            .replace("x x x x", "xxxx")
            .as_str(),
    );
    assert_eq!(loose.instructions[0].sources[0].register.index, relative(0, 4));
    assert_eq!(
        read("MOV TEMP[0], CONST[ADDR[1]]").instructions[0].sources[0]
            .register
            .index,
        relative(0, 0)
    );
}

#[test]
fn indices_are_bounded() {
    assert_eq!(source("CONST[32767]").register.index, Index::Direct(32767));
    for index in [
        "32768",
        "-32769",
        "ADDR[0].x+32768",
        "ADDR[32768].x",
        "99999999999999999999",
    ] {
        let message = refusal(&format!("MOV TEMP[0], CONST[{index}]"));
        assert!(message.contains(" is outside "), "{message}");
    }
    assert_eq!(
        refusal("MOV TEMP[0], CONST[-32769]"),
        "line 2, column 20: a register index `-32769` is outside -32768 to 32767"
    );
    assert_eq!(
        refusal("MOV TEMP[0], CONST[]"),
        "line 2, column 20: expected a register index, found `]`"
    );
}

#[test]
fn two_brackets_are_a_dimension_and_an_index() {
    let register = source("IN[ADDR[1].x][ADDR[0].x+17]").register;
    assert!(matches!(
        register.dimension,
        Some(Index::Relative {
            register: 1,
            offset: 0,
            ..
        })
    ));
    assert!(matches!(
        register.index,
        Index::Relative {
            register: 0,
            offset: 17,
            ..
        }
    ));
    let register = source("CONST[ADDR[1].x+1][0]").register;
    assert!(matches!(
        register.dimension,
        Some(Index::Relative { offset: 1, .. })
    ));
    assert_eq!(register.index, Index::Direct(0));
    assert_eq!(source("IN[0]").register.dimension, None);
}

#[test]
fn an_array_number_may_follow_the_index() {
    assert_eq!(source("TEMP[ADDR[0].x+4](2)").register.array, 2);
    assert_eq!(source("TEMP[ADDR[0].x+4]").register.array, 0);
    let destination = instruction("MOV TEMP[ADDR[0].x](1).x, IMM[0]").destinations[0];
    assert_eq!((destination.register.array, destination.mask), (1, Mask(1)));
}

#[test]
fn texture_opcodes_name_a_target_and_offsets() {
    let plain = instruction("TEX TEMP[0], IN[0].xyyy, SAMP[0], 2D");
    assert_eq!((plain.texture, plain.offsets.len()), (Some(Texture::D2), 0));
    let gather =
        instruction("TG4 TEMP[0], IN[0], IMM[0].xxxx, SAMP[ADDR[2].x+2], SHADOW2D_ARRAY, TEMP[3].xyy");
    let offset = TexelOffset {
        file: File::Temp,
        index: 3,
        swizzle: [0, 1, 1],
    };
    assert_eq!(
        (gather.texture, gather.offsets),
        (Some(Texture::Shadow2DArray), vec![offset])
    );
    let four = ", IMM[0].xyz".repeat(4);
    assert_eq!(
        instruction(&format!("TG4 TEMP[0], IN[0], IMM[0], SAMP[0], 2D{four}"))
            .offsets
            .len(),
        4
    );
    let message = refusal(&format!(
        "TG4 TEMP[0], IN[0], IMM[0], SAMP[0], 2D{four}, IMM[0].xyz"
    ));
    assert!(message.ends_with("more than 4 texel offsets"), "{message}");
    assert_eq!(
        refusal("TEX TEMP[0], IN[0], SAMP[0]"),
        "line 3, column 1: expected `,` and a texture target, found `END`"
    );
    let message = refusal("TEX TEMP[0], IN[0], SAMP[0], 2D, IMM[0].xyzz");
    assert!(
        message.contains("expected a swizzle of three letters"),
        "{message}"
    );
}

#[test]
fn memory_opcodes_name_qualifiers_target_and_format() {
    let load = instruction("LOAD TEMP[0], IMAGE[0], TEMP[1], COHERENT, VOLATILE, 2D, PIPE_FORMAT_R32_UINT");
    assert_eq!(
        (load.texture, load.format.as_deref()),
        (Some(Texture::D2), Some("R32_UINT"))
    );
    let qualifiers = MemoryQualifiers {
        coherent: true,
        restrict: false,
        volatile: true,
    };
    assert_eq!(load.memory, qualifiers);
    let mixed = read("LOAD TEMP[0], IMAGE[0], TEMP[1], PIPE_FORMAT_R32_UINT, VOLATILE, 2D, COHERENT");
    assert_eq!(mixed.instructions[0], load);
    let store = instruction("STORE BUFFER[ADDR[2].x].xy, TEMP[0].xxxx, TEMP[1]");
    assert_eq!((store.texture, store.format), (None, None));
    assert_eq!(
        refusal("LOAD TEMP[0], BUFFER[0], TEMP[1], SHARED"),
        "line 2, column 35: expected a memory qualifier, texture target or format, found `SHARED`"
    );
}

#[test]
fn flow_opcodes_may_have_a_label() {
    assert_eq!(
        read("UIF TEMP[0].xxxx :14\nENDIF").instructions[0].label,
        Some(14)
    );
    assert_eq!(read("UIF TEMP[0].xxxx\nENDIF").instructions[0].label, None);
    assert_eq!(instruction("BARRIER").label, None);
}
