//! What GL was given and has not finished, and how executors that share resources wait for each other.
//!
//! A context sees what another one did to a common object once it has waited for a fence behind that
//! ([OpenGL 4.6, 5.3](https://registry.khronos.org/OpenGL/specs/gl/glspec46.core.pdf)). So an executor, before it goes
//! on, lets GL wait for what its partners did since: those that have a resource in common with it. The others cost it
//! nothing.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    time::{Duration, Instant},
};

use crate::gl::{self, Gl};

/// A point in what GL was given, possibly by several contexts.
#[derive(Debug, Clone)]
pub struct Fence(Vec<Rc<gl::Sync>>);

impl Fence {
    /// Whether GL has come past the point, waiting at most `patience`.
    pub(super) fn passed(&self, gl: &Gl, patience: Duration) -> bool {
        let start = Instant::now();
        self.0.iter().all(|sync| {
            let left = patience.saturating_sub(start.elapsed());
            let nanoseconds = u64::try_from(left.as_nanos()).unwrap_or(u64::MAX);
            gl.client_wait_sync(sync, nanoseconds)
        })
    }

    fn has(&self, mark: &Mark) -> bool {
        self.0.iter().any(|sync| Rc::ptr_eq(sync, &mark.sync))
    }
}

/// A fence behind the commands of a context.
#[derive(Debug, Clone)]
struct Mark {
    /// The context; `None` if it is one of another executor.
    context: Option<u32>,
    /// Counts the marks of an executor's own contexts, from 1.
    serial: u64,
    sync: Rc<gl::Sync>,
}

/// The commands of one executor.
#[derive(Debug)]
pub(super) struct Work {
    /// The context that commands are given to now, and its number.
    gl: Gl,
    context: u32,
    /// GL may not have started yet.
    unflushed: bool,
    /// There are commands behind the last mark of the context.
    unmarked: bool,
    /// Those not seen to be passed: the last one of each context, and what others did that this work depends on.
    marks: Vec<Mark>,
    serial: u64,
    /// Executors with resources in common, and up to which of their marks this one has waited.
    partners: BTreeMap<u64, u64>,
}

impl Work {
    pub(super) fn new(gl: Gl) -> Self {
        Self {
            gl,
            context: 0,
            unflushed: false,
            unmarked: false,
            marks: Vec::new(),
            serial: 0,
            partners: BTreeMap::new(),
        }
    }

    /// GL is about to be given something.
    pub(super) fn begin(&mut self) {
        self.unflushed = true;
        self.unmarked = true;
    }

    /// What comes now is for another context.
    pub(super) fn switch(&mut self, gl: Gl, context: u32) {
        self.mark();
        (self.gl, self.context) = (gl, context);
        self.unmarked = true;
    }

    /// Puts a fence behind what was given, unless there is one.
    fn mark(&mut self) {
        if !std::mem::take(&mut self.unmarked) {
            return;
        }
        let Ok(sync) = self.gl.fence_sync() else {
            self.gl.finish();
            self.marks.retain(|mark| mark.context != Some(self.context));
            return;
        };
        self.flush();
        self.serial += 1;
        self.marks.retain(|mark| mark.context != Some(self.context));
        self.marks.push(Mark {
            context: Some(self.context),
            serial: self.serial,
            sync: Rc::new(sync),
        });
    }

    /// Lets GL start on what it was given.
    pub(super) fn flush(&mut self) {
        if std::mem::take(&mut self.unflushed) {
            self.gl.flush();
        }
    }

    /// A fence behind all that was given; `None` if it is known to be finished.
    pub(super) fn fence(&mut self) -> Option<Fence> {
        self.mark();
        let syncs: Vec<_> = self.marks.iter().map(|mark| mark.sync.clone()).collect();
        (!syncs.is_empty()).then_some(Fence(syncs))
    }

    /// Counts what another executor did to this one's work.
    fn take_over(&mut self, marks: &[Mark]) {
        for Mark { sync, .. } in marks {
            if !self.marks.iter().any(|mark| Rc::ptr_eq(&mark.sync, sync)) {
                self.marks.push(Mark {
                    context: None,
                    serial: 0,
                    sync: sync.clone(),
                });
            }
        }
    }

    /// Whether GL has come past a fence, waiting at most `patience`.
    pub(super) fn passed(&mut self, fence: &Fence, patience: Duration) -> bool {
        let passed = fence.passed(&self.gl, patience);
        if passed {
            self.marks.retain(|mark| !fence.has(mark));
        }
        passed
    }
}

/// The work of all executors of a group, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Works {
    works: RefCell<BTreeMap<u64, Rc<RefCell<Work>>>>,
    next: Cell<u64>,
    /// Behind the commands of executors that have gone.
    ended: RefCell<Vec<Rc<gl::Sync>>>,
}

impl Works {
    /// Adds an executor, which gives GL's commands to a context; gives back its number.
    pub(super) fn add(&self, gl: Gl) -> (u64, Rc<RefCell<Work>>) {
        let number = self.next.get();
        self.next.set(number + 1);
        let work = Rc::new(RefCell::new(Work::new(gl)));
        self.works.borrow_mut().insert(number, work.clone());
        (number, work)
    }

    /// Forgets an executor. Its partners wait for what it gave GL.
    pub(super) fn remove(&self, number: u64) {
        let mut works = self.works.borrow_mut();
        let Some(work) = works.remove(&number) else { return };
        let mut work = work.borrow_mut();
        work.mark();
        for partner in work.partners.keys().filter_map(|partner| works.get(partner)) {
            let mut partner = partner.borrow_mut();
            partner.partners.remove(&number);
            for mark in &work.marks {
                partner.gl.wait_sync(&mark.sync);
            }
            partner.take_over(&work.marks);
        }
        let ended = work.marks.drain(..).map(|mark| mark.sync);
        self.ended.borrow_mut().extend(ended);
    }

    /// Whether an executor is there.
    pub(super) fn knows(&self, number: u64) -> bool {
        self.works.borrow().contains_key(&number)
    }

    /// From now on the two wait for each other's commands.
    pub(super) fn pair(&self, one: u64, other: u64) {
        let works = self.works.borrow();
        for (this, partner) in [(one, other), (other, one)] {
            if let Some(work) = works.get(&this).filter(|_| this != partner) {
                work.borrow_mut().partners.entry(partner).or_insert(0);
            }
        }
    }

    /// Lets what `number` gives GL from now on wait, in GL, for what its partners gave it before.
    pub(super) fn follow_partners(&self, number: u64) {
        let works = self.works.borrow();
        let Some(work) = works.get(&number) else { return };
        let work = &mut *work.borrow_mut();
        for (partner, seen) in &mut work.partners {
            let Some(theirs) = works.get(partner) else {
                continue;
            };
            let mut theirs = theirs.borrow_mut();
            theirs.mark();
            for mark in theirs.marks.iter().filter(|mark| mark.serial > *seen) {
                work.gl.wait_sync(&mark.sync);
            }
            *seen = theirs.serial;
        }
    }

    /// Counts what the partners of `number` gave GL to its own work: its fences are behind that, too.
    pub(super) fn take_over_partners(&self, number: u64) {
        let works = self.works.borrow();
        let Some(work) = works.get(&number) else { return };
        let mut work = work.borrow_mut();
        let mut taken = Vec::new();
        for theirs in work.partners.keys().filter_map(|partner| works.get(partner)) {
            let mut theirs = theirs.borrow_mut();
            theirs.mark();
            taken.extend(theirs.marks.iter().filter(|mark| mark.serial > 0).cloned());
        }
        work.take_over(&taken);
    }

    /// Lets what `number` gives GL from now on wait for all that GL was given, also by executors that are gone.
    pub(super) fn follow_all(&self, number: u64) {
        let work = self.works.borrow().get(&number).cloned();
        let Some(work) = work else { return };
        let gl = work.borrow().gl.clone();
        let Fence(syncs) = self.fence_all(&gl);
        for sync in &syncs {
            gl.wait_sync(sync);
        }
        let marks: Vec<_> = syncs
            .into_iter()
            .map(|sync| Mark {
                context: None,
                serial: 0,
                sync,
            })
            .collect();
        work.borrow_mut().take_over(&marks);
    }

    /// Waits until GL has finished the work of an executor.
    pub(super) fn finish(&self, number: u64) {
        let works = self.works.borrow();
        let Some(work) = works.get(&number) else { return };
        let mut work = work.borrow_mut();
        if let Some(fence) = work.fence() {
            work.passed(&fence, Duration::MAX);
        }
    }

    /// A fence behind all that was given to GL.
    pub(super) fn fence_all(&self, gl: &Gl) -> Fence {
        let mut ended = self.ended.borrow_mut();
        ended.retain(|sync| !gl.client_wait_sync(sync, 0));
        let mut syncs = ended.clone();
        for work in self.works.borrow().values() {
            let fence = work.borrow_mut().fence();
            syncs.extend(fence.into_iter().flat_map(|fence| fence.0));
        }
        Fence(syncs)
    }
}
