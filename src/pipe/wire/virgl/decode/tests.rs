use proptest::prelude::*;

use super::{
    super::{record_words, shader_words},
    *,
};

fn words(id: CommandId, object: ObjectType, payload: &[u32]) -> Vec<u32> {
    let header = id.to_wire() | object.to_wire() << 8 | (payload.len() as u32) << 16;
    [&[header], payload].concat()
}

fn plain(id: CommandId, payload: &[u32]) -> Vec<u32> {
    words(id, ObjectType::Null, payload)
}

fn encoded(command: &Command<'_>) -> Vec<u32> {
    let mut out = Vec::new();
    command.encode(&mut out).expect("a command of a few words");
    out
}

fn floats<const N: usize>() -> [u32; N] {
    std::array::from_fn(|i| (i as f32 + 0.5).to_bits())
}

fn counting<const N: usize>() -> [u32; N] {
    std::array::from_fn(|i| i as u32 + 1)
}

/// One command of every kind and object type, some in several lengths, as a client writes them.
fn samples() -> Vec<Vec<u32>> {
    use CommandId as Id;
    use ObjectType as Object;
    let create = |object, payload: &[u32]| words(Id::CreateObject, object, payload);
    let blend_target = 1 | 2 << 1 | 3 << 4 | 0x15 << 9 | 4 << 14 | 0x1a << 17 | 7 << 22 | 0xd << 27;
    let mut samples = vec![
        plain(Id::Nop, &[]),
        create(
            Object::Blend,
            &[1, 0b10011, 13, 0, blend_target, 1, 1, 1, 1, 1, 1],
        ),
        create(
            Object::Rasterizer,
            &[1, 0xffff_ffff ^ 1 << 10 ^ 3 << 12, 1, 2, 0xff12_3456, 3, 4, 5, 6],
        ),
        create(
            Object::Dsa,
            &[
                1,
                1 | 1 << 1 | 3 << 2 | 1 << 8 | 5 << 9,
                0x1fff_ffff,
                0x0123_4567 & 0x1fff_ffff,
                0x3f00_0000,
            ],
        ),
        create(Object::Shader, &[1, 1, 5, 300, 0, 0x4741_5246, 0]),
        create(
            Object::Shader,
            &[1, 2, 1 << 31 | 8, 300, 1, 1, 2, 3, 4, 0x0010_3d02, 2, 0x47],
        ),
        create(Object::Shader, &[1, 5, 4, 300, 1024, 0x47]),
        create(Object::VertexElements, &[1]),
        create(Object::VertexElements, &[1, 16, 1, 31, 28, 0, 0, 0, 29]),
        create(
            Object::SamplerView,
            &[1, 2, 67 | 5 << 24, 0x5_0000, 0x200, 5 | 4 << 3 | 3 << 6 | 2 << 9],
        ),
        create(
            Object::SamplerState,
            &[
                1,
                0x01fd_0000 & 0x01ff_0000 | 1 << 15 | 1 << 13 | 2 << 11 | 1 << 9 | 0o765,
                1,
                2,
                3,
                4,
                5,
                6,
                7,
            ],
        ),
        create(Object::Surface, &[1, 2, 3, 4, 0x5_0006]),
        create(Object::MsaaSurface, &[1, 2, 3, 4, 0x5_0006, 4]),
        create(Object::Query, &[1, 6 | 3 << 16, 8, 2]),
        create(Object::StreamoutTarget, &[1, 2, 3, 4]),
        words(Id::BindObject, Object::VertexElements, &[7]),
        plain(Id::DestroyObject, &[7]),
        plain(Id::SetViewports, &[&[4][..], &floats::<12>()].concat()),
        plain(Id::SetFramebuffer, &[3, 9, 1, 0, 2]),
        plain(Id::SetVertexBuffers, &counting::<6>()),
        plain(Id::Clear, &[5, 1, 2, 3, 4, 0, 0x3ff0_0000, 0xff]),
        plain(Id::InlineWrite, &[1, 0, 0, 0, 0, 0, 0, 0, 4, 1, 1, 0xdead]),
        plain(Id::SetSamplerViews, &[1, 2, 3, 4]),
        plain(Id::SetIndexBuffer, &[0]),
        plain(Id::SetIndexBuffer, &[3, 2, 64]),
        plain(Id::SetConstantBuffer, &[0, 0, 1, 2, 3, 4]),
        plain(Id::SetStencilRef, &[0x1234]),
        plain(Id::SetBlendColor, &floats::<4>()),
        plain(Id::SetScissors, &[1, 0x2_0001, 0x4_0003]),
        plain(
            Id::Blit,
            &[&[0x3f | 7 << 10 | 1 << 8][..], &counting::<20>()].concat(),
        ),
        plain(Id::CopyRegion, &counting::<13>()),
        plain(Id::BindSamplerStates, &[4, 30, 7, 8]),
        plain(Id::BeginQuery, &[1]),
        plain(Id::EndQuery, &[1]),
        plain(Id::GetQueryResult, &[1, 1]),
        plain(Id::SetPolygonStipple, &counting::<32>()),
        plain(Id::SetClipState, &floats::<32>()),
        plain(Id::SetSampleMask, &[0xff]),
        plain(Id::SetStreamoutTargets, &[0, 1, 0, 2]),
        plain(Id::SetRenderCondition, &[1, 1, 3]),
        plain(Id::SetUniformBuffer, &[5, 31, 256, 64, 9]),
        plain(Id::SetSubContext, &[1]),
        plain(Id::CreateSubContext, &[1]),
        plain(Id::DestroySubContext, &[1]),
        plain(Id::BindShader, &[1, 3]),
        plain(Id::SetTessState, &floats::<6>()),
        plain(Id::SetMinSamples, &[4]),
        plain(Id::SetShaderBuffers, &[1, 31, 16, 32, 9]),
        plain(Id::SetShaderImages, &[5, 0, 67, 3, 0x5_0000, 2, 9]),
        plain(Id::MemoryBarrier, &[0x3f]),
        plain(Id::LaunchGrid, &counting::<8>()),
        plain(Id::SetFramebufferNoAttach, &[0x20_0010, 0x4_0003]),
        plain(Id::TextureBarrier, &[1]),
        plain(Id::SetAtomicBuffers, &[31, 0, 4, 9]),
        plain(Id::SetDebugFlags, &[0x67_6564, 0]),
        plain(Id::GetQueryResultQbo, &[1, 2, 1, 3, 8, u32::MAX]),
        plain(Id::Transfer3d, &[&counting::<12>()[..], &[2]].concat()),
        plain(Id::EndTransfers, &[]),
        plain(Id::CopyTransfer3d, &[&counting::<13>()[..], &[3]].concat()),
        plain(Id::SetTweaks, &[2, 1024]),
        plain(Id::ClearTexture, &counting::<12>()),
        plain(Id::PipeResourceCreate, &counting::<11>()),
        plain(Id::PipeResourceSetType, &counting::<10>()),
        plain(Id::GetMemoryInfo, &[1]),
        plain(Id::StringMarker, &[3, 0x6f_6f66]),
        plain(Id::LinkShader, &counting::<6>()),
        plain(Id::ClearSurface, &[&[0b1111][..], &counting::<9>()].concat()),
        plain(Id::GetPipeResourceLayout, &[1, 2]),
    ];
    samples.extend(
        [12, 14, 20].map(|length| plain(Id::DrawVbo, &[&[0, 3, 4, 1][..], &[1; 16]].concat()[..length])),
    );
    samples.extend((53..62).map(|id| vec![id | 1 << 16, 7]));
    samples
}

#[test]
fn every_command_survives_decoding_and_encoding() {
    let samples = samples();
    for words in &samples {
        let (command, taken) = decode(words).unwrap_or_else(|error| panic!("{error}: {words:x?}"));
        assert_eq!(taken, words.len());
        assert_eq!(encoded(&command), *words, "{command:?}");
        assert_eq!(command.id().to_wire(), words[0] & 0xff);
    }
    for id in CommandId::ALL {
        assert!(
            samples.iter().any(|words| words[0] & 0xff == id.to_wire()),
            "no sample of {id:?}"
        );
    }
    for kind in ObjectType::ALL.iter().filter(|kind| **kind != ObjectType::Null) {
        let header = CommandId::CreateObject.to_wire() | kind.to_wire() << 8;
        assert!(
            samples.iter().any(|words| words[0] & 0xffff == header),
            "no sample of {kind:?}"
        );
    }
}

#[test]
fn a_malformed_command_does_not_hide_the_next() {
    let stream = [
        vec![200],
        plain(CommandId::BindShader, &[1, 6]),
        plain(CommandId::SetSampleMask, &[1, 2]),
        plain(CommandId::SetSampleMask, &[7]),
        vec![CommandId::SetSampleMask.to_wire() | 2 << 16, 1],
    ]
    .concat();
    let results: Vec<_> = commands(&stream).collect();
    assert_eq!(
        results,
        [
            Err(DecodeError::Unknown(200)),
            Err(DecodeError::Value {
                command: CommandId::BindShader,
                field: "stage",
                value: 6
            }),
            Err(DecodeError::Length {
                command: CommandId::SetSampleMask,
                length: 2
            }),
            Ok(Command::SetSampleMask(7)),
            Err(DecodeError::Truncated {
                id: 24,
                announced: 2,
                given: 1
            }),
        ]
    );
}

#[test]
fn errors_read_well() {
    let error = |words: &[u32]| decode(words).unwrap_err().to_string();
    assert_eq!(
        error(&plain(CommandId::BindShader, &[1, 6])),
        "BIND_SHADER: stage 6 has no meaning"
    );
    assert_eq!(error(&plain(CommandId::Blit, &[1])), "BLIT of 1 words");
    assert_eq!(
        error(&plain(CommandId::SetUniformBuffer, &[0, 32, 0, 0, 0])),
        "SET_UNIFORM_BUFFER: index 32 is above 31"
    );
}

#[test]
fn slots_end_where_the_protocol_does() {
    let limit = |words: &[u32]| match decode(words) {
        Err(DecodeError::Limit { value, limit, .. }) => Some((value, limit)),
        Ok(_) => None,
        Err(error) => panic!("{error}"),
    };
    for (id, stages, slots, size) in [
        (CommandId::SetViewports, false, VIEWPORTS, 6),
        (CommandId::SetScissors, false, VIEWPORTS, 2),
        (CommandId::SetAtomicBuffers, false, ATOMIC_BUFFERS, 3),
        (CommandId::SetSamplerViews, true, SAMPLER_VIEWS, 1),
        (CommandId::BindSamplerStates, true, SAMPLERS, 1),
        (CommandId::SetShaderBuffers, true, SHADER_BUFFERS, 3),
        (CommandId::SetShaderImages, true, SHADER_IMAGES, 5),
    ] {
        let at = |start: u32, count: usize| {
            let mut payload = if stages { vec![0, start] } else { vec![start] };
            payload.resize(payload.len() + count * size, 0);
            limit(&plain(id, &payload))
        };
        assert_eq!(at(0, slots), None, "{id:?}");
        assert_eq!(at(slots as u32 - 1, 1), None, "{id:?}");
        assert_eq!(at(slots as u32 - 1, 2), Some((slots as u64 + 1, slots)), "{id:?}");
        assert_eq!(at(u32::MAX, 1), Some((1 << 32, slots)), "{id:?}");
    }
    assert!(limit(&plain(CommandId::SetVertexBuffers, &[0; 33 * 3])).is_some());
    assert!(limit(&plain(CommandId::SetStreamoutTargets, &[0; 18])).is_some());
    let colors = [&[9, 0][..], &[0; 9]].concat();
    assert!(limit(&plain(CommandId::SetFramebuffer, &colors)).is_some());
    let element = words(
        CommandId::CreateObject,
        ObjectType::VertexElements,
        &[1, 0, 0, 32, 28],
    );
    assert_eq!(limit(&element), Some((32, 31)));
}

#[test]
fn what_clients_rely_on_is_tolerated() {
    let tolerated = [
        // A type byte and more words than a handle.
        words(CommandId::DestroyObject, ObjectType::Blend, &[1, 0]),
        // More than is needed where the reference asks for a minimum.
        plain(CommandId::Transfer3d, &[&counting::<12>()[..], &[1, 0]].concat()),
        plain(CommandId::SetTweaks, &[0, 1, 2]),
        // Garbage that END_TRANSFERS skips.
        plain(CommandId::EndTransfers, &[0xdead, 0xbeef]),
        plain(CommandId::Nop, &[1]),
        // A constant buffer that is unbound, and unused blend factors.
        plain(CommandId::SetConstantBuffer, &[0, 5]),
        words(
            CommandId::CreateObject,
            ObjectType::Blend,
            &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ),
    ];
    for words in tolerated {
        assert!(decode(&words).is_ok(), "{words:x?}");
    }
}

#[test]
fn continuations_are_told_from_first_parts() {
    let text = "FRAG\nEND\n";
    let padded = shader_words(text);
    let whole = ShaderPart::whole(Stage::Fragment, text, &padded, 10);
    assert_eq!(whole.position, ShaderPosition::First(10));
    assert_eq!(whole.text.len(), 3);
    let shader = |position| Command::CreateObject {
        id: ObjectId(1),
        object: NewObject::Shader(ShaderPart { position, ..whole }),
    };
    for position in [whole.position, ShaderPosition::Continuation(4096)] {
        let words = encoded(&shader(position));
        assert_eq!(decode(&words), Ok((shader(position), words.len())));
    }
}

#[test]
fn entries_are_written_as_they_are_read() {
    fn check<T: Record>(words: &[u32]) {
        let entries: Vec<T> = Records::new(words).expect("whole entries").iter().collect();
        assert_eq!(record_words(&entries), words);
    }
    check::<Viewport>(&floats::<12>());
    check::<Scissor>(&[0x2_0001, 0x4_0003]);
    check::<VertexBuffer>(&counting::<6>());
    check::<VertexElement>(&counting::<8>());
    check::<BufferRange>(&counting::<6>());
    check::<ShaderImage>(&counting::<10>());
    check::<StreamOutput>(&[0xffff_ffff, 3]);
    check::<ObjectId>(&counting::<3>());
}

#[test]
fn a_command_too_long_for_its_header_is_refused() {
    let data = vec![0; super::super::MAX_COMMAND_WORDS];
    let command = Command::SetConstantBuffer {
        stage: Stage::Vertex,
        index: 0,
        data: &data,
    };
    let mut out = vec![1];
    assert_eq!(
        command.encode(&mut out).map_err(|error| error.words),
        Err(0xffff + 2)
    );
    assert_eq!(out, [1]);
}

/// Words with the header of some command and a payload of small numbers, bits, or anything.
fn like_a_command() -> impl Strategy<Value = Vec<u32>> {
    let word = prop_oneof![4 => 0u32..40, 1 => any::<u32>(), 1 => (0u32..32).prop_map(|bit| 1 << bit)];
    let payload = proptest::collection::vec(word, 0..36);
    (0u32..66, 0u32..13, payload).prop_map(|(id, object, payload)| {
        let mut words = vec![id | object << 8 | (payload.len() as u32) << 16];
        words.extend(payload);
        words
    })
}

/// A sample with one word changed.
fn nearly_a_command() -> impl Strategy<Value = Vec<u32>> {
    let samples = samples();
    (0..samples.len(), any::<prop::sample::Index>(), any::<u32>()).prop_map(move |(sample, at, value)| {
        let mut words = samples[sample].clone();
        if words.len() > 1 {
            let at = 1 + at.index(words.len() - 1);
            words[at] ^= value;
        }
        words
    })
}

/// What decodes must encode to something that means the same.
fn encoding_keeps_the_meaning(words: &[u32]) {
    if let Ok((command, taken)) = decode(words) {
        assert!((1..=words.len()).contains(&taken));
        let once = encoded(&command);
        let (again, taken) = decode(&once).expect("what was encoded decodes");
        assert_eq!(taken, once.len());
        assert_eq!(encoded(&again), once, "{command:?}");
        // Floats may be NaN, so commands are compared by their text.
        assert_eq!(format!("{again:?}"), format!("{command:?}"));
    }
}

proptest! {
    #[test]
    fn anything_is_read_to_its_end(words: Vec<u32>) {
        let mut commands = commands(&words);
        let mut left = words.len();
        while commands.next().is_some() {
            prop_assert!(commands.rest().len() < left);
            left = commands.rest().len();
        }
        prop_assert_eq!(left, 0);
    }

    #[test]
    fn what_looks_like_a_command_keeps_its_meaning(words in like_a_command()) {
        encoding_keeps_the_meaning(&words);
    }

    #[test]
    fn what_is_nearly_a_command_keeps_its_meaning(words in nearly_a_command()) {
        encoding_keeps_the_meaning(&words);
    }
}
