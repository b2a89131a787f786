//! Entries as rows of a collection, and the filters that find them.
//!
//! | column | what |
//! |---|---|
//! | `id` | the entry's id |
//! | `normal` | its other id, by the normalised text |
//! | `scope` | its scope; `-` where only the same text is to hit, so that no search finds it |
//! | `epoch` | the epoch that it was asked for in |
//! | `expires_at` | when it ends, in milliseconds |
//! | `entry` | all of it, as base64 |
//! | `embedding` | its meaning |
//!
//! Other rows are in no scope and of no epoch. One has the flushes that the instances know of as its `entry`, in JSON. An
//! entry that is removed leaves a row for a day, so that the others hear of it, with its scope as its `entry`.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;

use super::super::{Entry, EntryId, Epoch, Epochs, Millis, Scope};
use super::proto::{
    Column, FLOAT_VECTOR, FieldData, FieldSchema, FloatArray, INT64, KeyValuePair, LongArray, ScalarField, Scalars,
    StringArray, VARCHAR, VectorField,
};

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    id: String,
    normal: String,
    scope: String,
    epoch: String,
    expires_at: i64,
    entry: String,
    embedding: Vec<f32>,
}

/// The column that names a row.
pub(super) const ID: &str = "id";

/// The column with all that is needed of a row.
pub(super) const ENTRY: &str = "entry";

/// The column that is searched.
pub(super) const EMBEDDING: &str = "embedding";

/// Columns that are filtered by, and the vector.
pub(super) const FILTERED: [&str; 2] = ["scope", "normal"];

/// What Milvus allows a text to have, in bytes.
const LONGEST: usize = 65_535;

/// The scope of what no search is to find.
const NOWHERE: &str = "-";

/// The id of the row with the flushes.
const EPOCHS: &str = "epochs";

/// The `epoch` of what was removed.
const REMOVED: &str = "removed";

/// How long it is told.
const TOLD_FOR: Duration = Duration::from_secs(24 * 60 * 60);

// === impl Row ===

impl Row {
    /// An entry's row; none where it is too large, or its embedding of another length.
    pub(super) fn of(entry: &Entry, dimensions: usize) -> Option<Self> {
        let (scope, embedding) = match &entry.embedding {
            Some(embedding) if embedding.len() == dimensions => {
                (entry.scope.to_string(), embedding.iter().map(|float| float.to_f32()).collect())
            }
            Some(_) => return None,
            None => (NOWHERE.to_owned(), somewhere(dimensions)),
        };
        let row = Self {
            id: entry.id.to_string(),
            normal: entry.normal.to_string(),
            scope,
            epoch: entry.epoch.to_string(),
            expires_at: i64::try_from(entry.expires_at.0).unwrap_or(i64::MAX),
            entry: BASE64_STANDARD_NO_PAD.encode(entry.to_bytes()),
            embedding,
        };
        (row.entry.len() <= LONGEST).then_some(row)
    }

    /// The row of an entry that is removed now.
    pub(super) fn of_removed(scope: &Scope, id: &EntryId, dimensions: usize) -> Self {
        Self {
            id: id.to_string(),
            normal: NOWHERE.to_owned(),
            scope: NOWHERE.to_owned(),
            epoch: REMOVED.to_owned(),
            expires_at: i64::try_from(Millis::now().after(TOLD_FOR).0).unwrap_or(i64::MAX),
            entry: scope.to_string(),
            embedding: somewhere(dimensions),
        }
    }

    /// The row with the flushes; none where they are too many.
    pub(super) fn of_epochs(epochs: &Epochs, dimensions: usize) -> Option<Self> {
        let row = Self {
            id: EPOCHS.to_owned(),
            normal: NOWHERE.to_owned(),
            scope: NOWHERE.to_owned(),
            epoch: NOWHERE.to_owned(),
            expires_at: i64::MAX,
            entry: serde_json::to_string(epochs).ok()?,
            embedding: somewhere(dimensions),
        };
        (row.entry.len() <= LONGEST).then_some(row)
    }
}

/// A place for what is not to be searched: vectors of length nought are not allowed.
fn somewhere(dimensions: usize) -> Vec<f32> {
    (0..dimensions).map(|dimension| if dimension == 0 { 1.0 } else { 0.0 }).collect()
}

/// The columns that a collection is made with.
pub(super) fn schema(dimensions: usize) -> Vec<FieldSchema> {
    let field = |name: &str, data_type, parameter: Option<(&str, usize)>| FieldSchema {
        name: name.to_owned(),
        is_primary_key: name == ID,
        data_type,
        type_params: parameter.map(|(key, value)| pair(key, &value.to_string())).into_iter().collect(),
    };
    let text = |name, length| field(name, VARCHAR, Some(("max_length", length)));
    vec![
        text(ID, 32),
        text("normal", 32),
        text("scope", 64),
        text("epoch", 48),
        field("expires_at", INT64, None),
        text(ENTRY, LONGEST),
        field(EMBEDDING, FLOAT_VECTOR, Some(("dim", dimensions))),
    ]
}

/// Rows as columns.
pub(super) fn columns(rows: Vec<Row>, dimensions: usize) -> Vec<FieldData> {
    let column = |name: &str, get: fn(&Row) -> &String| {
        let data = rows.iter().map(get).cloned().collect();
        scalars(name, VARCHAR, Scalars::String(StringArray { data }))
    };
    let ends = Scalars::Long(LongArray { data: rows.iter().map(|row| row.expires_at).collect() });
    let mut columns = vec![
        column(ID, |row| &row.id),
        column("normal", |row| &row.normal),
        column("scope", |row| &row.scope),
        column("epoch", |row| &row.epoch),
        scalars("expires_at", INT64, ends),
        column(ENTRY, |row| &row.entry),
    ];
    let floats = FloatArray { data: rows.into_iter().flat_map(|row| row.embedding).collect() };
    let vectors = VectorField { dim: dimensions as i64, float_vector: Some(floats) };
    let field = Some(Column::Vectors(vectors));
    columns.push(FieldData { kind: FLOAT_VECTOR, field_name: EMBEDDING.to_owned(), field });
    columns
}

fn scalars(name: &str, kind: i32, data: Scalars) -> FieldData {
    let field = Some(Column::Scalars(ScalarField { data: Some(data) }));
    FieldData { kind, field_name: name.to_owned(), field }
}

pub(super) fn pair(key: &str, value: &str) -> KeyValuePair {
    KeyValuePair { key: key.to_owned(), value: value.to_owned() }
}

/// What may be served in a scope.
pub(super) fn in_scope(scope: &Scope, epoch: Epoch) -> String {
    format!("scope == \"{scope}\" and {}", valid(epoch))
}

/// What has one of these ids and may be served.
pub(super) fn with_id(id: &EntryId, normal: &EntryId, epoch: Epoch) -> String {
    format!("(id == \"{id}\" or normal == \"{normal}\") and {}", valid(epoch))
}

fn valid(epoch: Epoch) -> String {
    format!("epoch == \"{epoch}\" and expires_at > {}", Millis::now().0)
}

/// What has ended.
pub(super) fn over() -> String {
    format!("expires_at <= {}", Millis::now().0)
}

/// What was removed since.
pub(super) fn removed(since: Millis) -> String {
    format!("epoch == \"{REMOVED}\" and expires_at > {}", since.after(TOLD_FOR).0)
}

/// The row with the flushes.
pub(super) fn epochs() -> String {
    format!("id in [\"{EPOCHS}\"]")
}

/// The texts of a column.
fn texts<'a>(columns: &'a [FieldData], name: &str) -> &'a [String] {
    let column = columns.iter().find(|column| column.field_name == name);
    match column.and_then(|column| column.field.as_ref()) {
        Some(Column::Scalars(ScalarField { data: Some(Scalars::String(texts)) })) => &texts.data,
        _ => &[],
    }
}

/// The entries in these columns; none in the place of what is not one.
pub(super) fn read_entries(columns: &[FieldData]) -> impl Iterator<Item = Option<Entry>> {
    let bytes = texts(columns, ENTRY).iter().map(|text| BASE64_STANDARD_NO_PAD.decode(text).ok());
    bytes.map(|bytes| Entry::from_bytes(&bytes?))
}

/// The flushes in these columns; those of an empty collection if there are none.
pub(super) fn read_epochs(columns: &[FieldData]) -> Epochs {
    texts(columns, ENTRY).first().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// The removed entries in these columns; what names none is left out.
pub(super) fn read_removed(columns: &[FieldData]) -> impl Iterator<Item = (Scope, EntryId)> {
    let named = texts(columns, ENTRY).iter().zip(texts(columns, ID));
    named.filter_map(|(scope, id)| Some((scope.parse().ok()?, id.parse().ok()?)))
}
