//! What cannot be computed as PyTorch does is refused, by file and cause.

use pointsman::guard::classifier::Sequence;
use serde_json::{Value, json};

use crate::edited::{Edited, tensors_of, write_tensors};
use crate::{ALL, ARCHITECTURES, assert_tokens, cases, is_near};

#[test]
fn what_would_give_other_probabilities_than_the_model_s_is_refused() {
    for (name, key, value) in [
        ("bert", "is_decoder", json!(true)),
        ("bert", "position_embedding_type", json!("relative_key")),
        ("bert", "hidden_act", json!("silu")),
        ("modernbert", "hidden_activation", json!("relu")),
        ("modernbert", "attention_bias", json!(true)),
        ("modernbert", "mlp_bias", json!(true)),
        ("modernbert", "norm_bias", json!(true)),
        ("modernbert", "classifier_pooling", json!("max")),
        ("modernbert", "layer_types", json!(["sliding_attention", "full_attention", "full_attention"])),
        ("modernbert", "layer_types", json!(["full_attention"])),
        ("modernbert", "global_attn_every_n_layers", json!(0)),
        ("modernbert", "rope_parameters", json!({"full_attention": {"rope_type": "yarn", "factor": 4.0}})),
        ("modernbert", "rope_parameters", json!({"rope_type": "default", "rope_theta": 10_000.0})),
        ("modernbert", "rope_scaling", json!({"rope_type": "linear", "factor": 2.0})),
        ("deberta-v2", "conv_kernel_size", json!(3)),
        ("deberta-v2", "pooler_hidden_size", json!(16)),
        ("deberta-v2", "pooler_hidden_act", json!("softsign")),
        ("deberta-v2", "num_attention_heads", json!(5)),
        ("bert", "num_attention_heads", json!(0)),
        ("bert", "problem_type", json!("multi_label_classification")),
    ] {
        let mut folder = Edited::new(&format!("{name}-sequence"));
        if key == "global_attn_every_n_layers" {
            folder = folder.with_config("layer_types", Value::Null);
        }
        let error = folder.with_config(key, value.clone()).error("sequence");
        let named = match &value {
            Value::String(word) => word.as_str(),
            _ => key.trim_start_matches("rope_parameters"),
        };
        assert!(error.contains("config.json") && error.contains(named), "{key}: {value}: {error}");
    }
}

#[test]
fn another_architecture_is_refused_by_its_name() {
    for model_type in [json!("deberta"), json!("roberta"), Value::Null] {
        let error = Edited::new("bert-token").with_config("model_type", model_type.clone()).error("token");
        for part in ["config.json", &model_type.to_string(), "bert, modernbert and deberta-v2"] {
            assert!(error.contains(part), "{error}");
        }
    }
}

#[test]
fn a_model_for_another_task_is_refused() {
    for name in ARCHITECTURES {
        for (trained, asked) in [("sequence", "token"), ("token", "sequence")] {
            let error = Edited::new(&format!("{name}-{trained}")).error(asked);
            assert!(error.contains("config.json") && error.contains("Classification"), "{error}");
        }
        let masked = Edited::new(&format!("{name}-token")).with_config("architectures", json!(["BertForMaskedLM"]));
        let error = masked.error("token");
        assert!(error.contains("BertForMaskedLM") && error.contains("ForTokenClassification"), "{error}");
    }
}

#[test]
fn a_head_that_is_not_there_is_missed_by_its_name() {
    for (name, head) in [
        ("bert-sequence", "bert.pooler.dense.weight"),
        ("bert-token", "classifier.bias"),
        ("modernbert-sequence", "head.norm.weight"),
        ("modernbert-token", "head.dense.bias"),
        ("modernbert-token", "model.layers.1.attn_norm.weight"),
        ("deberta-v2-sequence", "pooler.dense.weight"),
        ("deberta-v2-token", "classifier.weight"),
    ] {
        let (_, task) = name.rsplit_once('-').unwrap();
        let folder = Edited::new(name).with_config("architectures", Value::Null);
        let error = folder.with_weights(|tensor| (tensor.0 != head).then_some(tensor)).error(task);
        assert!(error.contains("model.safetensors") && error.contains(&format!("lacks {head}")), "{error}");
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused_with_both() {
    for name in ARCHITECTURES {
        let labels = ["SAFE", "OK", "CLEAN", "INJECTION"];
        let error = Edited::new(&format!("{name}-sequence")).with_labels(&labels).error("sequence");
        for part in ["model.safetensors", "classifier.weight", "[4, 32]"] {
            assert!(error.contains(part), "{error}");
        }
        let error = Edited::new(&format!("{name}-token")).with_config("intermediate_size", json!(40)).error("token");
        assert!(error.contains("model.safetensors") && error.contains("config.json makes it"), "{error}");
        let error = Edited::new(&format!("{name}-token")).with_config("vocab_size", json!(50)).error("token");
        assert!(error.contains("tokenizer.json") && error.contains("50"), "{error}");
    }
}

#[test]
fn a_tensor_that_would_be_passed_over_is_refused() {
    for (name, more) in [
        ("bert", "bert.encoder.layer.3.output.dense.bias"),
        ("modernbert", "model.layers.0.attn.Wqkv.bias"),
        ("modernbert", "model.layers.0.attn_norm.weight"),
        ("deberta-v2", "deberta.encoder.conv.conv.bias"),
    ] {
        let folder = Edited::new(&format!("{name}-token"));
        let path = folder.file("model.safetensors");
        let mut tensors = tensors_of(&path);
        tensors.push((more.into(), "F32".into(), vec![1], vec![0; 4]));
        write_tensors(&path, &tensors);
        let error = folder.error("token");
        assert!(error.contains("model.safetensors") && error.contains(more), "{error}");
    }
    // What other tools leave there does no harm.
    let folder = Edited::new("bert-token");
    let path = folder.file("model.safetensors");
    let mut tensors = tensors_of(&path);
    for more in ["bert.embeddings.position_ids", "bert.pooler.dense.bias", "cls.predictions.bias"] {
        tensors.push((more.into(), "I64".into(), vec![1], vec![0; 8]));
    }
    write_tensors(&path, &tensors);
    assert_tokens(folder.path(), "bert-token", 1e-4);
}

#[test]
fn files_that_are_none_are_named() {
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        let folder = Edited::new("bert-sequence");
        std::fs::write(folder.file(file), "{").unwrap();
        let error = folder.error("sequence");
        assert!(error.contains(file), "{error}");
        std::fs::remove_file(folder.file(file)).unwrap();
        let error = folder.error("sequence");
        assert!(error.contains(file) && error.contains("cannot read"), "{error}");
    }
}

#[test]
fn labels_must_be_named_and_known() {
    for labels in
        [Value::Null, json!({}), json!({"0": "SAFE"}), json!({"1": "SAFE", "2": "INJECTION"}), json!(["SAFE"])]
    {
        let error = Edited::new("bert-sequence").with_config("id2label", labels).error("sequence");
        assert!(error.contains("config.json") && error.contains("id2label"), "{error}");
    }
    let folder = Edited::new("bert-sequence").with_labels(&["LABEL_0", "LABEL_1"]);
    let error = folder.error("sequence");
    for part in ["config.json", "LABEL_0, LABEL_1", "attack_labels"] {
        assert!(error.contains(part), "{error}");
    }
    let (text, case) = &cases("bert-sequence")[6];
    let model = Sequence::load(folder.path(), &["label_0".into()]).unwrap();
    let expected = case["windows"].as_array().unwrap().iter().map(|x| x[0].as_f64().unwrap()).fold(0.0, f64::max);
    assert!(is_near(model.score(text, ALL).unwrap().value, expected, 1e-4));
    let error = Sequence::load(folder.path(), &["INJECTION".into()]).unwrap_err().to_string();
    assert!(error.contains("INJECTION") && error.contains("LABEL_0, LABEL_1"), "{error}");
}
