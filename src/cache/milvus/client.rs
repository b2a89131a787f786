//! Calls to Milvus.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::uri::PathAndQuery;
use prost::Message;
use tonic::client::Grpc;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request};
use tonic_prost::ProstCodec;

use super::super::remote::Fault;
use super::proto::{
    BoolResponse, Collection, CreateCollectionRequest, CreateIndexRequest, DeleteRequest, GetLoadStateRequest,
    GetLoadStateResponse, LOADED, MutationResult, QueryRequest, QueryResults, SearchRequest, SearchResults, Status,
    UpsertRequest,
};
use super::settings::{BadSettings, Settings};

/// Connections to one server, made when they are needed and again when they break.
#[derive(Debug, Clone)]
pub(super) struct Client {
    channel: Channel,
    token: Option<MetadataValue<Ascii>>,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// There was no answer.
    #[error("{0:?}")]
    Call(Code),
    /// No answer in time.
    #[error("no answer to {0} in time")]
    Timeout(&'static str),
    /// Milvus says no. Its reason can hold what it was sent, and is not kept.
    #[error("code {code} for {method}")]
    Refused { method: &'static str, code: i32 },
    /// The answer has not the shape that it should have.
    #[error("an answer to {0} that makes no sense")]
    Shape(&'static str),
}

/// An answer that says whether the call did what it should.
trait Answer: Message + Default + 'static {
    fn status(&self) -> Option<&Status>;
}

/// What an answer may have in bytes.
const LARGEST: usize = 64 << 20;

/// How long a call may take that no request waits for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(2);

/// How often a connection is asked whether it lives, and how long the answer may take.
const ALIVE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(2));

// === impl Client ===

impl Client {
    /// Connects to nothing yet. What it starts runs where this is called.
    pub(super) fn new(settings: &Settings) -> Result<Self, BadSettings> {
        settings.check()?;
        let bad = |_| BadSettings::Uri(settings.uri.clone());
        let mut endpoint = Endpoint::from_shared(settings.uri.clone())
            .map_err(bad)?
            .connect_timeout(CONNECT)
            .http2_keep_alive_interval(ALIVE.0)
            .keep_alive_timeout(ALIVE.1)
            .keep_alive_while_idle(true);
        if settings.uri.starts_with("https") {
            endpoint = endpoint.tls_config(trust(settings)?).map_err(|error| unusable(settings, &error))?;
        }
        let token = settings.token.as_ref().map(|token| BASE64_STANDARD.encode(token).parse());
        let token = token.transpose().map_err(|_| BadSettings::Token)?;
        Ok(Self { channel: endpoint.connect_lazy(), token })
    }

    pub(super) async fn has(&self, collection: Collection) -> Result<bool, CallError> {
        self.call::<_, BoolResponse>("HasCollection", collection, PATIENCE).await.map(|answer| answer.value)
    }

    pub(super) async fn create(&self, request: CreateCollectionRequest) -> Result<(), CallError> {
        self.call::<_, Status>("CreateCollection", request, PATIENCE).await.map(drop)
    }

    pub(super) async fn index(&self, request: CreateIndexRequest) -> Result<(), CallError> {
        self.call::<_, Status>("CreateIndex", request, PATIENCE).await.map(drop)
    }

    pub(super) async fn load(&self, collection: Collection) -> Result<(), CallError> {
        self.call::<_, Status>("LoadCollection", collection, PATIENCE).await.map(drop)
    }

    /// Whether a collection is in the server's memory, and so can be searched.
    pub(super) async fn is_loaded(&self, request: GetLoadStateRequest) -> Result<bool, CallError> {
        let answer = self.call::<_, GetLoadStateResponse>("GetLoadState", request, PATIENCE).await?;
        Ok(answer.state == LOADED)
    }

    pub(super) async fn upsert(&self, request: UpsertRequest) -> Result<(), CallError> {
        self.call::<_, MutationResult>("Upsert", request, PATIENCE).await.map(drop)
    }

    pub(super) async fn delete(&self, request: DeleteRequest) -> Result<(), CallError> {
        self.call::<_, MutationResult>("Delete", request, PATIENCE).await.map(drop)
    }

    pub(super) async fn search(&self, request: SearchRequest, timeout: Duration) -> Result<SearchResults, CallError> {
        self.call("Search", request, timeout).await
    }

    pub(super) async fn query(
        &self,
        request: QueryRequest,
        timeout: Option<Duration>,
    ) -> Result<QueryResults, CallError> {
        self.call("Query", request, timeout.unwrap_or(PATIENCE)).await
    }

    async fn call<Q, A>(&self, method: &'static str, question: Q, timeout: Duration) -> Result<A, CallError>
    where
        Q: Message + 'static,
        A: Answer,
    {
        let calling = self.send(method, question);
        let answer: A = tokio::time::timeout(timeout, calling).await.unwrap_or(Err(CallError::Timeout(method)))?;
        let status = answer.status().ok_or(CallError::Shape(method))?;
        match status.code.max(status.error_code) {
            0 => Ok(answer),
            code => Err(CallError::Refused { method, code }),
        }
    }

    async fn send<Q, A>(&self, method: &'static str, question: Q) -> Result<A, CallError>
    where
        Q: Message + 'static,
        A: Answer,
    {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(LARGEST);
        grpc.ready().await.map_err(|_| CallError::Call(Code::Unavailable))?;
        let mut request = Request::new(question);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        let path = format!("/milvus.proto.milvus.MilvusService/{method}");
        let path = PathAndQuery::try_from(path).map_err(|_| CallError::Shape(method))?;
        let answered = grpc.unary(request, path, ProstCodec::default()).await;
        answered.map(tonic::Response::into_inner).map_err(|status| CallError::Call(status.code()))
    }
}

/// Whom to trust.
fn trust(settings: &Settings) -> Result<ClientTlsConfig, BadSettings> {
    let Some(path) = &settings.ca_file else { return Ok(ClientTlsConfig::new().with_native_roots()) };
    let pem = std::fs::read(path).map_err(|error| unusable(settings, &error))?;
    Ok(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))
}

fn unusable(settings: &Settings, error: &dyn std::error::Error) -> BadSettings {
    BadSettings::Authorities(settings.ca_file.clone().unwrap_or_default(), error.to_string())
}

// === impl CallError ===

impl CallError {
    /// What it means.
    pub(super) fn fault(&self) -> Fault {
        match self {
            Self::Timeout(_) => Fault::Timeout,
            Self::Call(code) => match code {
                Code::Unavailable => Fault::Unreachable,
                Code::DeadlineExceeded => Fault::Timeout,
                Code::Unauthenticated | Code::PermissionDenied => Fault::Refused,
                Code::ResourceExhausted => Fault::Full,
                _ => Fault::Failed,
            },
            // Not there, not loaded, and not fully loaded.
            Self::Refused { code: 100 | 101 | 103, .. } => Fault::Unready,
            // Unauthenticated, and no privilege.
            Self::Refused { code: 1400 | 1401, .. } => Fault::Refused,
            Self::Refused { .. } | Self::Shape(_) => Fault::Failed,
        }
    }
}

// === impl Answer ===

impl Answer for Status {
    fn status(&self) -> Option<&Status> {
        Some(self)
    }
}

impl Answer for BoolResponse {
    fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }
}

impl Answer for GetLoadStateResponse {
    fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }
}

impl Answer for MutationResult {
    fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }
}

impl Answer for SearchResults {
    fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }
}

impl Answer for QueryResults {
    fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }
}
