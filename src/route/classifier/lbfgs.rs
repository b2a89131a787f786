//! The least value of a smooth convex function: L-BFGS (Nocedal and Wright, *Numerical Optimization*, algorithm 7.4) with
//! a search that halves the step. The same function from the same start takes the same way.

use std::collections::VecDeque;

/// Steps that the curvature is remembered of.
const MEMORY: usize = 8;

/// A step is long enough where the value falls by this share of what the slope promises (Armijo's condition).
const ENOUGH: f64 = 1e-4;

/// Where the value falls by less than this share of itself, it is the least.
const SETTLED: f64 = 1e-6;

/// A step shorter than this is none.
const SHORTEST: f64 = 1e-8;

/// Where a step went and how the gradient changed on it.
struct Step {
    moved: Vec<f32>,
    bent: Vec<f32>,
    /// 1 / (moved · bent)
    rho: f64,
}

/// Follows `evaluate`, which gives the value at a point and writes its gradient, down from `point`, for at most `steps`.
pub(super) fn minimise(point: &mut [f32], steps: usize, mut evaluate: impl FnMut(&[f32], &mut [f32]) -> f64) {
    let mut gradient = vec![0.0; point.len()];
    let mut value = evaluate(point, &mut gradient);
    let mut memory: VecDeque<Step> = VecDeque::with_capacity(MEMORY + 1);
    let (mut next, mut next_gradient) = (vec![0.0; point.len()], vec![0.0; point.len()]);
    for _ in 0..steps {
        let direction = direction(&gradient, &memory);
        let slope = product(&gradient, &direction);
        if slope >= 0.0 || !slope.is_finite() {
            return;
        }
        let mut length = if memory.is_empty() { 1.0 / product(&gradient, &gradient).sqrt() } else { 1.0 };
        let next_value = loop {
            next.copy_from_slice(point);
            add(&mut next, &direction, length);
            let next_value = evaluate(&next, &mut next_gradient);
            if next_value <= value + ENOUGH * length * slope {
                break next_value;
            }
            length /= 2.0;
            if length < SHORTEST {
                return;
            }
        };
        let moved: Vec<f32> = next.iter().zip(&*point).map(|(next, point)| next - point).collect();
        let bent: Vec<f32> = next_gradient.iter().zip(&gradient).map(|(next, gradient)| next - gradient).collect();
        let curvature = product(&moved, &bent);
        if curvature > 0.0 {
            memory.push_back(Step { moved, bent, rho: 1.0 / curvature });
            if memory.len() > MEMORY {
                memory.pop_front();
            }
        }
        point.copy_from_slice(&next);
        std::mem::swap(&mut gradient, &mut next_gradient);
        let fell = value - next_value;
        value = next_value;
        if fell <= SETTLED * value.abs() {
            return;
        }
    }
}

/// The way down: against the gradient, corrected by the remembered curvature.
fn direction(gradient: &[f32], memory: &VecDeque<Step>) -> Vec<f32> {
    let mut direction: Vec<f32> = gradient.iter().map(|x| -x).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for Step { moved, bent, rho } in memory.iter().rev() {
        let share = rho * product(moved, &direction);
        add(&mut direction, bent, -share);
        shares.push(share);
    }
    if let Some(Step { bent, rho, .. }) = memory.back() {
        let scale = (1.0 / (rho * product(bent, bent))) as f32;
        direction.iter_mut().for_each(|x| *x *= scale);
    }
    for (Step { moved, bent, rho }, share) in memory.iter().zip(shares.into_iter().rev()) {
        let correction = rho * product(bent, &direction);
        add(&mut direction, moved, share - correction);
    }
    direction
}

fn product(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

fn add(to: &mut [f32], what: &[f32], times: f64) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += times as f32 * what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_a_long_valley_is_found() {
        let mut point = [5.0, -3.0];
        minimise(&mut point, 100, |point, gradient| {
            let (x, y) = (point[0] - 1.0, point[1] - 2.0);
            gradient.copy_from_slice(&[2.0 * x, 200.0 * y]);
            f64::from(x * x + 100.0 * y * y)
        });
        assert!((point[0] - 1.0).abs() < 0.01 && (point[1] - 2.0).abs() < 0.01, "{point:?}");
    }

    #[test]
    fn what_cannot_fall_stays() {
        let mut point = [1.0];
        minimise(&mut point, 10, |_, gradient| {
            gradient[0] = f32::NAN;
            f64::NAN
        });
        assert_eq!(point, [1.0]);
        minimise(&mut point, 10, |_, gradient| {
            gradient[0] = 0.0;
            0.0
        });
        assert_eq!(point, [1.0]);
    }
}
