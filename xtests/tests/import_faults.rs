//! Imports from a server that refuses, breaks off or lies.

use std::rc::Rc;

use pixbridge::{
    gl::{Choice, Display, Platform},
    x11::{
        Channels, ImportError, ImportOptions, ImportedPixmap, PathError, PixmapPath, ShmError, SourcePixmap,
        X11Error,
    },
};
use pixbridge_xtests::{
    imports::{Rig, by},
    xpeer::{ErrorCode, Operation, Peer, ReplyFault, Script},
};
use x11rb::protocol::{ErrorKind, xproto::Rectangle};

const SIZE: (u16, u16) = (61, 43);

fn rig(peer: &Peer) -> Rig {
    let host = Display::open(Choice::Only(Platform::Surfaceless)).expect("a GL host");
    Rig::on_peer(peer, Rc::new(host))
}

fn peer() -> Peer {
    Peer::start(Script::default()).expect("peer")
}

/// A painted pixmap, and its import.
fn imported(rig: &Rig, options: ImportOptions) -> (u32, ImportedPixmap) {
    let format = rig.display.formats().of_depth(24).expect("format");
    let pixmap = rig.painter.pixmap(24, SIZE);
    rig.painter.paint_gradient(pixmap, format, SIZE);
    let imported = rig.import(pixmap, options);
    (pixmap, imported)
}

#[test]
fn a_segment_that_is_refused_leads_to_the_next_path() {
    let peer = peer();
    let rig = rig(&peer);
    let (pixmap, mut imported) = imported(&rig, ImportOptions::default());
    assert_eq!(imported.path(), PixmapPath::ShmImage);
    peer.control()
        .refuse_next(Operation::ShmAttachFd, ErrorCode::Access);
    rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
    assert_eq!(imported.path(), PixmapPath::GetImage);
    let last = imported.skipped().last().expect("skipped");
    assert_eq!(last.path, PixmapPath::ShmImage);
    assert!(
        matches!(&last.reason, PathError::X11(X11Error::Shm(ShmError::Refused { error, .. }))
            if error.error_kind == ErrorKind::Access),
        "{last}"
    );
    let area = Rectangle {
        x: 3,
        y: 4,
        width: 5,
        height: 6,
    };
    rig.painter.fill(pixmap, area, 0x0012_3456);
    rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
    assert_eq!(imported.stats().bytes_copied, (61 * 43 + 30) * 4);
    drop((imported, rig));
    assert_eq!(peer.control().counts().damages, 0);
    peer.finish();
}

#[test]
fn a_bind_that_failed_is_made_up_for_by_the_next() {
    let peer = peer();
    let rig = rig(&peer);
    let (pixmap, mut imported) = imported(&rig, by(PixmapPath::GetImage));
    peer.control().refuse_next(Operation::GetImage, ErrorCode::Alloc);
    let error = imported.bind().expect_err("refused");
    assert!(
        matches!(&error, ImportError::NoPath(failed) if failed[0].path == PixmapPath::GetImage),
        "{error}"
    );
    let better: Vec<_> = imported.skipped().iter().map(|skipped| skipped.path).collect();
    assert_eq!(better, PixmapPath::ALL[..4]);
    rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
    assert_eq!(imported.stats().binds, 1);
}

#[test]
fn a_server_that_is_gone_ends_binds_and_imports() {
    for path in [PixmapPath::ShmImage, PixmapPath::GetImage] {
        for fault in [ReplyFault::Truncated(9), ReplyFault::Garbage(vec![0xee; 64])] {
            let peer = peer();
            let rig = rig(&peer);
            let (pixmap, mut imported) = imported(&rig, by(path));
            rig.hear(&mut imported);
            peer.control().next_reply(fault.clone());
            peer.control().disconnect_after(1);
            let bound = imported.bind().map(|bound| bound.changed().len());
            assert!(bound.is_err(), "{path} {fault:?}: {bound:?}");
            let lost = |error: &ImportError| matches!(error, ImportError::Final(PathError::X11(error)) if error.is_fatal());
            let again = imported.bind().expect_err("no server");
            assert!(lost(&again), "{path} {fault:?}: {again}");
            let source = SourcePixmap::of_pixmap(&rig.display, pixmap);
            assert!(source.is_err_and(|error| error.is_fatal()), "{path} {fault:?}");
        }
    }
}

#[test]
fn a_window_whose_pixmap_gets_no_name_is_refused_and_leaves_nothing() {
    let peer = peer();
    let rig = rig(&peer);
    let window = rig
        .painter
        .window(24, rig.display.screen().root_visual, (20, 10), 0);
    rig.display.sync().expect("connection");
    let before = peer.control().counts();
    for (code, refused) in [(ErrorCode::Match, false), (ErrorCode::Alloc, true)] {
        peer.control().refuse_next(Operation::NamePixmap, code);
        let error = SourcePixmap::of_window(&rig.display, window).expect_err("no name");
        match error {
            X11Error::NotRedirected(it) => assert!(it == window && !refused),
            X11Error::Refused(error) => assert!(error.error_kind == ErrorKind::Alloc && refused),
            other => panic!("{other}"),
        }
    }
    let source = SourcePixmap::of_window(&rig.display, window).expect("window");
    peer.control()
        .refuse_next(Operation::DamageCreate, ErrorCode::Alloc);
    let error = rig
        .importer()
        .import(source, ImportOptions::default())
        .expect_err("no damage");
    assert!(
        matches!(error, ImportError::Final(PathError::X11(X11Error::Refused(_)))),
        "{error}"
    );
    rig.display.sync().expect("connection");
    assert_eq!(peer.control().counts(), before);
}
