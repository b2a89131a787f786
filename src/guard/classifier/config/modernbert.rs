//! ModernBERT's `config.json`, in its older and its newer words, as candle takes it.

use candle_transformers::models::modernbert;
use serde::Deserialize;
use serde_json::Value;

use super::{Architecture, ConfigError, Object, activation, demand, unsupported};
use crate::guard::classifier::head::Pooling;

pub(super) fn parse(mut config: Object) -> Result<Architecture, ConfigError> {
    // candle has a fixed function and no biases.
    demand(&config, "hidden_activation", &["gelu".into()])?;
    for key in ["attention_bias", "mlp_bias", "norm_bias"] {
        demand(&config, key, &[false.into()])?;
    }
    demand(&config, "classifier_pooling", &["cls".into(), "mean".into()])?;
    let pooling = match config.remove("classifier_pooling") {
        Some(Value::String(name)) if name == "mean" => Pooling::Mean,
        _ => Pooling::First,
    };
    let head = activation(config.remove("classifier_activation"))?;
    let has_head_bias = config.remove("classifier_bias") == Some(true.into());

    let theta =
        [("full_attention", "global_rope_theta", 160_000.0), ("sliding_attention", "local_rope_theta", 10_000.0)];
    for (layers, older, default) in theta {
        let theta = rope_theta(&config, layers)?.or_else(|| config.get(older).cloned()).unwrap_or(default.into());
        config.insert(older.into(), theta);
    }
    let every = global_layers(&config)?;
    config.insert("global_attn_every_n_layers".into(), every.into());
    // candle's name for it, which `transformers` does not read.
    let epsilon = config.remove("norm_eps").unwrap_or(1e-5.into());
    config.insert("layer_norm_eps".into(), epsilon);
    config.entry("local_attention").or_insert(128.into());
    config.entry("pad_token_id").or_insert(0.into());
    let config = Box::new(modernbert::Config::deserialize(Value::Object(config))?);
    Ok(Architecture::ModernBert { config, pooling, head, has_head_bias })
}

/// The base of the rotations in such layers, where the newer words give it.
fn rope_theta(config: &Object, layers: &str) -> Result<Option<Value>, ConfigError> {
    if let Some(scaling) = config.get("rope_scaling") {
        return Err(unsupported("rope_scaling", scaling, "none".into()));
    }
    let Some(all) = config.get("rope_parameters") else { return Ok(None) };
    let known = |key: &String| ["full_attention", "sliding_attention"].contains(&key.as_str());
    match (all, all.get(layers)) {
        (Value::Object(kinds), Some(Value::Object(rope))) if kinds.keys().all(known) => {
            demand(rope, "rope_type", &["default".into()])?;
            Ok(rope.get("rope_theta").filter(|theta| !theta.is_null()).cloned())
        }
        (Value::Object(kinds), None | Some(Value::Null)) if kinds.keys().all(known) => Ok(None),
        _ => Err(unsupported("rope_parameters", all, "full_attention and sliding_attention".into())),
    }
}

/// One layer in so many, the first among them, sees the whole window.
fn global_layers(config: &Object) -> Result<usize, ConfigError> {
    let Some(types) = config.get("layer_types") else {
        let every = config.get("global_attn_every_n_layers");
        let known = every.map_or(Some(3), |every| every.as_u64().filter(|every| *every > 0));
        let error = || unsupported("global_attn_every_n_layers", &Value::from(every.cloned()), "one or more".into());
        return known.map(|every| every as usize).ok_or_else(error);
    };
    let layers = types.as_array().map_or(&[][..], Vec::as_slice);
    let is_regular = |every: &usize| {
        let kind = |layer: usize| if layer.is_multiple_of(*every) { "full_attention" } else { "sliding_attention" };
        layers.iter().enumerate().all(|(layer, found)| *found == kind(layer))
    };
    let has_all = config.get("num_hidden_layers").and_then(Value::as_u64) == Some(layers.len() as u64);
    let regular = (1..=layers.len()).find(is_regular).filter(|_| has_all);
    regular.ok_or_else(|| {
        let possible = "full_attention in one layer of so many from the first on, and sliding_attention in the others";
        unsupported("layer_types", types, possible.into())
    })
}
