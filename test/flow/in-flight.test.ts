import { describe, expect, test, vi } from 'vitest'
import { Flight, SingleFlight } from '../../src/flow/in-flight.ts'

const passenger = (needsProof = false) => ({
  needsProof,
  land: vi.fn<(result: string) => void>(),
  crash: vi.fn<(error: unknown) => void>(),
})

describe('a flight', () => {
  test('brings the same to all who boarded, and who board after it has landed', () => {
    const flight = new Flight<string>()
    const [first, second, late] = [passenger(), passenger(), passenger()]
    flight.board(first)
    flight.board(second)
    flight.land('result')
    flight.board(late)
    for (const { land, crash } of [first, second, late]) {
      expect(land).toHaveBeenCalledExactlyOnceWith('result')
      expect(crash).not.toHaveBeenCalled()
    }
  })

  test('crashes for all', () => {
    const flight = new Flight<string>()
    const [first, late] = [passenger(), passenger()]
    const error = new Error('no')
    flight.board(first)
    flight.crash(error)
    flight.board(late)
    expect(first.crash).toHaveBeenCalledExactlyOnceWith(error)
    expect(late.crash).toHaveBeenCalledExactlyOnceWith(error)
  })

  test('ends once', () => {
    const flight = new Flight<string>()
    const first = passenger()
    flight.board(first)
    flight.land('stale')
    flight.land('late')
    flight.crash(new Error('late'))
    expect(first.land).toHaveBeenCalledExactlyOnceWith('stale')
    expect(first.crash).not.toHaveBeenCalled()
  })

  test('may serve those early who need no proof', () => {
    const flight = new Flight<string>()
    const [first, second, late] = [passenger(), passenger(true), passenger(true)]
    expect(flight.landEarly('unproven')).toBe(false)
    flight.board(first)
    flight.board(second)
    expect(flight.landEarly('unproven')).toBe(true)
    flight.board(late)
    expect(flight.landEarly('unproven')).toBe(false)
    flight.land('proven')
    expect(first.land).toHaveBeenCalledExactlyOnceWith('unproven')
    for (const { land } of [second, late]) expect(land).toHaveBeenCalledExactlyOnceWith('proven')
  })

  test('tells when the last one has left, and brings nothing to who left', () => {
    const flight = new Flight<string>()
    const [first, second] = [passenger(), passenger()]
    flight.board(first)
    flight.board(second)
    expect(flight.leave(first)).toBe(false)
    expect(flight.leave(second)).toBe(true)
    flight.land('result')
    expect(first.land).not.toHaveBeenCalled()
  })
})

describe('flights under way', () => {
  test('are found by name until they end', () => {
    const flights = new SingleFlight<object>()
    const flight = {}
    flights.start('a', flight)
    expect(flights.get('a')).toBe(flight)
    expect(flights.size).toBe(1)
    flights.end('a', flight)
    expect(flights.get('a')).toBeUndefined()
  })

  test('that were dropped leave their successors alone', () => {
    const flights = new SingleFlight<object>()
    const [old, next] = [{}, {}]
    flights.start('a', old)
    flights.drop('a')
    flights.start('a', next)
    flights.end('a', old)
    expect(flights.get('a')).toBe(next)
    flights.clear()
    expect(flights.size).toBe(0)
  })
})
