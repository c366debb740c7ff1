//! What our own connection makes in the server for clients goes with them.

use std::collections::BTreeMap;

use pixbridge::present::ShmFence;
use pixbridge_xtests::{held::wait_until, sharing::Placing};
use x11rb::{
    protocol::{dri3::ConnectionExt as _, present::ConnectionExt as _, res::ConnectionExt as _},
    rust_connection::RustConnection,
};

use super::Rig;

/// The objects in the server by client and kind, as X-Resource counts them.
fn holdings(server: &RustConnection) -> BTreeMap<u32, BTreeMap<u32, u32>> {
    let clients = server.res_query_clients().unwrap().reply().unwrap().clients;
    let of = |client: u32| {
        let held = server.res_query_client_resources(client).unwrap();
        // A client may have gone since.
        let types = held.reply().ok()?.types;
        Some(
            types
                .iter()
                .map(|held| (held.resource_type, held.count))
                .collect(),
        )
    };
    let held = clients.iter().map(|client| client.resource_base);
    held.filter_map(|client| Some((client, of(client)?))).collect()
}

#[test]
fn fifty_clients_that_came_and_went_leave_nothing_in_the_server() {
    let rig = Rig::new(Placing::InPlace);
    let (server, _) = x11rb::connect(Some(&rig.server.display())).unwrap();
    server.res_query_version(1, 2).unwrap().reply().unwrap();
    let picture = rig.session.picture(50, 40);
    let cycle = || {
        let client = rig.client();
        let c = &client.connection;
        c.present_query_version(1, 2).unwrap().reply().unwrap();
        let window = client.window(50, 40);
        // Padded, so that a region goes along; one of ours; one that is followed by a shadow.
        let pixmap = client.import(&picture, 50, 40);
        let (ours, theirs) = (client.pixmap(64, 8), client.pixmap(50, 8));
        for exported in [ours, theirs] {
            client.export(&rig, exported);
        }
        let (page, file) = ShmFence::create().unwrap();
        page.reset();
        let fence = client.id();
        c.dri3_fence_from_fd(client.root(), fence, false, file).unwrap();
        c.present_pixmap(window, pixmap, 1, 0, 0, 0, 0, 0, 0, fence, 0, 0, 0, 0, &[])
            .unwrap();
        client.sync();
        let held = holdings(&server);
        // In the midst of a request that waits for the session.
        let _ = client.offer(client.id(), picture.file(), 50, 40);
        x11rb::connection::Connection::flush(c).unwrap();
        held
    };
    let before = holdings(&server);
    for _ in 0..50 {
        let during = cycle();
        assert!(during.len() > before.len(), "{during:?}");
    }
    wait_until("end of what clients had", || {
        (holdings(&server) == before).then_some(())
    });
}
