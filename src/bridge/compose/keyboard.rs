//! Key codes of the host, as the guest numbers the same keys.
//!
//! Two servers may number keys differently. A key is known by its first symbol: the guest's key that has the same
//! one is meant. Keys that the guest lacks keep their number.

use x11rb::protocol::xproto::{ConnectionExt as _, Keycode, Keysym};

use super::{ComposeError, error::OfDisplay as _};
use crate::x11::{Display, X11Error};

/// Symbols of keys without any.
const NO_SYMBOL: Keysym = 0;

/// Which key of the guest each key of the host is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeyMap {
    guest: [Keycode; 256],
}

/// The first symbols of a display's keys, from `first` on.
#[derive(Debug)]
struct Symbols {
    first: Keycode,
    symbols: Vec<Keysym>,
}

impl Symbols {
    fn read(display: &Display) -> Result<Self, X11Error> {
        use x11rb::connection::Connection as _;
        let (first, last) = (
            display.connection().setup().min_keycode,
            display.connection().setup().max_keycode,
        );
        let count = last.saturating_sub(first).saturating_add(1);
        let reply = display.connection().get_keyboard_mapping(first, count)?.reply()?;
        let per_key = usize::from(reply.keysyms_per_keycode).max(1);
        let symbols = reply
            .keysyms
            .chunks(per_key)
            .map(|key| key.first().copied().unwrap_or(NO_SYMBOL))
            .collect();
        Ok(Self { first, symbols })
    }

    fn keys(&self) -> impl Iterator<Item = (Keycode, Keysym)> {
        (self.first..=Keycode::MAX).zip(self.symbols.iter().copied())
    }
}

impl KeyMap {
    /// Compares the maps of two displays.
    ///
    /// # Errors
    /// If one of them does not tell.
    pub(super) fn between(host: &Display, guest: &Display) -> Result<Self, ComposeError> {
        let (host, guest) = (Symbols::read(host).of_host()?, Symbols::read(guest).of_guest()?);
        Ok(Self::of(&host, &guest))
    }

    fn of(host: &Symbols, guest: &Symbols) -> Self {
        let mut map = std::array::from_fn(|code| u8::try_from(code).unwrap_or(0));
        for (code, symbol) in host.keys().filter(|&(_, symbol)| symbol != NO_SYMBOL) {
            let same_place = guest.keys().find(|&key| key == (code, symbol));
            let same_symbol = same_place.or_else(|| guest.keys().find(|&(_, other)| other == symbol));
            if let Some((key, _)) = same_symbol {
                map[usize::from(code)] = key;
            }
        }
        Self { guest: map }
    }

    /// The guest's key.
    pub(super) fn guest(&self, host: Keycode) -> Keycode {
        self.guest[usize::from(host)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_by_their_symbol() {
        let host = Symbols {
            first: 8,
            symbols: vec![b'a'.into(), b'b'.into(), NO_SYMBOL],
        };
        let guest = Symbols {
            first: 9,
            symbols: vec![b'c'.into(), b'a'.into(), b'b'.into()],
        };
        let map = KeyMap::of(&host, &guest);
        assert_eq!([map.guest(8), map.guest(9), map.guest(10)], [10, 11, 10]);
    }

    #[test]
    fn of_two_keys_with_one_symbol_the_one_in_place_is_meant() {
        let symbols = || Symbols {
            first: 8,
            symbols: vec![0xff0d, 0xff0d],
        };
        let map = KeyMap::of(&symbols(), &symbols());
        assert_eq!([map.guest(8), map.guest(9)], [8, 9]);
    }
}
