//! Guests that mean harm, or are broken: an error for them, and nothing for their neighbours.

use pixbridge::pipe::{format::Format, server::SessionError};
use pixbridge_xtests::guest::{Guest, Texture};
use rustix::fs::ftruncate;

/// A simple generator, so that a failure can be repeated.
fn noise(seed: u32) -> impl FnMut() -> u32 {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    }
}

/// That the session still draws: a clear arrives.
fn still_draws(guest: &mut Guest) {
    let texture = Texture {
        format: Format::R8G8B8A8_UNORM,
        width: 3,
        height: 2,
    };
    let picture = guest.texture(texture);
    guest.submit(&format!(
        "CREATE_SUB_CTX id=77\nSET_SUB_CTX id=77\nCREATE_SURFACE handle=9001 resource={} format=R8G8B8A8_UNORM level=0 \
         first_layer=0 last_layer=0\nSET_FRAMEBUFFER_STATE count=1 zsbuf=0 cbufs=[9001]\nCLEAR buffers=0x4 r=0.0 g=1.0 \
         b=0.0 a=1.0 depth_low=0x0 depth_high=0x0 stencil=0\n",
        picture.id
    ));
    assert_eq!(guest.read(&picture, [3, 2], 24), [0, 255, 0, 255].repeat(6));
}

#[test]
fn commands_of_random_words_leave_the_session_drawing() {
    for seed in 1..6 {
        let mut guest = Guest::start();
        let mut next = noise(seed);
        for _ in 0..40 {
            let mut words = Vec::new();
            for _ in 0..20 {
                let (id, object, length) = (next() % 64, next() % 12, next() % 24);
                words.push(id | object << 8 | length << 16);
                words.extend((0..length).map(|_| {
                    if next().is_multiple_of(3) {
                        next()
                    } else {
                        next() % 8
                    }
                }));
            }
            guest.send(6, &words, None);
        }
        still_draws(&mut guest);
        guest.finish().expect("an orderly end");
    }
}

#[test]
fn a_command_that_runs_past_its_buffer_drops_the_rest_of_the_buffer_only() {
    let mut guest = Guest::start();
    guest.send(6, &[8 | 500 << 16, 1, 2, 3], None);
    still_draws(&mut guest);
}

#[test]
fn unknown_handles_and_ids_are_refused_one_by_one() {
    let mut guest = Guest::start();
    guest.submit(
        "BIND_BLEND handle=4000000000\nSET_FRAMEBUFFER_STATE count=1 zsbuf=5 cbufs=[6]\n\
         SET_SAMPLER_VIEWS stage=fragment start=0 views=[1 2 3]\nBIND_SHADER handle=99 stage=vertex\n\
         SET_INDEX_BUFFER resource=12345 size=4 offset=0\nGET_QUERY_RESULT handle=3 wait=1\nSET_SUB_CTX id=4294967295\n\
         DESTROY_OBJECT handle=17\n",
    );
    guest.send(3, &[u32::MAX], None);
    guest.send(13, &[u32::MAX, 0, 0, 0, 0, 1, 1, 1, 4, 0], None);
    still_draws(&mut guest);
}

#[test]
fn boxes_and_offsets_of_2_to_the_32_minus_1_touch_nothing() {
    let mut guest = Guest::start();
    let resource = guest.texture(Texture {
        format: Format::R8G8B8A8_UNORM,
        width: 4,
        height: 4,
    });
    let max = u32::MAX;
    for request in [13, 14] {
        guest.send(request, &[resource.id, 0, 0, 0, 0, 4, 4, 1, 64, max], None);
        guest.send(
            request,
            &[resource.id, max, max, max, max, max, max, max, max, max],
            None,
        );
        guest.send(request, &[resource.id, 0, 0, 0, 0, max, max, max, 64, 0], None);
    }
    still_draws(&mut guest);
}

#[test]
fn a_resource_of_absurd_size_is_answered_with_the_memory_that_was_asked_for() {
    let mut guest = Guest::start();
    let max = u32::MAX;
    let resource = guest.create([2, Format::R8G8B8A8_UNORM.0, 8, max, max, max, max, max, max], 64);
    assert_eq!(resource.memory.len(), 64);
    let resource = guest.create([9, 480, 0, 1, 1, 1, 1, 0, 0], 4096);
    assert_eq!(resource.memory.len(), 4096);
    still_draws(&mut guest);
}

#[test]
fn shared_memory_cannot_be_shrunk_under_the_host() {
    let mut guest = Guest::start();
    guest.send(
        12,
        &[1, 2, Format::R8G8B8A8_UNORM.0, 8, 64, 64, 1, 1, 0, 0, 64 * 64 * 4],
        None,
    );
    let memory = guest.descriptor();
    assert!(ftruncate(&memory, 0).is_err(), "the seal does not hold");
    guest.send(14, &[1, 0, 0, 0, 0, 64, 64, 1, 64 * 64 * 4, 0], None);
    guest.wait();
}

#[test]
fn random_bytes_end_the_connection_with_an_error() {
    for seed in 1..20 {
        let mut guest = Guest::connect();
        let mut next = noise(seed);
        let bytes: Vec<u8> = (0..4096).map(|_| next() as u8).collect();
        // The session may hang up before it has read everything.
        let _ = guest.send_bytes(&bytes);
        assert!(guest.finish().is_err(), "seed {seed}");
    }
}

#[test]
fn a_request_without_end_and_a_guest_that_goes_in_the_middle_of_one() {
    let mut guest = Guest::start();
    guest.send_bytes(&[0xff; 3]).expect("the session listens");
    assert!(guest.finish().is_ok());
    let mut guest = Guest::start();
    guest
        .send_bytes(&[0xff, 0xff, 0xff, 0xff, 6, 0, 0, 0])
        .expect("the session listens");
    assert!(matches!(guest.finish(), Err(SessionError::Request(_))));
}

#[test]
fn a_neighbour_goes_on_while_another_guest_misbehaves() {
    let mut neighbour = Guest::start();
    still_draws(&mut neighbour);
    let mut bad = Guest::connect();
    let _ = bad.send_bytes(&[0x55; 64]);
    assert!(bad.finish().is_err());
    neighbour.submit("DESTROY_SUB_CTX id=77\n");
    still_draws(&mut neighbour);
    neighbour.finish().expect("an orderly end");
}
