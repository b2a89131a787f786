//! AMX: 16 × 16 × 64 products an instruction, in tiles that the operating system must be asked for.
//!
//! Inline assembly, as the intrinsics are not stable. It pays from about 16 rows on; with fewer, what a short text has,
//! reading the weights is the limit, and AVX-512 does that as fast.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;

use super::tiles::{self, TILE};
use super::{Block, Operands, QUAD, ROWS, STEP, WIDTH, avx512_vnni};

/// Rows from which on tiles are used.
const WORTH_IT: usize = 8;

/// Bytes from one quad of a panel to the next, and from one row of a block to the next.
const STRIDE: usize = WIDTH * QUAD;
const _: () = assert!(STRIDE == WIDTH * size_of::<i32>());

// What the assembly below is made for.
const _: () = assert!(STEP == QUAD * TILE && WIDTH == 4 * TILE && ROWS == 2 * TILE);

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
    // SAFETY: the caller's.
    unsafe { tiles::shape(rows.min(TILE), rows.saturating_sub(TILE)) };
    for half in 0..2 {
        // SAFETY: the tiles' shape is of these rows, which are at most two tiles.
        unsafe {
            match rows {
                ..=TILE => one_tile_high(operands, half, block),
                _ => two_tiles_high(operands, half, block),
            }
        }
    }
}

/// Up to 16 rows × 32 channels: sums in tiles 0 and 1, activations in 4, weights in 6 and 7.
///
/// # Safety
/// The tiles' shape must be of the operands' rows.
unsafe fn one_tile_high(operands: Operands, half: usize, block: &mut Block) {
    let column = half * WIDTH / 2;
    // SAFETY: in each of the panel's steps reads STEP bytes of each of the `rows` rows of activations, which lie a row
    // apart, and 128 bytes of each of the step's quads of weights; writes 128 bytes in each of the block's first `rows`
    // rows. There is at least one step.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "2:",
            "tileloadd tmm4, [{a} + {a_stride}]",
            "tileloadd tmm6, [{w} + {stride}]",
            "tdpbusd tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{w} + {stride} + {tile}]",
            "tdpbusd tmm1, tmm4, tmm7",
            "add {a}, {step}",
            "add {w}, {panel_step}",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{sums} + {stride}], tmm0",
            "tilestored [{sums} + {stride} + {tile}], tmm1",
            a = inout(reg) operands.row(0).as_ptr() => _,
            a_stride = in(reg) operands.panel.len() * STEP,
            w = inout(reg) operands.panel.as_ptr().cast::<u8>().add(column * QUAD) => _,
            stride = in(reg) STRIDE,
            steps = inout(reg) operands.panel.len() => _,
            step = const STEP,
            panel_step = const STRIDE * STEP / QUAD,
            tile = const TILE * QUAD,
            sums = in(reg) block.0.as_mut_ptr().cast::<i32>().add(column),
            out("tmm0") _, out("tmm1") _, out("tmm4") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

/// 17 to 32 rows × 32 channels: sums in tiles 0 to 3, activations in 4 and 5, weights in 6 and 7.
///
/// # Safety
/// The tiles' shape must be of the operands' rows.
unsafe fn two_tiles_high(operands: Operands, half: usize, block: &mut Block) {
    let column = half * WIDTH / 2;
    // SAFETY: as in `one_tile_high`; the second tiles begin TILE rows further down, and `rows` is beyond TILE.
    unsafe {
        let sums = block.0.as_mut_ptr().cast::<i32>().add(column);
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{a} + {a_stride}]",
            "tileloadd tmm6, [{w} + {stride}]",
            "tdpbusd tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{w} + {stride} + {tile}]",
            "tdpbusd tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{a2} + {a_stride}]",
            "tdpbusd tmm2, tmm5, tmm6",
            "tdpbusd tmm3, tmm5, tmm7",
            "add {a}, {step}",
            "add {a2}, {step}",
            "add {w}, {panel_step}",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{sums} + {stride}], tmm0",
            "tilestored [{sums} + {stride} + {tile}], tmm1",
            "tilestored [{sums2} + {stride}], tmm2",
            "tilestored [{sums2} + {stride} + {tile}], tmm3",
            a = inout(reg) operands.row(0).as_ptr() => _,
            a2 = inout(reg) operands.row(TILE).as_ptr() => _,
            a_stride = in(reg) operands.panel.len() * STEP,
            w = inout(reg) operands.panel.as_ptr().cast::<u8>().add(column * QUAD) => _,
            stride = in(reg) STRIDE,
            steps = inout(reg) operands.panel.len() => _,
            step = const STEP,
            panel_step = const STRIDE * STEP / QUAD,
            tile = const TILE * QUAD,
            sums = in(reg) sums,
            sums2 = in(reg) sums.add(TILE * WIDTH),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
