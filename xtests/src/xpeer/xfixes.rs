//! Regions of XFIXES, and fences of SYNC: the small resources that presentations name.

use std::rc::Rc;

use x11rb_protocol::protocol::{
    Request,
    sync::{InitializeReply, QueryFenceReply},
    xfixes::{FetchRegionReply, QueryVersionReply},
    xproto::Rectangle,
};

use super::{
    error::{ErrorCode, Outcome, RequestError},
    extension::Extension,
    fence::Fence,
    region::Region,
    resources::{ClientId, Resource},
    server::Server,
};

/// Rectangles of a region. Their number is squared by what is done with them.
const MOST_RECTANGLES: usize = 1024;

fn region(rectangles: &[Rectangle]) -> Result<Region, RequestError> {
    if rectangles.len() > MOST_RECTANGLES {
        return Err(ErrorCode::Alloc.into());
    }
    Ok(Region::from_rectangles(rectangles))
}

impl Server {
    pub(super) fn xfixes(&mut self, id: ClientId, request: Request<'_>) -> Outcome {
        match request {
            Request::XfixesQueryVersion(request) => {
                let wanted = (request.client_major_version, request.client_minor_version);
                let (major_version, minor_version) = self.script.extensions.agreed(Extension::Xfixes, wanted);
                let reply = QueryVersionReply {
                    major_version,
                    minor_version,
                    ..Default::default()
                };
                self.reply(id, &reply);
                Ok(())
            }
            Request::XfixesCreateRegion(request) => {
                let region = region(&request.rectangles)?;
                self.resources.add(id, request.region, Resource::Region(region))
            }
            Request::XfixesSetRegion(request) => {
                *self.resources.region_mut(request.region)? = region(&request.rectangles)?;
                Ok(())
            }
            Request::XfixesCopyRegion(request) => {
                let region = self.resources.region(request.source)?.clone();
                *self.resources.region_mut(request.destination)? = region;
                Ok(())
            }
            Request::XfixesDestroyRegion(request) => {
                self.resources.region(request.region)?;
                self.resources.remove(request.region);
                Ok(())
            }
            Request::XfixesFetchRegion(request) => {
                let region = self.resources.region(request.region)?;
                let reply = FetchRegionReply {
                    sequence: 0,
                    extents: region.extents().into(),
                    rectangles: region.rectangles(),
                };
                self.reply(id, &reply);
                Ok(())
            }
            _ => Err(ErrorCode::Request.into()),
        }
    }

    pub(super) fn sync(&mut self, id: ClientId, request: Request<'_>) -> Outcome {
        match request {
            Request::SyncInitialize(request) => {
                let wanted = (
                    request.desired_major_version.into(),
                    request.desired_minor_version.into(),
                );
                let (major, minor) = self.script.extensions.agreed(Extension::Sync, wanted);
                let reply = InitializeReply {
                    // Not more than the client said in as many bits.
                    major_version: major as u8,
                    minor_version: minor as u8,
                    ..Default::default()
                };
                self.reply(id, &reply);
                Ok(())
            }
            Request::SyncCreateFence(request) => {
                self.resources.drawable(request.drawable)?;
                let fence = Rc::new(Fence::new(request.initially_triggered));
                self.resources.add(id, request.fence, Resource::Fence(fence))
            }
            Request::SyncTriggerFence(request) => {
                self.resources.fence(request.fence)?.trigger();
                self.show_due();
                Ok(())
            }
            Request::SyncResetFence(request) => {
                let fence = self.resources.fence(request.fence)?;
                if !fence.is_triggered() {
                    return Err(ErrorCode::Match.at(request.fence));
                }
                fence.reset();
                Ok(())
            }
            Request::SyncDestroyFence(request) => {
                self.resources.fence(request.fence)?;
                self.resources.remove(request.fence);
                Ok(())
            }
            Request::SyncQueryFence(request) => {
                let reply = QueryFenceReply {
                    triggered: self.resources.fence(request.fence)?.is_triggered(),
                    ..Default::default()
                };
                self.reply(id, &reply);
                Ok(())
            }
            _ => Err(ErrorCode::Request.into()),
        }
    }
}
