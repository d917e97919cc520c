/* What the near tier hangs on in the server: one entry, the log of changes, and a replica that may take over.
 *
 * No number is given twice. Once `isBehind`, the clock may give numbers that are lower than some that were given before.
 */
#define BIT(n) (1 << (n))
#define IN(set, n) (((set) >> (n)) & 1)
#define RAISE(a, b) a = ((a) > (b) -> (a) : (b))
#ifdef FAILOVER
#define STEP 2 /* leaves room for numbers of a clock that is behind */
#else
#define STEP 1
#endif
#define NUMBERS (STEP * CHANGES)

byte last, top, left = CHANGES; /* the last change; 0: there is no log */
short logged, published; /* sets of numbers */
byte prev[NUMBERS + 1];
bit names[NUMBERS + 1]; /* whether the message names the entry */
bit x, hasValues, isBehind; /* x: there is an entry */
/* faults 1: the replica gets nothing more; 2: it has taken over. xKept 1: it has the entry, 2: it never got it. */
byte faults, rLast, xKept; bit rX, rHasValues; short rLogged;
hidden byte n, i, size, bad;

/* A value that the process holds or gets, as the one who sees everything knows it. */
typedef Value {
  bit is; /* there is one */
  byte dead; /* 0: the server has it; 1: not since this tick, 2: not since the one before ... */
  byte kept; /* as xKept */
  byte before /* 1: a write was carried out that it is older than; 2: whose writer must not be given it any more */
};
Value near, lookX, wriX;
#define SET(a, there, isIn) a.is = there; a.dead = 0; a.kept = isIn; a.before = 0
#define COPY(a, b) a.is = b.is; a.dead = b.dead; a.kept = b.kept; a.before = b.before
#define DIES(a) a.dead = (a.is && !a.dead -> 1 : a.dead)
#define AGES(a) a.dead = (a.dead && a.dead <= OLD -> a.dead + 1 : a.dead)
#define FORKS(a) a.kept = a.is && !a.dead
#define FAILS(a) a.dead = (a.kept == 1 -> 0 : (a.kept == 2 -> 1 : a.dead)); a.kept = 0 /* changes that were lost do not count */
#define WRITTEN(a) a.before = (a.is && !a.before -> 1 : a.before)
#define REPLIED(a) a.before = (a.before == 1 -> 2 : a.before)

inline number() {
  left--;
  if :: isBehind -> n = last + 1; do :: IN(published, n) -> n++ :: else -> break od
     :: else -> n = top + STEP
  fi;
  RAISE(top, n)
}
inline publish(before, namesX) {
  prev[n] = before; names[n] = namesX; last = n;
  logged = logged | BIT(n); published = published | BIT(n)
}
/* What ends the script of each change. */
inline change(namesX) { if :: last -> number(); publish(last, namesX) :: else fi }
inline die() { x = 0; xKept = 0; DIES(near); DIES(lookX); DIES(wriX) }
/* Whether the partition began empty makes no difference here: the message names the entry in any case. */
inline store() { die(); x = 1; xKept = (faults == 1 -> 2 : 0); hasValues = 1; change(1) }
inline remove() { die(); change(1) } /* invalidated, evicted, swept */

active proctype server() {
  do
  :: d_step { left -> store() }
  :: d_step { left && x -> remove() }
  :: d_step { left && last -> change(0) }
  :: d_step { left && !last -> number(); publish(0, 0) } /* another process listens */
  :: d_step { hasValues -> die(); hasValues = 0 } /* the values are lost: nobody is told */
  :: d_step { last -> last = 0; logged = 0 } /* the log is lost, or has ended */
  :: d_step { logged && logged != BIT(last) -> i = 0; do :: IN(logged, i) -> break :: else -> i++ od; logged = logged - BIT(i) }
#ifdef FAILOVER
  :: d_step { faults == 0 -> faults = 1; rLast = last; rX = x; rHasValues = hasValues; rLogged = logged; xKept = x;
      FORKS(near); FORKS(lookX); FORKS(wriX) }
  :: d_step { faults == 1 && wri != 2 -> faults = 2; /* replies of the replaced server come before those of its successor */
      last = rLast; x = rX; hasValues = rHasValues; logged = rLogged; FAILS(near); FAILS(lookX); FAILS(wriX);
      rLast = 0; rX = 0; rHasValues = 0; rLogged = 0; xKept = 0 }
  :: d_step { faults == 2 && !isBehind -> isBehind = 1 }
#endif
  od
}
