//! Rules broken on purpose.

use std::sync::OnceLock;

use crate::injection::Mutation;

/// Whether this process runs with the rule broken.
pub fn is_on(mutation: Mutation) -> bool {
    static ON: OnceLock<Option<String>> = OnceLock::new();
    ON.get_or_init(|| std::env::var("SHAREDWAL_MUTATION").ok())
        .as_ref()
        .is_some_and(|name| *name == format!("{mutation:?}"))
}

/// Whether this process runs with any rule broken.
pub fn any() -> bool {
    std::env::var_os("SHAREDWAL_MUTATION").is_some()
}

/// From now on a dead thread's failures are not shown, and with a rule broken the first failure of
/// a living one ends the process: it is what was looked for, and the other threads may hang.
pub fn fail_fast() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let show = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |failure| {
            if !super::mortal::is_dead() {
                show(failure);
                if any() {
                    std::process::exit(101);
                }
            }
        }));
    });
}
