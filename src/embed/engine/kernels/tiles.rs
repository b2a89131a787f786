//! The shapes of AMX's eight tiles. Setting them takes as long as a small product, so a thread keeps them until it needs
//! others or has done.

use std::arch::asm;
use std::cell::Cell;

/// Rows that a tile has at most, and the i32 or f32 in one of them.
pub(super) const TILE: usize = 16;

/// Bytes of a full row.
const ROW: u16 = 64;

/// Rows of the first and the second tile of activations.
type Rows = (usize, usize);

thread_local! {
    /// What this thread's tiles are set to; none where it has released them.
    static SHAPE: Cell<Option<Rows>> = const { Cell::new(None) };
}

/// As LDTILECFG reads it: sums in tiles 0 to 3, rows in 4 and 5, columns in 6 and 7.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// Shapes this thread's tiles for `first` and `second` rows of activations, at most [`TILE`] each.
///
/// # Safety
/// [`super::amx::is_available`] must have said so.
#[inline]
pub(super) unsafe fn shape(first: usize, second: usize) {
    if SHAPE.get() == Some((first, second)) {
        return;
    }
    let config = Config::new(first, second);
    // SAFETY: reads the config's 64 bytes. Tiles are set here and below only, so `SHAPE` tells what they are; the
    // operating system keeps them for each thread.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &config, options(nostack, preserves_flags)) };
    SHAPE.set(Some((first, second)));
}

/// Gives this thread's tiles back, so that the operating system needs not save them; nothing where it has none.
pub(super) fn release() {
    if SHAPE.take().is_some() {
        // SAFETY: only [`shape`] sets it to some, on a machine that has tiles.
        unsafe { asm!("tilerelease", options(nomem, nostack, preserves_flags)) };
    }
}

// === impl Config ===

impl Config {
    fn new(first: usize, second: usize) -> Self {
        // Tiles of no rows are not allowed to be used, but to be there.
        let [first, second, all] = [first, second, TILE].map(|rows| rows as u8);
        let mut config = Self { palette: 1, start_row: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
        config.rows[..8].copy_from_slice(&[first, first, second, second, first, second, all, all]);
        for (bytes, rows) in config.row_bytes.iter_mut().zip(config.rows) {
            *bytes = if rows > 0 { ROW } else { 0 };
        }
        config
    }
}
