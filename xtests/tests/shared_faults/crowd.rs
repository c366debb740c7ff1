//! Many clients that come and go in peace, as in a long session.

use pixbridge_xtests::{
    held::{belongings, wait_until},
    process::Running,
};
use x11rb::{
    connection::Connection as _, protocol::res::ConnectionExt as _, rust_connection::RustConnection,
};

use super::{LIMIT, Rig, assert_undisturbed};

const CLIENTS: usize = 200;
/// So many of them are there at once.
const CROWD: usize = 20;
/// KiB by which relay and session may be larger after all of them than after the first crowds.
const SLACK: u64 = 4096;
/// The crowds in which the heaps find their size.
const WARM_UP: usize = 3;

/// What the X server keeps for everybody but who asks: clients, and what they made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    clients: usize,
    resources: u32,
}

fn kept(rig: &Rig) -> Kept {
    let (direct, _) = RustConnection::connect(Some(&rig.server.display())).expect("Xvfb");
    let us = direct.setup().resource_id_base;
    let mut clients = direct
        .res_query_clients()
        .unwrap()
        .reply()
        .expect("clients")
        .clients;
    clients.retain(|client| client.resource_base != us);
    let made = clients.iter().map(|client| {
        let made = direct.res_query_client_resources(client.resource_base).unwrap();
        // Who went meanwhile has nothing.
        made.reply()
            .map_or(0, |made| made.types.iter().map(|ty| ty.count).sum::<u32>())
    });
    Kept {
        clients: clients.len(),
        resources: made.sum::<u32>(),
    }
}

fn sizes(rig: &Rig) -> [u64; 2] {
    [rig.held.session(), rig.held.relay()].map(|process| belongings(process).resident)
}

#[test]
fn two_hundred_clients_come_and_go_and_all_is_as_before() {
    let rig = Rig::new();
    let (descriptors, children) = (rig.held.descriptors(), rig.held.children());
    let before = wait_until("server without clients", || {
        let [one, other] = [(); 2].map(|()| kept(&rig));
        (one == other).then_some(one)
    });
    let mut settled = [0; 2];
    for crowd in 0..CLIENTS / CROWD {
        let neighbour = rig.neighbour(50);
        let clients: Vec<_> = (0..CROWD)
            .map(|_| {
                let mut command = rig.held.application("glxinfo");
                command.arg("-B");
                Running::start(command).expect("glxinfo")
            })
            .collect();
        for client in clients {
            let finished = client.finish(LIMIT).expect("a client that ends");
            assert!(
                finished
                    .stdout
                    .contains("OpenGL renderer string: virgl (pixbridge on "),
                "{}",
                finished.output()
            );
        }
        assert_undisturbed(neighbour);
        rig.held.wait_for_descriptors(descriptors);
        if crowd < WARM_UP {
            settled = sizes(&rig);
        }
    }
    wait_until("what the server had before", || {
        (kept(&rig) == before).then_some(())
    });
    assert_eq!(rig.held.children(), children);
    // Memory is given back a little after its clients.
    wait_until("memory as after the first crowds", || {
        let last = sizes(&rig);
        let small = last
            .iter()
            .zip(settled)
            .all(|(last, first)| *last <= first + SLACK);
        small.then_some(())
    });
}
