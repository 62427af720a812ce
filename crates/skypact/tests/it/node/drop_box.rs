//! What a witness keeps for a party that does not answer, and what the nodes make of it.

use skypact::storage::{MemoryStore, Store as _};
use skypact::transport::{PeerClient, TrafficClass, TransportKey};
use skypact::witness::{BOX_ITEMS_MAX, DropBox};
use skypact_channel::Frame;
use skypact_record::verify::{Expectation, StatementKind, Status, verify};
use skypact_record::{Hash, SEALED_OVERHEAD, SignedStamp, seal};

use super::*;
use crate::transport::identity;

const RED_ROUTINE: LogRef = LogRef { party: 1, class: LogClass::Routine };

fn witness_client(ground: &Ground, identity: &Identity) -> PeerClient {
    let key = TransportKey::new(ground.witness_transport).unwrap();
    PeerClient::new(&ground.witness_address, key, identity, TrafficClass::Routine)
}

fn key(signer: &FileSigner) -> TransportKey {
    TransportKey::new(signer.public_key_bytes()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_is_stamped_and_only_its_recipient_learns_of_it() {
    let ground = Ground::new("drop").await;
    let red = witness_client(&ground, &Identity::new(&ground.red.ring.transport).unwrap());
    let blue = witness_client(&ground, &Identity::new(&ground.blue.ring.transport).unwrap());
    let stranger = witness_client(&ground, &identity().0);
    let place = format!("/drop/{}/BLUE", ground.pact.channel());
    let sealed = vec![7; 1 << 20];
    let answer = red.post(&place, sealed.clone()).await.expect("an answer");
    assert_eq!(answer.status, 200, "{answer:?}");
    let stamp = SignedStamp::parse(&answer.body).expect("a stamp");
    let time_s = stamp.verify(&ground.pact.log_keys(RED_ROUTINE).witnesses[0]).expect("the witness's");
    assert!((NOW_NS / 1_000_000_000..NOW_NS / 1_000_000_000 + 60).contains(&(time_s as i64)));
    assert_eq!((stamp.stamp().dropped, stamp.stamp().recipient.as_str()), (Hash::of(&sealed), "BLUE"));
    assert_eq!(red.post(&place, sealed.clone()).await.expect("an answer"), answer, "the same bytes have one stamp");

    for length in [0, SEALED_OVERHEAD, (1 << 20) + 1] {
        // The listener may close before it has read what is too long.
        if let Ok(answer) = red.post(&place, vec![7; length]).await {
            assert_eq!(answer.status, 413, "{length}");
        }
    }
    let nothing = blue.get(&format!("/drop/{}/BLUE/7", ground.pact.channel())).await.expect("an answer");
    assert_eq!(nothing.status, 404);
    for (who, client) in [("its author", &red), ("a stranger", &stranger)] {
        for path in ["", "?from=0", "/0"] {
            assert_eq!(client.get(&format!("{place}{path}")).await.expect("an answer"), nothing, "{who} reads {path}");
        }
    }
    for (who, client) in [("its recipient", &blue), ("a stranger", &stranger)] {
        assert_eq!(client.post(&place, vec![7; 100]).await.expect("an answer"), nothing, "{who} leaves something");
    }
    for wrong in ["/drop/", "/drop/x/BLUE", "/drop/x/BLUE/0/0", &format!("{place}/-1"), &format!("{place}/0?from=0")] {
        assert_eq!(blue.get(wrong).await.expect("an answer"), nothing, "{wrong}");
    }
    let list = blue.get(&format!("{place}?from=0")).await.expect("an answer");
    assert_eq!(String::from_utf8_lossy(&list.body), format!("0 1048576 {}\n", Hash::of(&sealed)));
    assert_eq!(blue.get(&format!("{place}?from=1")).await.expect("an answer").body.len(), 0);
    assert_eq!(blue.get(&format!("{place}/0")).await.expect("an answer").body, sealed);

    let mut statuses = Vec::new();
    for number in 0..80u8 {
        statuses.push(red.post(&place, vec![number; 100]).await.expect("an answer").status);
    }
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_fetched_goes_first_and_what_was_not_stays_over_a_restart() {
    let ground = Ground::new("room").await;
    let witness = Origin::new("witness.example").unwrap();
    let signer = RecordSigner::new(FileSigner::ephemeral(FileRole::Witness, "w").unwrap());
    let (channel, blue) = (ground.pact.channel(), PartyName::new("BLUE").unwrap());
    let keys = (key(&ground.blue.ring.transport), key(&ground.red.ring.transport));
    let mut store = MemoryStore::new();
    let open = |store: &mut MemoryStore| DropBox::open(store, channel, blue.clone(), keys).expect("a box");
    let sealed = |number: usize| [&number.to_be_bytes()[..], &[0; 60]].concat();
    let put = |store: &mut MemoryStore, number: usize| {
        // Opened each time, which also is a restart each time, and a full allowance.
        open(store).put(store, &witness, &signer, 1, &sealed(number)).map_err(|refused| refused.code())
    };
    for number in 0..BOX_ITEMS_MAX {
        put(&mut store, number).expect("there is room");
    }
    assert_eq!(put(&mut store, BOX_ITEMS_MAX), Err("drop-full"), "nothing that was not fetched goes");
    assert_eq!(open(&mut store).list(0).lines().count(), 256);
    for number in [5, 3] {
        assert_eq!(open(&mut store).fetch(&mut store, number).unwrap(), sealed(number as usize));
    }
    put(&mut store, BOX_ITEMS_MAX).expect("room for one");
    assert_eq!(open(&mut store).fetch(&mut store, 3).unwrap_err().code(), "drop-unknown", "the older one went first");
    assert_eq!(
        open(&mut store).fetch(&mut store, 5).unwrap(),
        sealed(5),
        "the other one stays as long as there is room"
    );
    put(&mut store, BOX_ITEMS_MAX + 1).expect("room for one more");
    assert_eq!(put(&mut store, BOX_ITEMS_MAX + 2), Err("drop-full"));
    let log = format!("drop/{channel}/BLUE");
    let kept = store.leaves(&log, 0, usize::MAX).unwrap();
    assert_eq!(kept.len(), BOX_ITEMS_MAX + 2, "every stamp stays");
    assert!(kept.iter().all(|stamp| SignedStamp::parse(stamp).is_ok()));
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_to_a_silent_counterpart_reaches_it_by_way_of_the_witness() {
    let ground = Ground::new("silent").await;
    let blue = ground.start("BLUE", "127.0.0.1:0", "127.0.0.1:1").await;
    let address = blue.address.to_string();
    let red = ground.start("RED", "127.0.0.1:0", &address).await;
    let delivered = |channel: &Channel| {
        let log = channel.log(RED_ROUTINE);
        log.delivered == log.size() && is_quiet(log)
    };
    until(&red, "all that RED has to say is delivered", delivered).await;
    // The announcement is asked for when the link comes up.
    tokio::time::sleep(Duration::from_millis(500)).await;
    blue.stop().await.expect("a clean stop");
    red.handle.submit(CHANNEL, vec![ground.act("RED", &notice("KOBALT 21", 180, 240))]).await.expect("recorded");
    let reader = witness_client(&ground, &Identity::new(&ground.blue.ring.transport).unwrap());
    let place = format!("/drop/{}/BLUE", ground.pact.channel());
    let mut list = String::new();
    for _ in 0..400 {
        list = String::from_utf8_lossy(&reader.get(&place).await.expect("an answer").body).into_owned();
        if !list.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // What RED's node says of heads may make a second frame of the routine log; the other log has nothing to say.
    assert!((1..=2).contains(&list.lines().count()), "{list}");
    let sealed = reader.get(&format!("{place}/0")).await.expect("an answer").body;
    assert!(!sealed.windows(6).any(|bytes| bytes == b"KOBALT"), "it is sealed");
    assert!(Frame::decode(&sealed).is_err());

    // Garbage and foreign frames in the box are passed over.
    let sender = witness_client(&ground, &Identity::new(&ground.red.ring.transport).unwrap());
    assert_eq!(sender.post(&place, vec![1; 200]).await.expect("an answer").status, 200);
    let secret = SealingSecret::open_or_create(&ground.dir.join("blue/sealing.key")).unwrap();
    let party = PartyName::new("BLUE").unwrap();
    let nonsense = seal(secret.key(), ground.pact.channel(), &party, &[9; 32], b"no frame").unwrap();
    assert_eq!(sender.post(&place, nonsense).await.expect("an answer").status, 200);

    // BLUE comes back at an address that RED does not know, so the link stays down.
    let blue = ground.start("BLUE", "127.0.0.1:0", "127.0.0.1:1").await;
    until(&blue, "BLUE has the notice out of the box", |channel| channel.board().notices().count() == 1).await;
    let seen = blue.handle.query(|channels| {
        let board = channels.get(CHANNEL).expect("it is").board();
        board.notices().filter_map(|state| state.notice.call_sign.clone()).collect::<Vec<_>>()
    });
    assert_eq!(seen.await.expect("it runs"), ["KOBALT 21"]);
    let bundle = ground.dir.join("red.bundle");
    red.handle
        .bundle(CHANNEL, BundleOptions::default(), std::fs::File::create(&bundle).unwrap())
        .await
        .expect("a bundle");
    let expectation = Expectation { channel: Some(ground.pact.channel()) };
    let report = verify(std::fs::File::open(&bundle).unwrap(), &expectation, 1);
    assert_eq!(report.faults, []);
    let offered: Vec<_> = report.statements.iter().filter(|s| s.what == StatementKind::Offered).collect();
    assert_eq!((offered.len(), offered[0].status), (1, Status::Proven), "{offered:?}");
    red.stop().await.expect("a clean stop");
    blue.stop().await.expect("a clean stop");

    // What RED keeps makes the sealed bytes again, which the stamp is on.
    let store = SqliteStore::open_read_only(ground.dir.join("red")).unwrap();
    let origin = &ground.pact.log_keys(RED_ROUTINE).origin;
    let kept = store.document(&format!("offers/{origin}/witness.example")).unwrap().expect("an offer");
    let length = u32::from_be_bytes(kept[..4].try_into().unwrap()) as usize;
    let offer = skypact_record::Offer::decode(&kept[4..4 + length]).expect("an offer, after its length");
    // The notice, and what RED's node had to say of heads by then.
    assert!((1..=4).contains(&offer.count), "{}", offer.count);
    let stored = store.read(origin.as_str(), offer.start, usize::try_from(offer.count).unwrap(), usize::MAX).unwrap();
    let entry = |stored: StoredEntry| {
        let part = |part: skypact::storage::StoredPart| skypact_record::Part { salt: part.salt, bytes: part.bytes };
        let parts = stored.parts.into_iter().map(|stored| stored.map(part)).collect();
        skypact_record::Entry { leaf: Leaf::decode(&stored.leaf).unwrap(), parts }.encode().unwrap()
    };
    let frame = Frame {
        channel: ground.pact.channel(),
        origin: origin.to_string(),
        start: offer.start,
        entries: stored.into_iter().map(entry).collect(),
        note: offer.note.encode(),
    };
    assert_eq!(offer.reseal(&frame.encode()).unwrap(), sealed);
    assert_eq!(offer.stamp.stamp().dropped, Hash::of(&sealed));
    std::fs::remove_dir_all(&ground.dir).expect("cleaned up");
}
