//! What the thread does: it makes the collection, writes, sweeps, and tells of flushes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prost::Message;
use tokio::time::{Instant, sleep, sleep_until};

use super::super::remote::{Apply, Backoff, Part};
use super::super::{Change, Epochs, Millis};
use super::client::CallError;
use super::proto::{
    Collection, CollectionSchema, CreateCollectionRequest, CreateIndexRequest, DeleteRequest, EVENTUALLY, FieldData,
    GetLoadStateRequest, KeyValuePair, QueryRequest, STRONG, UpsertRequest,
};
use super::rows::{self, Row, pair};
use super::{Shared, count};

/// Keeps a collection.
pub(super) struct Keeper {
    shared: Arc<Shared>,
    local: Arc<dyn Apply>,
    backoff: Backoff,
    /// When to see what others have flushed and removed.
    agree_at: Instant,
    /// Until when it was seen what others have removed.
    heard: Millis,
    /// When to delete what has ended.
    sweep_at: Instant,
}

/// How often to see what others have flushed and removed, and whether the collection is there.
const AGREE: Duration = Duration::from_secs(3);

/// How often to delete what has ended, on average.
const SWEEP: Duration = Duration::from_secs(60);

/// How often to see whether a collection is loaded.
const LOADING: Duration = Duration::from_millis(200);

/// How far instances' clocks may be apart.
const SKEW: Duration = Duration::from_secs(60);

/// Changes that are written together.
const TOGETHER: usize = 64;

/// The bytes of their entries; the last one may exceed it.
const BYTES: usize = 1 << 20;

// === impl Keeper ===

impl Keeper {
    pub(super) fn new(shared: Arc<Shared>, local: Arc<dyn Apply>) -> Self {
        let now = Instant::now();
        Self { shared, local, backoff: Backoff::default(), agree_at: now, heard: Millis::now(), sweep_at: now }
    }

    /// Keeps it for ever.
    pub(super) async fn run(mut self) {
        loop {
            if let Err(error) = self.turn().await {
                self.shared.ready.store(false, Ordering::Relaxed);
                self.shared.fail(&error);
                sleep(self.backoff.fail()).await;
                continue;
            }
            self.backoff.succeed();
            self.shared.health.works(Part::Write);
            tokio::select! {
                () = self.shared.queue.arrival() => {}
                () = sleep_until(self.agree_at) => {}
                () = self.shared.doubt.notified() => self.agree_at = Instant::now(),
            }
        }
    }

    /// Does what is due.
    async fn turn(&mut self) -> Result<(), CallError> {
        let ready = self.shared.ready.load(Ordering::Relaxed);
        if !ready {
            self.prepare().await?;
        }
        let now = Instant::now();
        if !ready || now >= self.agree_at {
            self.agree(&Epochs::default()).await?;
            self.hear().await?;
            self.agree_at = now + AGREE;
        }
        if !ready {
            self.shared.ready.store(true, Ordering::Relaxed);
            if !self.shared.breaker.is_open() {
                self.shared.health.works(Part::Read);
            }
        }
        if now >= self.sweep_at {
            self.delete(rows::over()).await?;
            // Instances that started together come to sweep one after the other.
            self.sweep_at = now + SWEEP.mul_f64(0.5 + fastrand::f64());
        }
        self.write_some().await
    }

    /// Sees to it that the collection is there and can be searched.
    async fn prepare(&self) -> Result<(), CallError> {
        let Shared { client, database, collection, dimensions, .. } = &*self.shared;
        let named = Collection { db_name: database.clone(), collection_name: collection.clone() };
        if !client.has(named.clone()).await? {
            let (description, fields) = ("Pointsman's cache".to_owned(), rows::schema(*dimensions));
            let schema = CollectionSchema { name: collection.clone(), description, fields };
            let request = CreateCollectionRequest {
                db_name: database.clone(),
                collection_name: collection.clone(),
                schema: schema.encode_to_vec(),
                consistency_level: EVENTUALLY,
            };
            client.create(request).await?;
        }
        let metric = [pair("index_type", "AUTOINDEX"), pair("metric_type", "COSINE"), pair("params", "{}")];
        self.index(rows::EMBEDDING, metric.into()).await?;
        for column in rows::FILTERED {
            self.index(column, vec![pair("index_type", "INVERTED")]).await?;
        }
        client.load(named).await?;
        let state = GetLoadStateRequest { collection_name: collection.clone(), db_name: database.clone() };
        while !client.is_loaded(state.clone()).await? {
            sleep(LOADING).await;
        }
        Ok(())
    }

    /// Makes an index. Some servers refuse one that is there already, or of this kind: without that of the embeddings the
    /// collection can't be loaded, and without the others it is only slower.
    async fn index(&self, column: &str, extra_params: Vec<KeyValuePair>) -> Result<(), CallError> {
        let request = CreateIndexRequest {
            db_name: self.shared.database.clone(),
            collection_name: self.shared.collection.clone(),
            field_name: column.to_owned(),
            extra_params,
            index_name: column.to_owned(),
        };
        match self.shared.client.index(request).await {
            Err(CallError::Refused { .. }) => Ok(()),
            other => other,
        }
    }

    /// Tells of these flushes and all that are known here, and learns of others. Two instances that tell at once can
    /// undo each other's word; the one that misses its own says it again.
    async fn agree(&self, more: &Epochs) -> Result<(), CallError> {
        let theirs = rows::read_epochs(&self.query(rows::epochs()).await?);
        let mut known = self.local.epochs();
        if known.merge(more) | known.merge(&theirs) {
            self.local.apply(Change::Flush(known.clone()));
        }
        let Some(row) = Row::of_epochs(&known, self.shared.dimensions) else { return Ok(()) };
        if theirs.clone().merge(&known) { self.upsert(vec![row]).await } else { Ok(()) }
    }

    /// Tells the memory what others have removed.
    async fn hear(&mut self) -> Result<(), CallError> {
        let now = Millis::now();
        // Clocks differ; what is told twice does no harm.
        let since = Millis(self.heard.0.saturating_sub(SKEW.as_millis() as u64));
        for (scope, id) in rows::read_removed(&self.query(rows::removed(since)).await?) {
            self.local.apply(Change::Remove(scope, id));
        }
        self.heard = now;
        Ok(())
    }

    async fn query(&self, expr: String) -> Result<Vec<FieldData>, CallError> {
        let request = QueryRequest {
            db_name: self.shared.database.clone(),
            collection_name: self.shared.collection.clone(),
            expr,
            output_fields: vec![rows::ID.to_owned(), rows::ENTRY.to_owned()],
            guarantee_timestamp: 0,
            query_params: Vec::new(),
            consistency_level: STRONG,
        };
        self.shared.client.query(request, None).await.map(|results| results.fields_data)
    }

    /// Writes some of what waits; after a failure a single change, to see whether it works again.
    async fn write_some(&self) -> Result<(), CallError> {
        let most = if self.backoff.is_failing() { 1 } else { TOGETHER };
        let batch = self.shared.queue.take(most, BYTES);
        match self.write(&batch).await {
            Ok(written) => count(&self.shared.written, written),
            Err(error) => {
                // One entry that is refused alone is refused for its own sake.
                match batch.as_slice() {
                    [Change::Put(_)] if matches!(error, CallError::Refused { .. }) && self.backoff.is_failing() => {
                        self.shared.queue.lose(1);
                    }
                    _ => self.shared.queue.give_back(batch),
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Writes all of them or says why not; how many were worth it.
    async fn write(&self, batch: &[Change]) -> Result<usize, CallError> {
        let (now, mut written) = (Millis::now(), 0);
        let mut put = Vec::new();
        for change in batch {
            match change {
                Change::Put(entry) if entry.is_over(now) => {}
                Change::Put(entry) => match Row::of(entry, self.shared.dimensions) {
                    Some(row) => put.push(row),
                    None => self.shared.queue.lose(1),
                },
                Change::Remove(scope, id) => put.push(Row::of_removed(scope, id, self.shared.dimensions)),
                Change::Flush(epochs) => {
                    self.agree(epochs).await?;
                    written += 1;
                }
            }
        }
        written += put.len();
        if !put.is_empty() {
            self.upsert(put).await?;
        }
        Ok(written)
    }

    async fn upsert(&self, rows: Vec<Row>) -> Result<(), CallError> {
        let request = UpsertRequest {
            db_name: self.shared.database.clone(),
            collection_name: self.shared.collection.clone(),
            num_rows: rows.len() as u32,
            fields_data: rows::columns(rows, self.shared.dimensions),
        };
        self.shared.client.upsert(request).await
    }

    async fn delete(&self, expr: String) -> Result<(), CallError> {
        let request = DeleteRequest {
            db_name: self.shared.database.clone(),
            collection_name: self.shared.collection.clone(),
            expr,
            consistency_level: EVENTUALLY,
        };
        self.shared.client.delete(request).await
    }
}
