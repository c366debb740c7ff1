//! Clients of the session that say what they should not.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
};

use super::{Rig, assert_undisturbed};

const CREATE_RENDERER: u32 = 8;
const EXPORT: u32 = 0x5042_0003;
const RESOLVE: u32 = 0x5042_0006;
const ENOENT: u32 = 2;

/// Says a name, whose length is in bytes.
fn introduce(stream: &mut UnixStream) {
    let words = [8, CREATE_RENDERER, u32::from_le_bytes(*b"test"), 0];
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    stream.write_all(&bytes).expect("a session");
}

fn send(stream: &mut UnixStream, command: u32, words: &[u32]) {
    let bytes: Vec<u8> = [words.len() as u32, command]
        .iter()
        .chain(words)
        .flat_map(|word| word.to_le_bytes())
        .collect();
    stream.write_all(&bytes).expect("a session");
}

fn words(stream: &mut UnixStream, count: u32) -> Vec<u32> {
    let mut bytes = vec![0; count as usize * 4];
    stream.read_exact(&mut bytes).expect("an answer");
    (bytes.as_chunks().0.iter())
        .map(|word| u32::from_le_bytes(*word))
        .collect()
}

/// An answer's command and its payload.
fn answer(stream: &mut UnixStream) -> (u32, Vec<u32>) {
    let header = words(stream, 2);
    (header[1], words(stream, header[0]))
}

#[test]
fn questions_about_resources_that_nobody_has_are_answered() {
    let rig = Rig::new();
    let neighbour = rig.neighbour(100);
    let mut stream = UnixStream::connect(rig.held.socket()).expect("a session");
    introduce(&mut stream);
    for id in [0, 1, 77, i32::MAX as u32, u32::MAX] {
        send(&mut stream, EXPORT, &[id]);
        let (command, payload) = answer(&mut stream);
        assert_eq!((command, payload[0]), (EXPORT, ENOENT), "{id}");
        send(&mut stream, RESOLVE, &[5, id]);
        assert_eq!(answer(&mut stream), (RESOLVE, vec![5, ENOENT]), "{id}");
    }
    assert_undisturbed(neighbour);
}

#[test]
fn clients_that_send_noise_to_the_session_are_cut_off_and_nobody_else() {
    let rig = Rig::new();
    let before = rig.held.descriptors();
    let neighbour = rig.neighbour(300);
    for seed in 0..20u32 {
        let mut stream = UnixStream::connect(rig.held.socket()).expect("a session");
        introduce(&mut stream);
        let noise: Vec<u32> = (1..2000)
            .map(|at| seed.wrapping_add(at).wrapping_mul(2_654_435_761))
            .collect();
        let bytes: Vec<u8> = noise.iter().flat_map(|word| word.to_le_bytes()).collect();
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answers = Vec::new();
        let _ = stream.read_to_end(&mut answers);
    }
    assert_undisturbed(neighbour);
    rig.held.wait_for_descriptors(before);
}
