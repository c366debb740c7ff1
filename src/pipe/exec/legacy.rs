//! Primitives that core GL has lost, as triangles.
//!
//! Clients that know our caps turn quads into triangles themselves; those that do not get here. Strips and polygons
//! cover what triangle strips and fans cover, single quads need indices of their own.

use super::error::ExecError;
use crate::gl::{self, Gl};

/// Vertices of quads drawn at once. More are refused rather than expanded.
const MAX_VERTICES: u32 = 1 << 20;

/// Indices are made for as many vertices at least.
const FEWEST_VERTICES: u32 = 4096;

/// Corners of the two triangles of a quad. The vertex that flat shading takes its values from, the last or the first of
/// the quad, is the last or the first of both.
fn corners(provoking_first: bool) -> [u32; 6] {
    if provoking_first {
        [0, 1, 2, 0, 2, 3]
    } else {
        [0, 1, 3, 1, 2, 3]
    }
}

/// Indices that draw quads whose vertices follow each other, from vertex 0 on. Made once for the longest draw so far.
#[derive(Debug, Default)]
pub(super) struct QuadIndices {
    /// With the last and with the first vertex as the provoking one.
    buffers: [Option<gl::Buffer>; 2],
}

impl QuadIndices {
    /// Indices for `count` vertices, and their number.
    ///
    /// # Errors
    /// If there are too many vertices, or GL makes no buffer.
    pub(super) fn get(
        &mut self,
        gl: &Gl,
        count: u32,
        provoking_first: bool,
    ) -> Result<(&gl::Buffer, u32), ExecError> {
        check_count(count)?;
        let (slot, indices) = (&mut self.buffers[usize::from(provoking_first)], count / 4 * 6);
        let buffer = match slot.take() {
            Some(long) if long.size() >= u64::from(indices) * 4 => long,
            _ => {
                let room = count.next_power_of_two().max(FEWEST_VERTICES);
                quad_indices(gl, room, provoking_first, |vertex| vertex)?.0
            }
        };
        Ok((slot.insert(buffer), indices))
    }
}

fn check_count(count: u32) -> Result<(), ExecError> {
    if count > MAX_VERTICES {
        return Err(ExecError::OutOfRange {
            what: "number of vertices of quads",
            value: count.into(),
        });
    }
    Ok(())
}

/// An index buffer of 32-bit indices that draws quads as triangles, and their number.
///
/// `vertex` gives the index of the n-th vertex of the draw.
pub(super) fn quad_indices(
    gl: &Gl,
    count: u32,
    provoking_first: bool,
    vertex: impl Fn(u32) -> u32,
) -> Result<(gl::Buffer, u32), ExecError> {
    check_count(count)?;
    let corners = corners(provoking_first);
    let indices: Vec<u32> = (0..count / 4)
        .flat_map(|quad| corners.map(|corner| vertex(quad * 4 + corner)))
        .collect();
    let bytes: &[u8] = bytemuck::cast_slice(&indices);
    let buffer = gl.create_buffer()?;
    if !bytes.is_empty() {
        gl.buffer_storage(&buffer, bytes.len() as u64, Some(gl::ReadBytes::from(bytes)), 0)?;
    }
    Ok((buffer, indices.len() as u32))
}

/// The indices of a client's index buffer, widened to 32 bits.
pub(super) fn widened(
    gl: &Gl,
    buffer: &gl::Buffer,
    size: u32,
    offset: u32,
    count: u32,
) -> Result<Vec<u32>, ExecError> {
    check_count(count)?;
    let mut bytes = vec![0; count as usize * size as usize];
    gl.get_buffer_sub_data(buffer, offset.into(), gl::WriteBytes::from(&mut bytes[..]))?;
    Ok(bytes
        .chunks_exact(size as usize)
        .map(|index| {
            index
                .iter()
                .rev()
                .fold(0, |value, byte| value << 8 | u32::from(*byte))
        })
        .collect())
}
