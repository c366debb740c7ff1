//! What the server tells about itself when a client connects, and its root window.

use std::{collections::BTreeMap, rc::Rc};

use x11rb_protocol::{
    protocol::xproto::{BackingStore, Depth, EventMask, Format, ImageOrder, Screen, Setup, Visualtype},
    x11_utils::Serialize,
};

use super::{
    error::RequestError,
    resources::{ClientId, VISUAL_CLASS, Window},
    surface::{DEPTHS, Surface},
};

pub(super) const ROOT: u32 = 0x40;
pub(super) const COLORMAP: u32 = 0x41;
pub(super) const ROOT_VISUAL: u32 = 0x21;
pub(super) const ROOT_DEPTH: u8 = 24;
const WIDTH: u16 = 1280;
const HEIGHT: u16 = 800;
/// A picture element has a quarter of a millimetre.
const ELEMENTS_PER_MM: u16 = 4;
const SUCCESS: u8 = 1;

/// A visual: its number, depth, bits of a channel, and the masks of red, green and blue.
struct Visual(u32, u8, u8, [u32; 3]);

const VISUALS: [Visual; 4] = [
    Visual(ROOT_VISUAL, ROOT_DEPTH, 8, [0xff_0000, 0xff00, 0xff]),
    Visual(0x22, 32, 8, [0xff_0000, 0xff00, 0xff]),
    Visual(0x23, 30, 10, [0x3ff0_0000, 0xf_fc00, 0x3ff]),
    Visual(0x24, 16, 6, [0xf800, 0x07e0, 0x1f]),
];

/// The depth of a visual.
pub(super) fn visual_depth(visual: u32) -> Option<u8> {
    VISUALS
        .iter()
        .find(|known| known.0 == visual)
        .map(|known| known.1)
}

pub(super) fn root_window() -> Result<Window, RequestError> {
    Ok(Window {
        parent: 0,
        children: Vec::new(),
        x: 0,
        y: 0,
        border: 0,
        visual: ROOT_VISUAL,
        surface: Rc::new(Surface::new(WIDTH, HEIGHT, ROOT_DEPTH)?),
        background: 0,
        mapped: true,
        override_redirect: false,
        masks: BTreeMap::new(),
        properties: BTreeMap::new(),
        redirected: false,
        redirects_children: false,
        showing: None,
    })
}

/// The answer to a client's first message.
pub(super) fn answer(client: ClientId) -> Vec<u8> {
    let order = if cfg!(target_endian = "little") {
        ImageOrder::LSB_FIRST
    } else {
        ImageOrder::MSB_FIRST
    };
    let format = |&(depth, bits_per_pixel): &(u8, u8)| Format {
        depth,
        bits_per_pixel,
        scanline_pad: 32,
    };
    let mut setup = Setup {
        status: SUCCESS,
        protocol_major_version: 11,
        protocol_minor_version: 0,
        length: 0,
        release_number: 1,
        resource_id_base: client.base(),
        resource_id_mask: ClientId::MASK,
        motion_buffer_size: 0,
        maximum_request_length: u16::MAX,
        image_byte_order: order,
        bitmap_format_bit_order: order,
        bitmap_format_scanline_unit: 32,
        bitmap_format_scanline_pad: 32,
        min_keycode: 8,
        max_keycode: 255,
        vendor: b"xpeer".to_vec(),
        pixmap_formats: DEPTHS.iter().map(format).collect(),
        roots: vec![screen()],
    };
    // What follows the first eight bytes, in units of four.
    setup.length = u16::try_from((setup.serialize().len() - 8) / 4).unwrap_or(u16::MAX);
    setup.serialize()
}

fn screen() -> Screen {
    Screen {
        root: ROOT,
        default_colormap: COLORMAP,
        white_pixel: 0xff_ffff,
        black_pixel: 0,
        current_input_masks: EventMask::NO_EVENT,
        width_in_pixels: WIDTH,
        height_in_pixels: HEIGHT,
        width_in_millimeters: WIDTH / ELEMENTS_PER_MM,
        height_in_millimeters: HEIGHT / ELEMENTS_PER_MM,
        min_installed_maps: 1,
        max_installed_maps: 1,
        root_visual: ROOT_VISUAL,
        backing_stores: BackingStore::NOT_USEFUL,
        save_unders: false,
        root_depth: ROOT_DEPTH,
        allowed_depths: DEPTHS.iter().map(|&(depth, _)| depth_of_screen(depth)).collect(),
    }
}

fn depth_of_screen(depth: u8) -> Depth {
    let visual = |&Visual(visual_id, _, bits, [red_mask, green_mask, blue_mask]): &Visual| Visualtype {
        visual_id,
        class: VISUAL_CLASS,
        bits_per_rgb_value: bits,
        colormap_entries: 1 << bits,
        red_mask,
        green_mask,
        blue_mask,
    };
    Depth {
        depth,
        visuals: VISUALS
            .iter()
            .filter(|known| known.1 == depth)
            .map(visual)
            .collect(),
    }
}
