//! The int8 network against candle's f32 one, on small models of random weights and awkward sizes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config, HiddenAct, PositionEmbeddingType};
use pointsman_engine::kernels::Kernel;
use pointsman_engine::{
    Activation, BuildError, Head, HeadWeights, InputError, MARKS, Network, OUTPUTS, Shape, Workspace,
};

const SMALL: Shape = Shape {
    vocab_size: 61,
    hidden_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    intermediate_size: 100,
    max_position_embeddings: 90,
    type_vocab_size: 2,
    layer_norm_eps: 1e-12,
    hidden_act: Activation::Gelu,
};

type Tensors = HashMap<String, Tensor>;

/// Weights of the published names and shapes, by a seed.
fn random_tensors(shape: &Shape, seed: u64) -> Tensors {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut tensors = Tensors::new();
    let mut add = |name: String, dimensions: &[usize], mean: f32, spread: f32| {
        let floats = (0..dimensions.iter().product()).map(|_| mean + spread * (random.f32() + random.f32() - 1.0));
        tensors.insert(name, Tensor::from_iter(floats, &Device::Cpu).unwrap().reshape(dimensions).unwrap());
    };
    let (hidden, inner) = (shape.hidden_size, shape.intermediate_size);
    let tables = [
        ("word", shape.vocab_size),
        ("position", shape.max_position_embeddings),
        ("token_type", shape.type_vocab_size),
    ];
    for (table, rows) in tables {
        add(format!("embeddings.{table}_embeddings.weight"), &[rows, hidden], 0.0, 1.0);
    }
    let mut norms = vec!["embeddings.LayerNorm".to_owned()];
    for layer in 0..shape.num_hidden_layers {
        let linears = [
            ("attention.self.query", hidden, hidden),
            ("attention.self.key", hidden, hidden),
            ("attention.self.value", hidden, hidden),
            ("attention.output.dense", hidden, hidden),
            ("intermediate.dense", hidden, inner),
            ("output.dense", inner, hidden),
        ];
        for (name, inputs, outputs) in linears {
            let spread = 3.0 / (inputs as f32).sqrt();
            add(format!("encoder.layer.{layer}.{name}.weight"), &[outputs, inputs], 0.0, spread);
            add(format!("encoder.layer.{layer}.{name}.bias"), &[outputs], 0.0, 0.3);
        }
        norms.extend(["attention.output", "output"].map(|name| format!("encoder.layer.{layer}.{name}.LayerNorm")));
    }
    for name in norms {
        add(format!("{name}.weight"), &[hidden], 1.0, 0.5);
        add(format!("{name}.bias"), &[hidden], 0.0, 0.3);
    }
    tensors
}

fn network(shape: &Shape, tensors: &Tensors) -> Network {
    let tensor = |name: &str| {
        let tensor = tensors.get(name).ok_or_else(|| name.to_owned())?;
        Ok::<_, String>(tensor.flatten_all().unwrap().to_vec1().unwrap())
    };
    Network::build(shape.clone(), tensor).unwrap()
}

fn reference(shape: &Shape, tensors: &Tensors) -> BertModel {
    let config = Config {
        vocab_size: shape.vocab_size,
        hidden_size: shape.hidden_size,
        num_hidden_layers: shape.num_hidden_layers,
        num_attention_heads: shape.num_attention_heads,
        intermediate_size: shape.intermediate_size,
        hidden_act: match shape.hidden_act {
            Activation::Gelu => HiddenAct::Gelu,
            Activation::GeluTanh => HiddenAct::GeluApproximate,
            Activation::Relu => HiddenAct::Relu,
        },
        max_position_embeddings: shape.max_position_embeddings,
        type_vocab_size: shape.type_vocab_size,
        layer_norm_eps: shape.layer_norm_eps.into(),
        position_embedding_type: PositionEmbeddingType::Absolute,
        ..Config::default()
    };
    BertModel::load(VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu), &config).unwrap()
}

/// The mean of the last states, by candle.
fn expected(reference: &BertModel, sequence: &[u32]) -> Vec<f32> {
    let ids = Tensor::new(sequence, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    let states = reference.forward(&ids, &ids.zeros_like().unwrap(), None).unwrap();
    states.squeeze(0).unwrap().mean(0).unwrap().to_vec1().unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// A head of random weights, as they are before they are quantised.
struct RandomHead {
    layers: Vec<usize>,
    hidden: Vec<f32>,
    hidden_bias: Vec<f32>,
    output: Vec<f32>,
    output_bias: Vec<f32>,
}

impl RandomHead {
    fn new(layers: &[usize], hidden: usize, outputs: usize) -> Self {
        let columns = layers.len() * SMALL.hidden_size + MARKS;
        let mut random = fastrand::Rng::with_seed(21);
        let mut floats = |count, spread: f32| (0..count).map(|_| spread * (2.0 * random.f32() - 1.0)).collect();
        Self {
            layers: layers.into(),
            hidden: floats(hidden * columns, 3.0 / (columns as f32).sqrt()),
            hidden_bias: floats(hidden, 0.5),
            output: floats(outputs * hidden, 3.0 / (hidden as f32).sqrt()),
            output_bias: floats(outputs, 0.5),
        }
    }

    fn weights(&self) -> HeadWeights<'_> {
        let Self { layers, hidden, hidden_bias, output, output_bias } = self;
        HeadWeights { width: SMALL.hidden_size, layers, hidden, hidden_bias, output, output_bias }
    }

    fn build(&self) -> Head {
        Head::build(self.weights()).unwrap()
    }

    /// Its outputs for a token, in f32. `states` are those of `layers`, one after another.
    fn outputs(&self, states: &[f32], marks: u16) -> Vec<f32> {
        let marks = (0..MARKS).map(|mark| f32::from(marks >> mark & 1));
        let inputs: Vec<f32> = states.iter().copied().chain(marks).collect();
        let apply = |weights: &[f32], bias: &[f32], inputs: &[f32]| -> Vec<f32> {
            let dot = |row: &[f32]| row.iter().zip(inputs).map(|(w, x)| w * x).sum::<f32>();
            weights.chunks_exact(inputs.len()).zip(bias).map(|(row, bias)| dot(row) + bias).collect()
        };
        let mut hidden = apply(&self.hidden, &self.hidden_bias, &inputs);
        hidden.iter_mut().for_each(|x| *x = x.max(0.0));
        apply(&self.output, &self.output_bias, &hidden)
    }
}

/// The states of `sequence` behind each of `layers`, by candle: `[layers][tokens][hidden_size]`.
fn states(tensors: &Tensors, layers: &[usize], sequence: &[u32]) -> Vec<Vec<Vec<f32>>> {
    let ids = Tensor::new(sequence, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    let behind = |&layer: &usize| {
        let network = reference(&Shape { num_hidden_layers: layer, ..SMALL }, tensors);
        network.forward(&ids, &ids.zeros_like().unwrap(), None).unwrap().squeeze(0).unwrap().to_vec2().unwrap()
    };
    layers.iter().map(behind).collect()
}

/// A mark of each kind, and none, and several.
fn marks(tokens: usize) -> Vec<u16> {
    (0..tokens).map(|token| (1u32 << (token % 18)) as u16 | (token as u16 & 1)).collect()
}

/// Sequences of every length that a tile or a vector might trip over.
fn sequences(shape: &Shape) -> Vec<Vec<u32>> {
    let mut random = fastrand::Rng::with_seed(7);
    let lengths = [1, 2, 5, 6, 7, 13, 15, 16, 17, 31, 32, 33, 63, 64, 65, 90];
    lengths.map(|length| (0..length).map(|_| random.u32(..shape.vocab_size as u32)).collect()).into()
}

#[test]
fn means_are_those_of_candle_whatever_the_sizes() {
    let shapes = [
        SMALL,
        Shape { hidden_act: Activation::GeluTanh, num_attention_heads: 3, ..SMALL },
        Shape { hidden_act: Activation::Relu, hidden_size: 256, intermediate_size: 512, ..SMALL },
        Shape { hidden_size: 130, num_attention_heads: 1, intermediate_size: 7, type_vocab_size: 1, ..SMALL },
        Shape { hidden_size: 40, num_attention_heads: 10, num_hidden_layers: 3, layer_norm_eps: 1e-5, ..SMALL },
    ];
    for (seed, shape) in (1..).zip(shapes) {
        let tensors = random_tensors(&shape, seed);
        let (network, reference) = (network(&shape, &tensors), reference(&shape, &tensors));
        let sequences = sequences(&shape);
        let mut workspace = Workspace::default();
        let means = network.encode(&sequences, &mut workspace).unwrap();
        assert_eq!(means.len(), sequences.len() * shape.hidden_size);
        for (sequence, mean) in sequences.iter().zip(means.chunks_exact(shape.hidden_size)) {
            let cosine = cosine(mean, &expected(&reference, sequence));
            assert!(cosine > 0.999, "{} tokens of {shape:?}: {cosine}", sequence.len());
        }
    }
}

#[test]
fn every_kernel_gives_the_same_floats_but_for_long_sequences_by_tiles() {
    let tensors = random_tensors(&SMALL, 11);
    let sequences = sequences(&SMALL);
    let on = |kernel| network(&SMALL, &tensors).with_kernel(kernel);
    let means = |kernel| on(kernel).encode(&sequences, &mut Workspace::default()).unwrap().to_vec();
    let portable = means(Kernel::all().next().unwrap());
    for kernel in Kernel::all() {
        let (means, name) = (means(kernel), kernel.name());
        let rows = means.chunks_exact(SMALL.hidden_size).zip(portable.chunks_exact(SMALL.hidden_size));
        for (sequence, (mean, portable)) in sequences.iter().zip(rows) {
            // AMX attends over long sequences in bf16.
            match (name, sequence.len()) {
                ("amx-int8", 64..) => assert!(cosine(mean, portable) > 0.9999, "{} tokens", sequence.len()),
                _ => assert_eq!(mean, portable, "{} tokens by {name}", sequence.len()),
            }
        }
    }
}

#[test]
fn company_changes_nothing() {
    let network = network(&SMALL, &random_tensors(&SMALL, 12));
    let sequences = sequences(&SMALL);
    let mut workspace = Workspace::default();
    let together = network.encode(&sequences, &mut workspace).unwrap().to_vec();
    // From the longest down, in the same workspace: nothing of a larger batch may shine through.
    for (sequence, mean) in sequences.iter().zip(together.chunks_exact(SMALL.hidden_size)).rev() {
        assert_eq!(network.encode(&[sequence], &mut workspace).unwrap(), mean, "{} tokens", sequence.len());
    }
    assert!(network.encode(&[[0u32; 0]; 0], &mut workspace).unwrap().is_empty());
}

#[test]
fn a_head_gives_what_it_gives_in_f32_of_the_states_that_it_was_made_for() {
    let tensors = random_tensors(&SMALL, 17);
    let network = network(&SMALL, &tensors);
    for (layers, hidden, outputs) in [(&[2][..], 64, 9), (&[0, 2], 64, 9), (&[2, 1, 0], 100, 16), (&[1], 1, 1)] {
        let random = RandomHead::new(layers, hidden, outputs);
        let head = random.build();
        for sequence in sequences(&SMALL) {
            let marks = marks(sequence.len());
            let mut workspace = Workspace::default();
            let logits = network.encode_with(&[&sequence], &head, &marks, &mut workspace).unwrap().logits.to_vec();
            let states = states(&tensors, layers, &sequence);
            let (mut off, mut size) = (0.0, 0.0);
            for (token, (logits, marks)) in logits.iter().zip(marks).enumerate() {
                let states: Vec<f32> = states.iter().flat_map(|states| &states[token]).copied().collect();
                let expected = random.outputs(&states, marks);
                assert_eq!(logits[outputs..], [0.0; OUTPUTS][outputs..], "it has no more");
                off += logits.iter().zip(&expected).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
                size += expected.iter().map(|x| x.powi(2)).sum::<f32>();
            }
            let error = (off / size).sqrt();
            assert!(error < 0.05, "{layers:?}, {} tokens: {error}", sequence.len());
        }
    }
}

#[test]
fn a_head_changes_no_mean_and_company_no_output() {
    let network = network(&SMALL, &random_tensors(&SMALL, 18));
    let head = RandomHead::new(&[0, 2], 64, 9).build();
    let sequences = sequences(&SMALL);
    let mut workspace = Workspace::default();
    let means = network.encode(&sequences, &mut workspace).unwrap().to_vec();
    let marks: Vec<Vec<u16>> = sequences.iter().map(|sequence| marks(sequence.len())).collect();
    let together = network.encode_with(&sequences, &head, &marks.concat(), &mut workspace).unwrap();
    assert_eq!(together.pooled, means);
    let mut rest = &together.logits.to_vec()[..];
    for (sequence, marks) in sequences.iter().zip(marks) {
        let alone = network.encode_with(&[sequence], &head, &marks, &mut workspace).unwrap().logits;
        let (here, others) = rest.split_at(sequence.len());
        assert_eq!(alone, here, "{} tokens", sequence.len());
        rest = others;
    }
    assert!(rest.is_empty());
}

#[test]
fn a_head_for_another_network_is_refused() {
    let network = network(&SMALL, &random_tensors(&SMALL, 19));
    let encode = |head: &Head, marks: &[u16]| {
        network.encode_with(&[[1, 2, 3]], head, marks, &mut Workspace::default()).map(|_| ())
    };
    let random = RandomHead::new(&[2], 64, 9);
    assert_eq!(encode(&random.build(), &[0; 3]), Ok(()));
    assert_eq!(encode(&random.build(), &[0; 4]), Err(InputError::Marks(4)));
    let beyond = Head::build(HeadWeights { layers: &[3], ..random.weights() }).unwrap();
    assert_eq!(encode(&beyond, &[0; 3]), Err(InputError::Head));
    let hidden = vec![0.0; 64 * (40 + MARKS)];
    let narrow = Head::build(HeadWeights { width: 40, hidden: &hidden, ..random.weights() }).unwrap();
    assert_eq!(encode(&narrow, &[0; 3]), Err(InputError::Head));
    assert!(narrow.fits(40, 2) && !narrow.fits(48, 2) && !narrow.fits(40, 1));

    let why = |weights| Head::build(weights).unwrap_err();
    assert!(why(HeadWeights { layers: &[], ..random.weights() }).contains("zero"));
    assert!(why(HeadWeights { output_bias: &[0.0; 17], ..random.weights() }).contains("wide"));
    assert!(why(HeadWeights { hidden_bias: &[0.0; 63], ..random.weights() }).contains("fit"));
    assert!(why(HeadWeights { output_bias: &[0.0; 8], ..random.weights() }).contains("fit"));
}

#[test]
fn a_workspace_can_go_from_network_to_network() {
    let wide = Shape { hidden_size: 256, ..SMALL };
    let mut workspace = Workspace::default();
    network(&wide, &random_tensors(&wide, 13)).encode(&sequences(&wide), &mut workspace).unwrap();
    let network = network(&SMALL, &random_tensors(&SMALL, 14));
    let used = network.encode(&[[1, 2, 3]], &mut workspace).unwrap();
    assert_eq!(used, network.encode(&[[1, 2, 3]], &mut Workspace::default()).unwrap());
}

#[test]
fn what_cannot_be_encoded_is_refused() {
    let network = network(&SMALL, &random_tensors(&SMALL, 15));
    let refused = |sequence: &[u32]| network.encode(&[&[1], sequence], &mut Workspace::default()).map(|_| ());
    assert_eq!(refused(&[]), Err(InputError::Length(0)));
    assert_eq!(refused(&[1; 91]), Err(InputError::Length(91)));
    assert_eq!(refused(&[1, 61, 2]), Err(InputError::Token(61)));
}

#[test]
fn what_cannot_be_built_says_why() {
    let why = |shape: Shape, tensors: &Tensors| {
        let tensor = |name: &str| match tensors.get(name) {
            Some(tensor) => Ok(tensor.flatten_all().unwrap().to_vec1().unwrap()),
            None => Err(format!("no {name}")),
        };
        Network::build(shape, tensor).unwrap_err().to_string()
    };
    let mut tensors = random_tensors(&SMALL, 16);
    assert!(why(Shape { num_attention_heads: 5, ..SMALL }, &tensors).contains("num_attention_heads"));
    assert!(why(Shape { intermediate_size: 0, ..SMALL }, &tensors).contains("zero"));
    let longer = why(Shape { max_position_embeddings: 91, ..SMALL }, &tensors);
    assert_eq!(longer, "embeddings.position_embeddings.weight holds 4320 numbers, not 4368");
    tensors.remove("encoder.layer.1.output.dense.bias");
    assert_eq!(why(SMALL, &tensors), "no encoder.layer.1.output.dense.bias");
    let missing = BuildError::Tensor("no such tensor");
    assert_eq!(missing.to_string(), "no such tensor");
}

#[test]
fn weights_of_zeros_give_zeros_and_no_nan() {
    let zeros = |name: &str| match name {
        _ if name.ends_with("LayerNorm.weight") => Ok::<_, String>(vec![1.0; SMALL.hidden_size]),
        "embeddings.word_embeddings.weight" => Ok(vec![0.0; SMALL.vocab_size * SMALL.hidden_size]),
        "embeddings.position_embeddings.weight" => Ok(vec![0.0; SMALL.max_position_embeddings * SMALL.hidden_size]),
        "embeddings.token_type_embeddings.weight" => Ok(vec![0.0; SMALL.type_vocab_size * SMALL.hidden_size]),
        _ if name.ends_with("intermediate.dense.weight") | name.ends_with(".output.dense.weight")
            && !name.contains("attention") =>
        {
            Ok(vec![0.0; SMALL.hidden_size * SMALL.intermediate_size])
        }
        _ if name.ends_with("intermediate.dense.bias") => Ok(vec![0.0; SMALL.intermediate_size]),
        _ if name.ends_with(".weight") => Ok(vec![0.0; SMALL.hidden_size * SMALL.hidden_size]),
        _ => Ok(vec![0.0; SMALL.hidden_size]),
    };
    let network = Network::build(SMALL, zeros).unwrap();
    let mut workspace = Workspace::default();
    let means = network.encode(&[[1, 2, 3]], &mut workspace).unwrap();
    assert_eq!(means, [0.0; SMALL.hidden_size]);
}
