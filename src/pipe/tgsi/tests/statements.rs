//! The header, properties, immediates, block structure and the bounds on a text.

use super::*;

fn words(immediate: &str) -> [u32; 4] {
    read(&format!("IMM[0] {immediate}")).immediates[0].words
}

#[test]
fn the_first_word_names_the_stage() {
    let stages = [
        ("VERT", Stage::Vertex),
        ("FRAG", Stage::Fragment),
        ("GEOM", Stage::Geometry),
        ("TESS_CTRL", Stage::TessControl),
        ("TESS_EVAL", Stage::TessEval),
        ("COMP", Stage::Compute),
    ];
    for (word, stage) in stages {
        assert_eq!(parse(&format!("{word}\nEND")).unwrap().stage, stage);
    }
    assert_eq!(
        parse("VERTEX\nEND").unwrap_err().to_string(),
        "line 1, column 1: expected a stage (VERT, FRAG, GEOM, TESS_CTRL, TESS_EVAL, COMP), found `VERTEX`"
    );
}

#[test]
fn a_shader_may_be_a_header_and_an_end() {
    let shader = parse("VERT END").unwrap();
    assert_eq!(shader.instructions.len(), 1);
    assert_eq!(shader.instructions[0].opcode, Opcode::End);
    assert_eq!(shader.to_string(), "VERT\n  0: END\n");
}

#[test]
fn wire_bytes_end_at_the_first_nul() {
    assert_eq!(parse_bytes(b"VERT\nEND\n\0\xff\xff"), parse("VERT END"));
    assert_eq!(parse_bytes(b"VERT\nEND\n"), parse("VERT END"));
    let error = parse_bytes(b"VERT\nDCL \xff\xff\0").unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 5: the text is not UTF-8");
}

#[test]
fn statements_stand_apart() {
    assert_eq!(
        refusal("DCL IN[0]DCL IN[1]"),
        "line 2, column 10: expected white space before a statement, found `DCL`"
    );
}

#[test]
fn sections_may_come_in_any_order() {
    let shader = read("IMM[0] UINT32 {1, 2, 3, 4}\nDCL TEMP[0]\nPROPERTY SEPARABLE_PROGRAM 1\nDCL TEMP[1]");
    assert_eq!(shader.declarations_of(File::Temp).count(), 2);
    assert_eq!(shader.declarations_of(File::In).count(), 0);
    assert_eq!(shader.property(PropertyName::SeparableProgram), Some(1));
}

#[test]
fn property_values_are_numbers_or_words() {
    let shader = read(
        "PROPERTY FS_DEPTH_LAYOUT 3\nPROPERTY FS_COORD_ORIGIN LOWER_LEFT\nPROPERTY FS_COORD_PIXEL_CENTER INTEGER\n\
         PROPERTY GS_INPUT_PRIMITIVE TRIANGLES_ADJACENCY\nPROPERTY NEXT_SHADER TESS_EVAL",
    );
    assert_eq!(shader.property(PropertyName::FsDepthLayout), Some(3));
    assert_eq!(shader.property(PropertyName::FsCoordOrigin), Some(1));
    assert_eq!(shader.property(PropertyName::FsCoordPixelCenter), Some(1));
    assert_eq!(shader.property(PropertyName::GsInputPrimitive), Some(12));
    assert_eq!(shader.property(PropertyName::NextShader), Some(4));
    assert_eq!(shader.property(PropertyName::GsInvocations), None);
    assert_eq!(
        refusal("PROPERTY FS_COORD_ORIGIN MIDDLE"),
        "line 2, column 26: expected a property value, found `MIDDLE`"
    );
}

#[test]
fn unknown_properties_are_skipped_to_the_end_of_the_line() {
    let shader = read("PROPERTY FS_SOMETHING_NEW {what, ever} 12 END\nPROPERTY GS_INVOCATIONS 2");
    assert_eq!(shader.properties.len(), 1);
    assert_eq!(
        refusal("PROPERTY {"),
        "line 2, column 10: expected a property name, found `{`"
    );
}

#[test]
fn immediates_are_kept_as_bits() {
    assert_eq!(
        words("UINT32 {0, 1, 4294967295, 1065353216}"),
        [0, 1, u32::MAX, 0x3f80_0000]
    );
    assert_eq!(
        words("INT32 {-1, 0, 2147483647, -2147483648}"),
        [u32::MAX, 0, 0x7fff_ffff, 0x8000_0000]
    );
    assert_eq!(
        words("FLT32 {0x3f800000, 0x7f800001, 0x80000000, 0x00000001}"),
        [0x3f80_0000, 0x7f80_0001, 0x8000_0000, 1]
    );
    let decimal = words("FLT32 {    1.0000,    -0.5, 1.5e3, -inf}").map(f32::from_bits);
    assert_eq!(decimal, [1.0, -0.5, 1500.0, f32::NEG_INFINITY]);
}

#[test]
fn wide_immediates_are_two_values_with_the_low_word_first() {
    assert_eq!(words("UINT64 {4294967297, 2}"), [1, 1, 2, 0]);
    assert_eq!(words("INT64 {-2, 1}"), [0xffff_fffe, 0xffff_ffff, 1, 0]);
    assert_eq!(
        words("FLT64 {1.0, 0xbff0000000000000}"),
        [0, 0x3ff0_0000, 0, 0xbff0_0000]
    );
}

#[test]
fn wide_immediates_are_written_without_loss() {
    for immediate in [
        "FLT64 {0x3ff0000000000000, 0x7ff0000000000001}",
        "INT64 {-2, 1}",
        "UINT64 {4294967297, 2}",
    ] {
        assert_eq!(
            read(&format!("IMM[0] {immediate}")).immediates[0].to_string(),
            immediate
        );
    }
}

#[test]
fn immediates_are_numbered_from_0() {
    assert_eq!(
        read("IMM UINT32 {0, 0, 0, 0}\nIMM[1] UINT32 {1, 0, 0, 0}")
            .immediates
            .len(),
        2
    );
    assert_eq!(
        refusal("IMM[0] UINT32 {0, 0, 0, 0}\nIMM[2] UINT32 {0, 0, 0, 0}"),
        "line 3, column 5: immediate 2 follows where 1 is due"
    );
}

#[test]
fn values_must_suit_the_type_of_the_immediate() {
    for (immediate, found) in [
        ("UINT32 {-1, 0, 0, 0}", "-1"),
        ("UINT32 {4294967296, 0, 0, 0}", "4294967296"),
        ("INT32 {1.5, 0, 0, 0}", "1.5"),
        ("FLT32 {0x1ffffffff, 0, 0, 0}", "0x1ffffffff"),
        ("FLT32 {, 0, 0, 0}", ","),
    ] {
        let message = refusal(&format!("IMM[0] {immediate}"));
        let expected = format!("expected a value of the immediate's type, found `{found}`");
        assert!(message.ends_with(&expected), "{message}");
    }
    assert_eq!(
        refusal("IMM[0] UINT32 {0, 0, 0}"),
        "line 2, column 23: expected `,`, found `}`"
    );
}

#[test]
fn end_comes_once_and_last() {
    assert_eq!(parse("FRAG\nNOP").unwrap_err().kind, ParseErrorKind::MissingEnd);
    assert_eq!(refusal("END"), "line 3, column 1: `END` follows END");
    assert_eq!(refusal("END\nDCL IN[0]"), "line 3, column 1: `DCL` follows END");
}

#[test]
fn blocks_nest() {
    let body =
        "UIF TEMP[0].xxxx :2\nELSE :4\nBGNLOOP :0\nUIF TEMP[0].xxxx :5\nBRK\nENDIF\nCONT\nENDLOOP :0\nENDIF";
    let written = read(body).to_string();
    let expected = "FRAG
  0: UIF TEMP[0].xxxx :2
  1: ELSE :4
  2:   BGNLOOP :0
  3:     UIF TEMP[0].xxxx :5
  4:       BRK
  5:     ENDIF
  6:     CONT
  7:   ENDLOOP :0
  8: ENDIF
  9: END
";
    assert_eq!(written, expected);
}

#[test]
fn blocks_balance() {
    let uif = "UIF TEMP[0].xxxx :0\n";
    for (body, message) in [
        ("ELSE :0", "line 2, column 1: ELSE without an open IF or UIF"),
        ("ENDIF", "line 2, column 1: ENDIF without an open IF or UIF"),
        ("ENDLOOP :0", "line 2, column 1: ENDLOOP without an open BGNLOOP"),
        (
            "BGNLOOP :0\nENDIF",
            "line 3, column 1: ENDIF without an open IF or UIF",
        ),
        ("BRK", "line 2, column 1: BRK without an open BGNLOOP"),
        ("CONT", "line 2, column 1: CONT without an open BGNLOOP"),
        (
            "BGNLOOP :0",
            "line 3, column 1: END comes before the end of BGNLOOP",
        ),
        (
            &format!("{uif}ELSE\nELSE"),
            "line 4, column 1: ELSE without an open IF or UIF",
        ),
        (
            &format!("{uif}ENDLOOP"),
            "line 3, column 1: ENDLOOP without an open BGNLOOP",
        ),
        (
            uif.trim_end(),
            "line 3, column 1: END comes before the end of IF or UIF",
        ),
        (
            &format!("{uif}ELSE"),
            "line 4, column 1: END comes before the end of ELSE",
        ),
    ] {
        assert_eq!(refusal(body), message, "{body}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth| ["BGNLOOP\n".repeat(depth), "ENDLOOP\n".repeat(depth)].concat();
    assert_eq!(read(&nested(256)).instructions.len(), 513);
    assert_eq!(
        refusal(&nested(257)),
        "line 258, column 1: more than 256 nested blocks"
    );
}

#[test]
fn sizes_are_bounded() {
    let immediates = "IMM UINT32 {0, 0, 0, 0}\n".repeat(MAX_IMMEDIATES);
    assert_eq!(read(&immediates).immediates.len(), MAX_IMMEDIATES);
    assert!(
        refusal(&format!("{immediates}IMM UINT32 {{0, 0, 0, 0}}")).ends_with("more than 4096 immediates")
    );
    assert!(refusal(&"NOP\n".repeat(MAX_INSTRUCTIONS)).ends_with("more than 262144 instructions"));
    assert!(refusal(&"DCL IN[0]\n".repeat(MAX_DECLARATIONS + 1)).ends_with("more than 65536 declarations"));
    let long = " ".repeat(MAX_TEXT + 1);
    let too_long = ParseErrorKind::TooLong {
        bytes: MAX_TEXT + 1,
        limit: MAX_TEXT,
    };
    assert_eq!(parse(&long).unwrap_err().kind, too_long);
    assert_eq!(parse_bytes(long.as_bytes()).unwrap_err().kind, too_long);
}
