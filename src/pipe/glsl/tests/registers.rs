//! What instructions on registers become.

use std::iter;

use super::*;
use crate::pipe::tgsi::{File, Opcode, Operation};

#[test]
fn moves_keep_bits_and_float_operations_cast() {
    assert_eq!(statements("MOV TEMP[0].xy, TEMP[1].zwxx"), "t0.xy=t1.zw;");
    assert_eq!(
        statements("MOV TEMP[0].x, -TEMP[1].yyyy"),
        "t0.x=(t1.y^0x80000000u);"
    );
    assert_eq!(
        statements("MOV TEMP[0].x, |TEMP[1].yyyy|"),
        "t0.x=(t1.y&0x7fffffffu);"
    );
    assert_eq!(statements("MOV TEMP[0], IN[0]"), "t0=U(v_g0);");
    assert_eq!(
        statements("ADD TEMP[0].xz, TEMP[1], -IMM[0].xxxx"),
        "t0.xz=U(F(t1.xz)+vec2((-1.0)));"
    );
    assert_eq!(
        statements("MOV_SAT TEMP[0], TEMP[1]"),
        "t0=U(clamp(F(t1),0.0,1.0));"
    );
}

#[test]
fn precise_results_go_through_a_precise_variable() {
    assert_eq!(
        statements("MUL_PRECISE TEMP[0].xy, TEMP[1], TEMP[2]"),
        "{precise uvec2 p=U(F(t1.xy)*F(t2.xy));t0.xy=p;}"
    );
}

#[test]
fn scalar_operations_take_x_and_fill_the_mask() {
    assert_eq!(
        statements("RSQ TEMP[0].yz, TEMP[1].wxyz"),
        "t0.yz=uvec2(U(inversesqrt(F(t1.w))));"
    );
    assert_eq!(
        statements("DP3 TEMP[0].x, TEMP[1], TEMP[2].zyxw"),
        "t0.x=U(dot(F(t1.xyz),F(t2.zyx)));"
    );
}

#[test]
fn operand_order_is_that_of_tgsi() {
    assert_eq!(
        statements("LRP TEMP[0].x, TEMP[1], TEMP[2], TEMP[3]"),
        "t0.x=U(mix(F(t3.x),F(t2.x),F(t1.x)));"
    );
    assert_eq!(
        statements("CMP TEMP[0].x, TEMP[1], TEMP[2], TEMP[3]"),
        "t0.x=F(t1.x)<0.0?t2.x:t3.x;"
    );
    assert_eq!(
        statements("CMP TEMP[0].xy, TEMP[1], TEMP[2], TEMP[3]"),
        "t0.xy=mix(t3.xy,t2.xy,lessThan(F(t1.xy),vec2(0.0)));"
    );
    assert_eq!(
        statements("UCMP TEMP[0].xy, TEMP[1], TEMP[2], TEMP[3]"),
        "t0.xy=mix(t3.xy,t2.xy,notEqual(t1.xy,uvec2(0u)));"
    );
}

#[test]
fn comparisons_give_masks_or_ones() {
    assert_eq!(
        statements("FSNE TEMP[0].x, TEMP[1], TEMP[2]"),
        "t0.x=-uint(F(t1.x)!=F(t2.x));"
    );
    assert_eq!(
        statements("ISLT TEMP[0].xy, TEMP[1], TEMP[2]"),
        "t0.xy=-uvec2(lessThan(ivec2(t1.xy),ivec2(t2.xy)));"
    );
    assert_eq!(
        statements("SGE TEMP[0].xy, TEMP[1], TEMP[2]"),
        "t0.xy=U(vec2(greaterThanEqual(F(t1.xy),F(t2.xy))));"
    );
}

#[test]
fn integer_operations_are_defined_for_all_operands() {
    assert_eq!(
        statements("SHL TEMP[0].x, TEMP[1], TEMP[2]"),
        "t0.x=t1.x<<(t2.x&31u);"
    );
    assert_eq!(
        statements("ISHR TEMP[0].x, TEMP[1], IMM[0].yyyy"),
        "t0.x=uint(int(t1.x)>>(2u&31u));"
    );
    assert_eq!(
        statements("MOD TEMP[0].x, TEMP[1], TEMP[2]"),
        "t0.x=uint(int(t1.x)-int(t2.x)*(int(t1.x)/int(t2.x)));"
    );
    assert_eq!(
        statements("UADD TEMP[0].x, TEMP[1], -TEMP[2]"),
        "t0.x=t1.x+(-t2.x);"
    );
    assert_eq!(
        statements("IMSB TEMP[0].x, TEMP[1]"),
        "t0.x=uint(findMSB(int(t1.x)));"
    );
    assert_eq!(
        statements("UBFE TEMP[0].xy, TEMP[1], IMM[0].zzzz, IMM[0].yyyy"),
        "t0.xy=uvec2(bitfieldExtract(t1.x,0,2),bitfieldExtract(t1.y,0,2));"
    );
    assert_eq!(
        statements("ROUND TEMP[0].x, TEMP[1]"),
        "t0.x=U(roundEven(F(t1.x)));"
    );
}

#[test]
fn lit_of_zero_to_the_zero_is_one() {
    assert!(statements("LIT TEMP[0].z, TEMP[1]").contains("(F(t1).w==0.0?1.0:pow("));
}

#[test]
fn kill_if_tests_every_channel_of_the_operand() {
    assert_eq!(statements("KILL_IF -TEMP[0].xxxx"), "if((-F(t0.x))<0.0)discard;");
    assert_eq!(
        statements("KILL_IF TEMP[0].xyzz"),
        "if(any(lessThan(F(t0.xyzz),vec4(0.0))))discard;"
    );
}

#[test]
fn doubles_are_pairs_of_words() {
    assert_eq!(
        statements("DADD TEMP[0].xy, TEMP[1], -TEMP[2].zwxy"),
        "t0.xy=E(D(t1.xy)+(-D(t2.zw)));"
    );
    assert_eq!(
        statements("DMUL TEMP[0], TEMP[1], TEMP[2]"),
        "t0=uvec4(E(D(t1.xy)*D(t2.xy)),E(D(t1.zw)*D(t2.zw)));"
    );
    assert_eq!(statements("D2F TEMP[0].y, TEMP[1]"), "t0.y=U(float(D(t1.xy)));");
    assert_eq!(
        statements("DSLT TEMP[0].xz, TEMP[1], TEMP[2]"),
        "t0.xz=uvec2(-uint(D(t1.xy)<D(t2.xy)),-uint(D(t1.zw)<D(t2.zw)));"
    );
    assert_eq!(statements("U2D TEMP[0].zw, TEMP[1]"), "t0.zw=E(double(t1.x));");
    assert_eq!(
        statements("DADD TEMP[0].zw, TEMP[1], TEMP[2].zwzw"),
        "t0.zw=E(D(t1.xy)+D(t2.zw));"
    );
}

#[test]
fn long_integers_are_pairs_of_words() {
    assert_eq!(
        statements("U64ADD TEMP[0].xy, TEMP[1], -TEMP[2].zwxy"),
        "t0.xy=unpackUint2x32(packUint2x32(t1.xy)+(-packUint2x32(t2.zw)));"
    );
    assert_eq!(
        statements("I64SHR TEMP[0].zw, TEMP[1], TEMP[2]"),
        "t0.zw=unpackUint2x32(uint64_t(int64_t(packUint2x32(t1.xy))>>(t2.x&63u)));"
    );
    assert_eq!(
        statements("D2I64 TEMP[0].xy, TEMP[1]"),
        "t0.xy=unpackUint2x32(uint64_t(int64_t(D(t1.xy))));"
    );
    assert_eq!(
        statements("DFRACEXP TEMP[0].xy, TEMP[2].z, TEMP[1]"),
        "{int x;double f=frexp(D(t1.xy),x);t0.xy=E(f);\nt2.z=uint(x);\n}"
    );
    assert_eq!(
        statements("DLDEXP TEMP[0], TEMP[1], TEMP[2]"),
        "t0=uvec4(E(ldexp(D(t1.xy),int(t2.x))),E(ldexp(D(t1.zw),int(t2.z))));"
    );
}

#[test]
fn invocations_that_run_together_know_each_other() {
    let source = fragment_source(
        "FRAG\nDCL OUT[0], COLOR\nDCL SV[0], SUBGROUP_INVOCATION\nDCL SV[1], SUBGROUP_GE_MASK\nDCL TEMP[0]\n\
         BALLOT TEMP[0].xy, SV[0].xxxx\nREAD_INVOC TEMP[0].zw, SV[1].xyxy, TEMP[0].xxxx\n\
         READ_FIRST OUT[0], TEMP[0]\nEND\n",
        &everything(),
    );
    for line in [
        "t0.xy=uvec4(unpackUint2x32(ballotARB(uint(int(gl_SubGroupInvocationARB))!=0u)),0u,0u).xy;\n",
        "t0.zw=readInvocationARB(uvec4(unpackUint2x32(gl_SubGroupGeMaskARB),0u,0u).xy,t0.x);\n",
        "o0=readFirstInvocationARB(t0);\n",
    ] {
        assert!(source.contains(line), "{line}\n{source}");
    }
}

#[test]
fn computed_indices_stay_inside_their_arrays() {
    assert_eq!(
        statements("UARL ADDR[0].x, TEMP[1].yyyy\nMOV TEMP[ADDR[0].x+5](1), CONST[ADDR[0].x-1]"),
        "d0x=int(t1.y);\na0[min(uint(d0x+1),3u)]=k.c[min(uint(d0x-1),7u)];"
    );
    assert_eq!(statements("MOV TEMP[6], TEMP[5]"), "a0[2]=a0[1];");
}

#[test]
fn undeclared_temporaries_read_as_zero() {
    assert_eq!(statements("MOV TEMP[0].xy, TEMP[99]"), "t0.xy=uvec2(0u);");
}

#[test]
fn flow_nests() {
    assert_eq!(
        statements("BGNLOOP :0\nUIF TEMP[0].xxxx :1\nBRK\nELSE :0\nCONT\nENDIF\nENDLOOP :0"),
        "for(;;){\nif(t0.x!=0u){\nbreak;\n}else{\ncontinue;\n}\n}"
    );
    assert_eq!(
        statements("IF TEMP[0].yyyy :1\nNOP\nENDIF"),
        "if(F(t0.y)!=0.0){\n}"
    );
}

#[test]
fn every_return_runs_the_exit_code() {
    let source = fragment_source(
        "FRAG\nDCL OUT[0], COLOR\nDCL TEMP[0]\nUIF TEMP[0].xxxx\nRET\nENDIF\nEND\n",
        &everything(),
    );
    assert_eq!(source.matches("color0_0=F(o0);").count(), 2);
    assert!(source.contains("color0_0=F(o0);\nreturn;\n}"));
}

#[test]
fn constant_buffers_have_a_binding_for_each_stage_and_number() {
    let source = vertex_source(
        "VERT\nDCL OUT[0], POSITION\nDCL CONST[0..3]\nDCL CONST[2][0..9]\n\
         ADD OUT[0], CONST[3], CONST[2][9]\nEND\n",
        &last(),
    );
    assert!(source.contains("layout(std140,binding=0)uniform vk0{uvec4 c[4];}k;\n"));
    assert!(source.contains("layout(std140,binding=2)uniform vk2{uvec4 c[10];}k2;\n"));
    assert!(source.contains("gl_Position=F(k.c[3])+F(k2.c[9]);"));
    let source = fragment_source(
        "FRAG\nDCL OUT[0], COLOR\nDCL CONST[2][0..3]\nDCL CONST[3][0..9]\nDCL ADDR[0..1]\n\
         MOV OUT[0], CONST[ADDR[1].x+2][ADDR[0].x]\nMOV OUT[0], CONST[3][1]\nEND\n",
        &everything(),
    );
    assert!(source.contains("layout(std140,binding=18)uniform fkn{uvec4 c[10];}kn[2];\n"));
    assert!(source.contains("o0=kn[min(uint(d1x),1u)].c[min(uint(d0x),9u)];\no0=kn[1].c[1];\n"));
}

#[test]
fn constants_beyond_a_block_are_read_in_the_last_ones_of_the_stage() {
    let text = "VERT\nDCL OUT[0], POSITION\nDCL CONST[0..8195]\nDCL CONST[2][0..9]\nDCL ADDR[0]\nDCL TEMP[0]\n\
                ADD OUT[0], CONST[3], CONST[8194]\nMOV TEMP[0], CONST[ADDR[0].x]\nLOAD TEMP[0].x, CONST[0], TEMP[0].xxxx\nEND\n";
    let source = vertex_source(text, &last());
    assert!(source.contains("layout(std140,binding=0)uniform vk0{uvec4 c[4096];}k;\n"));
    assert!(source.contains("layout(std140,binding=14)uniform vkr1{uvec4 c[4096];}kr1;\n"));
    assert!(source.contains("layout(std140,binding=15)uniform vkr2{uvec4 c[4];}kr2;\n"));
    assert!(source.contains("return n<8192u?n<4096u?k.c[n]:kr1.c[n-4096u]:kr2.c[n-8192u];"));
    assert!(source.contains("gl_Position=F(kc(3))+F(kc(8194));"));
    assert!(source.contains("t0=kc(min(uint(d0x),8195u));"));
    assert!(source.contains("kc(min((a)>>2u,8195u))[(a)&3u]"));
    assert_eq!(interface(&shader(text)).unwrap().constants, 8196);
    let both = shader("VERT\nDCL CONST[0..4096]\nDCL CONST[15][0]\nEND\n");
    assert_eq!(
        vertex(&both, &last(), &StreamOutputs::default(), &HOST, &LAYOUT),
        Err(EmitError::RegisterLimit {
            file: File::Const,
            index: 15,
            limit: 15
        })
    );
}

/// Opcodes that have no place in a fragment shader, and those whose extension the reference compiler does not know.
const NOT_IN_FRAGMENTS: [Opcode; 4] = [Opcode::Fbfetch, Opcode::Emit, Opcode::Endprim, Opcode::Barrier];

#[test]
fn every_register_opcode_compiles_with_every_width() {
    let mut validator = Validator::new();
    for &opcode in Opcode::ALL {
        if opcode.operation() != Operation::Alu || NOT_IN_FRAGMENTS.contains(&opcode) {
            continue;
        }
        let name = opcode.mnemonic();
        let mut text = String::from(
            "FRAG\nDCL IN[0], GENERIC[0], PERSPECTIVE\nDCL OUT[0], COLOR\nDCL CONST[0..3]\nDCL TEMP[0..3]\n\
             DCL ADDR[0]\nIMM[0] UINT32 {1065353216, 2147483648, 0, 5}\n",
        );
        for suffix in ["", "_SAT", "_PRECISE"] {
            for to in ["TEMP[0].x", "TEMP[0].yz", "TEMP[0]", "OUT[0].xyz", "ADDR[0].x"] {
                for from in [
                    "IN[0]",
                    "TEMP[1]",
                    "-CONST[1].yyxx",
                    "|IMM[0]|",
                    "-|TEMP[2].wwww|",
                ] {
                    let first = if name.starts_with("INTERP") {
                        "-IN[0].yxzw"
                    } else {
                        from
                    };
                    let mut operands = Vec::new();
                    operands.extend(iter::repeat_n(to, opcode.destinations()));
                    operands.extend((0..opcode.sources()).map(|n| if n == 0 { first } else { from }));
                    text += &format!("{name}{suffix} {}\n", operands.join(", "));
                }
            }
        }
        text += "END\n";
        for version in [450, 460] {
            let host = Host { version, ..HOST };
            let emitted = fragment(&shader(&text), &everything(), &host, &LAYOUT);
            let source = emitted.unwrap_or_else(|e| panic!("{name}: {e}")).source;
            validator.add(Stage::Fragment, name, &source);
        }
    }
    assert!(validator.check() > 200);
}
