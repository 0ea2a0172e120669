import { markAsUntransferable } from 'node:worker_threads'

/** A Buffer that is held for long keeps as much. */
const SLAB_BYTES = 128 << 10
const LEAST_ROOM = 16 << 10
const ALIGNMENT = 8

/**
 * Says how many bytes it wrote from `at` on; what else it says is the result.
 * @typedef {(memory: Buffer, at: number) => number | Buffer | undefined} Write
 */

let slab = Buffer.alloc(0)
let used = 0

function renew() {
  slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
  // Who transferred one of its Buffers to another thread would take the others along.
  markAsUntransferable(slab.buffer)
  used = 0
}

/**
 * A Buffer of its own for what is written: cut, as Buffer.allocUnsafe does with small ones, from a larger piece, each
 * from a part that no other has, as memory for it alone costs more than to fill it.
 * @param {Write} write
 * @returns {Buffer | undefined}
 */
export function pooled(write) {
  if (slab.length - used < LEAST_ROOM) renew()
  const length = write(slab, used)
  if (typeof length !== 'number') return length
  const start = used
  used += (length + ALIGNMENT - 1) & -ALIGNMENT
  return slab.subarray(start, start + length)
}

/**
 * The part of `memory` that is written.
 * @param {Buffer} memory
 * @param {Write} write
 */
export function written(memory, write) {
  const length = write(memory, 0)
  return typeof length === 'number' ? memory.subarray(0, length) : length
}
