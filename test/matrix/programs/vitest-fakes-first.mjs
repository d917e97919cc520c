// Runs before the test, and so before the library is loaded.
import process from 'node:process'
import { vi } from 'vitest'

vi.useFakeTimers({ toFake: process.env.FAKES.split(' ') })
