//! AMX: 16 × 16 × 64 products an instruction, in tiles that the operating system must be asked for.
//!
//! Inline assembly, as the intrinsics are not stable. It pays from about 16 rows on; with fewer, what a short text has,
//! reading the weights is the limit, and AVX-512 does that as fast.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;

use super::{Block, DEPTH_STEP, GROUP, Operands, WIDTH, avx512_vnni};

/// Rows of a tile, and the i32 in one of them.
const TILE: usize = 16;

/// Rows from which on tiles are used.
const WORTH_IT: usize = 8;

/// Bytes from one group of a panel to the next, and from one row of a block to the next.
const PANEL_STRIDE: usize = WIDTH * GROUP;
const BLOCK_STRIDE: usize = WIDTH * size_of::<i32>();

/// Shapes of the eight tiles, as LDTILECFG reads them.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// Whether the CPU has it and the operating system lets this process use it.
pub(super) fn is_available() -> bool {
    const AMX_TILE_AND_INT8: u32 = 0b11 << 24;
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // Fewer rows than are worth it go there.
    if !avx512_vnni::is_available() || __cpuid_count(7, 0).edx & AMX_TILE_AND_INT8 != AMX_TILE_AND_INT8 {
        return false;
    }
    // SAFETY: asks the kernel for a permission by two integers; touches no memory. A kernel or a filter that does not
    // know the call returns an error.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

/// # Safety
/// [`is_available`] must have said so.
#[target_feature(enable = "avx512f,avx512vnni")]
pub(super) unsafe fn multiply(operands: Operands, block: &mut Block) {
    let rows = operands.rows;
    if rows < WORTH_IT {
        return avx512_vnni::multiply(operands, block);
    }
    let config = Config::new(rows.min(TILE), rows.saturating_sub(TILE));
    // SAFETY: the tiles are this function's alone: set up here, released below, and no code between gives up the thread
    // other than to the operating system, which keeps them.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &config, options(nostack, preserves_flags)) };
    for half in 0..2 {
        // SAFETY: the config is of these rows, and the operands are as `Kernel::multiply` has checked them: each row and
        // the panel are `depth` deep, a multiple of DEPTH_STEP, and the block holds 2 × TILE rows.
        unsafe {
            match rows {
                ..=TILE => one_tile_high(operands, half, block),
                _ => two_tiles_high(operands, half, block),
            }
        }
    }
    // SAFETY: gives the tiles back, so that the operating system needs not save them.
    unsafe { asm!("tilerelease", options(nomem, nostack, preserves_flags)) };
}

/// Up to 16 rows × 32 channels: sums in tiles 0 and 1, activations in 4, weights in 6 and 7.
///
/// # Safety
/// The tiles' config must be of the operands' rows.
unsafe fn one_tile_high(operands: Operands, half: usize, block: &mut Block) {
    let column = half * WIDTH / 2;
    // SAFETY: reads `rows` rows of activations and DEPTH_STEP / GROUP groups of the panel in each of
    // depth / DEPTH_STEP steps, 64 bytes of each, writes 128 bytes in each of `rows` rows of the block.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "2:",
            "tileloadd tmm4, [{a} + {a_stride}]",
            "tileloadd tmm6, [{w} + {w_stride}]",
            "tileloadd tmm7, [{w} + {w_stride} + 64]",
            "tdpbusd tmm0, tmm4, tmm6",
            "tdpbusd tmm1, tmm4, tmm7",
            "add {a}, {a_step}",
            "add {w}, {w_step}",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{sums} + {w_stride}], tmm0",
            "tilestored [{sums} + {w_stride} + 64], tmm1",
            a = inout(reg) operands.activations.as_ptr() => _,
            a_stride = in(reg) operands.depth,
            a_step = const DEPTH_STEP,
            w = inout(reg) operands.panel.as_ptr().add(column * GROUP) => _,
            w_stride = in(reg) PANEL_STRIDE,
            w_step = const PANEL_STRIDE * DEPTH_STEP / GROUP,
            steps = inout(reg) operands.depth / DEPTH_STEP => _,
            sums = in(reg) block.0.as_mut_ptr().cast::<i32>().add(column),
            out("tmm0") _, out("tmm1") _, out("tmm4") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

/// 17 to 32 rows × 32 channels: sums in tiles 0 to 3, activations in 4 and 5, weights in 6 and 7.
///
/// # Safety
/// The tiles' config must be of the operands' rows.
unsafe fn two_tiles_high(operands: Operands, half: usize, block: &mut Block) {
    let column = half * WIDTH / 2;
    // SAFETY: as in `one_tile_high`; the second tile begins TILE rows further down, and `rows` is beyond TILE.
    unsafe {
        let sums = block.0.as_mut_ptr().cast::<i32>().add(column);
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{a} + {a_stride}]",
            "tileloadd tmm5, [{a2} + {a_stride}]",
            "tileloadd tmm6, [{w} + {w_stride}]",
            "tileloadd tmm7, [{w} + {w_stride} + 64]",
            "tdpbusd tmm0, tmm4, tmm6",
            "tdpbusd tmm1, tmm4, tmm7",
            "tdpbusd tmm2, tmm5, tmm6",
            "tdpbusd tmm3, tmm5, tmm7",
            "add {a}, {a_step}",
            "add {a2}, {a_step}",
            "add {w}, {w_step}",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{sums} + {w_stride}], tmm0",
            "tilestored [{sums} + {w_stride} + 64], tmm1",
            "tilestored [{sums2} + {w_stride}], tmm2",
            "tilestored [{sums2} + {w_stride} + 64], tmm3",
            a = inout(reg) operands.activations.as_ptr() => _,
            a2 = inout(reg) operands.activations.as_ptr().add(TILE * operands.depth) => _,
            a_stride = in(reg) operands.depth,
            a_step = const DEPTH_STEP,
            w = inout(reg) operands.panel.as_ptr().add(column * GROUP) => _,
            w_stride = in(reg) PANEL_STRIDE,
            w_step = const PANEL_STRIDE * DEPTH_STEP / GROUP,
            steps = inout(reg) operands.depth / DEPTH_STEP => _,
            sums = in(reg) sums,
            sums2 = in(reg) sums.add(TILE * WIDTH),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

/// Strides of panel and block are one register in the assembly.
const _: () = assert!(PANEL_STRIDE == BLOCK_STRIDE);

// === impl Config ===

impl Config {
    /// Tiles as they are used above, for `first` and `second` rows of activations.
    fn new(first: usize, second: usize) -> Self {
        // Tiles of no rows are not allowed to be used, but to be there.
        let [first, second] = [first, second].map(|rows| rows as u8);
        let weights = (DEPTH_STEP / GROUP) as u8;
        let mut config =
            Self { palette: 1, start_row: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
        config.rows[..8].copy_from_slice(&[first, first, second, second, first, second, weights, weights]);
        for (bytes, rows) in config.row_bytes.iter_mut().zip(config.rows) {
            *bytes = if rows > 0 { 64 } else { 0 };
        }
        config
    }
}
