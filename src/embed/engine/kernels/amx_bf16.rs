//! AMX on bf16: 16 × 16 × 32 products of f32's upper halves an instruction, summed in f32. For attention over long
//! sequences, where it replaces products in f32; what it rounds off is far below what int8 does.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;
use std::sync::OnceLock;

use super::amx;
use super::tiles::{self, TILE};

/// Rows and columns of a product are whole blocks of this many: two tiles each way.
pub(crate) const BLOCK: usize = 32;

/// Numbers of depth in a tile's row; depths are multiples of it.
const STEP: usize = 32;

/// Leave to multiply so: whoever has one runs on a machine that can.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bf16(());

impl Bf16 {
    /// One where the CPU and the operating system have what it needs.
    pub(super) fn detect() -> Option<Self> {
        const AMX_BF16: u32 = 1 << 22;
        static IS_AVAILABLE: OnceLock<bool> = OnceLock::new();
        let is_available = || amx::is_available() && __cpuid_count(7, 0).edx & AMX_BF16 != 0;
        IS_AVAILABLE.get_or_init(is_available).then_some(Self(()))
    }

    /// `output[r][c] = Σ a[r][k] × b[k][c]` for [`BLOCK`] rows, where `a` is `[BLOCK][depth]`, and `b` is
    /// `[depth / 2][columns]`: the two numbers of a column that one instruction takes are the halves of one, the first the
    /// lower.
    ///
    /// # Panics
    /// If `depth` or `columns` is no multiple of [`BLOCK`], or a matrix is not as large as they say.
    pub(crate) fn product(self, a: &[u16], b: &[u32], columns: usize, output: &mut [f32]) {
        let depth = a.len() / BLOCK;
        assert!(depth > 0 && depth.is_multiple_of(STEP) && a.len() == BLOCK * depth, "a depth of {depth}");
        assert!(columns.is_multiple_of(BLOCK) && 2 * b.len() == depth * columns, "{columns} columns");
        assert!(output.len() == BLOCK * columns, "an output of another size");
        // SAFETY: a `Bf16` is there only where tiles are.
        unsafe { tiles::shape(TILE, TILE) };
        for column in (0..columns).step_by(BLOCK) {
            // SAFETY: the tiles are 16 rows of 64 bytes, and the sizes were checked above.
            unsafe { block(a, b, depth, columns, column, output) };
        }
    }
}

/// [`BLOCK`] rows × [`BLOCK`] columns from `column` on: sums in tiles 0 to 3, `a` in 4 and 5, `b` in 6 and 7.
///
/// # Safety
/// All tiles must be of 16 rows of 64 bytes, and the matrices be of the sizes that [`Bf16::product`] checks.
unsafe fn block(a: &[u16], b: &[u32], depth: usize, columns: usize, column: usize, output: &mut [f32]) {
    // SAFETY: in each of depth / STEP steps reads 64 bytes of each of the BLOCK rows of `a`, which lie 2 · depth bytes
    // apart, and 128 bytes, from `column` on, of each of 16 rows of `b`, which lie 4 · columns bytes apart; writes 128
    // bytes of each of the BLOCK rows of `output`, which lie as far apart. There is at least one step.
    unsafe {
        let sums = output.as_mut_ptr().add(column);
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{a} + {a_stride}]",
            "tileloadd tmm6, [{b} + {stride}]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{b} + {stride} + 64]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{a2} + {a_stride}]",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {a}, 64",
            "add {a2}, 64",
            "add {b}, {b_step}",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{sums} + {stride}], tmm0",
            "tilestored [{sums} + {stride} + 64], tmm1",
            "tilestored [{sums2} + {stride}], tmm2",
            "tilestored [{sums2} + {stride} + 64], tmm3",
            a = inout(reg) a.as_ptr() => _,
            a2 = inout(reg) a.as_ptr().add(TILE * depth) => _,
            a_stride = in(reg) depth * size_of::<u16>(),
            b = inout(reg) b.as_ptr().add(column) => _,
            b_step = in(reg) TILE * columns * size_of::<u32>(),
            // From a pair of rows of `b` to the next, and from a row of `output` to the next.
            stride = in(reg) columns * size_of::<f32>(),
            steps = inout(reg) depth / STEP => _,
            sums = in(reg) sums,
            sums2 = in(reg) sums.add(TILE * columns),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
