//! A file as the body of an answer, read piece by piece: memory stays bounded whatever the file's size and whoever reads slowly.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::io::{AsyncRead as _, ReadBuf};

const PIECE_BYTES: usize = 64 << 10;

/// A new file in `dir` that has no name any more: it is gone when its last handle is, however the process or the client ends.
pub(super) fn nameless(dir: &Path) -> io::Result<File> {
    let name = format!("outgoing-{:032x}.tmp", u128::from_be_bytes(crate::entropy::random()));
    let path = dir.join(name);
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// What is left of a file, from where its handle stands to the length that it had when this was made.
pub(super) struct FileBody {
    file: tokio::fs::File,
    left: u64,
    piece: Box<[u8]>,
}

impl FileBody {
    /// The first `length` bytes of `file`, whose handle stands at its beginning.
    pub(super) fn new(file: File, length: u64) -> Self {
        Self { file: tokio::fs::File::from_std(file), left: length, piece: vec![0; PIECE_BYTES].into() }
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Self { file, left, piece } = self.get_mut();
        if *left == 0 {
            return Poll::Ready(None);
        }
        let wanted = usize::try_from(*left).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        let mut buffer = ReadBuf::new(&mut piece[..wanted]);
        ready!(Pin::new(file).poll_read(context, &mut buffer))?;
        let read = buffer.filled();
        if read.is_empty() {
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        *left -= read.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(read)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;
    use std::io::{Seek as _, Write as _};

    fn file(length: usize) -> (File, Vec<u8>) {
        let bytes: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
        let mut file = nameless(&std::env::temp_dir()).unwrap();
        file.write_all(&bytes).unwrap();
        file.rewind().unwrap();
        (file, bytes)
    }

    #[tokio::test]
    async fn a_file_arrives_whole_in_pieces_of_bounded_size() {
        for length in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 7] {
            let (file, bytes) = file(length);
            let mut body = FileBody::new(file, length as u64);
            let mut arrived = Vec::new();
            while let Some(frame) = body.frame().await {
                let data = frame.unwrap().into_data().unwrap();
                assert!(data.len() <= PIECE_BYTES);
                arrived.extend_from_slice(&data);
            }
            assert!(arrived == bytes, "{length} bytes");
        }
    }

    #[tokio::test]
    async fn a_file_that_became_shorter_is_an_error_and_not_an_end() {
        let (file, _) = file(10);
        assert!(FileBody::new(file, 11).collect().await.is_err());
    }
}
