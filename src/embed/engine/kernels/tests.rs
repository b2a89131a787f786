use super::*;

/// The sums of one row as the definition has them, in i64.
fn expected(activations: &[u8], weights: &[Vec<i8>]) -> Vec<i64> {
    let sum = |channel: usize| {
        let products = activations.iter().zip(weights).map(|(a, weights)| i64::from(*a) * i64::from(weights[channel]));
        products.sum()
    };
    (0..WIDTH).map(sum).collect()
}

fn packed(weights: &[Vec<i8>]) -> Vec<i8> {
    let quads = weights.chunks_exact(QUAD);
    quads.flat_map(|quad| (0..WIDTH).flat_map(|channel| quad.iter().map(move |inputs| inputs[channel]))).collect()
}

fn check(depth: usize, rows: usize, mut activation: impl FnMut() -> u8, mut weight: impl FnMut() -> i8) {
    let weights: Vec<Vec<i8>> = (0..depth).map(|_| (0..WIDTH).map(|_| weight()).collect()).collect();
    let activations: Vec<u8> = (0..rows * depth).map(|_| activation()).collect();
    let panel = packed(&weights);
    let expected: Vec<_> = activations.chunks_exact(depth).map(|row| expected(row, &weights)).collect();
    for kernel in Kernel::all() {
        let mut block = Block::default();
        kernel.multiply(&activations, &panel, &mut block);
        for (row, expected) in expected.iter().enumerate() {
            let sums: Vec<i64> = block.0[row].iter().map(|&sum| i64::from(sum)).collect();
            assert_eq!(sums, *expected, "{}, row {row} of {rows}, {depth} deep", kernel.name());
        }
    }
}

#[test]
fn every_kernel_sums_alike_for_every_number_of_rows() {
    let mut random = fastrand::Rng::with_seed(3);
    let mut other = random.fork();
    for rows in 1..=if cfg!(miri) { 3 } else { ROWS } {
        check(STEP, rows, || random.u8(..), || other.i8(..));
    }
}

#[test]
fn every_kernel_sums_alike_at_every_depth() {
    let mut random = fastrand::Rng::with_seed(4);
    let mut other = random.fork();
    let (depths, all_rows): (&[usize], &[usize]) =
        if cfg!(miri) { (&[128], &[2]) } else { (&[128, 192, 384, 1536, 4096], &[1, 7, 19, 32]) };
    for &depth in depths {
        for &rows in all_rows {
            check(depth, rows, || random.u8(..), || other.i8(..));
        }
    }
}

#[test]
fn extremes_neither_saturate_nor_overflow() {
    let (depth, all_rows): (_, &[usize]) = if cfg!(miri) { (STEP, &[1]) } else { (MAX_DEPTH, &[1, 9, 17]) };
    for (activation, weight) in [(255, -128), (255, 127), (0, -128), (255, -1), (1, 127)] {
        for &rows in all_rows {
            check(depth, rows, || activation, || weight);
        }
    }
}

#[test]
fn every_kernel_rotates_alike_and_back_again() {
    let mut random = fastrand::Rng::with_seed(5);
    for length in [TURN, 3 * TURN, 2 * TURN + 7] {
        let row: Vec<f32> = (0..length).map(|_| random.f32() - 0.5).collect();
        let rotated = |kernel: Kernel, row: &[f32]| {
            let mut rotated = vec![0.0; row.len()];
            kernel.rotate(row, &mut rotated);
            rotated
        };
        let portable = rotated(Kernel(Path::Portable), &row);
        for (turn, rotated) in row.as_chunks::<TURN>().0.iter().zip(portable.as_chunks::<TURN>().0) {
            for (at, rotated) in rotated.iter().enumerate() {
                let sign = |from: usize| if (at & from).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
                let exact: f64 = (0..).zip(turn).map(|(from, x)| sign(from) * f64::from(*x)).sum();
                assert!((exact - f64::from(*rotated)).abs() < 1e-4, "{at}: {rotated}, not {exact}");
            }
        }
        for kernel in Kernel::all() {
            assert_eq!(rotated(kernel, &row), portable, "{}", kernel.name());
            let back = rotated(kernel, &portable);
            let whole = length / TURN * TURN;
            assert!(back[..whole].iter().zip(&row).all(|(back, x)| (back / TURN as f32 - x).abs() < 1e-6));
            assert_eq!(back[whole..], row[whole..], "what is left over stays");
        }
    }
}

#[test]
fn the_portable_kernel_is_always_there_and_the_best_is_the_last() {
    let names: Vec<&str> = Kernel::all().map(Kernel::name).collect();
    assert_eq!(names[0], "portable");
    assert_eq!(*names.last().unwrap(), Kernel::best().name());
}

#[test]
#[should_panic(expected = "rows of another depth")]
fn more_rows_than_a_block_has_are_refused() {
    let (activations, panel) = (vec![0; (ROWS + 1) * STEP], vec![0; STEP * WIDTH]);
    Kernel::best().multiply(&activations, &panel, &mut Block::default());
}

#[test]
#[should_panic(expected = "rows of another depth")]
fn a_row_that_is_cut_off_is_refused() {
    Kernel::best().multiply(&[0; STEP + 4], &[0; STEP * WIDTH], &mut Block::default());
}

#[test]
#[should_panic(expected = "a panel of another depth")]
fn a_panel_that_is_too_short_is_refused() {
    Kernel::best().multiply(&[0; STEP], &[0; STEP * WIDTH - 4], &mut Block::default());
}

/// Memory that ends where a page begins that nobody may touch, so that an access beyond it kills the test. For what
/// neither Miri nor valgrind can run: AVX-512 and tiles.
#[cfg(all(target_os = "linux", not(miri)))]
struct Guarded {
    pages: *mut u8,
    mapped: usize,
    /// Where the memory begins in them.
    start: usize,
    length: usize,
}

#[cfg(all(target_os = "linux", not(miri)))]
impl Guarded {
    fn new(length: usize) -> Self {
        // SAFETY: a query that touches nothing.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        let mapped = length.next_multiple_of(page) + page;
        // SAFETY: new private pages that nothing else uses, the last of which is taken away.
        let pages = unsafe {
            let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            let pages = libc::mmap(std::ptr::null_mut(), mapped, access, kind, -1, 0);
            assert!(pages != libc::MAP_FAILED);
            assert_eq!(libc::mprotect(pages.byte_add(mapped - page), page, libc::PROT_NONE), 0);
            pages.cast()
        };
        Self { pages, mapped, start: mapped - page - length, length }
    }

    fn as_mut<T: bytemuck::Pod>(&mut self) -> &mut [T] {
        // SAFETY: `length` bytes of the pages, up to the last, which this value alone refers to.
        let bytes = unsafe { std::slice::from_raw_parts_mut(self.pages.add(self.start), self.length) };
        bytemuck::cast_slice_mut(bytes)
    }
}

#[cfg(all(target_os = "linux", not(miri)))]
impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: what `new` mapped.
        unsafe { libc::munmap(self.pages.cast(), self.mapped) };
    }
}

#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn no_kernel_reads_beyond_its_operands() {
    for kernel in Kernel::all() {
        for rows in 1..=ROWS {
            for steps in [1, 3] {
                let mut activations = Guarded::new(rows * steps * STEP);
                let mut panel = Guarded::new(steps * STEP * WIDTH);
                activations.as_mut::<u8>().fill(2);
                panel.as_mut::<i8>().fill(-3);
                let mut block = Block::default();
                kernel.multiply(activations.as_mut(), panel.as_mut(), &mut block);
                assert_eq!(block.0[rows - 1], [-6 * (steps * STEP) as i32; WIDTH], "{}", kernel.name());
            }
        }
    }
}

#[test]
fn no_kernel_writes_beyond_its_rows() {
    for kernel in Kernel::all() {
        for rows in if cfg!(miri) { 1..=1 } else { 1..=ROWS } {
            let mut blocks = vec![Block([[7; WIDTH]; ROWS]); 3];
            kernel.multiply(&vec![1; rows * STEP], &[1; STEP * WIDTH], &mut blocks[1]);
            let [before, block, after] = &blocks[..] else { unreachable!() };
            assert!([before, after].iter().all(|block| block.0.as_flattened().iter().all(|sum| *sum == 7)));
            assert!(block.0[..rows].as_flattened().iter().all(|sum| *sum == STEP as i32), "{}", kernel.name());
            assert!(block.0[rows..].as_flattened().iter().all(|sum| *sum == 7), "{}, {rows} rows", kernel.name());
        }
    }
}

#[test]
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
fn products_in_bf16_are_the_sums_of_products() {
    let Some(bf16) = Kernel::best().bf16() else { return };
    let mut random = fastrand::Rng::with_seed(6);
    for (depth, columns) in [(32, 32), (64, 32), (32, 256), (256, 64)] {
        let mut matrices = [BLOCK * depth, depth * columns].map(|numbers| Guarded::new(numbers * 2));
        // Small whole numbers, which bf16 and f32 hold exactly.
        let [a, b] = matrices.each_mut().map(|matrix| {
            let numbers: &mut [u16] = matrix.as_mut();
            numbers.iter_mut().for_each(|number| *number = ((random.i32(-8..9) as f32).to_bits() >> 16) as u16);
            &*numbers
        });
        let mut output = Guarded::new(BLOCK * columns * 4);
        bf16.product(a, bytemuck::cast_slice(b), columns, output.as_mut());
        let output: &[f32] = output.as_mut();
        let float = |half: u16| f32::from_bits(u32::from(half) << 16);
        for (at, sum) in output.iter().enumerate() {
            let (row, column) = (at / columns, at % columns);
            let products =
                (0..depth).map(|k| float(a[row * depth + k]) * float(b[(k / 2 * columns + column) * 2 + k % 2]));
            assert_eq!(*sum, products.sum::<f32>(), "row {row}, column {column}, {depth} deep");
        }
    }
}
