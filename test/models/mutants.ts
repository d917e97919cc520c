/** A model with a fault in it, and the promise that the fault breaks. */
export interface Mutant {
  readonly name: string
  readonly breaks: string
  /** The sizes at which it is caught. */
  readonly defines: readonly string[]
  /** Texts of the model, each of which is there once, and what stands there instead. */
  readonly changes: readonly (readonly [string, string])[]
}

/** Such a model has some ten thousand states. */
const SMALL = ['CHANGES=2']
const WITH_WRITES = ['CHANGES=2', 'WRITES']
const WITH_STAMPS = ['CHANGES=2', 'STAMPS']
const WITH_FAILOVER = ['CHANGES=2', 'FAILOVER']

export const FENCE_MUTANTS: readonly Mutant[] = [
  {
    name: 'there is no fence',
    breaks: 'no-late-put',
    defines: [],
    changes: [['#define NOT_INVALIDATED(at) (fence < at && floor < at)', '#define NOT_INVALIDATED(at) 1']],
  },
  {
    name: 'the fence is trimmed without a floor',
    breaks: 'no-late-put',
    defines: [],
    changes: [['fence -> RAISE(floor, fence); fence = 0', 'fence -> fence = 0']],
  },
  {
    name: 'a purge removes the fence, too',
    breaks: 'no-late-put',
    defines: [],
    changes: [['fence = 0; RAISE(floor, now); endLeases()', 'fence = 0; floor = 0; endLeases()']],
  },
  {
    name: 'the token is taken after the source was read',
    breaks: 'no-late-put',
    defines: [],
    changes: [
      [
        'all[_pid].state == 2 -> all[_pid].state = 3',
        'all[_pid].state == 2 -> all[_pid].state = 3; all[_pid].token = now',
      ],
    ],
  },
  {
    name: 'a put does not look when the load of the existing entry began',
    breaks: 'later-load-wins',
    defines: [],
    changes: [['#define NOT_OLDER(at) (!x || xBegan <= at)', '#define NOT_OLDER(at) 1']],
  },
  {
    name: 'the lease ends before the put',
    breaks: 'one-load',
    defines: [],
    changes: [
      [
        'all[_pid].state == 2 -> all[_pid].state = 3',
        'all[_pid].state == 2 -> all[_pid].state = 3; if :: holder == _pid -> holder = NOBODY; until = 0 :: else fi',
      ],
    ],
  },
  {
    name: 'a put is taken to be right for calls that joined after it was sent',
    breaks: 'no-old-call',
    defines: [],
    changes: [['all[_pid].joined == 1 && all[_pid].isStored', 'all[_pid].joined && all[_pid].isStored']],
  },
  {
    name: 'calls that joined get the result of a refused put',
    breaks: 'no-old-call',
    defines: [],
    changes: [['all[_pid].joined == 1 && all[_pid].isStored', 'all[_pid].joined == 1']],
  },
  {
    name: 'whoever waits for a lease relies on its message',
    breaks: 'no-vain-wait',
    defines: [],
    changes: [['#define MAY_TICK(q) (all[q].state != 5 || all[q].hasAsked)', '#define MAY_TICK(q) 1']],
  },
]

export const NEAR_MUTANTS: readonly Mutant[] = [
  {
    name: 'a gap is ignored',
    breaks: 'near-bound',
    defines: SMALL,
    changes: [['if :: prev[at] == heard ->', 'if :: true ->']],
  },
  {
    name: 'a proof counts from its arrival, not from its sending',
    breaks: 'near-bound',
    defines: SMALL,
    changes: [['IN(recent, lookN) -> prove(lookAge, lookSince)', 'IN(recent, lookN) -> prove(0, lookSince)']],
  },
  {
    name: 'a candidate counts from when its number is heard',
    breaks: 'near-bound',
    defines: SMALL,
    changes: [['prove(candidateAge, candidateSince)', 'prove(0, candidateSince)']],
  },
  {
    name: 'catching up goes on where the log begins later',
    breaks: 'near-bound',
    defines: SMALL,
    changes: [['n = lisN; startOver(n)', 'heard = lisN; recent = recent | BIT(lisN)']],
  },
  {
    name: 'an entry is held although a message that has passed names it',
    breaks: 'near-bound',
    defines: SMALL,
    changes: [['bad = bad || (IN(recent, i) && names[i])', 'skip']],
  },
  {
    name: 'the label of an entry is what was heard when it came',
    breaks: 'near-bound',
    defines: SMALL,
    changes: [['insert(lookX, lookN)', 'insert(lookX, heard)']],
  },
  {
    name: 'the value is read before the number',
    breaks: 'near-bound',
    defines: SMALL,
    changes: [
      [
        'look = 2; lookN = (last < lookLeast -> 0 : last); lookLeast = 0; lookProves = hasValues;',
        'look = 2; SET(lookX, x, 0);',
      ],
      [
        'look = 3; SET(lookX, (x && xKept < 2), xKept) }',
        'look = 3; lookN = last; lookLeast = 0; lookProves = hasValues }',
      ],
    ],
  },
  {
    name: 'that there is no log is taken for a proof',
    breaks: 'near-bound',
    defines: SMALL,
    changes: [['if :: lookN == 0 -> startOver(0)', 'if :: lookN == 0 -> prove(lookAge, lookSince)']],
  },
  {
    name: 'a proof does not ask whether there are entries',
    breaks: 'near-inclusive',
    defines: SMALL,
    changes: [['lookProves = hasValues;', 'lookProves = 1;']],
  },
  {
    name: 'what is removed is not told',
    breaks: 'near-inclusive',
    defines: SMALL,
    changes: [['inline remove() { die(); change(1) }', 'inline remove() { die() }']],
  },
  {
    name: 'a write of this process does not refuse what was read before it',
    breaks: 'near-at-once',
    defines: WITH_WRITES,
    changes: [['RAISE(own, wriN); RAISE(floor, wriN);', '']],
  },
  {
    name: 'what is under way survives a start-over',
    breaks: 'near-at-once',
    defines: WITH_WRITES,
    changes: [['inline dropAll() { drop(); LOOK_ENDS; wriVoid = (wri > 0) }', 'inline dropAll() { drop() }']],
  },
  {
    name: 'a stamp is not compared with what was heard',
    breaks: 'since-sees',
    defines: WITH_STAMPS,
    changes: [['(since < 2 || sinceProven || IN(recent, stamp))', '1']],
  },
  {
    name: 'a proof that is older than the use of the stamp counts',
    breaks: 'since-sees',
    defines: WITH_STAMPS,
    changes: [['lookSince = (since == 2)', 'lookSince = 1']],
  },
  {
    name: 'a put of a new entry is not told',
    breaks: 'near-bound',
    defines: WITH_FAILOVER,
    changes: [
      ['inline store() { die(); x = 1;', 'inline store() { size = x; die(); x = 1;'],
      ['hasValues = 1; change(1) }', 'if :: size || !hasValues -> hasValues = 1; change(1) :: else fi }'],
    ],
  },
  {
    name: 'a number counts as heard if it is lower than one that was',
    breaks: 'near-bound',
    defines: WITH_FAILOVER,
    changes: [
      ['lookProves && IN(recent, lookN) ->', 'lookProves && lookN <= heard ->'],
      ['lookN = (last < lookLeast -> 0 : last);', 'lookN = last;'],
      [':: lookProves && !IN(recent, lookN) && lookN < heard && lookN > floor -> startOver(0)', ''],
    ],
  },
]

/** @throws If a text is not there, or more than once: then the model was changed, and the mutant has to follow. */
export function mutate(model: string, { name, changes }: Mutant): string {
  return changes.reduce((text, [before, after]) => {
    if (text.split(before).length !== 2)
      throw new Error(`The mutant “${name}” does not fit the model any more: ${before}`)
    return text.replace(before, () => after)
  }, model)
}
