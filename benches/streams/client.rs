//! One connection to the router, which costs this process next to nothing: there are thousands.

use std::io::{Error, Result};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

// === impl Client ===

impl Client {
    pub(crate) async fn connect(address: &str) -> Result<Self> {
        Ok(Self { stream: BufReader::with_capacity(1 << 10, TcpStream::connect(address).await?) })
    }

    /// Asks for an answer of one token and reads it whole; a further request may follow.
    ///
    /// # Errors
    /// Whatever is not a whole 200.
    pub(crate) async fn ask(&mut self) -> Result<()> {
        self.send(r#""max_tokens":1"#).await?;
        let length = self.read_head().await?.ok_or_else(|| Error::other("no length"))?;
        self.stream.read_exact(&mut vec![0; length]).await?;
        Ok(())
    }

    /// Asks for a stream and waits for its first event.
    ///
    /// # Errors
    /// Whatever is not a 200 with an event.
    pub(crate) async fn open(&mut self) -> Result<()> {
        self.send(r#""stream":true"#).await?;
        if self.read_head().await?.is_some() {
            return Err(Error::other("not a stream"));
        }
        self.read_chunk().await?.map(drop).ok_or_else(|| Error::other("an empty stream"))
    }

    /// Reads an opened stream to its end.
    ///
    /// # Errors
    /// A stream that is broken off, or that does not end as one should.
    pub(crate) async fn finish(&mut self) -> Result<()> {
        let mut last = Vec::new();
        while let Some(chunk) = self.read_chunk().await? {
            last = chunk;
        }
        if last.ends_with(b"data: [DONE]\n\n") { Ok(()) } else { Err(Error::other("no end")) }
    }

    async fn send(&mut self, wanted: &str) -> Result<()> {
        let body = format!(r#"{{"model":"m",{wanted},"messages":[{{"role":"user","content":"Tell me a joke."}}]}}"#);
        let length = body.len();
        let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n";
        self.stream.write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).await
    }

    /// The content length, if the head of a 200 has one; otherwise the body is chunked.
    async fn read_head(&mut self) -> Result<Option<usize>> {
        let status = self.line().await?;
        if !status.starts_with("HTTP/1.1 200") {
            return Err(Error::other(status));
        }
        let mut length = None;
        loop {
            let line = self.line().await?.to_ascii_lowercase();
            if line.is_empty() {
                return Ok(length);
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok();
            }
        }
    }

    /// None after the last one.
    async fn read_chunk(&mut self) -> Result<Option<Vec<u8>>> {
        let line = self.line().await?;
        let size = usize::from_str_radix(&line, 16).map_err(|_| Error::other("not a chunk"))?;
        let mut chunk = vec![0; size + 2];
        self.stream.read_exact(&mut chunk).await?;
        chunk.truncate(size);
        Ok((size > 0).then_some(chunk))
    }

    /// Without its end.
    async fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(Error::other("closed"));
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}
