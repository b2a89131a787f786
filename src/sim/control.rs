//! `/sim/…`: faults, steps and the tape, for tests.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Query, Request};
use axum::http::{HeaderValue, Method, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::app::App;
use super::fault::Fault;
use super::refusal::Refusal;

const BODY_MAX: usize = 64 << 10;

/// One fault or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Wanted {
    Several(Vec<serde_json::Value>),
    One(serde_json::Value),
}

#[derive(Deserialize)]
struct Steps {
    #[serde(default = "one")]
    n: usize,
}

/// Answers a control request.
pub(super) async fn answer(app: &Arc<App>, request: Request) -> Response {
    let path = request.uri().path().to_string();
    match (request.method(), path.as_str()) {
        (&Method::GET, "/sim/requests") => reply(app.tape.show().to_string()),
        (&Method::DELETE, "/sim/requests") => {
            app.tape.clear();
            reply("{}".into())
        }
        (&Method::GET, "/sim/fault") => faults(app),
        (&Method::PUT, "/sim/fault") => match wanted(request).await {
            Ok(list) => {
                app.faults.set(list);
                faults(app)
            }
            Err(error) => Refusal::bad(error).into_response(),
        },
        (&Method::DELETE, "/sim/fault") => {
            app.faults.set(Vec::new());
            faults(app)
        }
        (&Method::POST, "/sim/step") => match Query::<Steps>::try_from_uri(request.uri()) {
            Ok(Query(steps)) => {
                app.faults.release(steps.n);
                reply("{}".into())
            }
            Err(error) => Refusal::bad(error.body_text()).into_response(),
        },
        (_, "/sim/requests") => Refusal::wrong_method("GET, DELETE").into_response(),
        (_, "/sim/fault") => Refusal::wrong_method("GET, PUT, DELETE").into_response(),
        (_, "/sim/step") => Refusal::wrong_method("POST").into_response(),
        _ => Refusal::not_found().into_response(),
    }
}

async fn wanted(request: Request) -> Result<Vec<Fault>, String> {
    let body = to_bytes(request.into_body(), BODY_MAX).await.map_err(|error| error.to_string())?;
    let wanted = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    let list = match wanted {
        Wanted::Several(list) => list,
        Wanted::One(fault) => vec![fault],
    };
    list.iter().map(|fault| Fault::parse(&fault.to_string())).collect()
}

fn faults(app: &App) -> Response {
    reply(json!(app.faults.list()).to_string())
}

fn reply(json: String) -> Response {
    let mut response = Response::new(Body::from(json));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn one() -> usize {
    1
}
