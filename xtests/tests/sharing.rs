//! Resources that two executors have in common, and what others see of them in memory.

use std::{
    collections::HashSet,
    fs::File,
    os::unix::fs::{FileExt, MetadataExt},
    rc::Rc,
    time::Duration,
};

use pixbridge::{
    gl::{Choice, Display, Platform},
    memory::SharedMemory,
    pipe::{
        exec::{ExecError, Executor, ExecutorGroup, PicturePlace},
        format::Format,
        resource::{ExportLayout, Exported, Placement, Resource, ResourceDescription, bind},
        wire::virgl::{
            command::{Box3, ResourceId},
            enums::TransferDirection,
        },
    },
};
use pixbridge_xtests::sharers::{clear, finish, picture, read, submit, transfer, whole};

const PLACEMENTS: [Placement; 2] = [Placement::InPlace, Placement::Copied];
const SIZES: [[u32; 2]; 4] = [[1, 1], [300, 7], [641, 33], [64, 64]];
/// Formats of windows, their codes, and the bytes of a texel that is `COLOR`.
const FORMATS: [(Format, &[u8; 4], [u8; 4]); 8] = [
    (Format::B8G8R8A8_UNORM, b"AR24", [51, 0, 255, 204]),
    (Format::B8G8R8X8_UNORM, b"XR24", [51, 0, 255, 204]),
    (Format::R8G8B8A8_UNORM, b"AB24", [255, 0, 51, 204]),
    (Format::R8G8B8X8_UNORM, b"XB24", [255, 0, 51, 204]),
    (Format::B8G8R8A8_SRGB, b"AR24", [124, 0, 255, 204]),
    (Format::B8G8R8X8_SRGB, b"XR24", [124, 0, 255, 204]),
    (Format::R8G8B8A8_SRGB, b"AB24", [255, 0, 124, 204]),
    (Format::R8G8B8X8_SRGB, b"XB24", [255, 0, 124, 204]),
];
const COLOR: [f32; 4] = [1.0, 0.0, 0.2, 0.8];
const OWN: ResourceId = ResourceId(5);
const ADOPTED: ResourceId = ResourceId(77);

fn group(pictures: PicturePlace) -> ExecutorGroup {
    let display = Display::open(Choice::Only(Platform::Surfaceless)).expect("a surfaceless GL host");
    ExecutorGroup::new(display, pictures).expect("a group")
}

/// A group and two of its executors.
fn pair(placement: Placement) -> (ExecutorGroup, Executor, Executor) {
    let group = group(PicturePlace::Only(placement));
    let [one, other] = [(); 2].map(|()| group.connect().expect("an executor"));
    (group, one, other)
}

/// The picture as the exported file has it, without padding.
fn in_file(exported: &Exported<Rc<Resource>>) -> Vec<u8> {
    let ExportLayout {
        width,
        height,
        stride,
        offset,
        ..
    } = exported.layout;
    let file = File::from(exported.file.try_clone().expect("a descriptor"));
    let mut row = vec![0; width as usize * 4];
    (0..u64::from(height))
        .flat_map(|y| {
            let at = u64::from(offset) + y * u64::from(stride);
            file.read_exact_at(&mut row, at).expect("a row");
            row.clone()
        })
        .collect()
}

fn filled(texel: [u8; 4], [width, height]: [u32; 2]) -> Vec<u8> {
    texel.repeat((width * height) as usize)
}

/// Bytes of a picture in which texels next to each other differ.
fn pattern([width, height]: [u32; 2]) -> Vec<u8> {
    (0..width * height)
        .flat_map(|at| at.wrapping_mul(0x9e37_79b1).to_le_bytes())
        .collect()
}

fn file_id(exported: &Exported<Rc<Resource>>) -> (u64, u64) {
    let file = File::from(exported.file.try_clone().expect("a descriptor"));
    let metadata = file.metadata().expect("a file");
    (metadata.dev(), metadata.ino())
}

#[test]
fn the_best_placement_of_a_software_host_is_in_place() {
    let group = group(PicturePlace::Best);
    assert_eq!(group.placement(), Placement::InPlace);
    let refused = group.refused_placements();
    assert!(matches!(refused, [(Placement::Dmabuf, _)]), "{refused:?}");
}

#[test]
fn a_placement_that_the_host_lacks_is_refused() {
    let display = Display::open(Choice::Only(Platform::Surfaceless)).expect("a surfaceless GL host");
    let pictures = PicturePlace::Only(Placement::Dmabuf);
    let refused = ExecutorGroup::new(display, pictures);
    assert!(matches!(refused, Err(ExecError::Gl(_))), "{refused:?}");
}

#[test]
fn what_one_executor_draws_another_reads_and_the_file_holds() {
    for placement in PLACEMENTS {
        let (_group, mut one, mut other) = pair(placement);
        for (format, fourcc, texel) in FORMATS {
            for size in SIZES {
                let what = format!("{placement:?} {} {size:?}", format.name());
                one.create_resource(OWN, &picture(format, size), None)
                    .expect(&what);
                let exported = one.export(OWN).expect(&what);
                let layout = exported.layout;
                assert_eq!(
                    (layout.placement, [layout.width, layout.height]),
                    (placement, size)
                );
                assert_eq!(layout.fourcc, u32::from_le_bytes(*fourcc), "{what}");
                other.adopt(ADOPTED, exported.shared.clone()).expect(&what);
                clear(&mut one, OWN, format, COLOR);
                assert!(
                    read(&mut other, ADOPTED, size) == filled(texel, size),
                    "{what}: read"
                );
                clear(&mut one, OWN, format, [0.0; 4]);
                clear(&mut one, OWN, format, COLOR);
                other.resolve(ADOPTED).expect(&what);
                finish(&mut other);
                assert!(in_file(&exported) == filled(texel, size), "{what}: file");
                one.unref_resource(OWN);
                other.unref_resource(ADOPTED);
            }
        }
    }
}

#[test]
fn what_one_executor_draws_another_samples() {
    let size = [300, 7];
    for placement in PLACEMENTS {
        let (_group, mut one, mut other) = pair(placement);
        one.create_resource(OWN, &picture(Format::B8G8R8A8_UNORM, size), None)
            .expect("a picture");
        let exported = one.export(OWN).expect("exported");
        other.adopt(ADOPTED, exported.shared.clone()).expect("adopted");
        let target = ResourceId(3);
        other
            .create_resource(target, &picture(Format::R8G8B8A8_UNORM, size), None)
            .expect("a target");
        for number in 0..20 {
            let green = f32::from(number as u8) / 255.0;
            clear(&mut one, OWN, Format::B8G8R8A8_UNORM, [1.0, green, 0.2, 0.8]);
            // Another byte order: no raw copy, but a draw that samples.
            submit(
                &mut other,
                "BLIT mask=0xf filter=nearest scissor=0 render_condition=0 alpha_blend=0 min_x=0 min_y=0 max_x=0 max_y=0 \
                 dst=3 dst_level=0 dst_format=R8G8B8A8_UNORM dst_x=0 dst_y=0 dst_z=0 dst_w=300 dst_h=7 dst_d=1 src=77 \
                 src_level=0 src_format=B8G8R8A8_UNORM src_x=0 src_y=0 src_z=0 src_w=300 src_h=7 src_d=1\n",
            );
            let seen = read(&mut other, target, size);
            assert!(
                seen == filled([255, number as u8, 51, 204], size),
                "{placement:?}, picture {number}"
            );
        }
    }
}

#[test]
fn shared_pictures_are_copied_raw_and_drawn_to_as_srgb() {
    let size = [300, 7];
    for placement in PLACEMENTS {
        let (_group, mut one, _other) = pair(placement);
        let copy = ResourceId(6);
        for (id, format) in [(OWN, Format::B8G8R8A8_UNORM), (copy, Format::R8G8B8X8_SRGB)] {
            one.create_resource(id, &picture(format, size), None)
                .expect("a picture");
        }
        one.write(&transfer(OWN, whole(size)), &pattern(size));
        submit(
            &mut one,
            "RESOURCE_COPY_REGION dst=6 dst_level=0 dst_x=0 dst_y=0 dst_z=0 src=5 src_level=0 x=0 y=0 z=0 \
             w=300 h=7 d=1\n",
        );
        assert!(
            read(&mut one, copy, size) == pattern(size),
            "{placement:?}: copied"
        );
        clear(&mut one, OWN, Format::B8G8R8A8_SRGB, COLOR);
        assert!(
            read(&mut one, OWN, size) == filled([124, 0, 255, 204], size),
            "{placement:?}: cleared"
        );
        clear(&mut one, copy, Format::R8G8B8A8_UNORM, COLOR);
        assert!(
            read(&mut one, copy, size) == filled([255, 0, 51, 204], size),
            "{placement:?}: cleared"
        );
    }
}

#[test]
fn what_others_write_into_the_file_is_in_the_texture_after_an_upload() {
    for placement in PLACEMENTS {
        let (_group, mut one, mut other) = pair(placement);
        for size in SIZES {
            one.create_resource(OWN, &picture(Format::B8G8R8X8_UNORM, size), None)
                .expect("a picture");
            let exported = one.export(OWN).expect("exported");
            other.adopt(ADOPTED, exported.shared.clone()).expect("adopted");
            let before = pattern(size);
            one.write(&transfer(OWN, whole(size)), &before);
            one.resolve(OWN).expect("resolved");
            finish(&mut one);
            let [x, y] = size.map(|side| side / 2);
            let layout = exported.layout;
            let file = File::from(exported.file.try_clone().expect("a descriptor"));
            let at = layout.offset + y * layout.stride + x * 4;
            file.write_all_at(&[1, 2, 3, 4], at.into()).expect("written");
            other.upload(ADOPTED, [x, y, 1, 1]).expect("uploaded");
            let mut wanted = before;
            let at = ((y * size[0] + x) * 4) as usize;
            wanted[at..at + 4].copy_from_slice(&[1, 2, 3, 4]);
            assert!(read(&mut one, OWN, size) == wanted, "{placement:?} {size:?}");
            one.unref_resource(OWN);
            other.unref_resource(ADOPTED);
        }
    }
}

#[test]
fn a_picture_outlives_the_executor_that_made_it() {
    let size = [641, 33];
    for placement in PLACEMENTS {
        let (_group, mut one, mut other) = pair(placement);
        one.create_resource(OWN, &picture(Format::R8G8B8A8_UNORM, size), None)
            .expect("a picture");
        let exported = one.export(OWN).expect("exported");
        other.adopt(ADOPTED, exported.shared.clone()).expect("adopted");
        clear(&mut one, OWN, Format::R8G8B8A8_UNORM, COLOR);
        drop(one);
        other.resolve(ADOPTED).expect("resolved");
        finish(&mut other);
        let wanted = filled([255, 0, 51, 204], size);
        assert!(in_file(&exported) == wanted, "{placement:?}");
        assert!(read(&mut other, ADOPTED, size) == wanted, "{placement:?}");
    }
}

#[test]
fn what_was_drawn_arrives_in_the_file_though_nobody_has_the_picture_any_more() {
    let (_group, mut one, _other) = pair(Placement::InPlace);
    let size = [4096, 2048];
    one.create_resource(OWN, &picture(Format::R8G8B8A8_UNORM, size), None)
        .expect("a picture");
    let Exported { shared, file, layout } = one.export(OWN).expect("exported");
    let weak = Rc::downgrade(&shared);
    drop(shared);
    // GL has begun, and has more than it does at once.
    for _ in 0..20 {
        clear(&mut one, OWN, Format::R8G8B8A8_UNORM, [0.0; 4]);
        clear(&mut one, OWN, Format::R8G8B8A8_UNORM, COLOR);
    }
    let fence = one.fence().expect("work");
    one.unref_resource(OWN);
    assert!(weak.upgrade().is_none());
    one.flush();
    assert!(one.passed(&fence, Duration::MAX));
    let last = layout.offset + (size[1] - 1) * layout.stride;
    let mut texel = [0; 4];
    let file = File::from(file);
    file.read_exact_at(&mut texel, last.into()).expect("a texel");
    assert_eq!(texel, [255, 0, 51, 204]);
}

#[test]
fn pictures_that_come_and_go_leave_no_memory_behind() {
    let (_group, mut one, _other) = pair(Placement::InPlace);
    let mut inodes = HashSet::new();
    for _ in 0..300 {
        one.create_resource(OWN, &picture(Format::B8G8R8X8_UNORM, [64, 64]), None)
            .expect("a picture");
        let (_, inode) = file_id(&one.export(OWN).expect("exported"));
        inodes.insert(inode.to_string());
        clear(&mut one, OWN, Format::B8G8R8X8_UNORM, COLOR);
        one.unref_resource(OWN);
        one.flush();
    }
    assert!(!one.busy(true));
    one.flush();
    let maps = std::fs::read_to_string("/proc/self/maps").expect("maps");
    let mapped = maps
        .lines()
        .filter_map(|line| line.split_ascii_whitespace().nth(4));
    assert_eq!(inodes.len(), 300);
    assert_eq!(mapped.filter(|inode| inodes.contains(*inode)).count(), 0);
}

#[test]
fn pictures_beyond_the_limit_are_in_gls_own_memory() {
    let (_group, mut one, _other) = pair(Placement::InPlace);
    let description = picture(Format::B8G8R8X8_UNORM, [4, 4]);
    let placement = |executor: &mut Executor, id| executor.export(id).expect("exported").layout.placement;
    for id in 1..=513 {
        one.create_resource(ResourceId(id), &description, None)
            .expect("a picture");
    }
    assert_eq!(placement(&mut one, ResourceId(512)), Placement::InPlace);
    assert_eq!(placement(&mut one, ResourceId(513)), Placement::Copied);
    one.unref_resource(ResourceId(1));
    one.create_resource(ResourceId(1), &description, None)
        .expect("a picture");
    assert_eq!(placement(&mut one, ResourceId(1)), Placement::InPlace);
}

#[test]
fn the_exported_file_is_the_same_each_time_and_for_everybody() {
    for placement in PLACEMENTS {
        let (_group, mut one, mut other) = pair(placement);
        for id in [OWN, ResourceId(6)] {
            one.create_resource(id, &picture(Format::B8G8R8X8_UNORM, [5, 3]), None)
                .expect("a picture");
        }
        let exported = one.export(OWN).expect("exported");
        other.adopt(ADOPTED, exported.shared.clone()).expect("adopted");
        assert_eq!(file_id(&one.export(OWN).expect("again")), file_id(&exported));
        assert_eq!(
            file_id(&other.export(ADOPTED).expect("exported")),
            file_id(&exported)
        );
        let another = one.export(ResourceId(6)).expect("another");
        assert_ne!(file_id(&another), file_id(&exported));
    }
}

#[test]
fn each_connection_has_transfers_of_its_own_memory() {
    let size = [5, 3];
    let (_group, mut one, mut other) = pair(Placement::InPlace);
    let [ours, theirs] = [(); 2].map(|()| Rc::new(SharedMemory::create("guest", 60).expect("memory").0));
    one.create_resource(OWN, &picture(Format::R8G8B8A8_UNORM, size), None)
        .expect("a picture");
    one.attach_memory(OWN, ours.clone()).expect("memory");
    let exported = one.export(OWN).expect("exported");
    other.adopt(ADOPTED, exported.shared).expect("adopted");
    other.attach_memory(ADOPTED, theirs.clone()).expect("memory");
    let sent = pattern(size);
    assert!(ours.write(0..60).is_some_and(|to| to.copy_from(sent[..].into())));
    one.transfer(&transfer(OWN, whole(size)), 0, TransferDirection::ToHost);
    // The middle row alone, behind the first.
    let area = Box3 {
        y: 1,
        h: 1,
        ..whole(size)
    };
    other.transfer(&transfer(ADOPTED, area), 20, TransferDirection::FromHost);
    let seen = theirs.read(0..60).expect("memory").to_vec();
    assert_eq!(seen[20..40], sent[20..40]);
    assert_eq!((&seen[..20], &seen[40..]), (&[0; 20][..], &[0; 20][..]));
}

#[test]
fn what_is_written_before_a_client_has_the_memory_is_in_it() {
    let (_group, mut one, _other) = pair(Placement::InPlace);
    let buffer = ResourceDescription {
        target: 0,
        bind: bind::STAGING,
        height: 1,
        ..picture(Format::R8_UNORM, [64, 1])
    };
    one.create_resource(OWN, &buffer, None).expect("a buffer");
    one.write(&transfer(OWN, whole([4, 1])), &[1, 2, 3, 4]);
    let memory = Rc::new(SharedMemory::create("guest", 4096).expect("memory").0);
    one.attach_memory(OWN, memory.clone()).expect("memory");
    assert_eq!(memory.read(0..5).expect("memory").to_vec(), [1, 2, 3, 4, 0]);
}

#[test]
fn a_rectangle_of_another_format_is_shared_by_a_copy() {
    let size = [37, 5];
    let (_group, mut one, mut other) = pair(Placement::InPlace);
    let description = ResourceDescription {
        target: 5,
        ..picture(Format::B5G6R5_UNORM, size)
    };
    one.create_resource(OWN, &description, None).expect("a picture");
    let sent: Vec<u8> = (0..37 * 5 * 2).map(|at| (at % 251) as u8).collect();
    one.write(&transfer(OWN, whole(size)), &sent);
    let exported = one.export(OWN).expect("exported");
    let ExportLayout {
        placement,
        fourcc,
        stride,
        size: bytes,
        ..
    } = exported.layout;
    let code = u32::from_le_bytes(*b"RG16");
    assert_eq!(
        (placement, fourcc, stride, bytes),
        (Placement::Copied, code, 74, 370)
    );
    other.adopt(ADOPTED, exported.shared).expect("adopted");
    other.resolve(ADOPTED).expect("resolved");
    finish(&mut other);
    let mut seen = vec![0; 370];
    File::from(exported.file)
        .read_exact_at(&mut seen, 0)
        .expect("a picture");
    assert_eq!(seen, sent);
}

#[test]
fn what_is_no_single_picture_is_shared_with_nobody() {
    let (_group, mut one, _other) = pair(Placement::InPlace);
    let plain = picture(Format::B8G8R8X8_UNORM, [64, 64]);
    let refused = [
        ResourceDescription {
            target: 0,
            height: 1,
            ..plain
        },
        ResourceDescription {
            last_level: 2,
            ..plain
        },
        ResourceDescription { samples: 4, ..plain },
        ResourceDescription {
            target: 7,
            array_size: 2,
            ..plain
        },
    ];
    for (number, description) in (100..).zip(refused) {
        let id = ResourceId(number);
        one.create_resource(id, &description, None).expect("a resource");
        let refused = one.export(id);
        assert!(matches!(refused, Err(ExecError::Export(_))), "{refused:?}");
        assert!(one.resolve(id).is_ok());
    }
}

#[test]
fn ids_and_areas_that_are_wrong_are_refused() {
    for placement in PLACEMENTS {
        let (_group, mut one, mut other) = pair(placement);
        let memory = || Rc::new(SharedMemory::create("guest", 16).expect("memory").0);
        assert!(matches!(one.export(OWN), Err(ExecError::NoResource(OWN))));
        assert!(matches!(one.resolve(OWN), Err(ExecError::NoResource(OWN))));
        assert!(one.upload(OWN, [0; 4]).is_err());
        assert!(one.attach_memory(OWN, memory()).is_err());
        one.create_resource(OWN, &picture(Format::B8G8R8X8_UNORM, [5, 3]), None)
            .expect("a picture");
        let shared = one.export(OWN).expect("exported").shared;
        other.adopt(ADOPTED, shared.clone()).expect("adopted");
        let taken = other.adopt(ADOPTED, shared);
        assert!(matches!(taken, Err(ExecError::ResourceExists(ADOPTED))));
        for area in [
            [0, 0, 6, 1],
            [5, 0, 1, 1],
            [u32::MAX, 0, 2, 1],
            [0, 0, 1, u32::MAX],
        ] {
            let refused = other.upload(ADOPTED, area);
            assert!(matches!(refused, Err(ExecError::Box(_))), "{area:?}: {refused:?}");
        }
        for area in [[0; 4], [5, 3, 0, 0], [0, 0, 5, 3]] {
            other.upload(ADOPTED, area).expect("inside");
        }
        // Memory that is shorter than the picture is not written beyond its end.
        one.attach_memory(OWN, memory()).expect("memory");
        one.transfer(&transfer(OWN, whole([5, 3])), 0, TransferDirection::FromHost);
        let huge = picture(Format::B8G8R8X8_UNORM, [u32::MAX, u32::MAX]);
        assert!(one.create_resource(ResourceId(9), &huge, None).is_err());
    }
}

#[test]
fn nothing_done_has_no_fence_and_a_fence_stays_passed() {
    let (_group, mut one, _other) = pair(Placement::InPlace);
    assert!(one.fence().is_none());
    one.create_resource(OWN, &picture(Format::B8G8R8X8_UNORM, [64, 64]), None)
        .expect("a picture");
    clear(&mut one, OWN, Format::B8G8R8X8_UNORM, COLOR);
    let fence = one.fence().expect("work");
    assert!(one.passed(&fence, Duration::MAX));
    assert!(one.passed(&fence, Duration::ZERO));
    assert!(one.fence().is_none());
    assert!(!one.busy(false));
}
