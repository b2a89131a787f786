//! The steady state allocates nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use pointsman_engine::{Activation, Head, HeadWeights, MARKS, Network, Shape, Workspace};

/// The system's allocator, counting.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands every call to the system's allocator as it came.
#[allow(unsafe_code, reason = "an allocator is")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn nothing_is_allocated_once_a_batch_as_large_was_seen() {
    let shape = Shape {
        vocab_size: 50,
        hidden_size: 48,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        intermediate_size: 100,
        max_position_embeddings: 64,
        type_vocab_size: 1,
        layer_norm_eps: 1e-12,
        hidden_act: Activation::Gelu,
    };
    let mut random = fastrand::Rng::with_seed(1);
    let sizes = |name: &str| match name {
        "embeddings.word_embeddings.weight" => 50 * 48,
        "embeddings.position_embeddings.weight" => 64 * 48,
        _ if name.ends_with("intermediate.dense.bias") => 100,
        _ if name.ends_with("intermediate.dense.weight") => 48 * 100,
        _ if name.ends_with("output.dense.weight") && !name.contains("attention") => 48 * 100,
        _ if name.ends_with(".weight") && !name.contains("Norm") && !name.contains("type") => 48 * 48,
        _ => 48,
    };
    let network = Network::build(shape, |name| Ok::<_, String>((0..sizes(name)).map(|_| random.f32()).collect()));
    let network = network.unwrap();
    let head = Head::build(HeadWeights {
        width: 48,
        layers: &[0, 2],
        hidden: &[0.1; 64 * (2 * 48 + MARKS)],
        hidden_bias: &[0.1; 64],
        output: &[0.1; 9 * 64],
        output_bias: &[0.1; 9],
    });
    let head = head.unwrap();
    let mut workspace = Workspace::default();
    network.encode_with(&[vec![1; 64], vec![2; 63], vec![3]], &head, &[1; 128], &mut workspace).unwrap();

    let batches = [vec![vec![1u32; 64], vec![2; 30], vec![3]], vec![vec![4; 13]], vec![vec![5; 40], vec![6; 40]]];
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let sums: [f32; 3] = batches.each_ref().map(|batch| network.encode(batch, &mut workspace).unwrap().iter().sum());
    let logits: [f32; 3] = batches.each_ref().map(|batch| {
        let marks = &[3; 128][..batch.iter().map(Vec::len).sum()];
        network.encode_with(batch, &head, marks, &mut workspace).unwrap().logits.as_flattened().iter().sum()
    });
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    assert!(sums.iter().chain(&logits).all(|sum| sum.is_finite()));
    assert_eq!(allocations, 0);
}
