//! A safetensors file of which every tensor must be accounted for: what a network leaves out, it computes without.

use std::collections::BTreeSet;
use std::sync::Arc;

use candle_core::safetensors::BufferedSafetensors;
use candle_core::{DType, Device, Result, Shape, Tensor, bail};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use parking_lot::Mutex;

/// The tensors of a file.
#[derive(Clone)]
pub(super) struct Weights {
    file: Arc<BufferedSafetensors>,
    /// The names of those that were read.
    read: Arc<Mutex<BTreeSet<String>>>,
}

/// What a backbone may have that a classifier does not need: buffers of older versions, another task's pooler, and the
/// positions of a DeBERTa that goes by distances.
const NEEDLESS: [&str; 3] = ["embeddings.position_ids", "pooler.dense", "embeddings.position_embeddings"];

// === impl Weights ===

impl Weights {
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self> {
        Ok(Self { file: Arc::new(BufferedSafetensors::new(bytes)?), read: Arc::default() })
    }

    /// The tensors in f32.
    pub(super) fn tensors(&self) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self.clone()), DType::F32, Device::Cpu)
    }

    /// An error where a tensor of `rooms`, such as `bert`, was not read.
    pub(super) fn check_all_read(&self, rooms: &[&str]) -> Result<()> {
        let read = self.read.lock();
        for (name, _) in self.file.tensors() {
            let Some((room, inner)) = name.split_once('.') else { continue };
            let is_needless = NEEDLESS.iter().any(|needless| inner.starts_with(needless));
            if rooms.contains(&room) && !is_needless && !read.contains(&name) {
                bail!("it holds {name}, which is no part of the model that config.json describes");
            }
        }
        Ok(())
    }

    fn load(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        let Ok(tensor) = self.file.get(name) else { bail!("it lacks {name}") };
        if !matches!(DType::try_from(tensor.dtype()), Ok(DType::F16 | DType::BF16 | DType::F32)) {
            bail!("{name} is stored as {:?}, and only F16, BF16 and F32 can be read", tensor.dtype());
        }
        self.read.lock().insert(name.into());
        self.file.load(name, device)?.to_dtype(dtype)
    }
}

impl SimpleBackend for Weights {
    fn get(&self, shape: Shape, name: &str, _: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        let tensor = self.load(name, dtype, device)?;
        if tensor.shape() != &shape {
            bail!("{name} is {:?}, and config.json makes it {:?}", tensor.dims(), shape.dims());
        }
        Ok(tensor)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        self.load(name, dtype, device)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.file.get(name).is_ok()
    }
}
