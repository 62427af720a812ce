//! What a counterpart may send in short form over a slow link, and what it hears of what does not hold.

use skypact::transport::{PeerClient, TrafficClass, TransportKey};
use skypact_record::{Checkpoint, SignedCheckpoint, Tree};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_form_is_answered_in_short_form_and_refused_with_a_code_alone() {
    let ground = Ground::new("short").await;
    let blue = ground.start("BLUE", "127.0.0.1:0", "127.0.0.1:1").await;
    let identity = Identity::new(&ground.red.ring.transport).expect("an identity");
    let key = TransportKey::new(ground.blue.ring.transport.public_key_bytes()).expect("a key");
    let client = PeerClient::new(&blue.address.to_string(), key, &identity, TrafficClass::Routine);
    let origin = ground.pact.log_keys(LogRef { party: 1, class: LogClass::Routine }).origin.clone();
    let empty = Checkpoint { origin, size: 0, root: Tree::default().root() };
    let signed = SignedCheckpoint::sign(empty, &RecordSigner::new(ground.red.ring.checkpoint.clone())).expect("signed");
    let signature = signed.signatures()[0].bytes.clone();
    let head = |size: u8, signature: &[u8]| [&[3], &ground.pact.channel().0[..4], &[0, size], signature].concat();
    let mut elsewhere = head(0, &signature);
    elsewhere[1] ^= 1;
    for (body, status, code) in [
        (head(0, &signature[..63]), 400, "short-form-malformed"),
        (head(0, &[7; 64]), 400, "signature-invalid"),
        (head(1, &signature), 409, "frame-gap"),
        (elsewhere, 404, "frames-wrong-channel"),
        (Vec::new(), 404, "frames-wrong-channel"),
    ] {
        let answer = client.post("/", body).await.expect("an answer");
        assert_eq!((answer.status, &answer.body[..]), (status, code.as_bytes()));
    }
    let answer = client.post("/", head(0, &signature)).await.expect("an answer");
    assert_eq!((answer.status, answer.body[0], answer.body.len()), (200, 2, 112));
}
