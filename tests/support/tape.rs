//! What a simulator really received.

use serde_json::Value;

use super::Child;

/// One request as a simulator saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen(Value);

impl Child {
    /// The requests that came, oldest first.
    pub(crate) async fn seen(&self) -> Vec<Seen> {
        let tape: Value = reqwest::get(self.at("/sim/requests")).await.unwrap().json().await.unwrap();
        tape["requests"].as_array().unwrap().iter().cloned().map(Seen).collect()
    }

    /// The last request that came.
    pub(crate) async fn last_seen(&self) -> Seen {
        self.seen().await.pop().expect("a request came")
    }

    /// How many requests came.
    pub(crate) async fn total_seen(&self) -> u64 {
        let tape: Value = reqwest::get(self.at("/sim/requests")).await.unwrap().json().await.unwrap();
        tape["total"].as_u64().unwrap()
    }

    /// The sum over all series of one of its metrics, `vllm:` left out.
    pub(crate) async fn told(&self, metric: &str) -> f64 {
        let page = reqwest::get(self.at("/metrics")).await.unwrap().text().await.unwrap();
        let series = format!("vllm:{metric}{{");
        let values = page.lines().filter(|line| line.starts_with(&series)).map(|line| line.rsplit_once(' ').unwrap().1);
        values.map(|value| value.parse::<f64>().unwrap()).sum()
    }
}

impl Seen {
    /// Its path with the query.
    pub(crate) fn path(&self) -> &str {
        self.0["path"].as_str().unwrap()
    }

    /// Whether whoever sent it left before it had been answered.
    pub(crate) fn aborted(&self) -> bool {
        self.0["aborted"] == true
    }

    /// Its method.
    pub(crate) fn method(&self) -> &str {
        self.0["method"].as_str().unwrap()
    }

    /// Its body, byte for byte.
    pub(crate) fn body(&self) -> &str {
        self.0["body"].as_str().expect("a short body in UTF-8")
    }

    /// Its body's length and FNV-1a checksum, for long ones.
    pub(crate) fn checksum(&self) -> (u64, &str) {
        (self.0["body_length"].as_u64().unwrap(), self.0["fnv1a"].as_str().unwrap())
    }

    /// The values of a header, in their order.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let headers = self.0["headers"].as_array().unwrap().iter();
        headers.filter(|pair| pair[0] == name).map(|pair| pair[1].as_str().unwrap()).collect()
    }

    /// The names of its headers.
    pub(crate) fn header_names(&self) -> Vec<&str> {
        self.0["headers"].as_array().unwrap().iter().map(|pair| pair[0].as_str().unwrap()).collect()
    }
}
