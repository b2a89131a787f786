//! `complexity`: whether the prompt is more like the hard examples of the config or like the easy ones.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "complexity",
    cost: Cost::Encoder,
    kind: Kind::Number { least: -1.0, most: 1.0, whole: false },
    may_be_absent: true,
    shape: Shape::Plain,
    requires: Requires::Complexity,
    doc: "how much more like your hard examples than like your easy ones, -1 to 1: pay for a strong model only then",
    read,
};

/// Easy and hard examples, embedded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contrast {
    easy: Side,
    hard: Side,
}

/// The examples of one kind.
#[derive(Debug, Clone, Default, PartialEq)]
struct Side {
    /// Of length 1, all of one width.
    examples: Vec<Vec<f32>>,
    /// Their mean, of length 1 too.
    mean: Vec<f32>,
}

/// How much the nearest example counts beside the mean of all: the mean knows the kind, the nearest the case.
const NEAREST: f64 = 0.5;

fn read<'a>(facts: &Facts<'a>, _: &Arg) -> Option<Value<'a>> {
    let contrast = facts.wanted().contrast.as_ref()?;
    let embedding = facts.learned()?.embedding()?;
    Some(contrast.of(embedding).map_or(Value::Absent, Value::Number))
}

// === impl Contrast ===

impl Contrast {
    /// Takes the embeddings of the examples, each of length 1 and all of one width.
    pub fn new(easy: Vec<Vec<f32>>, hard: Vec<Vec<f32>>) -> Self {
        Self { easy: Side::new(easy), hard: Side::new(hard) }
    }

    /// Half the difference between the likeness to the hard and to the easy examples, -1 to 1; none where a side has no
    /// examples, or nothing can be compared.
    pub fn of(&self, embedding: &[f32]) -> Option<f64> {
        let contrast = (self.hard.likeness(embedding)? - self.easy.likeness(embedding)?) / 2.0;
        (!contrast.is_nan()).then(|| contrast.clamp(-1.0, 1.0))
    }
}

// === impl Side ===

impl Side {
    fn new(examples: Vec<Vec<f32>>) -> Self {
        let width = examples.first().map_or(0, Vec::len);
        let mut mean = vec![0.0f32; width];
        for example in &examples {
            mean.iter_mut().zip(example).for_each(|(sum, x)| *sum += x);
        }
        let length = cosine(&mean, &mean).unwrap_or(0.0).sqrt().max(f64::MIN_POSITIVE) as f32;
        mean.iter_mut().for_each(|x| *x /= length);
        Self { examples, mean }
    }

    /// Between the cosine to the mean and that to the nearest example.
    fn likeness(&self, embedding: &[f32]) -> Option<f64> {
        let nearest = self.examples.iter().filter_map(|example| cosine(example, embedding)).reduce(f64::max)?;
        Some((1.0 - NEAREST) * cosine(&self.mean, embedding)? + NEAREST * nearest)
    }
}

/// Of two vectors of length 1; none where their widths differ.
fn cosine(a: &[f32], b: &[f32]) -> Option<f64> {
    let dot = || a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum();
    (a.len() == b.len()).then(dot)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Nobody, request};
    use super::super::{Slot, Wanted};
    use super::*;

    fn contrast() -> Contrast {
        Contrast::new(vec![vec![1.0, 0.0], vec![0.8, 0.6]], vec![vec![0.0, 1.0]])
    }

    #[test]
    fn what_is_like_the_hard_examples_is_above_zero() {
        let of = |x, y| contrast().of(&[x, y]).unwrap();
        assert!(of(0.0, 1.0) > 0.2 && of(1.0, 0.0) < -0.2, "{} {}", of(0.0, 1.0), of(1.0, 0.0));
        assert!(of(0.6, 0.8) < of(0.0, 1.0));
        assert!((-1.0..=1.0).contains(&of(0.0, -1.0)));
    }

    #[test]
    fn what_cannot_be_compared_is_absent() {
        assert_eq!(contrast().of(&[1.0]), None);
        assert_eq!(contrast().of(&[f32::NAN, 0.0]), None);
        assert_eq!(Contrast::new(Vec::new(), vec![vec![1.0]]).of(&[1.0]), None);
    }

    #[test]
    fn it_waits_for_the_embedding() {
        let slots = vec![Slot { signal: &SIGNAL, arg: Arg::Nothing }];
        let wanted = Wanted { slots, contrast: Some(contrast()), ..Wanted::default() };
        let asked = request("hi");
        let known = Nobody { embedding: Some(vec![0.0, 1.0]), ..Nobody::default() };
        let mut facts = Facts::new(&asked, &wanted, 0);
        assert_eq!(facts.value(0), None);
        facts.learn(&known);
        assert!(matches!(facts.value(0), Some(Value::Number(hard)) if hard > 0.0));
    }
}
