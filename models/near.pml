/* The near tier of one process, in front of a server that others use, too.
 *
 * Each step is atomic, and any step may come next: so replies and messages are late for as long as one likes, and come in any
 * order. A message may be received at any time after it was published: once, never, or twice. A read whose reply is lost is one
 * that was never sent; a write whose reply is lost is one of another process.
 *
 * Promises: near-bound, near-inclusive, near-at-once, since-sees.
 */
#ifndef CHANGES
#define CHANGES 3 /* how many numbers are given */
#endif
#define RING 2 /* how many numbers `recent` has room for */
#define MAX 1 /* maxStaleness, in ticks */
#define OLD (MAX + 1) /* and older: ages count no further */
#define AGE(age) age = (age < OLD -> age + 1 : OLD)
#define LOWER(a, b) a = ((a) < (b) -> (a) : (b))

byte heard, highest, own, floor, label, candidate, candidateAge = OLD, proofAge = OLD;
short recent, expected; /* expected: numbers that were told, and must come in the chain */
/* Under way: a lookup, a listen, a write of its own. 1: sent, 2 and 3: carried out. Void: sent before a start-over. */
byte look, lookN, lookAge, lookLeast; bit lookProves, lookSince;
byte lis, lisHeard, lisN; bit lisWhole, lisBack;
byte wri, wriN; bit wriPuts, wriVoid;
byte since, stamp; bit sinceProven, candidateSince; /* since 1: another process has written, and has a stamp; 2: it is in use here */
byte message;
#include "near-server.pml"

#define LOOK_ENDS look = 0; lookN = 0; lookAge = 0; lookLeast = 0; lookProves = 0; lookSince = 0; SET(lookX, 0, 0)
#define LISTEN_ENDS lis = 0; lisHeard = 0; lisN = 0; lisWhole = 0; lisBack = 0
#define WRITE_ENDS wri = 0; wriN = 0; wriPuts = 0; wriVoid = 0; SET(wriX, 0, 0)
#define LEAST (heard > highest -> (heard > own -> heard : own) : (highest > own -> highest : own))
#define IS_SERVED near.is && proofAge <= MAX && (since < 2 || sinceProven || IN(recent, stamp))

inline drop() { SET(near, 0, 0); label = 0 }
/* What was asked for before is not held when it comes. */
inline dropAll() { drop(); LOOK_ENDS; wriVoid = (wri > 0) }
inline noCandidate() { candidate = 0; candidateAge = OLD; candidateSince = 0 }
/* The process drops all, and has heard everything up to this (0: it has to listen first). */
inline startOver(at) {
  heard = at; highest = 0; floor = (at > own -> at : own); recent = (at -> BIT(at) : 0); expected = 0; proofAge = OLD;
  noCandidate(); dropAll()
}
inline prove(age, isSince) { LOWER(proofAge, age); sinceProven = sinceProven || isSince }
inline hear(at) {
  if :: heard && at > heard ->
    if :: names[at] && label < at -> drop() :: else fi;
    if :: prev[at] == heard ->
      heard = at; recent = recent | BIT(at);
      size = 0; i = 0; do :: i <= NUMBERS -> size = size + IN(recent, i); i++ :: else -> break od;
      if :: size > RING -> i = 0; do :: IN(recent, i) -> break :: else -> i++ od; recent = recent - BIT(i); RAISE(floor, i)
         :: else
      fi;
      if :: candidate == heard -> prove(candidateAge, candidateSince); noCandidate() :: else fi;
      expected = expected & ~BIT(at);
      /* The chain has passed by a number that was told: the server has lost that change. */
      if :: expected & (BIT(at) - 1) -> startOver(0) :: else fi
    :: else /* a gap: listen, which may happen at any time here */
    fi
  :: else
  fi
}
inline insert(v, at) {
  bad = !v.is || !heard || at < floor || at < own;
  i = at + 1; do :: i <= NUMBERS -> bad = bad || (IN(recent, i) && names[i]); i++ :: else -> break od;
  if :: !bad -> COPY(near, v); label = at :: else fi
}

active proctype process() {
  do
  /* THE PROMISES, for each near hit that is possible now */
  :: IS_SERVED && near.dead > OLD -> assert(false) /* near-bound, near-inclusive */
  :: IS_SERVED && near.before == 2 && faults < 2 -> assert(false) /* near-at-once, since-sees; a failover may lose the write */

  /* TIME */
  :: d_step { true -> AGE(proofAge); AGES(near); AGES(lookX); AGES(wriX);
      if :: candidate -> AGE(candidateAge) :: else fi;
      if :: look -> AGE(lookAge) :: else fi }

  /* A LOOKUP, which is also the tiny read */
  :: d_step { look == 0 && heard -> look = 1; lookLeast = LEAST; lookSince = (since == 2) }
  :: d_step { look == 1 -> look = 2; lookN = (last < lookLeast -> 0 : last); lookLeast = 0; lookProves = hasValues;
      if :: faults == 1 -> look = 3; SET(lookX, x, xKept) :: else fi } /* else what is lost may be newer than its label */
  :: d_step { look == 2 -> look = 3; SET(lookX, (x && xKept < 2), xKept) }
  :: d_step { look == 3 ->
      if :: lookN == 0 -> startOver(0)
         :: else ->
           RAISE(highest, lookN);
           insert(lookX, lookN);
           if :: !lookProves -> dropAll()
              :: lookProves && IN(recent, lookN) -> prove(lookAge, lookSince)
              :: lookProves && !IN(recent, lookN) && lookN > heard ->
                 expected = expected | BIT(lookN); candidate = lookN; candidateAge = lookAge; candidateSince = lookSince
              :: lookProves && !IN(recent, lookN) && lookN < heard && lookN > floor -> startOver(0)
              :: else
           fi
      fi;
      LOOK_ENDS }

  /* A LISTEN: to begin, to catch up, to prolong */
  :: d_step { lis == 0 && (last || left) -> lis = 1; lisHeard = heard;
      if :: !last -> number(); publish(0, 0) :: else fi;
      lisN = last; lisWhole = lisHeard && IN(logged, lisHeard); lisBack = last < LEAST }
  :: d_step { lis == 1 ->
      if :: lisWhole && !lisBack ->
        bad = lisHeard; /* the messages after it, the oldest first */
        do
        :: bad == lisN -> break
        :: else -> n = lisN; do :: prev[n] == bad -> break :: else -> n = prev[n] od; bad = n; hear(n)
        od
      :: else
      fi;
      if :: !lisWhole || lisBack || !IN(recent, lisN) -> own = (lisBack -> 0 : own); n = lisN; startOver(n) :: else fi;
      LISTEN_ENDS }

  /* MESSAGES: lost, late, doubled, in any order */
  :: atomic { heard && published > BIT(heard) -> select(message : 1 .. NUMBERS);
      d_step { if :: IN(published, message) -> hear(message) :: else fi; message = 0 } }

#ifdef WRITES
  /* A WRITE of its own: an invalidation, or a put */
  :: d_step { wri == 0 -> wri = 1; wriPuts = 0; drop() }
  :: d_step { wri == 0 -> wri = 1; wriPuts = 1 }
  :: d_step { wri == 1 && left -> wri = 2; WRITTEN(near); WRITTEN(lookX);
      if :: wriPuts -> store(); SET(wriX, 1, xKept) :: else -> remove() fi;
      wriN = last }
  :: d_step { wri == 2 -> REPLIED(near); REPLIED(lookX);
      if :: wriN == 0 -> startOver(0)
         :: else -> drop(); RAISE(own, wriN); RAISE(floor, wriN);
            if :: heard < wriN -> expected = expected | BIT(wriN) :: else fi;
            if :: wriVoid :: else -> insert(wriX, wriN) fi
      fi;
      WRITE_ENDS }
#endif
#ifdef STAMPS
  /* A WRITE OF ANOTHER PROCESS, whose stamp is used here */
  :: d_step { since == 0 && left -> since = 1; WRITTEN(near); WRITTEN(lookX); store(); stamp = last }
  :: d_step { since == 1 -> since = 2; REPLIED(near); REPLIED(lookX) }
#endif
  od
}
