//! Model checking: the product's own protocols, run over a memory in which every step is a choice
//! of who goes on, who dies and whose sleep ends, until there is no choice left that was not made.
//!
//! `search` is the search, `world` the memory and threads of one execution, `steps` what threads do
//! in it, `memory` what the product sees of it. Each protocol has a file. `docs/testing.md` says what
//! is shown and what is not.

mod attaching;
mod engine;
mod feed;
mod fence;
mod locks;
mod memory;
mod ordered_section;
mod search;
mod slots;
mod steps;
mod wal_index;
mod world;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use search::{Exhaustive, Report, Search, Thread};
pub use steps::now;
use steps::{Gone, await_end};
use world::{TimeOuts, World};

use crate::ordered_section::{Bounds, TEST_BOUNDS};

thread_local! {
    /// Shuttle runs all threads of a model in one.
    static WORLD: RefCell<World> = RefCell::default();
}

type Program = Arc<dyn Fn() + Send + Sync>;

/// Threads to be run in every order.
pub struct Model {
    name: &'static str,
    set_up: Program,
    threads: Vec<(bool, Program)>,
    check: Program,
    time_outs: TimeOuts,
    optimistic: u32,
    switch_everywhere: bool,
}

impl Model {
    pub fn new(name: &'static str) -> Model {
        let nothing: Program = Arc::new(|| ());
        Model {
            name,
            set_up: nothing.clone(),
            threads: Vec::new(),
            check: nothing,
            time_outs: TimeOuts::Never,
            optimistic: 16,
            switch_everywhere: false,
        }
    }

    /// What is done before the threads begin, and looks at nobody.
    pub fn set_up(mut self, program: impl Fn() + Send + Sync + 'static) -> Model {
        self.set_up = Arc::new(program);
        self
    }

    /// Adds a thread.
    pub fn thread(mut self, program: impl Fn() + Send + Sync + 'static) -> Model {
        self.threads.push((false, Arc::new(program)));
        self
    }

    /// Adds a thread that may die before any change it makes.
    pub fn mortal(mut self, program: impl Fn() + Send + Sync + 'static) -> Model {
        self.threads.push((true, Arc::new(program)));
        self
    }

    /// What holds after every execution.
    pub fn check(mut self, program: impl Fn() + Send + Sync + 'static) -> Model {
        self.check = Arc::new(program);
        self
    }

    pub fn time_outs(mut self, time_outs: TimeOuts) -> Model {
        self.time_outs = time_outs;
        self
    }

    /// Attempts at a copy before publishers are kept out.
    pub fn optimistic(mut self, attempts: u32) -> Model {
        self.optimistic = attempts;
        self
    }

    /// Lets others go first at every step, and not only where threads meet.
    pub fn switch_everywhere(mut self) -> Model {
        self.switch_everywhere = true;
        self
    }

    fn run(self, scheduler: impl shuttle::scheduler::Scheduler + 'static, search: Search) -> Report {
        let start = Instant::now();
        WORLD.set(World::new(search, self.time_outs, self.switch_everywhere));
        TEST_BOUNDS.set(Some(Bounds { spins: 0, optimistic: self.optimistic }));
        let mut config = shuttle::Config::new();
        config.failure_persistence = shuttle::FailurePersistence::None;
        let (name, set_up, threads, check) = (self.name, self.set_up, self.threads, self.check);
        shuttle::Runner::new(scheduler, config).run(move || execute(name, &set_up, &threads, &check));
        TEST_BOUNDS.set(None);
        let report = WORLD.take().search.finish();
        println!(
            "{name}: {} executions, {} of them to the end, {} states, up to {} steps, {} shared words, {:.1} s",
            report.executions,
            report.ends,
            report.states,
            report.longest,
            report.shared,
            start.elapsed().as_secs_f64()
        );
        report
    }

    /// Looks at everything that can happen.
    #[track_caller]
    pub fn explore(self) -> Report {
        let report = self.run(Exhaustive, Search::default());
        assert!(report.exhausted && report.ends > 0, "the search was not exhausted");
        report
    }
}

/// One execution.
fn execute(name: &str, set_up: &Program, threads: &[(bool, Program)], check: &Program) {
    WORLD.with_borrow_mut(|world| {
        world.begin(threads.iter().map(|(mortal, _)| Thread::new(*mortal)).collect());
    });
    set_up();
    let tasks: Vec<_> = threads
        .iter()
        .enumerate()
        .map(|(me, (_, program))| {
            let (program, name) = (program.clone(), name.to_owned());
            shuttle::thread::spawn(move || {
                WORLD.with_borrow_mut(|world| world.current = Some(me));
                let end = catch_unwind(AssertUnwindSafe(|| steps::live(me, &*program)));
                WORLD.with_borrow_mut(|world| world.depart(me));
                if let Err(reason) = end
                    && !reason.is::<Gone>()
                {
                    WORLD.with_borrow(|world| world.print_trace(&name));
                    resume_unwind(reason);
                }
            })
        })
        .collect();
    for task in tasks {
        let _ = task.join();
    }
    WORLD.with_borrow_mut(World::end);
    if let Some(failure) = WORLD.with_borrow(|world| world.search.failure) {
        WORLD.with_borrow(|world| world.print_trace(name));
        panic!("{name}: {failure}");
    }
    if !WORLD.with_borrow(|world| world.search.pruned)
        && let Err(reason) = catch_unwind(AssertUnwindSafe(|| check()))
    {
        WORLD.with_borrow(|world| world.print_trace(name));
        resume_unwind(reason);
    }
}

/// Whether this process looks at the larger models too, which takes some minutes.
fn full() -> bool {
    std::env::var_os("SHAREDWAL_MODEL_FULL").is_some()
}

/// Longer than any model's time.
const FOR_EVER: Duration = Duration::from_secs(1 << 30);

/// Notes that an execution came to this point.
fn reached(point: &str) {
    WORLD.with_borrow_mut(|world| {
        let gone = world.search.pruned;
        if !gone && !world.search.report.reached.contains(point) {
            world.search.report.reached.insert(point.to_owned());
        }
    });
}
