//! Items of a paper, each a volume, become notices. A notice with one bad volume is bad as a whole: nobody announces less
//! airspace than the paper says.

use std::collections::BTreeMap;

use skypact_airspace::Volume4d;
use skypact_channel::{Kind, Message, Notice, NoticeAct};

use crate::ITEMS_MAX;
use crate::fault::Fault;
use crate::fields::{Field, Fields, Geometry, Head, volume};

/// Most faults that are told; the others are counted.
const FAULTS_MAX: usize = 1_000;

/// What was read of a paper.
#[derive(Debug, Default, PartialEq)]
pub struct Reading {
    /// The notices without a fault, in the order of their first items: its line, and the notice.
    pub notices: Vec<(u64, Notice)>,
    /// The first 1,000 faults, in the order in which they were met.
    pub faults: Vec<Fault>,
    /// How many there are in all.
    pub fault_count: usize,
}

/// Takes items one after another.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    groups: Vec<Group>,
    by_label: BTreeMap<String, usize>,
    faults: Vec<Fault>,
    fault_count: usize,
    items: usize,
    /// An item was so bad that nobody knows which notice it belongs to.
    lost_an_item: bool,
}

#[derive(Debug)]
struct Group {
    line: u64,
    is_labelled: bool,
    head: Option<(u64, Head)>,
    volumes: Vec<Volume4d>,
    is_bad: bool,
}

impl Gather {
    /// Takes an item: its fields as far as they could be read, and its geometry or what is wrong with the item.
    pub(crate) fn item(&mut self, line: u64, fields: &Fields, geometry: Result<Geometry, Fault>) -> Result<(), Fault> {
        self.count(line)?;
        let label = fields.get(Field::Notice);
        let known = label.and_then(|label| self.by_label.get(label).copied());
        let place = known.unwrap_or_else(|| {
            let is_labelled = label.is_some();
            self.groups.push(Group { line, is_labelled, head: None, volumes: Vec::new(), is_bad: false });
            self.groups.len() - 1
        });
        if let Some(label) = label.filter(|_| known.is_none()) {
            self.by_label.insert(label.to_owned(), place);
        }
        let group = &mut self.groups[place];
        if let Err(fault) = geometry.and_then(|geometry| group.add(line, fields, geometry)) {
            group.is_bad = true;
            self.fault(fault);
        }
        Ok(())
    }

    /// Takes an item of which not even the label can be read.
    pub(crate) fn lost(&mut self, fault: Fault) -> Result<(), Fault> {
        self.count(fault.line)?;
        self.lost_an_item = true;
        self.fault(fault);
        Ok(())
    }

    fn count(&mut self, line: u64) -> Result<(), Fault> {
        self.items += 1;
        if self.items > ITEMS_MAX {
            let reason = format!("has more than {ITEMS_MAX} items; split it");
            return Err(Fault::new(line, "file", "paper-too-large", reason));
        }
        Ok(())
    }

    fn fault(&mut self, fault: Fault) {
        self.fault_count += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }

    pub(crate) fn finish(mut self) -> Reading {
        let mut notices = Vec::new();
        for group in std::mem::take(&mut self.groups) {
            // Any notice of several items may be the one that an unreadable item belongs to.
            if group.is_bad || (self.lost_an_item && group.is_labelled) {
                continue;
            }
            match group.notice() {
                Ok(notice) => notices.push(notice),
                Err(fault) => self.fault(fault),
            }
        }
        Reading { notices, faults: self.faults, fault_count: self.fault_count }
    }
}

impl Group {
    fn add(&mut self, line: u64, fields: &Fields, geometry: Geometry) -> Result<(), Fault> {
        let head = Head::read(line, fields)?;
        if let Some((first, known)) = &self.head
            && let Some(field) = known.differs(&head)
        {
            let reason = format!("is another one than on line {first}, of the same notice; make them alike");
            return Err(Fault::new(line, field, "notice-differs", reason));
        }
        self.volumes.push(volume(line, fields, geometry)?);
        self.head.get_or_insert((line, head));
        Ok(())
    }

    fn notice(self) -> Result<(u64, Notice), Fault> {
        let (line, Head { class, call_sign, contact }) = self.head.expect("a group without a fault has an item");
        let notice = Notice { act: NoticeAct::New, previous: None, class, call_sign, contact, volumes: self.volumes };
        // What a node would refuse to read is refused here, where the line is known.
        let bytes = Message::Notice(notice.clone()).encode();
        match Message::decode(Kind::Notice, &bytes) {
            Ok(_) => Ok((line, notice)),
            Err(error) => Err(Fault::new(self.line, error.field, error.code(), error.reason)),
        }
    }
}
