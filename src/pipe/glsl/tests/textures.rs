//! What texture instructions become.

use super::*;
use crate::pipe::{
    tgsi::{Opcode, Operation, Stage, Texture},
    wire::virgl::enums::Swizzle,
};

#[test]
fn lookups_take_their_parts_from_where_tgsi_keeps_them() {
    assert_eq!(
        statements("TXP TEMP[0], TEMP[1], SAMP[0], 2D"),
        "t0=U(textureProj(fs0,F(t1.xyw)));"
    );
    assert_eq!(
        statements("TXB TEMP[0].xy, TEMP[1], SAMP[0], 2D, IMM[0].wyz"),
        "t0.xy=U(textureOffset(fs0,F(t1.xy),ivec2((-1),2),F(t1.w)).xy);"
    );
    assert_eq!(
        statements("TXF TEMP[0], TEMP[1], SAMP[0], 2D, IMM[0].zyz"),
        "t0=U(texelFetchOffset(fs0,ivec2(t1.xy),int(t1.w),ivec2(0,2)));"
    );
    assert_eq!(
        statements("TXD TEMP[0], TEMP[1], TEMP[2], TEMP[3], SAMP[1], SHADOW2D"),
        "t0=uvec4(U(textureGrad(fs1,F(t1.xyz),F(t2.xy),F(t3.xy))));"
    );
    assert_eq!(
        statements("TG4 TEMP[0], TEMP[1], IMM[0].yyyy, SAMP[0], 2D, TEMP[2].xyx"),
        "t0=U(textureGatherOffset(fs0,F(t1.xy),ivec2(t2.xy),2));"
    );
    assert_eq!(
        statements("TG4 TEMP[0], TEMP[1], IMM[0].yyyy, SAMP[1], SHADOW2D"),
        "t0=U(textureGather(fs1,F(t1.xy),F(t1.z)));"
    );
}

#[test]
fn levels_of_shadow_arrays_need_an_extension() {
    let target = "SHADOW2D_ARRAY";
    let tree = with_lookups("FRAG", target, "FLOAT", &lookup(Opcode::Txl2, target, ""));
    let emit = |host: &Host| fragment(&tree, &everything(), host, &LAYOUT);
    let source = emit(&HOST).unwrap().source;
    assert!(source.contains("#extension GL_EXT_texture_shadow_lod : require\n"));
    assert!(source.contains("t0.x=U(textureLod(fs0,F(t1),F(t2.x)));"));
    let without = Host {
        texture_shadow_lod: false,
        ..HOST
    };
    assert_eq!(
        emit(&without),
        Err(EmitError::HostLacks("EXT_texture_shadow_lod"))
    );
}

#[test]
fn sizes_come_with_the_number_of_levels() {
    assert_eq!(
        statements("TXQ TEMP[0].xy, TEMP[1], SAMP[0], 2D"),
        "t0.xy=uvec2(textureSize(fs0,int(t1.x)).xy);"
    );
    assert_eq!(
        statements("TXQ TEMP[0].w, TEMP[1], SAMP[0], 2D"),
        "t0.w=uint(textureQueryLevels(fs0));"
    );
    assert_eq!(
        statements("TXQ TEMP[0].xw, TEMP[1], SAMP[0], 2D"),
        "t0.xw=uvec2(ivec4(textureSize(fs0,int(t1.x)),0,textureQueryLevels(fs0)).xw);"
    );
}

#[test]
fn the_swizzle_of_shadow_samplers_and_buffers_is_in_the_text() {
    let swizzle = [Swizzle::X, Swizzle::X, Swizzle::Zero, Swizzle::One];
    let key = |slot| FragmentKey {
        swizzled: vec![Swizzled { slot, swizzle }],
        ..everything()
    };
    let head = "FRAG\nDCL OUT[0], COLOR\nDCL SAMP[2]\nDCL TEMP[0]\n";
    let source = fragment_source(
        &format!("{head}TEX OUT[0], TEMP[0], SAMP[2], SHADOW2D\nEND\n"),
        &key(2),
    );
    assert!(source.contains("{float r=texture(fs2,F(t0.xyz));o0=U(vec4(r,r,0.0,1.0));\n}"));
    let view = "DCL SVIEW[2], BUFFER, SINT\n";
    let text = format!("{head}{view}TXF OUT[0].yw, TEMP[0], SAMP[2], BUFFER\nEND\n");
    let source = fragment_source(&text, &key(2));
    assert!(source.contains("{ivec4 r=texelFetch(fs2,int(t0.x));o0.yw=uvec2(ivec2(r.x,1));\n}"));
    let source = fragment_source(&text, &key(3));
    assert!(source.contains("o0.yw=uvec2(texelFetch(fs2,int(t0.x)).yw);"));
}

#[test]
fn addressed_samplers_form_an_array() {
    let source = fragment_source(
        "FRAG\nDCL OUT[0], COLOR\nDCL SAMP[0]\nDCL SAMP[1]\nDCL SAMP[2]\nDCL SVIEW[0], CUBE, FLOAT\n\
         DCL SVIEW[1], 2D, UINT\nDCL SVIEW[2], 2D, UINT\nDCL ADDR[0..2]\nDCL TEMP[0]\n\
         TEX OUT[0], TEMP[0], SAMP[ADDR[2].x+1], 2D\nEND\n",
        &everything(),
    );
    assert!(source.contains("layout(binding=32)uniform samplerCube fs0;\n"));
    assert!(source.contains("layout(binding=33)uniform usampler2D fs1[2];\n"));
    assert!(source.contains("o0=texture(fs1[min(uint(d2x),1u)],F(t0.xy));"));
}

const TARGETS: [(&str, Texture); 18] = [
    ("BUFFER", Texture::Buffer),
    ("1D", Texture::D1),
    ("2D", Texture::D2),
    ("3D", Texture::D3),
    ("CUBE", Texture::Cube),
    ("RECT", Texture::Rect),
    ("SHADOW1D", Texture::Shadow1D),
    ("SHADOW2D", Texture::Shadow2D),
    ("SHADOWRECT", Texture::ShadowRect),
    ("1D_ARRAY", Texture::D1Array),
    ("2D_ARRAY", Texture::D2Array),
    ("SHADOW1D_ARRAY", Texture::Shadow1DArray),
    ("SHADOW2D_ARRAY", Texture::Shadow2DArray),
    ("SHADOWCUBE", Texture::ShadowCube),
    ("2D_MSAA", Texture::D2Msaa),
    ("2D_ARRAY_MSAA", Texture::D2ArrayMsaa),
    ("CUBEARRAY", Texture::CubeArray),
    ("SHADOWCUBEARRAY", Texture::ShadowCubeArray),
];

/// A texture instruction on three destinations.
fn lookup(opcode: Opcode, target: &str, offset: &str) -> String {
    let sources = match opcode {
        Opcode::Tg4 => "IMM[0].yyyy, ",
        Opcode::Txd => "TEMP[2], TEMP[3], ",
        _ if opcode.sources() == 3 => "TEMP[2], ",
        _ => "",
    };
    let first = if opcode == Opcode::Txqs { "" } else { "TEMP[1], " };
    let name = opcode.mnemonic();
    ["TEMP[0].x", "TEMP[0].yw", "OUT[0]"]
        .map(|to| format!("{name} {to}, {first}{sources}SAMP[0], {target}{offset}\n"))
        .concat()
}

/// A shader around texture instructions on sampler 0.
fn with_lookups(stage: &str, target: &str, view: &str, lookups: &str) -> Shader {
    let output = if stage == "VERT" { "POSITION" } else { "COLOR" };
    shader(&format!(
        "{stage}\nDCL OUT[0], {output}\nDCL SAMP[0]\nDCL SVIEW[0], {target}, {view}\nDCL TEMP[0..3]\n\
         IMM[0] UINT32 {{1, 2, 4294967295, 0}}\n{lookups}END\n"
    ))
}

#[test]
fn every_texture_opcode_compiles_with_every_target_it_takes() {
    // The reference compiler does not know EXT_texture_shadow_lod.
    let host = Host {
        texture_shadow_lod: false,
        ..HOST
    };
    let swizzled = vec![Swizzled {
        slot: 0,
        swizzle: [Swizzle::Zero, Swizzle::X, Swizzle::X, Swizzle::One],
    }];
    let fragment_with = |swizzled: &[Swizzled], tree: &Shader| {
        let key = FragmentKey {
            swizzled: swizzled.to_vec(),
            ..everything()
        };
        fragment(tree, &key, &host, &LAYOUT)
    };
    let vertex_with = |tree: &Shader| vertex(tree, &last(), &StreamOutputs::default(), &host, &LAYOUT);
    let mut validator = Validator::new();
    let mut lookups_taken = 0;
    for (target, _) in TARGETS {
        let mut taken = [String::new(), String::new()];
        for &opcode in Opcode::ALL.iter().filter(|o| o.operation() == Operation::Texture) {
            for offset in ["", ", IMM[0].xyz"] {
                let line = lookup(opcode, target, offset);
                if fragment_with(&[], &with_lookups("FRAG", target, "FLOAT", &line)).is_ok() {
                    taken[0] += &line;
                    lookups_taken += 1;
                }
                if vertex_with(&with_lookups("VERT", target, "FLOAT", &line)).is_ok() {
                    taken[1] += &line;
                    lookups_taken += 1;
                }
            }
        }
        for view in ["FLOAT", "SINT", "UINT"] {
            let label = format!("{target} {view}");
            let tree = with_lookups("FRAG", target, view, &taken[0]);
            for swizzled in [&[], swizzled.as_slice()] {
                let emitted = fragment_with(swizzled, &tree).unwrap();
                validator.add(Stage::Fragment, &label, &emitted.source);
            }
            let tree = with_lookups("VERT", target, view, &taken[1]);
            validator.add(Stage::Vertex, &label, &vertex_with(&tree).unwrap().source);
        }
    }
    assert_eq!(validator.check(), 9 * TARGETS.len());
    assert!(lookups_taken > 350, "{lookups_taken}");
}

#[test]
fn targets_are_refused_only_where_glsl_has_no_lookup() {
    let refused = |opcode| -> Vec<Texture> {
        let takes = |target| {
            let tree = with_lookups("FRAG", target, "FLOAT", &lookup(opcode, target, ""));
            fragment(&tree, &everything(), &HOST, &LAYOUT).is_ok()
        };
        let bad = TARGETS.iter().filter(|(name, _)| !takes(name));
        bad.map(|&(_, target)| target).collect()
    };
    use Texture as T;
    let flat = vec![T::Buffer, T::D2Msaa, T::D2ArrayMsaa];
    let flat_and_cube_array = [flat.as_slice(), &[T::ShadowCubeArray]].concat();
    assert_eq!(refused(Opcode::Tex), flat_and_cube_array);
    assert_eq!(refused(Opcode::Txl2), flat);
    assert_eq!(refused(Opcode::Txb2), flat);
    assert_eq!(refused(Opcode::Txd), flat_and_cube_array);
    assert_eq!(refused(Opcode::Txq), vec![]);
    let one_dimension = [T::D1, T::D3, T::Shadow1D, T::D1Array, T::Shadow1DArray];
    let mut gathered = refused(Opcode::Tg4);
    gathered.retain(|t| !flat.contains(t) && !one_dimension.contains(t));
    assert_eq!(gathered, vec![]);
}
