//! For every CPU; the definition of what the others compute.

use super::{Block, Operands, QUAD, WIDTH};

pub(super) fn multiply(operands: Operands, block: &mut Block) {
    for (row, sums) in block.0.iter_mut().enumerate().take(operands.rows) {
        *sums = [0; WIDTH];
        for (inputs, weights) in operands.row(row).as_flattened().iter().zip(operands.panel.as_flattened()) {
            for (sum, weights) in sums.iter_mut().zip(weights.as_chunks::<QUAD>().0) {
                *sum += inputs.iter().zip(weights).map(|(&a, &w)| i32::from(a) * i32::from(w)).sum::<i32>();
            }
        }
    }
}
