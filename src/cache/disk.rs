//! The entries in a file, from a clean stop to the next start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Entry, Epochs};

/// What the file begins with: another form has another number.
const MAGIC: &[u8] = b"pointsman cache 1\n";

/// No entry is larger.
const MAX_ENTRY: u64 = 256 << 20;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Saved {
    /// What was flushed.
    pub(super) epochs: Epochs,
    /// The entries.
    pub(super) entries: Vec<Entry>,
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub(super) enum LoadError {
    #[error("cannot read it: {0}")]
    Read(#[from] io::Error),
    #[error("it is no cache of this version")]
    Form,
    #[error("it was made with another embedding model or precision")]
    Embedder,
    #[error("it is damaged")]
    Checksum,
}

/// Sums up what is written through it.
struct Summing<W> {
    inner: W,
    sum: Sha256,
}

/// Writes the entries to `path`, whole or not at all, readable to its owner alone. `embedder` names what embedded them.
pub(super) fn save(path: &Path, embedder: &str, epochs: &Epochs, entries: &[Arc<Entry>]) -> io::Result<()> {
    let beside = beside(path);
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    let mut out = Summing { inner: BufWriter::new(file), sum: Sha256::new() };
    out.write_all(MAGIC)?;
    write_part(&mut out, embedder.as_bytes())?;
    write_part(&mut out, &postcard::to_allocvec(epochs).map_err(io::Error::other)?)?;
    out.write_all(&(entries.len() as u64).to_le_bytes())?;
    for entry in entries {
        write_part(&mut out, &entry.to_bytes())?;
    }
    let Summing { mut inner, sum } = out;
    inner.write_all(&sum.finalize())?;
    inner.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&beside, path)
}

/// Reads what [`save`] wrote. Nothing of a file is used before all of it has been found sound.
pub(super) fn load(path: &Path, embedder: &str) -> Result<Saved, LoadError> {
    check(path)?;
    let mut file = BufReader::new(File::open(path)?);
    let mut magic = [0; MAGIC.len()];
    file.read_exact(&mut magic)?;
    if magic != MAGIC {
        return Err(LoadError::Form);
    }
    if read_part(&mut file)? != embedder.as_bytes() {
        return Err(LoadError::Embedder);
    }
    let epochs = postcard::from_bytes(&read_part(&mut file)?).map_err(|_| LoadError::Form)?;
    let mut count = [0; 8];
    file.read_exact(&mut count)?;
    let mut entries = Vec::new();
    for _ in 0..u64::from_le_bytes(count) {
        entries.push(Entry::from_bytes(&read_part(&mut file)?).ok_or(LoadError::Form)?);
    }
    Ok(Saved { epochs, entries })
}

/// Whether the file begins as one of ours and ends with the checksum of the rest.
fn check(path: &Path) -> Result<(), LoadError> {
    let mut file = File::open(path)?;
    let sum = Sha256::output_size() as u64;
    let length = file.metadata()?.len();
    let mut magic = [0; MAGIC.len()];
    if length < MAGIC.len() as u64 + sum || file.read_exact(&mut magic).is_err() || magic != MAGIC {
        return Err(LoadError::Form);
    }
    let mut hashing = Summing { inner: io::sink(), sum: Sha256::new_with_prefix(magic) };
    let mut rest = BufReader::new(file);
    io::copy(&mut rest.by_ref().take(length - sum - MAGIC.len() as u64), &mut hashing)?;
    let mut written = Vec::new();
    rest.read_to_end(&mut written)?;
    if hashing.sum.finalize()[..] != written[..] {
        return Err(LoadError::Checksum);
    }
    Ok(())
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn write_part(out: &mut impl Write, part: &[u8]) -> io::Result<()> {
    out.write_all(&(part.len() as u64).to_le_bytes())?;
    out.write_all(part)
}

fn read_part(file: &mut impl Read) -> Result<Vec<u8>, LoadError> {
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_ENTRY {
        return Err(LoadError::Form);
    }
    let mut part = vec![0; length as usize];
    file.read_exact(&mut part)?;
    Ok(part)
}

// === impl Summing ===

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::cache::entry::tests::entry;

    #[test]
    fn what_was_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache");
        let entries: Vec<_> = ["a", "b"].map(|text| Arc::new(entry(text))).to_vec();
        let mut epochs = Epochs::default();
        epochs.flush(Some("r"));
        save(&path, "model", &epochs, &entries).unwrap();
        let saved = load(&path, "model").unwrap();
        assert_eq!(saved.epochs, epochs);
        assert!(saved.entries.iter().eq(entries.iter().map(|entry| &**entry)));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(matches!(load(&path, "other"), Err(LoadError::Embedder)));
        assert!(matches!(load(&folder.path().join("none"), "model"), Err(LoadError::Read(_))));
    }

    #[test]
    fn nothing_of_a_damaged_file_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache");
        save(&path, "model", &Epochs::default(), &[Arc::new(entry("a"))]).unwrap();
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, &damaged).unwrap();
            assert!(matches!(load(&path, "model"), Err(LoadError::Checksum | LoadError::Form)), "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert!(matches!(load(&path, "model"), Err(LoadError::Checksum | LoadError::Form)), "cut at {at}");
        }
    }
}
