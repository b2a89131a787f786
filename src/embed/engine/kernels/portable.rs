//! For every CPU; the definition of what the others compute.

use super::{Block, GROUP, Operands, WIDTH};

pub(super) fn multiply(operands: Operands, block: &mut Block) {
    let Operands { activations, panel, depth, .. } = operands;
    for (activations, sums) in activations.chunks_exact(depth).zip(&mut block.0) {
        *sums = [0; WIDTH];
        for (inputs, weights) in activations.chunks_exact(GROUP).zip(panel.chunks_exact(WIDTH * GROUP)) {
            for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(GROUP)) {
                *sum += inputs.iter().zip(weights).map(|(&a, &w)| i32::from(a) * i32::from(w)).sum::<i32>();
            }
        }
    }
}
