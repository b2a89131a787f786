//! Entries and questions like real ones: the embeddings of real texts, and noise around them.

use std::path::Path;
use std::{array, fs};

use half::f16;
use half::slice::HalfFloatSliceExt;
use pointsman::cache::{Entry, EntryId, Epochs, Millis, Scope};
use pointsman::embed::{Model, Precision};

/// The model's dimensions.
pub(crate) const WIDTH: usize = 384;

/// How long the noise is that makes another question, and the same question in other words (a cosine of 0.97), and of how
/// many differences of real texts it is made: meanings do not lie in all directions alike.
const ANOTHER: f32 = 0.8;
const PARAPHRASE: f32 = 0.25;
const DIFFERENCES: usize = 8;

/// An answer's length in bytes.
const ANSWER: usize = 200;

/// The embeddings of real texts.
pub(crate) struct Data(Vec<Vec<f32>>);

// === impl Data ===

impl Data {
    pub(crate) fn load() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let model = Model::load(&root.join("models/all-MiniLM-L6-v2"), Precision::Int8).expect("the model loads");
        let file = fs::read_to_string(root.join("tests/data/varied_texts.jsonl")).expect("the texts");
        let embed = |line: &str| {
            let text: String = serde_json::from_str(line).expect("a text");
            model.embed(&text).expect("an embedding").to_vec()
        };
        Self(file.lines().map(embed).collect())
    }

    pub(crate) fn text(&self, number: usize) -> String {
        format!("question {number}")
    }

    /// The embedding of question `number`: of a real text, or between two of them and off the line.
    pub(crate) fn embedding(&self, number: usize) -> Vec<f32> {
        let text = &self.0[number % self.0.len()];
        if number < self.0.len() {
            return text.clone();
        }
        let mut random = fastrand::Rng::with_seed(number as u64);
        let (other, weight) = (self.any(&mut random), random.f32());
        let between: Vec<f32> = text.iter().zip(other).map(|(a, b)| a + weight * b).collect();
        let length = ANOTHER * random.f32();
        self.near(&unit(between), length, &mut random)
    }

    /// Question `number` in other words.
    pub(crate) fn paraphrase(&self, number: usize, seed: usize) -> Vec<f32> {
        let mut random = fastrand::Rng::with_seed(!(seed as u64));
        self.near(&self.embedding(number), PARAPHRASE, &mut random)
    }

    /// `vector` with noise of this length.
    fn near(&self, vector: &[f32], length: f32, random: &mut fastrand::Rng) -> Vec<f32> {
        let mut noise = vec![0.0; vector.len()];
        for _ in 0..DIFFERENCES {
            let (weight, a, b) = (random.f32() - 0.5, self.any(random), self.any(random));
            noise.iter_mut().zip(a.iter().zip(b)).for_each(|(noise, (a, b))| *noise += weight * (a - b));
        }
        unit(vector.iter().zip(unit(noise)).map(|(x, noise)| x + length * noise).collect())
    }

    fn any(&self, random: &mut fastrand::Rng) -> &[f32] {
        &self.0[random.usize(..self.0.len())]
    }

    /// An entry that does not end.
    pub(crate) fn entry(&self, number: usize, scope: Scope) -> Entry {
        let text = self.text(number);
        let embedding: Vec<f16> = self.embedding(number).into_iter().map(f16::from_f32).collect();
        Entry {
            id: EntryId::of(&scope, &text),
            normal: EntryId::of(&scope, &format!("normal {number}")),
            scope,
            text: text.into(),
            embedding: Some(embedding.into()),
            answer: "x".repeat(ANSWER).into(),
            route: "chitchat".into(),
            backend: "fast-chat".into(),
            epoch: Epochs::default().of("chitchat"),
            stored_at: Millis(0),
            expires_at: Millis(u64::MAX),
        }
    }
}

/// The scope of this number.
pub(crate) fn scope(number: usize) -> Scope {
    let mut random = fastrand::Rng::with_seed(number as u64);
    Scope::from_bytes(array::from_fn(|_| random.u8(..)))
}

/// A number that does not look like its neighbours'.
pub(crate) fn shuffled(number: usize) -> usize {
    fastrand::Rng::with_seed(number as u64).usize(..)
}

pub(crate) fn floats(entry: &Entry) -> Vec<f32> {
    let mut floats = vec![0.0; WIDTH];
    entry.embedding.as_deref().expect("an embedding").convert_to_f32_slice(&mut floats);
    floats
}

pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, _) = a.as_chunks::<16>();
    let (b, _) = b.as_chunks::<16>();
    let mut sums = [0.0f32; 16];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..16 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

/// What this process takes of the machine's memory, in bytes.
pub(crate) fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").expect("Linux");
    pages.split(' ').nth(1).expect("a second number").parse::<usize>().expect("a number of pages") * 4096
}

fn unit(vector: Vec<f32>) -> Vec<f32> {
    let length = dot(&vector, &vector).sqrt();
    vector.into_iter().map(|x| x / length).collect()
}
