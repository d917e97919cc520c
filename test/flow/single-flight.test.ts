import { describe, expect, test } from 'vitest'
import { Flight, SingleFlight } from '../../src/flow/single-flight.ts'

describe('a flight', () => {
  test('brings all who joined the same', async () => {
    const flight = new Flight<object>()
    const joined = [flight.join(), flight.join()]
    const result = {}
    flight.land(result)
    for (const each of await Promise.all(joined)) expect(each).toBe(result)
  })

  test('that crashes crashes for all who joined', async () => {
    const flight = new Flight<object>()
    const joined = [flight.join(), flight.join()]
    const error = new Error('crash')
    flight.crash(error)
    for (const each of joined) await expect(each).rejects.toBe(error)
  })

  test('that nobody joined lands and crashes for nobody', () => {
    new Flight<object>().land({})
    new Flight<object>().crash(new Error('unheard')) // an unhandled rejection would fail the run
  })
})

describe('flights under way', () => {
  test('are known by name until they end', () => {
    const flights = new SingleFlight<string>()
    expect(flights.get('a')).toBeUndefined()
    flights.start('a', 'first')
    flights.start('b', 'other')
    expect(flights.get('a')).toBe('first')
    expect(flights.size).toBe(2)
    flights.end('a', 'first')
    expect(flights.get('a')).toBeUndefined()
    expect(flights.size).toBe(1)
  })

  test('that were dropped do not take their successor along', () => {
    const flights = new SingleFlight<string>()
    flights.start('a', 'first')
    flights.drop('a')
    expect(flights.get('a')).toBeUndefined()
    flights.start('a', 'second')
    flights.end('a', 'first')
    expect(flights.get('a')).toBe('second')
    flights.end('a', 'second')
    expect(flights.size).toBe(0)
  })

  test('can all be dropped', () => {
    const flights = new SingleFlight<string>()
    flights.start('a', 'first')
    flights.start('b', 'other')
    flights.clear()
    expect(flights.size).toBe(0)
    flights.end('a', 'first')
    expect(flights.size).toBe(0)
  })
})
