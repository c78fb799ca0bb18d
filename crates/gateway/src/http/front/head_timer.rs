//! The clock by which the head of a request must have come. A connection has one, which is put off from request to request: to
//! set another for each of them costs more than to read the head.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt;
use tokio::time::{self, sleep_until};

/// The timer of one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct HeadTimer(Arc<Mutex<Option<Pin<Box<time::Sleep>>>>>);

impl HeadTimer {
    fn replace(&self, sleep: Option<Pin<Box<time::Sleep>>>) -> Option<Pin<Box<time::Sleep>>> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), sleep)
    }
}

impl rt::Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, end: Instant) -> Pin<Box<dyn rt::Sleep>> {
        let end = time::Instant::from_std(end);
        let sleep = match self.replace(None) {
            Some(mut sleep) => {
                sleep.as_mut().reset(end);
                sleep
            }
            None => Box::pin(sleep_until(end)),
        };
        Box::pin(Lent { sleep: Some(sleep), of: self.clone() })
    }

    fn now(&self) -> Instant {
        time::Instant::now().into_std()
    }
}

/// It goes back to its timer, for the next one.
struct Lent {
    sleep: Option<Pin<Box<time::Sleep>>>,
    of: HeadTimer,
}

impl rt::Sleep for Lent {}

impl Future for Lent {
    type Output = ();

    fn poll(mut self: Pin<&mut Lent>, context: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().map_or(Poll::Ready(()), |sleep| sleep.as_mut().poll(context))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        drop(self.of.replace(self.sleep.take()));
    }
}
