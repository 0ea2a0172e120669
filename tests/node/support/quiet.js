/**
 * Preloaded into each test process (`node --import`). Node 20's runner reads what its tests report from their standard
 * output, and loses its place when text gets between; drizzle draws a spinner there while it pushes a schema.
 */
import process from 'node:process'

if (process.env.NODE_TEST_CONTEXT === 'child-v8') {
  const { stdout, stderr } = process
  const write = stdout.write.bind(stdout)
  stdout.write = /** @type {typeof write} */ (
    (/** @type {any} */ chunk, /** @type {any[]} */ ...rest) =>
      typeof chunk === 'string' ? stderr.write(chunk, ...rest) : write(chunk, ...rest)
  )
}

// From Node 21 on there is a navigator, which cannot be assigned, and whose locks would make tabs of one browser of all
// that a test opens. Each test says itself what its browser has.
Object.defineProperty(globalThis, 'navigator', { value: undefined, writable: true, configurable: true })
