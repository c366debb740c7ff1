//! The extensions that the peer knows, where they lie among the opcodes, and which of them it offers.

use std::collections::BTreeMap;

use x11rb_protocol::{
    protocol::{bigreq, composite, damage, dri3, present, randr, shm, sync, xfixes},
    x11_utils::{ExtInfoProvider, ExtensionInformation},
};

/// An extension that the peer knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extension {
    /// BIG-REQUESTS.
    BigRequests,
    /// MIT-SHM.
    Shm,
    /// DRI3.
    Dri3,
    /// Present.
    Present,
    /// XFIXES.
    Xfixes,
    /// SYNC, of which only the fences.
    Sync,
    /// DAMAGE.
    Damage,
    /// Composite.
    Composite,
    /// RANDR, of which only the version.
    Randr,
}

impl Extension {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::BigRequests,
        Self::Shm,
        Self::Dri3,
        Self::Present,
        Self::Xfixes,
        Self::Sync,
        Self::Damage,
        Self::Composite,
        Self::Randr,
    ];

    /// The name that `QueryExtension` asks for.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BigRequests => bigreq::X11_EXTENSION_NAME,
            Self::Shm => shm::X11_EXTENSION_NAME,
            Self::Dri3 => dri3::X11_EXTENSION_NAME,
            Self::Present => present::X11_EXTENSION_NAME,
            Self::Xfixes => xfixes::X11_EXTENSION_NAME,
            Self::Sync => sync::X11_EXTENSION_NAME,
            Self::Damage => damage::X11_EXTENSION_NAME,
            Self::Composite => composite::X11_EXTENSION_NAME,
            Self::Randr => randr::X11_EXTENSION_NAME,
        }
    }

    /// The newest version that the peer can serve.
    const fn newest(self) -> (u32, u32) {
        match self {
            Self::BigRequests => (0, 0),
            Self::Shm => (1, 2),
            Self::Dri3 | Self::Present => (1, 4),
            Self::Xfixes => (5, 0),
            Self::Sync => (3, 1),
            Self::Damage => (1, 1),
            Self::Composite => (0, 4),
            Self::Randr => (1, 6),
        }
    }

    /// The version that introduced a request; the first one for those that were always there.
    const fn introduced(self, minor_opcode: u8) -> (u32, u32) {
        match (self, minor_opcode) {
            (Self::Dri3, dri3::GET_SUPPORTED_MODIFIERS_REQUEST..=dri3::BUFFERS_FROM_PIXMAP_REQUEST)
            | (Self::Shm, shm::ATTACH_FD_REQUEST..=shm::CREATE_SEGMENT_REQUEST) => (1, 2),
            (Self::Dri3, dri3::SET_DRM_DEVICE_IN_USE_REQUEST) => (1, 3),
            (Self::Dri3, dri3::IMPORT_SYNCOBJ_REQUEST..=dri3::FREE_SYNCOBJ_REQUEST)
            | (Self::Present, present::PIXMAP_SYNCED_REQUEST) => (1, 4),
            (Self::Xfixes, xfixes::CREATE_REGION_REQUEST..=xfixes::FETCH_REGION_REQUEST) => (2, 0),
            (Self::Sync, sync::CREATE_FENCE_REQUEST..=sync::AWAIT_FENCE_REQUEST) => (3, 1),
            (Self::Composite, composite::NAME_WINDOW_PIXMAP_REQUEST) => (0, 2),
            _ => (0, 0),
        }
    }

    /// Its opcode and the first of its events and errors.
    pub(super) const fn information(self) -> ExtensionInformation {
        let (major_opcode, first_event, first_error) = match self {
            Self::BigRequests => (128, 0, 0),
            Self::Shm => (129, 64, 128),
            Self::Dri3 => (130, 0, 129),
            Self::Present => (131, 0, 0),
            Self::Xfixes => (132, 65, 130),
            Self::Sync => (133, 67, 132),
            Self::Damage => (134, 69, 135),
            Self::Composite => (135, 0, 0),
            Self::Randr => (136, 70, 136),
        };
        ExtensionInformation {
            major_opcode,
            first_event,
            first_error,
        }
    }
}

/// Which extensions are offered, in which version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer(BTreeMap<Extension, (u32, u32)>);

impl Offer {
    /// All of them, in the newest version that the peer can serve.
    pub fn all() -> Self {
        Self(Extension::ALL.into_iter().map(|e| (e, e.newest())).collect())
    }

    /// None at all.
    pub fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// The same with an extension in its newest version.
    #[must_use]
    pub fn with(self, extension: Extension) -> Self {
        self.version(extension, extension.newest())
    }

    /// The same without an extension.
    #[must_use]
    pub fn without(mut self, extension: Extension) -> Self {
        self.0.remove(&extension);
        self
    }

    /// The same with another version of an extension; requests that came later are refused with `BadRequest`.
    #[must_use]
    pub fn version(mut self, extension: Extension, version: (u32, u32)) -> Self {
        self.0.insert(extension, version);
        self
    }

    /// The version to agree upon with a client that knows `wanted`.
    pub(super) fn agreed(&self, extension: Extension, wanted: (u32, u32)) -> (u32, u32) {
        let offered = self.0.get(&extension).copied().unwrap_or_default();
        offered.min(wanted)
    }

    /// Whether the offered version has a request.
    pub(super) fn has(&self, extension: Extension, minor_opcode: u8) -> bool {
        self.0
            .get(&extension)
            .is_some_and(|&version| version >= extension.introduced(minor_opcode))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.keys().map(|extension| extension.name())
    }

    pub(super) fn by_name(&self, name: &[u8]) -> Option<Extension> {
        self.find(|extension| extension.name().as_bytes() == name)
    }

    pub(super) fn by_opcode(&self, major_opcode: u8) -> Option<Extension> {
        self.find(|extension| extension.information().major_opcode == major_opcode)
    }

    fn find(&self, wanted: impl Fn(Extension) -> bool) -> Option<Extension> {
        self.0.keys().copied().find(|&extension| wanted(extension))
    }
}

/// What parses requests needs the opcodes; names of events and errors are the client's business.
impl ExtInfoProvider for Offer {
    fn get_from_major_opcode(&self, major_opcode: u8) -> Option<(&str, ExtensionInformation)> {
        self.by_opcode(major_opcode)
            .map(|extension| (extension.name(), extension.information()))
    }

    fn get_from_event_code(&self, _event_code: u8) -> Option<(&str, ExtensionInformation)> {
        None
    }

    fn get_from_error_code(&self, _error_code: u8) -> Option<(&str, ExtensionInformation)> {
        None
    }
}
