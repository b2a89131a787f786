//! What a server tells about itself: models, tokens, metrics.

use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use serde_json::json;

use super::app::App;
use super::engine::Finish;
use super::refusal::Refusal;
use super::typed::Typed;

/// Writes metrics in Prometheus' text format.
struct Page {
    text: String,
    /// `engine="0",model_name="…"`
    labels: String,
}

/// `/v1/models`
pub(super) fn models(app: &App) -> Bytes {
    let settings = &app.settings;
    let entry = |model: &String| {
        json!({
            "id": model, "object": "model", "created": 0, "owned_by": "vllm", "root": settings.models[0], "parent": null,
            "max_model_len": settings.max_model_len,
            "permission": [{
                "id": "modelperm-sim", "object": "model_permission", "created": 0, "allow_create_engine": false,
                "allow_sampling": true, "allow_logprobs": true, "allow_search_indices": false, "allow_view": true,
                "allow_fine_tuning": false, "organization": "*", "group": null, "is_blocking": false,
            }],
        })
    };
    let data: Vec<_> = settings.models.iter().map(entry).collect();
    json!({ "object": "list", "data": data }).to_string().into()
}

/// `/tokenize`: the estimated count, with ids that only number the tokens.
pub(super) fn tokenize(app: &App, asked: &Typed) -> Result<Bytes, Refusal> {
    app.model(asked.model.as_deref())?;
    let count = asked.measure().tokens;
    let tokens: Vec<_> = (0..count).collect();
    let max_model_len = app.settings.max_model_len;
    let body = json!({ "count": count, "max_model_len": max_model_len, "tokens": tokens, "token_strs": null });
    Ok(body.to_string().into())
}

/// `/metrics`, as far as balancers read them.
pub(super) fn metrics(app: &App) -> String {
    let (engine, counters) = (&app.engine, &app.engine.counters);
    let mut page = Page::new(&app.settings.models[0]);
    let load = |gauge: &std::sync::atomic::AtomicUsize| gauge.load(Relaxed) as f64;
    page.gauge("num_requests_running", "Number of requests in model execution batches.", load(&engine.running));
    page.gauge("num_requests_waiting", "Number of requests waiting to be processed.", load(&engine.waiting));
    page.head("engine_sleep_state", "Engine sleep state; awake = 1 means engine is awake.", "gauge");
    for (state, value) in [("awake", 1.0), ("weights_offloaded", 0.0), ("discard_all", 0.0)] {
        page.sample("engine_sleep_state", &format!(",sleep_state=\"{state}\""), value);
    }
    page.gauge("kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.", engine.kv_usage());
    for (name, help, counter) in [
        ("prefix_cache_queries_total", "Prefix cache queries, in tokens.", &counters.prefix_queries),
        ("prefix_cache_hits_total", "Prefix cache hits, in tokens.", &counters.prefix_hits),
        ("prompt_tokens_total", "Number of prefill tokens processed.", &counters.prompt_tokens),
        ("generation_tokens_total", "Number of generation tokens processed.", &counters.generation_tokens),
    ] {
        page.head(name, help, "counter");
        page.sample(name, "", counter.load(Relaxed) as f64);
    }
    page.head("request_success_total", "Count of successfully processed requests.", "counter");
    for finish in Finish::ALL {
        let count = counters.finished[finish as usize].load(Relaxed) as f64;
        page.sample("request_success_total", &format!(",finished_reason=\"{}\"", finish.name()), count);
    }
    page.head("admission_rejections_total", "Requests rejected by a queue limit, by reason.", "counter");
    let rejected = counters.rejected.load(Relaxed) as f64;
    page.sample("admission_rejections_total", ",reason=\"max_num_queued_reqs\"", rejected);
    page.text
}

// === impl Page ===

impl Page {
    fn new(model: &str) -> Self {
        let model = model.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        Self { text: String::new(), labels: format!("engine=\"0\",model_name=\"{model}\"") }
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, help, "gauge");
        self.sample(name, "", value);
    }

    // Writing into a string cannot fail.
    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let _ = writeln!(self.text, "# HELP vllm:{name} {help}\n# TYPE vllm:{name} {kind}");
    }

    /// `more` are further labels, each with its comma before it.
    fn sample(&mut self, name: &str, more: &str, value: f64) {
        // The debug form keeps `1.0` from becoming `1`, as Python's client writes it.
        let _ = writeln!(self.text, "vllm:{name}{{{}{more}}} {value:?}", self.labels);
    }
}
