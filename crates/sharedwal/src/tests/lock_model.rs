//! The lock table against what a lock is, step by step.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use crate::layout::{CONTROL_WORDS, SLOTS, locks};
use crate::locks::{LockTable, Mode};
use crate::memory::Words;
use crate::memory::heap::HeapWords;

/// The slots that take part: of both words of the bitmaps, the first and the last of each.
const PARTIES: [u32; 5] = [0, 1, 31, 32, SLOTS - 1];
const LOCKS: [u32; 3] = [locks::WRITE, locks::WRITE + 3, locks::EXCLUSIVE];

#[derive(Debug, Clone, Copy)]
enum Action {
    Try(Mode),
    Release(Mode),
    Look,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    party: usize,
    lock: usize,
    action: Action,
}

fn step() -> impl Strategy<Value = Step> {
    let action = prop_oneof![
        3 => Just(Action::Try(Mode::Exclusive)),
        3 => Just(Action::Try(Mode::Shared)),
        2 => Just(Action::Release(Mode::Exclusive)),
        2 => Just(Action::Release(Mode::Shared)),
        1 => Just(Action::Look),
    ];
    (0..PARTIES.len(), 0..LOCKS.len(), action).prop_map(|(party, lock, action)| Step { party, lock, action })
}

/// One lock: who owns it, who holds it beside others.
#[derive(Debug, Default, Clone)]
struct Lock {
    owner: Option<usize>,
    holders: BTreeSet<usize>,
}

impl Lock {
    fn take(&mut self, party: usize, mode: Mode) -> bool {
        match mode {
            // An own shared hold does not stand in the way.
            Mode::Exclusive if self.owner.is_none() && self.holders.iter().all(|it| *it == party) => {
                self.owner = Some(party);
                true
            }
            Mode::Exclusive => false,
            // Who owns it already is refused too, and keeps it; a refusal ends an earlier hold.
            Mode::Shared if self.owner.is_some() => {
                self.holders.remove(&party);
                false
            }
            Mode::Shared => {
                self.holders.insert(party);
                true
            }
        }
    }

    fn release(&mut self, party: usize, mode: Mode) {
        match mode {
            Mode::Exclusive if self.owner == Some(party) => self.owner = None,
            Mode::Exclusive => {}
            Mode::Shared => {
                self.holders.remove(&party);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_table_does_what_locks_do(steps in prop::collection::vec(step(), 1..120)) {
        let control: Arc<dyn Words> = Arc::new(HeapWords::new(CONTROL_WORDS));
        let mut tables = PARTIES.map(|slot| LockTable::new(control.clone(), slot));
        let mut model = vec![Lock::default(); LOCKS.len()];
        for Step { party, lock, action } in steps {
            let (table, model, id) = (&mut tables[party], &mut model[lock], LOCKS[lock]);
            match action {
                Action::Try(mode) => {
                    let taken = match mode {
                        Mode::Exclusive => table.try_exclusive(id),
                        Mode::Shared => table.try_shared(id),
                    };
                    prop_assert_eq!(taken.is_ok(), model.take(party, mode));
                    if let Err(refused) = taken {
                        prop_assert_eq!((refused.lock, refused.mode), (id, mode));
                    }
                }
                Action::Release(Mode::Exclusive) => {
                    table.release_exclusive(id);
                    model.release(party, Mode::Exclusive);
                }
                Action::Release(Mode::Shared) => {
                    table.release_shared(id);
                    model.release(party, Mode::Shared);
                }
                Action::Look => prop_assert_eq!(table.is_owned(id), model.owner.is_some()),
            }
        }
        // What is left is as the model says, seen by one who holds nothing.
        let mut observer = LockTable::new(control, 17);
        for (lock, model) in LOCKS.iter().zip(&model) {
            prop_assert_eq!(observer.is_owned(*lock), model.owner.is_some());
            let free = model.owner.is_none() && model.holders.is_empty();
            prop_assert_eq!(observer.try_exclusive(*lock).is_ok(), free);
        }
    }
}
