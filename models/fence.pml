/* One entry, loaded by two processes with and without a lease, while it is invalidated, purged, stored as a known value, evicted.
 *
 * Each step is atomic, and any step may come next: so a process may stop anywhere, for as long as one likes, and go on or die.
 * The function reads a source. The source has versions, which go up; an invalidation follows a new version.
 *
 * Promises: no-late-put, known-stays, later-load-wins, no-old-call, one-load, no-vain-wait.
 */
#ifndef TIMES
#define TIMES 4 /* up to which time the clock of the server goes */
#endif
#ifndef VERSIONS
#define VERSIONS 2
#endif
#define LEASE 2 /* for how long a lease lasts */
#define NOBODY 2
#define RAISE(a, b) a = ((a) > (b) -> (a) : (b))

/* The server. Scripts that run without a tick between them have the same time. */
byte now = 1, fence, floor, holder = NOBODY, until, x, xBegan; /* x: the version of what is stored; 0: there is no entry */
/* The source; and its version when the entry was last invalidated, purged or stored as known. */
byte source = 1, valid;

typedef Process {
  byte state; /* 1: has a token, 2: has read the source, 3: has sent the put, 4: which was carried out; 5: waits for a lease */
  byte token, value; bit leased, isStored;
  byte joined; /* a call has joined when the value was outdated. 1: before the put was sent, 2: after it */
  byte waited; bit hasAsked; /* for how many ticks it has waited for a lease that nobody has; whether it has asked in this tick */
  bit undisturbed /* it has a lease that did not end, nor was ended by others */
};
Process all[2];

#define NOT_INVALIDATED(at) (fence < at && floor < at)
#define NOT_OLDER(at) (!x || xBegan <= at)
#define IS_FREE (holder == NOBODY || until <= now)
#define MAY_TICK(q) (all[q].state != 5 || all[q].hasAsked) /* whoever waits asks once in a tick, whatever messages come */
#define TICK(q) all[q].hasAsked = 0; all[q].waited = (all[q].state == 5 && IS_FREE -> all[q].waited + 1 : 0); all[q].undisturbed = all[q].undisturbed && until > now

inline endLeases() { holder = NOBODY; until = 0; all[0].undisturbed = 0; all[1].undisturbed = 0 }
inline ends(q) {
  all[q].state = 0; all[q].token = 0; all[q].value = 0; all[q].leased = 0; all[q].isStored = 0;
  all[q].joined = 0; all[q].waited = 0; all[q].hasAsked = 0; all[q].undisturbed = 0
}
inline put(q) {
  if
  :: NOT_INVALIDATED(all[q].token) && NOT_OLDER(all[q].token) ->
    assert(all[q].value >= valid); /* no-late-put, known-stays */
    assert(!x || all[q].token >= xBegan); /* later-load-wins */
    x = all[q].value; xBegan = all[q].token; all[q].isStored = 1
  :: else
  fi;
  if :: all[q].leased && holder == q -> holder = NOBODY; until = 0 :: else fi;
  all[q].undisturbed = 0
}
inline begin(q) { all[q].state = 1; all[q].token = now }
inline lease(q) {
  if
  :: x -> ends(q) /* it looks up again */
  :: !x && !IS_FREE && holder != q -> all[q].state = 5; all[q].hasAsked = 1; all[q].waited = 0
  :: else ->
    assert(!all[1 - q].undisturbed); /* one-load */
    ends(q); begin(q); all[q].leased = 1; all[q].undisturbed = 1; holder = q; until = now + LEASE
  fi
}

active [2] proctype loader() {
  do
  :: d_step { all[_pid].state == 0 -> begin(_pid) }
  :: d_step { all[_pid].state == 0 -> lease(_pid) }
  :: d_step { all[_pid].state == 5 -> lease(_pid) } /* woken by a message, or by its own timer */
  :: d_step { all[_pid].state == 1 -> all[_pid].state = 2; all[_pid].value = source }
  :: d_step { all[_pid].state == 2 -> all[_pid].state = 3 }
  :: d_step { all[_pid].state == 3 -> all[_pid].state = 4; put(_pid) }
  :: d_step { all[_pid].state == 4 -> /* whoever joined before the put was sent gets its value; all others start over */
      if :: all[_pid].joined == 1 && all[_pid].isStored -> assert(false) /* no-old-call */
         :: else
      fi;
      ends(_pid) }
  :: d_step { all[_pid].state > 1 && all[_pid].state < 5 && !all[_pid].joined && all[_pid].value < valid ->
      all[_pid].joined = (all[_pid].state == 2 -> 1 : 2) }
  :: d_step { all[_pid].state -> ends(_pid) } /* it dies; the lease ends by itself */
  od
}

active proctype world() {
  do
  :: d_step { now < TIMES && MAY_TICK(0) && MAY_TICK(1) -> now++; TICK(0); TICK(1) }
  :: all[0].waited > 1 || all[1].waited > 1 -> assert(false) /* no-vain-wait */
  :: d_step { x -> x = 0; xBegan = 0 } /* evicted, expired */
  :: d_step { fence -> RAISE(floor, fence); fence = 0 } /* the fence is trimmed */
  :: d_step { source < VERSIONS -> source++ }
  :: d_step { valid < source -> valid = source; x = 0; xBegan = 0; RAISE(fence, now); endLeases() } /* invalidated */
  :: d_step { valid < source -> valid = source; x = 0; xBegan = 0; fence = 0; RAISE(floor, now); endLeases() } /* purged */
  :: d_step { valid < source -> valid = source; x = source; xBegan = now; RAISE(fence, now); endLeases() } /* stored as known */
  od
}
