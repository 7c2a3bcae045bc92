//! Compression and digests, piece by piece, off the async threads.

use std::num::NonZeroUsize;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use zstd::stream::write::Encoder;

use crate::catalog::manifest::{Chunk, Share};
use crate::model::document::hex;

/// zstd's own default: about a fifth smaller than level 1, and still faster than `pg_dump` gives.
const LEVEL: i32 = 3;
/// Size of the first pieces. S3 wants at least 5 MiB.
const FIRST: usize = 8 << 20;
/// Every so many pieces the size doubles, so that the parts of one object (10,000 by S3's limit) go a long way: about 490 GiB.
const DOUBLES_EVERY: usize = 1_000;
/// The largest piece: three of them are in memory at once (`upload::IN_FLIGHT`).
const LARGEST: usize = 64 << 20;
/// The size of the piece with this number, from 0.
pub(super) fn piece_size(number: usize) -> usize {
    FIRST.checked_shl(u32::try_from(number / DOUBLES_EVERY).unwrap_or(u32::MAX)).unwrap_or(LARGEST).clamp(FIRST, LARGEST)
}

/// The whole of what was compressed.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) bytes: u64,
    pub(super) sha256: String,
    pub(super) chunks: Vec<Chunk>,
    /// One for each object.
    pub(super) objects: Vec<Share>,
}

/// Compresses what comes in and hands pieces on; blocks, so it runs on a thread of its own. Ends early, without a
/// summary, when the receiver of the pieces is gone. An object takes `most` pieces.
///
/// # Errors
/// When zstd fails.
pub(super) fn compress(mut from: mpsc::Receiver<Bytes>, most: NonZeroUsize, to: &mpsc::Sender<Bytes>) -> std::io::Result<Option<Summary>> {
    use std::io::Write as _;
    let mut encoder = Encoder::new(Vec::with_capacity(FIRST), LEVEL)?;
    encoder.include_checksum(true)?;
    let mut pieces = Pieces { most, whole: Sha256::new(), object: Sha256::new(), chunks: Vec::new(), objects: Vec::new(), bytes: 0 };
    while let Some(bytes) = from.blocking_recv() {
        encoder.write_all(&bytes)?;
        while encoder.get_ref().len() >= piece_size(pieces.chunks.len()) {
            let rest = encoder.get_mut().split_off(piece_size(pieces.chunks.len()));
            let piece = std::mem::replace(encoder.get_mut(), rest);
            if !pieces.hand_on(piece, to) {
                return Ok(None);
            }
        }
    }
    let last = encoder.finish()?;
    Ok(pieces.hand_on(last, to).then(|| pieces.summary()))
}

struct Pieces {
    most: NonZeroUsize,
    whole: Sha256,
    object: Sha256,
    chunks: Vec<Chunk>,
    objects: Vec<Share>,
    bytes: u64,
}

impl Pieces {
    fn hand_on(&mut self, piece: Vec<u8>, to: &mpsc::Sender<Bytes>) -> bool {
        if self.in_object() == self.most.get() {
            self.end_object();
        }
        self.whole.update(&piece);
        self.object.update(&piece);
        self.bytes += piece.len() as u64;
        self.chunks.push(Chunk { bytes: piece.len() as u64, sha256: hex(&Sha256::digest(&piece)) });
        to.blocking_send(Bytes::from(piece)).is_ok()
    }

    /// Pieces in the object that is being filled.
    fn in_object(&self) -> usize {
        self.chunks.len() - self.objects.iter().map(|share| share.pieces).sum::<usize>()
    }

    fn end_object(&mut self) {
        let pieces = self.in_object();
        self.objects.push(Share { pieces, sha256: hex(&self.object.finalize_reset()) });
    }

    fn summary(mut self) -> Summary {
        self.end_object();
        Summary { bytes: self.bytes, sha256: hex(&self.whole.finalize()), chunks: self.chunks, objects: self.objects }
    }
}

#[cfg(test)]
mod tests {
    use super::piece_size;

    #[test]
    fn pieces_grow_and_ten_thousand_of_them_go_a_long_way() {
        assert_eq!(piece_size(0), 8 << 20);
        assert_eq!(piece_size(999), 8 << 20);
        assert_eq!(piece_size(1_000), 16 << 20);
        assert_eq!(piece_size(9_999), 64 << 20);
        assert_eq!((0..10_000).map(piece_size).sum::<usize>() >> 30, 492);
    }
}
