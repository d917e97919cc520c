import { define } from './function-properties.ts'

const STATE = /* @__PURE__ */ Symbol('state')

interface WithState<State> {
  readonly [STATE]?: State
}

/**
 * Properties of functions, which are made when they are first asked for, and from then on are the function's own. A program may
 * have very many cached functions, and uses few of the properties of most of them.
 */
export class LazyProperties<State extends object, Name extends string> {
  readonly names: ReadonlySet<string | symbol>
  readonly #prototype: object

  /** @param makers Each makes the value of one property. */
  constructor(makers: Readonly<Record<Name, (state: State) => unknown>>) {
    const all = Object.entries<(state: State) => unknown>(makers)
    this.names = new Set(Object.keys(makers))
    this.#prototype = Object.create(
      Function.prototype,
      Object.fromEntries(all.map(([name, make]) => [name, accessor(name, make)])),
    )
  }

  /**
   * Gives a function these properties, and others at once. In this order its memory is the least: with few properties, of which the
   * last are new.
   */
  giveTo(fn: object, state: State, others: Readonly<Record<string, unknown>>): void {
    Object.setPrototypeOf(fn, this.#prototype)
    define(fn, others)
    Object.defineProperty(fn, STATE, { value: state, configurable: true })
  }
}

function accessor<State>(name: string, make: (state: State) => unknown): PropertyDescriptor {
  const become = (owner: object, value: unknown): unknown => {
    Reflect.defineProperty(owner, name, { value, configurable: true, writable: true }) // a frozen one stays as it is
    return value
  }
  return {
    configurable: true,
    get(this: WithState<State> | undefined) {
      const state = this?.[STATE]
      return state === undefined ? madeByCall(make) : become(this as object, make(state))
    },
    set(this: object, value: unknown) {
      become(this, value)
    },
  }
}

/** A method that finds out by its call whose it is. Vitest asks a getter for the method to spy on, and does not say of what. */
const madeByCall = <State>(make: (state: State) => unknown) =>
  function method(this: WithState<State>, ...args: unknown[]): unknown {
    const own = make(this[STATE] as State) as (...args: unknown[]) => unknown
    return own.apply(this, args)
  }
