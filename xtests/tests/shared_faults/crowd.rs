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
/// KiB by which relay and session may be larger after all of them than after the first crowd.
const SLACK: u64 = 4096;

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
    let mut settled = None;
    for _ in 0..CLIENTS / CROWD {
        let neighbour = rig.neighbour(50);
        let crowd: Vec<_> = (0..CROWD)
            .map(|_| {
                let mut command = rig.held.application("glxinfo");
                command.arg("-B");
                Running::start(command).expect("glxinfo")
            })
            .collect();
        for client in crowd {
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
        settled.get_or_insert_with(|| sizes(&rig));
    }
    wait_until("what the server had before", || {
        (kept(&rig) == before).then_some(())
    });
    assert_eq!(rig.held.children(), children);
    let first = settled.expect("a crowd");
    // Memory is given back a little after its clients.
    wait_until("memory as after the first crowd", || {
        let last = sizes(&rig);
        (last[0] <= first[0] + SLACK && last[1] <= first[1] + SLACK).then_some(())
    });
}
