//! BERT sentence encoders in int8 on the CPU.
//!
//! A [`Network`] is made once from f32 tensors: each linear layer's weights become int8 with a scale for each output
//! channel, packed in the order in which the kernels read them. [`Network::encode`] takes sequences of token ids, packed one
//! after another without padding, to the means of their tokens' last states or to the first ones. In between, activations
//! are f32, rotated and quantised to u8 for each token where a linear layer reads them; products are summed exactly in i32.
//!
//! - `network`: the layers in order
//! - `head`: what each token is, told from its states on the way
//! - `weights`: what the layers are made of
//! - `linear`: one linear layer: quantised input, packed weights, what is done with the sums
//! - `attention`, `rows`, `math`: everything in f32, once for all instruction sets (by `pulp`); long sequences are attended
//!   over in bf16 where there are tiles
//! - `kernels`: u8 × i8 → i32, the rotation, and bf16 products, for each instruction set
//! - `aligned`: memory in cache lines
//!
//! `kernels` and `aligned` hold the only `unsafe` code. It is a crate of its own so that it is optimised in debug builds
//! too.

mod aligned;
mod attention;
mod head;
pub mod kernels;
mod linear;
mod math;
mod network;
mod rows;
mod weights;

pub use head::{Head, HeadWeights, MARKS, OUTPUTS};
pub use network::{Activation, BuildError, InputError, Network, Pooling, Shape, Tagged, Workspace};
