#![allow(warnings, unsafe_code)]
use candle_core::{DType, Device, Tensor};
use candle_transformers::models::bert::{BertModel, Config};
use pointsman_engine::*;
use std::collections::HashMap;
use std::time::Instant;
fn main() {
    let dir = "models/all-MiniLM-L6-v2/";
    let ts: HashMap<String, Tensor> =
        candle_core::safetensors::load(format!("{dir}model.safetensors"), &Device::Cpu).unwrap();
    let shape = Shape {
        vocab_size: 30522,
        hidden_size: 384,
        num_hidden_layers: 6,
        num_attention_heads: 12,
        intermediate_size: 1536,
        max_position_embeddings: 512,
        type_vocab_size: 2,
        layer_norm_eps: 1e-12,
        hidden_act: Activation::Gelu,
    };
    let t0 = Instant::now();
    let net = Network::build(shape, |n| {
        ts.get(n)
            .ok_or_else(|| n.to_string())
            .map(|t| t.to_dtype(DType::F32).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap())
    })
    .unwrap();
    println!("build {:?} {}", t0.elapsed(), net.kernel().name());
    let config: Config = serde_json::from_slice(&std::fs::read(format!("{dir}config.json")).unwrap()).unwrap();
    let vb = candle_nn::VarBuilder::from_buffered_safetensors(
        std::fs::read(format!("{dir}model.safetensors")).unwrap(),
        DType::F32,
        &Device::Cpu,
    )
    .unwrap();
    let bert = BertModel::load(vb, &config).unwrap();
    let mut tok = tokenizers::Tokenizer::from_file(format!("{dir}tokenizer.json")).unwrap();
    tok.with_padding(None)
        .with_truncation(Some(tokenizers::TruncationParams { max_length: 256, ..Default::default() }))
        .unwrap();
    let mut ws = Workspace::default();
    let mut out = vec![];
    if std::env::args().nth(1).as_deref() != Some("quality") {
        for k in kernels::Kernel::all() {
            if k.name() == "portable" {
                continue;
            }
        }
        let mut net = net;
        for k in kernels::Kernel::all() {
            if !std::env::var("K").map_or(true, |v| v == k.name()) {
                continue;
            }
            net = net.with_kernel(k);
            for n in std::env::var("N").map_or(vec![6, 13, 32, 110, 252], |n| vec![n.parse().unwrap()]) {
                let ids: Vec<u32> = (0..n).map(|i| 2000 + (i * 37) % 20000).collect();
                let mut t = vec![];
                for _ in 0..200 {
                    let s = cpu();
                    net.encode(&[&ids[..]], &mut ws, &mut out).unwrap();
                    t.push(cpu() - s);
                }
                t.sort();
                println!("{} {n}: {:?}", k.name(), t[50]);
            }
        }
        return;
    }
    let file = std::env::args().nth(2).unwrap();
    let norm = |v: Vec<f32>| {
        let l = v.iter().map(|x| x * x).sum::<f32>().sqrt();
        v.into_iter().map(|x| x / l).collect::<Vec<f32>>()
    };
    let mut cs = vec![];
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let v: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = v.as_str().or(v["text"].as_str()).unwrap().to_string();
        let e = tok.encode(text.as_str(), true).unwrap();
        let ids = e.get_ids();
        let it = Tensor::new(ids, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        let r = norm(
            bert.forward(&it, &it.zeros_like().unwrap(), None)
                .unwrap()
                .squeeze(0)
                .unwrap()
                .mean(0)
                .unwrap()
                .to_vec1::<f32>()
                .unwrap(),
        );
        net.encode(&[ids], &mut ws, &mut out).unwrap();
        let q = norm(out.clone());
        let c: f32 = r.iter().zip(&q).map(|(a, b)| a * b).sum();
        cs.push((c, text));
    }
    cs.sort_by(|a, b| a.0.total_cmp(&b.0));
    println!("n {} mean {} min {}", cs.len(), cs.iter().map(|c| c.0).sum::<f32>() / cs.len() as f32, cs[0].0);
    for c in &cs[..8] {
        println!("{} {:?}", c.0, c.1.chars().take(80).collect::<String>());
    }
}
fn cpu() -> std::time::Duration {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe {
        libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t);
    }
    std::time::Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
}
