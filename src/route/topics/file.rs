//! The file that a head comes in, in the safetensors format.
//!
//! A file with a tensor missing or too many, or with one of another shape, is of another form of head, and guesses would
//! cost more than a refusal.

use std::collections::HashMap;

use half::f16;
use safetensors::{Dtype, SafeTensorError, SafeTensors};

use super::ENCODER;
use super::head::{Head, WIDTH};

/// What else must be as it is read.
const SAID: [(&str, &str); 3] = [("form", "1"), ("encoder", ENCODER), ("activation", "gelu")];

const TENSORS: [&str; 4] = ["hidden.weight", "hidden.bias", "output.weight", "output.bias"];

/// Why a file is not a head.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is no safetensors file, or not all of one.
    #[error("not a safetensors file: {0}")]
    Format(#[from] SafeTensorError),
    /// A tensor that is needed is not there.
    #[error("tensor {0} is missing")]
    Missing(&'static str),
    /// A tensor is there that no one reads.
    #[error("tensor {0} is unknown")]
    Unknown(String),
    /// A tensor has another type or shape, or numbers that are none.
    #[error("tensor {name} is not {wanted}")]
    Shape {
        /// The tensor.
        name: &'static str,
        /// Its type and shape.
        wanted: String,
    },
    /// A datum of the file's header is missing or says something else.
    #[error("metadata {name}: {problem}")]
    Metadata {
        /// The datum.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

struct File<'a> {
    tensors: SafeTensors<'a>,
    metadata: HashMap<String, String>,
}

// === impl Head ===

impl Head {
    /// Reads a head from a safetensors file: in half floats `hidden.weight` of `[units, 384]`, `hidden.bias` of `[units]`,
    /// `output.weight` of `[labels, units]` and `output.bias` of `[labels]`. Its metadata name the labels, each of `labels`
    /// once and in any order, and the temperature.
    ///
    /// # Errors
    /// A tensor or a datum is missing, unknown, or not of its type, shape or range.
    pub fn load(bytes: &[u8], labels: &[&'static str]) -> Result<Self, LoadError> {
        let file = File::open(bytes)?;
        let labels = file.labels(labels)?;
        let units = file.units()?;
        Ok(Self {
            hidden: file.halves("hidden.weight", &[units, WIDTH])?,
            hidden_bias: file.halves("hidden.bias", &[units])?,
            output: file.halves("output.weight", &[labels.len(), units])?,
            output_bias: file.halves("output.bias", &[labels.len()])?,
            temperature: file.temperature()?,
            labels,
        })
    }
}

// === impl File ===

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, LoadError> {
        let (_, header) = SafeTensors::read_metadata(bytes)?;
        let metadata = header.metadata().clone().unwrap_or_default().into_iter().collect();
        let file = Self { tensors: SafeTensors::deserialize(bytes)?, metadata };
        if let Some(unknown) = file.tensors.names().into_iter().find(|name| !TENSORS.contains(name)) {
            return Err(LoadError::Unknown(unknown.to_string()));
        }
        for (name, wanted) in SAID {
            let said = file.datum(name)?;
            if said != wanted {
                return Err(LoadError::Metadata { name, problem: format!("{said:?} where {wanted:?} is read") });
            }
        }
        Ok(file)
    }

    /// The labels, in the order of the outputs.
    fn labels(&self, known: &[&'static str]) -> Result<Box<[&'static str]>, LoadError> {
        let fault = |problem: String| LoadError::Metadata { name: "labels", problem };
        let named: Vec<String> =
            serde_json::from_str(self.datum("labels")?).map_err(|error| fault(error.to_string()))?;
        let find = |name: &String| known.iter().copied().find(|label| label == name);
        let labels: Vec<&'static str> = named.iter().filter_map(find).collect();
        let is_there = |label: &&str| labels.iter().filter(|other| other == &label).count() == 1;
        match labels.len() == named.len() && known.iter().all(is_there) {
            true => Ok(labels.into()),
            false => Err(fault(format!("not each of {} once", known.join(", ")))),
        }
    }

    fn temperature(&self) -> Result<f32, LoadError> {
        match self.datum("temperature")?.parse() {
            Ok(temperature) if f32::is_finite(temperature) && temperature > 0.0 => Ok(temperature),
            _ => Err(LoadError::Metadata { name: "temperature", problem: "not a number above 0".into() }),
        }
    }

    fn datum(&self, name: &'static str) -> Result<&str, LoadError> {
        let missing = || LoadError::Metadata { name, problem: "missing".into() };
        self.metadata.get(name).map(String::as_str).ok_or_else(missing)
    }

    /// How many hidden units there are, at least one.
    fn units(&self) -> Result<usize, LoadError> {
        let name = "hidden.bias";
        let tensor = self.tensors.tensor(name).map_err(|_| LoadError::Missing(name))?;
        let wanted = || LoadError::Shape { name, wanted: "a vector".into() };
        tensor.shape().first().copied().filter(|units| *units > 0).ok_or_else(wanted)
    }

    fn halves(&self, name: &'static str, shape: &[usize]) -> Result<Box<[f32]>, LoadError> {
        let tensor = self.tensors.tensor(name).map_err(|_| LoadError::Missing(name))?;
        if tensor.dtype() != Dtype::F16 || tensor.shape() != shape {
            return Err(LoadError::Shape { name, wanted: format!("F16 {shape:?}") });
        }
        let (numbers, _) = tensor.data().as_chunks::<2>();
        let numbers: Box<[f32]> = numbers.iter().map(|&bytes| f16::from_le_bytes(bytes).to_f32()).collect();
        match numbers.iter().all(|number| number.is_finite()) {
            true => Ok(numbers),
            false => Err(LoadError::Shape { name, wanted: "finite".into() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use safetensors::serialize;
    use safetensors::tensor::TensorView;

    use super::*;

    /// A file's tensors, each with its shape, and its data.
    struct Draft {
        tensors: Vec<(&'static str, Vec<usize>)>,
        metadata: HashMap<String, String>,
        kind: Dtype,
        number: f32,
    }

    impl Draft {
        /// Three hidden units, two labels.
        fn new() -> Self {
            let metadata = [
                ("form", "1"),
                ("encoder", "all-MiniLM-L6-v2"),
                ("activation", "gelu"),
                ("labels", r#"["b","a"]"#),
                ("temperature", "0.5"),
            ];
            let shapes = [vec![3, WIDTH], vec![3], vec![2, 3], vec![2]];
            Self {
                tensors: TENSORS.into_iter().zip(shapes).collect(),
                metadata: metadata.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
                kind: Dtype::F16,
                number: 0.25,
            }
        }

        fn bytes(&self) -> Vec<u8> {
            let halves = |count| f16::from_f32(self.number).to_le_bytes().repeat(count);
            let size = if self.kind == Dtype::F32 { 2 } else { 1 };
            let data: Vec<_> =
                self.tensors.iter().map(|(_, shape)| halves(size * shape.iter().product::<usize>())).collect();
            let views = self.tensors.iter().zip(&data);
            let views =
                views.map(|((name, shape), data)| (*name, TensorView::new(self.kind, shape.clone(), data).unwrap()));
            serialize(views, Some(self.metadata.clone())).unwrap()
        }

        fn error(&self) -> String {
            Head::load(&self.bytes(), &["a", "b"]).unwrap_err().to_string()
        }

        fn error_where(name: &str, value: &str) -> String {
            let mut draft = Self::new();
            draft.metadata.insert(name.to_owned(), value.to_owned());
            draft.error()
        }
    }

    #[test]
    fn a_whole_file_is_read() {
        let head = Head::load(&Draft::new().bytes(), &["a", "b"]).unwrap();
        assert_eq!((&*head.labels, head.temperature), (&["b", "a"][..], 0.5));
        assert_eq!((head.hidden.len(), head.output.len(), head.output_bias[1]), (3 * WIDTH, 6, 0.25));
    }

    #[test]
    fn tensors_of_another_form_are_refused() {
        for (at, name) in TENSORS.into_iter().enumerate() {
            let mut draft = Draft::new();
            draft.tensors.remove(at);
            assert_eq!(draft.error(), format!("tensor {name} is missing"));
            let mut draft = Draft::new();
            draft.tensors[at].1.push(2);
            assert!(draft.error().starts_with(&format!("tensor {name} is not F16 [")), "{}", draft.error());
        }
        let mut draft = Draft::new();
        draft.tensors[2].1 = vec![3, 2];
        assert_eq!(draft.error(), "tensor output.weight is not F16 [2, 3]");
        let mut draft = Draft::new();
        draft.tensors.push(("third", vec![1]));
        assert_eq!(draft.error(), "tensor third is unknown");
        assert!(Draft { kind: Dtype::F32, ..Draft::new() }.error().contains("is not F16"));
        assert!(Draft { number: f32::NAN, ..Draft::new() }.error().contains("is not finite"));
    }

    #[test]
    fn half_a_file_is_refused_wherever_it_ends() {
        let whole = Draft::new().bytes();
        for length in [0, 4, 8, 100, whole.len() / 2, whole.len() - 1] {
            let error = Head::load(&whole[..length], &["a", "b"]).unwrap_err();
            assert!(matches!(error, LoadError::Format(_)), "{length}: {error}");
        }
    }

    #[test]
    fn metadata_has_to_make_sense() {
        assert!(Draft::error_where("form", "2").contains(r#"metadata form: "2" where "1" is read"#));
        assert!(Draft::error_where("encoder", "another").starts_with("metadata encoder"));
        assert!(Draft::error_where("activation", "relu").starts_with("metadata activation"));
        for labels in ["a, b", "[]", r#"["a"]"#, r#"["a","c"]"#, r#"["a","a"]"#, r#"["a","b","c"]"#, r#"["a","b","a"]"#]
        {
            assert!(Draft::error_where("labels", labels).starts_with("metadata labels"), "{labels}");
        }
        for temperature in ["0", "-1", "hot", "NaN", "inf"] {
            assert!(Draft::error_where("temperature", temperature).contains("not a number above 0"), "{temperature}");
        }
        let mut draft = Draft::new();
        draft.metadata.remove("labels");
        assert_eq!(draft.error(), "metadata labels: missing");
    }
}
