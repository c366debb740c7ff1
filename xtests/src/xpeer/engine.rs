//! The peer's thread: sockets, the clock, and what the test asks for, one after the other.

use std::{
    os::fd::OwnedFd,
    sync::mpsc::Receiver,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, read},
};

use super::server::Server;

/// What the test wants of the thread.
pub(super) enum Order {
    /// Something to be done with the server, after all that clients have sent before.
    Do(Box<dyn FnOnce(&mut Server) + Send>),
    /// The end.
    Stop,
}

/// Serves until the end is ordered. `wake` is an event counter that goes up with each order.
pub(super) fn run(mut server: Server, inbox: &Receiver<Order>, wake: &OwnedFd) {
    loop {
        wait(&mut server, wake);
        server.tick(Instant::now());
        server.receive_all();
        // It is empty when only clients had something to say.
        let _ = read(wake, &mut [0; 8]);
        while let Ok(order) = inbox.try_recv() {
            match order {
                Order::Stop => return,
                Order::Do(task) => {
                    server.tick(Instant::now());
                    server.receive_all();
                    task(&mut server);
                }
            }
        }
        server.flush_all();
    }
}

/// Sleeps until a client, the clock or the test wants something.
fn wait(server: &mut Server, wake: &OwnedFd) {
    let limit = server.presents.clock().until_next(Instant::now()).map(timespec);
    let mut fds = vec![PollFd::new(wake, PollFlags::IN)];
    for client in server.clients.values() {
        let mut wanted = PollFlags::IN;
        wanted.set(PollFlags::OUT, client.link.has_output());
        fds.push(PollFd::from_borrowed_fd(client.link.socket(), wanted));
    }
    match poll(&mut fds, limit.as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        // Not to spin if the system has no memory left for it.
        Err(_) => std::thread::sleep(Duration::from_millis(1)),
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}
