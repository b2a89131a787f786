use super::*;

/// The sums of one span as the definition has them, in i64.
fn expected(activations: &[u8], weights: &[Vec<i8>], row: usize, span: usize) -> Vec<i64> {
    let depth = weights.len();
    let sum = |channel: usize| {
        let products = (span * SPAN..(span + 1) * SPAN)
            .map(|k| i64::from(activations[row * depth + k]) * i64::from(weights[k][channel]));
        products.sum()
    };
    (0..WIDTH).map(sum).collect()
}

fn packed(weights: &[Vec<i8>]) -> Vec<i8> {
    let quads = weights.chunks_exact(QUAD);
    quads.flat_map(|quad| (0..WIDTH).flat_map(|channel| quad.iter().map(move |inputs| inputs[channel]))).collect()
}

fn check(spans: usize, rows: usize, mut activation: impl FnMut() -> u8, mut weight: impl FnMut() -> i8) {
    let weights: Vec<Vec<i8>> = (0..spans * SPAN).map(|_| (0..WIDTH).map(|_| weight()).collect()).collect();
    let activations: Vec<u8> = (0..rows * spans * SPAN).map(|_| activation()).collect();
    let panel = packed(&weights);
    for kernel in Kernel::all() {
        let mut blocks = vec![Block([[i32::MIN; WIDTH]; ROWS]); spans];
        kernel.multiply(&activations, &panel, &mut blocks);
        for (span, block) in blocks.iter().enumerate() {
            for row in 0..rows {
                let sums: Vec<i64> = block.0[row].iter().map(|&sum| i64::from(sum)).collect();
                let expected = expected(&activations, &weights, row, span);
                assert_eq!(sums, expected, "{}, row {row} of {rows}, span {span} of {spans}", kernel.name());
            }
        }
    }
}

#[test]
fn every_kernel_sums_alike_for_every_number_of_rows_and_spans() {
    let mut random = fastrand::Rng::with_seed(3);
    let mut other = random.fork();
    let (most_rows, most_spans) = if cfg!(miri) { (3, 1) } else { (ROWS, 3) };
    for rows in 1..=most_rows {
        for spans in 1..=most_spans {
            check(spans, rows, || random.u8(..), || other.i8(..));
        }
    }
}

#[test]
fn extremes_neither_saturate_nor_overflow() {
    let all_rows: &[usize] = if cfg!(miri) { &[1] } else { &[1, 9, 17] };
    for (activation, weight) in [(255, -128), (255, 127), (0, -128), (255, -1), (1, 127)] {
        for &rows in all_rows {
            check(1, rows, || activation, || weight);
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
    let (activations, panel) = (vec![0; (ROWS + 1) * SPAN], vec![0; SPAN * WIDTH]);
    Kernel::best().multiply(&activations, &panel, &mut [Block::default()]);
}

#[test]
#[should_panic(expected = "rows of another depth")]
fn a_row_that_is_cut_off_is_refused() {
    Kernel::best().multiply(&[0; SPAN + 4], &[0; SPAN * WIDTH], &mut [Block::default()]);
}

#[test]
#[should_panic(expected = "a panel of another depth")]
fn a_panel_that_is_too_short_is_refused() {
    Kernel::best().multiply(&[0; SPAN], &[0; SPAN * WIDTH - 4], &mut [Block::default()]);
}
