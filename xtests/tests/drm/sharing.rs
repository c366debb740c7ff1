//! Pictures of the pipe's clients in dmabufs: what is drawn is there for whoever imports them.

use pixbridge::{
    gl::{Choice, Display, Dmabuf, Plane, Platform, Region, WriteBytes, dmabuf::LINEAR},
    pipe::{
        exec::{ExecutorGroup, PicturePlace},
        format::Format,
        resource::{ExportLayout, Placement},
        wire::virgl::command::ResourceId,
    },
};
use pixbridge_xtests::sharers::{clear, finish, picture, read, submit, transfer, whole};

use crate::machine;

const SIZES: [[u32; 2]; 4] = [[64, 64], [301, 203], [1, 1], [641, 7]];
/// Formats of windows, their codes, and the bytes of a texel of the colour that they are cleared to.
const FORMATS: [(Format, &[u8; 4], [u8; 4]); 4] = [
    (Format::B8G8R8A8_UNORM, b"AR24", [51, 0, 255, 204]),
    (Format::B8G8R8X8_UNORM, b"XR24", [51, 0, 255, 204]),
    (Format::R8G8B8A8_UNORM, b"AB24", [255, 0, 51, 204]),
    (Format::B8G8R8A8_SRGB, b"AR24", [124, 0, 255, 204]),
];
const COLOR: [f32; 4] = [1.0, 0.0, 0.2, 0.8];
const OWN: ResourceId = ResourceId(5);
const ADOPTED: ResourceId = ResourceId(77);

fn display() -> Display {
    machine();
    Display::open(Choice::Only(Platform::Gbm)).expect("GL on a GBM device")
}

fn group(pictures: PicturePlace) -> ExecutorGroup {
    ExecutorGroup::new(display(), pictures).expect("a group")
}

/// What a GL of its own reads of an exported picture, as bytes of the memory.
fn imported(display: &Display, layout: ExportLayout, fd: std::os::fd::OwnedFd) -> Vec<u8> {
    let context = display.create_context(None).expect("a context");
    let gl = context.gl();
    let ExportLayout { width, height, .. } = layout;
    let dmabuf = Dmabuf {
        width,
        height,
        fourcc: u32::from_le_bytes(*b"AB24"),
        modifier: Some(layout.modifier),
        planes: vec![Plane {
            fd,
            offset: layout.offset,
            stride: layout.stride,
        }],
    };
    let image = display.import_dmabuf(&dmabuf).expect("an image");
    let texture = gl
        .create_texture_from_image(glow::TEXTURE_2D, &image)
        .expect("a texture");
    let mut bytes = vec![0; (width * height * 4) as usize];
    let region = Region {
        level: 0,
        x: 0,
        y: 0,
        z: 0,
        w: width as i32,
        h: height as i32,
        d: 1,
    };
    let pixels = pixbridge::gl::Pixels {
        format: glow::RGBA,
        ty: glow::UNSIGNED_BYTE,
        pixel_bytes: 4,
        row_bytes: u64::from(width) * 4,
        image_bytes: u64::from(width * height) * 4,
        block: [1, 1],
    };
    gl.get_texture_sub_image(&texture, region, &pixels, WriteBytes::from(&mut bytes[..]))
        .expect("pixels");
    bytes
}

#[test]
fn the_best_placement_on_a_device_is_a_dmabuf() {
    let group = group(PicturePlace::Best);
    assert_eq!(
        group.placement(),
        Placement::Dmabuf,
        "{:?}",
        group.refused_placements()
    );
}

#[test]
fn what_an_executor_draws_is_in_the_dmabuf_for_whoever_imports_it() {
    let reader = display();
    let group = group(PicturePlace::Only(Placement::Dmabuf));
    let [mut one, mut other] = [(); 2].map(|()| group.connect().expect("an executor"));
    for (format, fourcc, texel) in FORMATS {
        for size @ [width, height] in SIZES {
            let what = format!("{} {size:?}", format.name());
            one.create_resource(OWN, &picture(format, size), None)
                .expect(&what);
            let exported = one.export(OWN).expect(&what);
            let layout = exported.layout;
            assert_eq!((layout.placement, layout.modifier), (Placement::Dmabuf, LINEAR));
            assert_eq!(layout.fourcc, u32::from_le_bytes(*fourcc), "{what}");
            assert!(
                layout.size >= u64::from(layout.stride) * u64::from(height),
                "{layout:?}"
            );
            other.adopt(ADOPTED, exported.shared).expect(&what);
            clear(&mut one, OWN, format, COLOR);
            let wanted = texel.repeat((width * height) as usize);
            assert!(read(&mut other, ADOPTED, size) == wanted, "{what}: read");
            other.resolve(ADOPTED).expect(&what);
            finish(&mut other);
            assert!(
                imported(&reader, layout, exported.file) == wanted,
                "{what}: imported"
            );
            one.unref_resource(OWN);
            other.unref_resource(ADOPTED);
        }
    }
}

#[test]
fn a_picture_in_a_dmabuf_is_written_sampled_and_read_like_any_other() {
    let group = group(PicturePlace::Only(Placement::Dmabuf));
    let mut executor = group.connect().expect("an executor");
    let (size, target) = ([4, 2], ResourceId(3));
    executor
        .create_resource(OWN, &picture(Format::B8G8R8A8_UNORM, size), None)
        .expect("a picture");
    executor
        .create_resource(target, &picture(Format::R8G8B8A8_UNORM, size), None)
        .expect("a target");
    let sent: Vec<u8> = (0..32).map(|at| at * 7).collect();
    executor.write(&transfer(OWN, whole(size)), &sent);
    assert_eq!(read(&mut executor, OWN, size), sent);
    submit(
        &mut executor,
        "BLIT mask=0xf filter=nearest scissor=0 render_condition=0 alpha_blend=0 min_x=0 min_y=0 max_x=0 max_y=0 dst=3 \
         dst_level=0 dst_format=R8G8B8A8_UNORM dst_x=0 dst_y=0 dst_z=0 dst_w=4 dst_h=2 dst_d=1 src=5 src_level=0 \
         src_format=B8G8R8A8_UNORM src_x=0 src_y=0 src_z=0 src_w=4 src_h=2 src_d=1\n",
    );
    let wanted: Vec<u8> = (sent.as_chunks().0.iter())
        .flat_map(|&[b, g, r, a]| [r, g, b, a])
        .collect();
    assert_eq!(read(&mut executor, target, size), wanted);
}
