// A database that keeps its promises without a lock, whoever is killed: for each document a file of what was written
// (the history) and a file of what readers may count on (the acks), to which records of 8 bytes are appended. The
// document's value is the length of its history.
import { Buffer } from 'node:buffer'
import fs from 'node:fs'
import path from 'node:path'

export const DOCUMENTS = 6
const RECORD = 8

/** What document `id` says after its n-th write: texts of many lengths, so that a splice moves what follows. */
export const documentAt = (id, n) => ({ id, n, text: `${n}.`.repeat((n * 7919 + id) % 40), end: id })

export class Database {
  #histories
  #acks
  #ackedTo = new Array(DOCUMENTS).fill(0)
  #acked = new Array(DOCUMENTS).fill(0)

  constructor(directory) {
    const open = (kind) =>
      Array.from({ length: DOCUMENTS }, (_, id) => fs.openSync(path.join(directory, `${kind}-${id}`), 'a+', 0o600))
    this.#histories = open('history')
    this.#acks = open('acks')
  }

  /** How often document `id` was written. */
  position(id) {
    return fs.fstatSync(this.#histories[id]).size / RECORD
  }

  read(id) {
    return documentAt(id, this.position(id))
  }

  /** Writes document `id` as the `sequence`-th write of `writer`; returns its position. */
  write(id, writer, sequence) {
    const from = this.position(id)
    const record = Buffer.alloc(RECORD)
    record.writeUInt32LE(writer, 0)
    record.writeUInt32LE(sequence, 4)
    fs.writeSync(this.#histories[id], record)
    return this.#find(id, record, from)
  }

  /** The position of that write; 0 when it never came so far. */
  find(id, writer, sequence) {
    const record = Buffer.alloc(RECORD)
    record.writeUInt32LE(writer, 0)
    record.writeUInt32LE(sequence, 4)
    return this.#find(id, record, 0)
  }

  /** From now on no read may show less. */
  ack(id, position) {
    const record = Buffer.alloc(RECORD)
    record.writeDoubleLE(position)
    fs.writeSync(this.#acks[id], record)
  }

  /** The least that a read that begins now may show. */
  acked(id) {
    for (const record of records(this.#acks[id], this.#ackedTo[id])) {
      this.#acked[id] = Math.max(this.#acked[id], record.readDoubleLE())
      this.#ackedTo[id]++
    }
    return this.#acked[id]
  }

  #find(id, record, from) {
    let position = from
    for (const each of records(this.#histories[id], from)) {
      position++
      if (each.equals(record)) return position
    }
    return 0
  }
}

function* records(file, from) {
  const bytes = Buffer.alloc(fs.fstatSync(file).size - from * RECORD)
  fs.readSync(file, bytes, 0, bytes.length, from * RECORD)
  for (let at = 0; at < bytes.length; at += RECORD) yield bytes.subarray(at, at + RECORD)
}
