//! A bounded number of connections, shared fairly. When all seats are taken a newcomer is let in and whoever holds the most
//! seats loses its oldest: a flood displaces itself, and a peer that reconnects over a flapping link is never locked out by
//! its own dead connections.

use super::TransportKey;
use std::{
    cmp::Reverse,
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// Whom a seat counts for: its key once that is proved and pinned, its address before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder {
    Address(IpAddr),
    Key(TransportKey),
}

#[derive(Debug)]
pub(crate) struct Seats {
    total_max: usize,
    each_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    arrivals: u64,
    by_arrival: BTreeMap<u64, (Holder, Arc<Notify>)>,
}

/// A taken seat; it is free again when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    arrival: u64,
    displaced: Arc<Notify>,
}

impl Seats {
    pub(crate) fn new(total_max: usize, each_max: usize) -> Arc<Self> {
        assert!(total_max > 0 && each_max > 0, "a server without seats serves nobody");
        Arc::new(Self { total_max, each_max, taken: Mutex::default() })
    }

    /// Takes a seat for `holder`, displacing an older one when there is none left.
    pub(crate) fn take(self: &Arc<Self>, holder: Holder) -> Seat {
        let mut taken = self.lock();
        let own = taken.by_arrival.values().filter(|(other, _)| *other == holder).count();
        let victim = if own >= self.each_max {
            taken.by_arrival.iter().find(|(_, (other, _))| *other == holder).map(|(arrival, _)| *arrival)
        } else if taken.by_arrival.len() >= self.total_max {
            taken.oldest_of_the_greediest()
        } else {
            None
        };
        if let Some((_, displaced)) = victim.and_then(|arrival| taken.by_arrival.remove(&arrival)) {
            displaced.notify_one();
        }
        let arrival = taken.arrivals;
        let displaced = Arc::new(Notify::new());
        taken.arrivals += 1;
        taken.by_arrival.insert(arrival, (holder, Arc::clone(&displaced)));
        Seat { seats: Arc::clone(self), arrival, displaced }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn oldest_of_the_greediest(&self) -> Option<u64> {
        let mut held = BTreeMap::<Holder, usize>::new();
        for (holder, _) in self.by_arrival.values() {
            *held.entry(*holder).or_default() += 1;
        }
        let order = |(arrival, (holder, _)): &(&u64, &(Holder, _))| (Reverse(held[holder]), **arrival);
        self.by_arrival.iter().min_by_key(order).map(|(arrival, _)| *arrival)
    }
}

impl Seat {
    /// Completes when a newcomer has displaced this seat.
    pub(crate) async fn displaced(&self) {
        self.displaced.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.lock().by_arrival.remove(&self.arrival);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn address(last: u8) -> Holder {
        Holder::Address(IpAddr::from([192, 0, 2, last]))
    }

    async fn is_displaced(seat: &Seat) -> bool {
        tokio::time::timeout(Duration::from_millis(20), seat.displaced()).await.is_ok()
    }

    #[tokio::test]
    async fn a_flood_displaces_itself_and_not_the_lone_peer() {
        let seats = Seats::new(4, 4);
        let lone = seats.take(address(1));
        let flood: Vec<_> = (0..20).map(|_| seats.take(address(2))).collect();
        assert_eq!(seats.lock().by_arrival.len(), 4);
        assert!(!is_displaced(&lone).await);
        assert!(is_displaced(&flood[0]).await);
        assert!(!is_displaced(&flood[19]).await);
        drop((lone, flood));
        assert!(seats.lock().by_arrival.is_empty());
    }

    #[tokio::test]
    async fn a_peer_at_its_own_limit_displaces_its_own_oldest() {
        let seats = Seats::new(10, 2);
        let held = [seats.take(address(1)), seats.take(address(1)), seats.take(address(1))];
        assert!(is_displaced(&held[0]).await);
        assert!(!is_displaced(&held[1]).await);
        assert!(!is_displaced(&held[2]).await);
    }
}
