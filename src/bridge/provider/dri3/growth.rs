//! A picture on its way to become a pixmap: first the session has to give it, then the server has to map it.

use rustix::io::Errno;

use super::{
    codec::{Bad, BufferOffer, Geometry},
    helper::{Follower, Helper, Mark},
    offer::Takes,
    pixmaps::{Backing, Place, padded, pixel_bytes},
    session::Picture,
};
use crate::{
    pipe::resource::{ExportLayout, Placement},
    x11::{Fourcc, Token, X11Error},
};

/// `DRM_FORMAT_MOD_LINEAR`, and `DRM_FORMAT_MOD_INVALID` for what nobody names. The session knows better than either.
const MODIFIERS: [u64; 2] = [0, 0x00ff_ffff_ffff_ffff];

/// What a picture is wanted for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted {
    /// The pixmap of a client's buffer.
    Buffer(BufferOffer),
    /// A pixmap that GL may draw to later.
    Pixmap(Geometry),
    /// What a pixmap of the server looks like, and what GL makes of it if that goes back.
    Shadow {
        source: u32,
        geometry: Geometry,
        both_ways: bool,
    },
}

impl Wanted {
    /// The size as clients know it.
    pub(crate) fn geometry(self) -> Geometry {
        match self {
            Self::Buffer(offer) => Geometry {
                width: offer.width,
                height: offer.height,
                depth: offer.depth,
            },
            Self::Pixmap(geometry) | Self::Shadow { geometry, .. } => geometry,
        }
    }

    /// Whether a client's description of its buffer makes sense, whatever the buffer is.
    pub(crate) fn check(self) -> Result<(), Bad> {
        let Geometry { width, height, depth } = self.geometry();
        let whole = match self {
            Self::Buffer(offer) => {
                offer.planes == 1
                    && u32::from(offer.bpp) == 8 * pixel_bytes(depth)
                    && MODIFIERS.contains(&offer.modifier)
            }
            Self::Pixmap(_) | Self::Shadow { .. } => true,
        };
        if !whole || width == 0 || height == 0 || ![16, 24, 32].contains(&depth) {
            return Err(Bad::Value);
        }
        Ok(())
    }

    /// Whether a picture that lies like this can be it.
    fn fits(self, layout: ExportLayout) -> Result<(), Bad> {
        let geometry = self.geometry();
        let (width, height) = (u32::from(geometry.width), u32::from(geometry.height));
        let row = u64::from(width) * u64::from(pixel_bytes(geometry.depth));
        if let Self::Buffer(offer) = self
            && (offer.plane.offset != 0 || u64::from(offer.plane.stride) < row)
        {
            return Err(Bad::Match);
        }
        if width > layout.width || height > layout.height || !has_pixels(layout, geometry.depth) {
            return Err(Bad::Match);
        }
        let end = u64::from(layout.offset) + u64::from(layout.stride) * u64::from(height);
        if u64::from(layout.stride) < row || end > layout.size {
            return Err(Bad::Alloc);
        }
        Ok(())
    }
}

/// How far it is.
#[derive(Debug)]
enum Stage {
    /// The session is asked.
    Asked,
    /// The server is asked.
    Attaching { place: Place, token: Token },
    /// There it is, or not.
    Ready(Result<Place, Bad>),
}

/// A picture that is to become a pixmap.
#[derive(Debug)]
pub(crate) struct Growth {
    wanted: Wanted,
    stage: Stage,
}

impl Growth {
    /// One that the session was asked for.
    pub(crate) const fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            stage: Stage::Asked,
        }
    }

    pub(crate) const fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// The session has answered. Gives the mark behind what is asked of the server; none if nothing is.
    pub(crate) fn answered(
        &mut self,
        answer: Result<Picture, Errno>,
        helper: &Helper,
        takes: Takes,
    ) -> Option<Mark> {
        let stage = answer.map_err(refusal).and_then(|picture| {
            self.wanted.fits(picture.layout).inspect_err(|_| {
                tracing::warn!("no pixmap for {:?} from {:?}", self.wanted, picture.layout);
            })?;
            match (picture.layout.placement, takes) {
                (Placement::Dmabuf, Takes { dmabufs: Some(_), .. }) => {
                    let backing = Backing::new(picture, None, None);
                    let place = Place::Ours { backing, watch: None };
                    Ok((Stage::Ready(Ok(place)), None))
                }
                (Placement::InPlace | Placement::Copied, Takes { memory: true, .. }) => {
                    let (stage, mark) = self.attach(picture, helper)?;
                    Ok((stage, Some(mark)))
                }
                (placement, takes) => {
                    tracing::warn!("the display takes {takes:?}, and the picture is {placement:?}");
                    Err(Bad::Alloc)
                }
            }
        });
        let (stage, mark) = stage.unwrap_or_else(|bad| (Stage::Ready(Err(bad)), None));
        self.stage = stage;
        mark
    }

    fn attach(&self, picture: Picture, helper: &Helper) -> Result<(Stage, Mark), Bad> {
        let Geometry { width, height, depth } = self.wanted.geometry();
        let rows = padded(picture.layout, depth).ok_or(Bad::Alloc)?;
        if rows.width != width && matches!(self.wanted, Wanted::Pixmap(_)) {
            return Err(Bad::Alloc);
        }
        let file = picture.file.try_clone().map_err(|_| Bad::Alloc)?;
        let sent = || {
            let (segment, token) = helper.attach(file)?;
            let region = (rows.width != width)
                .then(|| helper.region(width, height))
                .transpose()?;
            let backing = Backing::new(picture, Some(segment), region);
            let place = match self.wanted {
                Wanted::Shadow {
                    source,
                    geometry,
                    both_ways,
                } => {
                    let follower = follow(helper, source, geometry, &backing)?;
                    let place = follower.map(|follower| Place::Followed {
                        backing,
                        follower,
                        both_ways,
                    });
                    place.ok_or(Bad::Alloc)
                }
                Wanted::Buffer(_) | Wanted::Pixmap(_) => Ok(Place::Ours { backing, watch: None }),
            };
            Ok::<_, X11Error>((place, token, helper.mark()?))
        };
        let (place, token, mark) = sent().map_err(|_| Bad::Alloc)?;
        Ok((Stage::Attaching { place: place?, token }, mark))
    }

    /// The server has refused something.
    pub(crate) fn refused(&mut self, refused: Token) {
        if let Stage::Attaching { token, .. } = &self.stage
            && *token == refused
        {
            self.stage = Stage::Ready(Err(Bad::Alloc));
        }
    }

    /// The server has done what it was asked, as far as it did not refuse it.
    pub(crate) fn reached(&mut self) {
        match std::mem::replace(&mut self.stage, Stage::Ready(Err(Bad::Alloc))) {
            Stage::Attaching { place, .. } => self.stage = Stage::Ready(Ok(place)),
            other => self.stage = other,
        }
    }

    /// What has become of it; `Alloc` if it is not ready.
    pub(crate) fn into_place(self) -> Result<Place, Bad> {
        match self.stage {
            Stage::Ready(result) => result,
            Stage::Asked | Stage::Attaching { .. } => Err(Bad::Alloc),
        }
    }
}

/// Whether pixels are as long as those of this depth. What their bits mean is nothing that DRI3 tells of a pixmap.
fn has_pixels(layout: ExportLayout, depth: u8) -> bool {
    Fourcc(layout.fourcc).bytes_per_pixel() == Some(pixel_bytes(depth))
}

fn follow(
    helper: &Helper,
    source: u32,
    geometry: Geometry,
    backing: &Backing,
) -> Result<Option<Follower>, X11Error> {
    let memory = backing.memory(geometry.depth);
    memory
        .map(|memory| helper.follow(source, geometry, memory))
        .transpose()
}

/// The error that a client is told where the session refuses.
fn refusal(errno: Errno) -> Bad {
    match errno {
        Errno::BADF => Bad::Value,
        Errno::INVAL | Errno::NOTSUP => Bad::Match,
        _ => Bad::Alloc,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: ExportLayout = ExportLayout {
        placement: Placement::InPlace,
        width: 300,
        height: 200,
        fourcc: Fourcc::XRGB8888.0,
        stride: 1216,
        offset: 4096,
        modifier: 0,
        size: 4096 + 1216 * 200,
    };

    fn pixmap(width: u16, height: u16) -> Wanted {
        Wanted::Pixmap(Geometry {
            width,
            height,
            depth: 24,
        })
    }

    #[test]
    fn a_picture_may_be_larger_than_what_is_wanted_and_not_smaller() {
        assert_eq!(pixmap(300, 200).fits(LAYOUT), Ok(()));
        assert_eq!(pixmap(1, 1).fits(LAYOUT), Ok(()));
        assert_eq!(pixmap(301, 200).fits(LAYOUT), Err(Bad::Match));
        assert_eq!(pixmap(300, 201).fits(LAYOUT), Err(Bad::Match));
    }

    #[test]
    fn rows_that_do_not_fit_their_file_are_refused() {
        let wrong = [
            ExportLayout {
                stride: 1196,
                ..LAYOUT
            },
            ExportLayout {
                stride: u32::MAX,
                ..LAYOUT
            },
            ExportLayout {
                offset: 4097,
                ..LAYOUT
            },
            ExportLayout {
                offset: u32::MAX,
                ..LAYOUT
            },
            ExportLayout {
                size: LAYOUT.size - 1,
                ..LAYOUT
            },
        ];
        for layout in wrong {
            assert_eq!(pixmap(300, 200).fits(layout), Err(Bad::Alloc), "{layout:?}");
        }
        let fourcc = u32::from_le_bytes(*b"RG16");
        assert_eq!(
            pixmap(300, 200).fits(ExportLayout { fourcc, ..LAYOUT }),
            Err(Bad::Match)
        );
    }

    #[test]
    fn pixmaps_are_as_wide_as_rows_are_long() {
        let rows = padded(LAYOUT, 24).map(|rows| (rows.width, rows.height));
        assert_eq!(rows, Some((304, 200)));
        assert_eq!(
            padded(
                ExportLayout {
                    stride: 1218,
                    ..LAYOUT
                },
                24
            ),
            None
        );
        assert_eq!(
            padded(
                ExportLayout {
                    stride: 4 << 16,
                    ..LAYOUT
                },
                24
            ),
            None
        );
    }
}
