//! What memory instructions become.

use super::*;

/// The statements and declarations of a compute shader with 64 bytes of shared memory.
fn compute_source(text: &str) -> String {
    let block = ComputeKey {
        block: [8, 1, 1],
        ..ComputeKey::default()
    };
    let emitted = compute(&shader(text), &block, 64, &HOST, &LAYOUT);
    let source = emitted.unwrap_or_else(|e| panic!("{e}\n{text}")).source;
    compiles(Stage::Compute, &source);
    source
}

fn compute_with(declarations: &str, instructions: &str) -> String {
    compute_source(&format!(
        "COMP\n{declarations}DCL TEMP[0..3]\nDCL ADDR[2]\nIMM[0] INT32 {{1, -1, 4, 0}}\n{instructions}END\n"
    ))
}

#[test]
fn storage_buffers_are_words_at_byte_addresses() {
    let source = compute_with(
        "DCL BUFFER[2]\nDCL BUFFER[5]\n",
        "LOAD TEMP[0].xz, BUFFER[2], TEMP[1].yyyy\nSTORE BUFFER[2].xy, IMM[0].zzzz, TEMP[0], COHERENT\n\
         RESQ TEMP[1].x, BUFFER[2]\n",
    );
    assert!(source.contains("layout(std430,binding=2)coherent buffer kb2{uint d[];}b2;\n"));
    // Nothing names the other one.
    assert!(!source.contains("b5"));
    assert!(source.contains("{uint a=t1.y>>2u;t0.xz=uvec2(b2.d[a],b2.d[a+2u]);\n}"));
    assert!(source.contains("{uint a=4u>>2u;b2.d[a]=t0.x;b2.d[a+1u]=t0.y;}"));
    assert!(source.contains("t1.x=uint(b2.d.length())*4u;"));
}

#[test]
fn addressed_buffers_form_an_array_of_blocks() {
    let source = compute_with(
        "DCL BUFFER[1]\nDCL BUFFER[3]\n",
        "UARL ADDR[2].x, TEMP[0].xxxx\nLOAD TEMP[1].x, BUFFER[ADDR[2].x+1], TEMP[0].xxxx\n\
         STORE BUFFER[3].x, TEMP[0].xxxx, TEMP[1]\n",
    );
    assert!(source.contains("layout(std430,binding=1)buffer kbn{uint d[];}bn[3];\n"));
    assert!(source.contains("t1.x=bn[min(uint(d2x),2u)].d[a];"));
    assert!(source.contains("bn[2].d[a]=t1.x;"));
}

#[test]
fn shared_memory_ends_where_the_command_says() {
    let source = compute_with(
        "DCL MEMORY[1], SHARED\n",
        "LOAD TEMP[0].y, MEMORY[0], TEMP[1].xxxx\nATOMCAS TEMP[2].x, MEMORY[0], IMM[0].zzzz, TEMP[0].yyyy, IMM[0].xxxx\n",
    );
    assert!(source.contains("shared uint m[16];\n"));
    assert!(source.contains("t0.y=m[min(a+1u,15u)];"));
    assert!(source.contains("uint r=atomicCompSwap(m[min(a,15u)],t0.y,1u);t2.x=r;"));
    let text = "COMP\nDCL MEMORY[1], SHARED\nEND\n";
    let block = ComputeKey {
        block: [1; 3],
        ..ComputeKey::default()
    };
    let empty = compute(&shader(text), &block, 0, &HOST, &LAYOUT).unwrap_err();
    assert_eq!(
        empty.to_string(),
        "register Memory[0] is beyond the limit of 16384 registers"
    );
}

#[test]
fn words_that_are_compared_as_signed_only_are_int() {
    let atomics = |opcodes: &[&str]| {
        let lines: String = opcodes
            .iter()
            .map(|o| format!("{o} TEMP[0].x, BUFFER[0], TEMP[1].xxxx, TEMP[2].xxxx\n"))
            .collect();
        compute_with("DCL BUFFER[0]\n", &lines)
    };
    let signed = atomics(&["ATOMIMAX", "ATOMUADD"]);
    assert!(signed.contains("buffer kb0{int d[];}b0;\n"));
    assert!(signed.contains("int r=atomicMax(b0.d[a],int(t2.x));t0.x=uint(r);"));
    let mixed = atomics(&["ATOMIMIN", "ATOMUMAX"]);
    assert!(mixed.contains(
        "uint r=b0.d[a];for(;;){uint o=r;r=atomicCompSwap(b0.d[a],o,uint(min(int(o),int(t2.x))));"
    ));
    assert!(mixed.contains("uint r=atomicMax(b0.d[a],t2.x);"));
}

#[test]
fn an_atomic_without_destination_still_happens() {
    let source = compute_with(
        "DCL BUFFER[0]\nDCL NULL[0]\n",
        "ATOMUADD NULL[0], BUFFER[0], TEMP[1].xxxx, TEMP[2].xxxx\n",
    );
    assert!(source.contains("uint r=atomicAdd(b0.d[a],t2.x);}"));
}

#[test]
fn images_have_the_format_of_their_declaration_and_the_access_of_their_uses() {
    let source = compute_with(
        "DCL IMAGE[0], 2D, PIPE_FORMAT_R32_UINT, WR\nDCL IMAGE[1], CUBEARRAY, PIPE_FORMAT_R8G8B8A8_SNORM\n\
         DCL IMAGE[2], 2D_ARRAY_MSAA, PIPE_FORMAT_R32G32B32A32_SINT, WR\nDCL IMAGE[3], BUFFER, PIPE_FORMAT_NONE, WR\n",
        "ATOMUADD TEMP[0].x, IMAGE[0], TEMP[1], TEMP[2].xxxx, VOLATILE, 2D, PIPE_FORMAT_R32_UINT\n\
         LOAD TEMP[1], IMAGE[1], TEMP[0], CUBEARRAY, PIPE_FORMAT_R8G8B8A8_SNORM\n\
         STORE IMAGE[2], TEMP[0], TEMP[1], 2D_ARRAY_MSAA, PIPE_FORMAT_R32G32B32A32_SINT\n\
         STORE IMAGE[3], TEMP[0], TEMP[1]\nRESQ TEMP[2].xw, IMAGE[2], 2D_ARRAY_MSAA\n",
    );
    for line in [
        "layout(binding=0,r32ui)volatile uniform uimage2D ki0;\n",
        "layout(binding=1,rgba8_snorm)readonly uniform imageCubeArray ki1;\n",
        "layout(binding=2,rgba32i)writeonly uniform iimage2DMSArray ki2;\n",
        "layout(binding=3)writeonly uniform imageBuffer ki3;\n",
        "uint r=imageAtomicAdd(ki0,ivec2(t1.xy),t2.x);t0.x=r;",
        "t1=U(imageLoad(ki1,ivec3(t0.xyz)));",
        "imageStore(ki2,ivec3(t0.xyz),int(t0.w),ivec4(t1));",
        "imageStore(ki3,int(t0.x),F(t1));",
        "t2.xw=uvec2(ivec4(imageSize(ki2),imageSamples(ki2)).xw);",
    ] {
        assert!(source.contains(line), "{line}\n{source}");
    }
}

#[test]
fn images_without_format_have_the_type_of_what_is_bound() {
    let tree = shader(
        "FRAG\nDCL IMAGE[4], 2D, PIPE_FORMAT_NONE, WR\nDCL TEMP[0]\nSTORE IMAGE[4], TEMP[0], TEMP[0], 2D\nEND\n",
    );
    assert_eq!(interface(&tree).unwrap().images_without_format, 16);
    let key = FragmentKey {
        images: IntegerImages {
            signed: 16,
            unsigned: 0,
        },
        ..everything()
    };
    let source = fragment(&tree, &key, &HOST, &LAYOUT).unwrap().source;
    assert!(source.contains("layout(binding=4)writeonly uniform iimage2D fi4;\n"));
    compiles(Stage::Fragment, &source);
}

#[test]
fn addressed_images_form_an_array() {
    let source = compute_with(
        "DCL IMAGE[0], 2D, PIPE_FORMAT_R32_UINT, WR\nDCL IMAGE[1], 2D, PIPE_FORMAT_R32_UINT, WR\n\
         DCL IMAGE[2], 3D, PIPE_FORMAT_R32_UINT, WR\n",
        "STORE IMAGE[1], TEMP[0], TEMP[1], 2D\nLOAD TEMP[0], IMAGE[ADDR[2].x], TEMP[0], 2D\n\
         STORE IMAGE[2], TEMP[0], TEMP[1], 3D\n",
    );
    assert!(source.contains("layout(binding=0,r32ui)uniform uimage2D ki0[2];\n"));
    assert!(source.contains("layout(binding=2,r32ui)writeonly uniform uimage3D ki2;\n"));
    assert!(source.contains("imageStore(ki0[1],") && source.contains("imageLoad(ki0[min(uint(d2x),1u)],"));
}

#[test]
fn counters_know_increments_and_decrements() {
    let declarations = "DCL HWATOMIC[0][1]\nDCL HWATOMIC[2][4..6]\n";
    let instructions = "ATOMUADD TEMP[0].x, HWATOMIC[0][1], IMM[0].wwww, IMM[0].xxxx\n\
                        ATOMUADD TEMP[1].x, HWATOMIC[0][1], IMM[0].wwww, IMM[0].yyyy\n\
                        LOAD TEMP[2].x, HWATOMIC[2][ADDR[2].x+5], IMM[0].wwww\n\
                        ATOMIMIN TEMP[3].x, HWATOMIC[2][6], IMM[0].wwww, TEMP[0].xxxx\n";
    let source = compute_with(declarations, instructions);
    for line in [
        "layout(binding=0,offset=4)uniform atomic_uint ac0_1;\n",
        "layout(binding=2,offset=16)uniform atomic_uint ac2_4[3];\n",
        "{uint r=atomicCounterIncrement(ac0_1);t0.x=r;",
        "{uint r=atomicCounterDecrement(ac0_1)+1u;t1.x=r;",
        "{uint r=atomicCounter(ac2_4[min(uint(d2x+1),2u)]);",
        "{uint r=atomicCounterMin(ac2_4[2],t0.x);",
    ] {
        assert!(source.contains(line), "{line}\n{source}");
    }
    let text = format!(
        "FRAG\n{declarations}DCL TEMP[0..3]\nDCL ADDR[2]\nIMM[0] INT32 {{1, -1, 4, 0}}\n{instructions}END\n"
    );
    let on = |host: &Host| fragment(&shader(&text), &everything(), host, &LAYOUT);
    assert_eq!(
        on(&HOST_450),
        Err(EmitError::HostLacks("ARB_shader_atomic_counter_ops"))
    );
    let host = Host {
        atomic_counter_ops: true,
        ..HOST_450
    };
    let source = on(&host).unwrap().source;
    assert!(source.contains("atomicCounterMinARB(ac2_4[2],t0.x)"));
    compiles(Stage::Fragment, &source);
}

#[test]
fn constant_buffers_can_be_loaded_from() {
    let source = compute_with(
        "DCL CONST[3][0..9]\n",
        "LOAD TEMP[0].xw, CONST[3], TEMP[1].xxxx\n",
    );
    assert!(source.contains(
        "{uint a=t1.x>>2u;t0.xw=uvec2(k3.c[min((a)>>2u,9u)][(a)&3u],k3.c[min((a+3u)>>2u,9u)][(a+3u)&3u]);"
    ));
}

#[test]
fn barriers_order_what_they_name() {
    let source = compute_source(
        "COMP\nIMM[0] UINT32 {15, 9, 31, 0}\nMEMBAR IMM[0].xxxx\nMEMBAR IMM[0].yyyy\nMEMBAR IMM[0].zzzz\nBARRIER\nEND\n",
    );
    assert!(source.contains(
        "memoryBarrier();\nmemoryBarrierBuffer();\nmemoryBarrierShared();\ngroupMemoryBarrier();\nbarrier();\n"
    ));
}

#[test]
fn work_groups_have_the_size_of_the_text_or_of_the_key() {
    let fixed = "COMP\nPROPERTY CS_FIXED_BLOCK_WIDTH 4\nPROPERTY CS_FIXED_BLOCK_HEIGHT 2\nDCL SV[0], BLOCK_SIZE\n\
                 DCL SV[1], THREAD_ID\nDCL TEMP[0]\nUADD TEMP[0], SV[0], SV[1].yzwx\nEND\n";
    let source = compute_source(fixed);
    assert!(source.contains("layout(local_size_x=4,local_size_y=2,local_size_z=1)in;\n"));
    assert!(source.contains("t0=uvec4(gl_WorkGroupSize,1u)+uvec4(gl_LocalInvocationID,0u).yzwx;"));
    assert!(!interface(&shader(fixed)).unwrap().open_block);
    let open = shader("COMP\nEND\n");
    assert!(interface(&open).unwrap().open_block);
    assert!(compute_source("COMP\nEND\n").contains("local_size_x=8,"));
    let huge = ComputeKey {
        block: [1 << 20, 1 << 20, 1],
        ..ComputeKey::default()
    };
    for key in [huge, ComputeKey::default()] {
        let refused = compute(&open, &key, 0, &HOST, &LAYOUT);
        assert_eq!(refused, Err(EmitError::WorkGroup(key.block)));
    }
}
