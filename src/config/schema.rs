//! The keys that a config may have, learnt from the `Deserialize` impls themselves, so that no second list can go stale:
//! a deserializer that answers every question with a harmless value and writes down what was asked.

use serde::de::value::{Error, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_yaml::Value;

use crate::findings::{self, Findings, either, suggestion};

/// The shape that a type reads.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Schema {
    /// A struct: its keys in order.
    Keys(Vec<(&'static str, Schema)>),
    /// An enum: the names of its variants.
    Names(&'static [&'static str]),
    /// A list of one shape.
    List(Box<Schema>),
    /// Names of the operator's own, each with one shape.
    Map(Box<Schema>),
    /// A scalar.
    #[default]
    Scalar,
}

/// Answers one value's questions and notes its shape.
struct Probe<'a>(&'a mut Schema);

/// Offers each key of a struct in turn.
struct Keys<'a> {
    keys: std::slice::IterMut<'a, (&'static str, Schema)>,
    next: Option<&'a mut Schema>,
}

/// Offers one item of a list.
struct Item<'a>(Option<&'a mut Schema>);

// === impl Schema ===

impl Schema {
    /// The shape of `T`.
    ///
    /// # Errors
    /// `T` asks for something that no config type does yet, such as an enum with data.
    pub fn of<T: for<'de> Deserialize<'de>>() -> Result<Self, Error> {
        let mut schema = Self::Scalar;
        T::deserialize(Probe(&mut schema))?;
        Ok(schema)
    }

    /// The shape below a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Keys(keys) => keys.iter().find(|(name, _)| *name == key).map(|(_, schema)| schema),
            _ => None,
        }
    }

    /// Reports each unknown key, and each unknown name, which it replaces by a known one: reading can then go on.
    pub fn check(&self, path: &str, value: &mut Value, findings: &mut Findings) {
        match (self, value) {
            (Self::Keys(_), Value::Mapping(entries)) => {
                for (name, value) in entries {
                    self.entry(path, name, value, findings);
                }
            }
            (Self::List(schema), Value::Sequence(items)) => {
                for (i, item) in items.iter_mut().enumerate() {
                    schema.check(&findings::item(path, i), item, findings);
                }
            }
            (Self::Map(schema), Value::Mapping(entries)) => {
                for (name, value) in entries {
                    schema.check(&findings::key(path, &findings::written(name)), value, findings);
                }
            }
            // Nothing may stand for a name that can be left out; serde knows.
            (Self::Names(names), value) if !value.is_null() => {
                let name = value.as_str().unwrap_or_default();
                if !names.contains(&name) {
                    let message = format!("must be {}{}", either(names), suggestion(name, names.iter().copied()));
                    findings.add(path, message);
                    *value = names.first().copied().unwrap_or_default().into();
                }
            }
            _ => {}
        }
    }

    fn entry(&self, path: &str, name: &Value, value: &mut Value, findings: &mut Findings) {
        let text = findings::written(name);
        let path = findings::key(path, &text);
        match self.get(&text).filter(|_| name.is_string()) {
            Some(schema) => schema.check(&path, value, findings),
            None => findings.add(path, format!("unknown key{}", suggestion(&text, self.keys()))),
        }
    }

    fn keys(&self) -> impl Iterator<Item = &'static str> {
        let keys = if let Self::Keys(keys) = self { keys.as_slice() } else { &[] };
        keys.iter().map(|(name, _)| *name)
    }

    /// A value that reads as nothing said; `None` where the key can only be left out.
    pub(super) fn blank(&self) -> Option<Value> {
        match self {
            Self::Keys(_) | Self::Map(_) => Some(Value::Mapping(serde_yaml::Mapping::new())),
            Self::Names(names) => names.first().map(|name| Value::from(*name)),
            Self::List(_) => Some(Value::Sequence(Vec::new())),
            Self::Scalar => None,
        }
    }
}

// === impl Probe ===

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    /// Numbers, and what reads itself from them.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u64(1)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(false)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str("a")
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str("a")
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut item = Schema::Scalar;
        let value = visitor.visit_seq(Item(Some(&mut item)));
        *self.0 = Schema::List(Box::new(item));
        value
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut entry = [("a", Schema::Scalar)];
        let value = visitor.visit_map(Keys { keys: entry.iter_mut(), next: None });
        let [(_, shape)] = entry;
        *self.0 = Schema::Map(Box::new(shape));
        value
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut keys: Vec<_> = fields.iter().map(|name| (*name, Schema::Scalar)).collect();
        let value = visitor.visit_map(Keys { keys: keys.iter_mut(), next: None });
        *self.0 = Schema::Keys(keys);
        value
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = Schema::Names(names);
        let first: StrDeserializer<Error> = names.first().copied().unwrap_or_default().into_deserializer();
        visitor.visit_enum(first)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
        identifier ignored_any
    }
}

// === impl Keys ===

impl<'de> MapAccess<'de> for Keys<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((name, schema)) = self.keys.next() else { return Ok(None) };
        self.next = Some(schema);
        let name: StrDeserializer<Error> = (*name).into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let schema = self.next.take().ok_or_else(|| serde::de::Error::custom("a value before its key"))?;
        seed.deserialize(Probe(schema))
    }
}

// === impl Item ===

impl<'de> SeqAccess<'de> for Item<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.take().map(|schema| seed.deserialize(Probe(schema))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::file::File;

    #[test]
    fn the_shape_is_learnt_from_the_types() {
        let schema = Schema::of::<File>().unwrap();
        let Some(Schema::List(route)) = schema.get("router").and_then(|s| s.get("routes")) else {
            panic!("{schema:?}")
        };
        assert_eq!(route.keys().take(3).collect::<Vec<_>>(), ["name", "backend", "backends"]);
        assert_eq!(route.get("samples"), Some(&Schema::List(Box::new(Schema::Scalar))));
        let cache = schema.get("middleware").and_then(|s| s.get("sem_cache")).unwrap();
        assert_eq!(cache.get("backend"), Some(&Schema::Names(&["memory", "redis", "milvus"])));
        let Some(Schema::List(backend)) = schema.get("backends") else { panic!("{schema:?}") };
        assert!(backend.get("type").is_some() && backend.get("kind").is_none());
    }

    #[test]
    fn unknown_keys_and_names_are_found_at_every_depth() {
        let text = "{bakends: [], router: {mode: semantics, 3: x, routes: [{nam: a}, {thresholds: 1}]}}";
        let mut value = serde_yaml::from_str(text).unwrap();
        let mut findings = Findings::default();
        Schema::of::<File>().unwrap().check("", &mut value, &mut findings);
        let wanted = [
            "bakends: unknown key; did you mean \"backends\"?",
            "router.mode: must be \"semantic\" or \"off\"; did you mean \"semantic\"?",
            "router.3: unknown key",
            "router.routes[0].nam: unknown key; did you mean \"name\"?",
            "router.routes[1].thresholds: unknown key; did you mean \"threshold\"?",
        ];
        assert_eq!(findings.lines(), wanted);
    }
}
