use super::*;

/// The sums as the definition has them, in i64.
fn expected(activations: &[u8], weights: &[Vec<i8>], depth: usize) -> Vec<Vec<i64>> {
    let row = |row: &[u8]| {
        let channel = |channel: usize| (0..depth).map(|k| i64::from(row[k]) * i64::from(weights[k][channel])).sum();
        (0..WIDTH).map(channel).collect()
    };
    activations.chunks_exact(depth).map(row).collect()
}

fn packed(weights: &[Vec<i8>]) -> Vec<i8> {
    let groups = weights.chunks_exact(GROUP);
    groups.flat_map(|group| (0..WIDTH).flat_map(|channel| group.iter().map(move |inputs| inputs[channel]))).collect()
}

fn check(depth: usize, rows: usize, mut activation: impl FnMut() -> u8, mut weight: impl FnMut() -> i8) {
    let weights: Vec<Vec<i8>> = (0..depth).map(|_| (0..WIDTH).map(|_| weight()).collect()).collect();
    let activations: Vec<u8> = (0..rows * depth).map(|_| activation()).collect();
    let (panel, expected) = (packed(&weights), expected(&activations, &weights, depth));
    for kernel in Kernel::all() {
        let mut block = Block([[i32::MIN; WIDTH]; ROWS]);
        kernel.multiply(&activations, &panel, depth, &mut block);
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
    let most = if cfg!(miri) { 3 } else { ROWS };
    for rows in 1..=most {
        check(DEPTH_STEP, rows, || random.u8(..), || other.i8(..));
    }
}

#[test]
fn every_kernel_sums_alike_at_every_depth() {
    let mut random = fastrand::Rng::with_seed(4);
    let mut other = random.fork();
    let depths: &[usize] = if cfg!(miri) { &[128] } else { &[128, 384, 1536, 4096] };
    for &depth in depths {
        for rows in [1, 7, 19] {
            check(depth, rows, || random.u8(..), || other.i8(..));
        }
    }
}

#[test]
fn extremes_neither_saturate_nor_overflow() {
    let depth = if cfg!(miri) { DEPTH_STEP } else { MAX_DEPTH };
    for (activation, weight) in [(255, -128), (255, 127), (0, -128), (255, -1), (1, 127)] {
        for rows in [1, 9, 17] {
            check(depth, rows, || activation, || weight);
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
    let (activations, panel) = (vec![0; (ROWS + 1) * DEPTH_STEP], vec![0; DEPTH_STEP * WIDTH]);
    Kernel::best().multiply(&activations, &panel, DEPTH_STEP, &mut Block::default());
}

#[test]
#[should_panic(expected = "a panel of another depth")]
fn a_panel_that_is_too_short_is_refused() {
    Kernel::best().multiply(&[0; DEPTH_STEP], &[0; DEPTH_STEP], DEPTH_STEP, &mut Block::default());
}
