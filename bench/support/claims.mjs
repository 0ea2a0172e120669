// What each job is about, for people: its title, what was compared, what the design aims at, and, where a figure falls
// short of that, why. A job without an entry here is shown under its own name.
import { OURS } from './versions.mjs'

/**
 * @typedef {Record<string, any>} Result as bench/results has it
 * @typedef {{ aim: string, figure: (result: Result) => string, met: (result: Result) => boolean }} Aim
 * @typedef {{ name: string, unit?: string, subjects: any[] }} Part of a picture
 * @typedef {object} Claim
 * @property {string} title
 * @property {string} about
 * @property {Aim[]} [aims]
 * @property {string} [short] said when one of the aims is not met
 * @property {(result: Result) => Part[]} [parts] unless given, one of all subjects
 */

const numbers = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

/**
 * @param {string} peer
 * @param {number} least how many times as good ours is to be
 * @param {{ aim?: string, ours?: number }} [options] `ours`: the place of the subject that the peer is compared with
 * @returns {Aim}
 */
const beside = (peer, least, { aim = `${numbers.format(least)} × at least`, ours = 0 } = {}) => ({
  aim: `${aim}, beside ${peer}`,
  figure: ({ ratio, subjects }) => {
    const [own, other] = [subjects[ours], subjects.find((/** @type {any} */ { name }) => name === peer)]
    const fastest = own.min < own.median && other?.min < other?.median ? other.min / own.min : undefined
    const byFastest = fastest === undefined ? '' : `, by the fastest rounds ${numbers.format(fastest)} ×`
    return `${numbers.format(ratio[peer])} ×${byFastest}`
  },
  met: ({ ratio }) => ratio[peer] >= least,
})

const MEGABYTES_FLAT = 64

/** @param {string} member */
const by = (member) => (/** @type {any} */ subject) => ({ ...subject, median: subject[member], min: undefined })

/** @param {RegExp} pattern @param {boolean} [matches] @returns {(result: Result) => any[]} */
const subjectsOf = (pattern, matches = true) => ({ subjects }) =>
  subjects.filter(({ name }) => pattern.test(name) === matches)

/** @type {Record<string, Claim>} */
export const CLAIMS = {
  'object-hit': {
    title: 'Reading an object that has not changed',
    about:
      'Each thread keeps the objects that it parsed, and sees in one word of shared memory whether anything ' +
      'changed since, so a read takes a look into a Map and two comparisons: as much as lru-cache does for one ' +
      'with an expiry. 256 pages are read in turn.',
    aims: [beside('lru-cache', 1, { aim: 'as fast at least' })],
    short: 'Both take about 20 ns; which of them is ahead changes from run to run.',
  },
  'bytes-hit': {
    title: 'Reading a page of 13 KB as bytes',
    about:
      '`getBytes`, beside lmdb, which maps its file into memory, and beside a bare copy: an addon that does ' +
      'nothing but copy bytes into a new Buffer (`bench/copy`). New memory for 13 KB costs more than to fill ' +
      'it, and all three pay for it: the medians say as much of what else the machine does to memory as of ' +
      "them. Below, the same into memory that is there already: `getBytes(key, view, { into })`, and lmdb's " +
      '`getBinaryFast`, which answers with memory that its next read overwrites. It is one page that is read ' +
      'again and again while nothing changes: ours is then copied from what the thread remembers of it. The ' +
      'first reads after any change go to the arena, and take about 0.7 µs more.',
    aims: [
      beside('lmdb getBinary', 1.5),
      beside('bare copy', 1 / 1.3, { aim: 'at most 1.3 × the time (0.769 ×)' }),
    ],
    short:
      'Most of each read is new memory, of which all three need as much; how long that takes varies with what ' +
      'else the machine does.',
    parts: (result) => [
      { name: 'into new memory', subjects: subjectsOf(/into given|Fast/, false)(result) },
      { name: 'into memory that is there', subjects: subjectsOf(/into given|Fast/)(result) },
    ],
  },
  'cross-process-hit': {
    title: 'Reading what another process has put into the cache',
    about:
      "The same page of 13 KB, set by a child process in a cache of `memory: 'shared'`; beside a Redis server " +
      'on the loopback of the same machine. As an object it is parsed once, and answered again while it has ' +
      'not changed; bytes that are read again and again are copied from what the process remembers of them, ' +
      'for as long.',
    aims: [beside('redis GET', 20), beside('redis GET + JSON.parse', 500, { ours: 1 })],
    short: 'Redis answers as fast as the loopback does, and that varies with what else the machine has to do.',
    parts: (result) => [
      { name: 'as bytes', subjects: subjectsOf(/object|parse/, false)(result) },
      { name: 'as an object', subjects: subjectsOf(/object|parse/)(result) },
    ],
  },
  invalidate: {
    title: 'Invalidating a tag, and the next read',
    about:
      'An invalidation writes one number, whatever carries the tag; an entry finds it when it is read. ' +
      'bentocache does likewise. An lru-cache with an index of tags deletes what carries the tag; a handler ' +
      'that keeps the tags of all keys in a Redis hash, as `@fortedigital/nextjs-cache-handler` does, reads ' +
      'them all.',
    aims: [
      {
        aim: 'the same at a thousand and at a million entries, ± 20 %',
        figure: ({ flatness }) => `${numbers.format(flatness)} ×`,
        met: ({ flatness }) => flatness >= 0.8 && flatness <= 1.2,
      },
      beside('bentocache deleteByTag', 1),
      beside('lru-cache with a tag index', 1),
      beside('redis, scanning its tag table', 1),
    ],
    short:
      'The invalidation does the same work at both. What differs is what the processor has at hand for the read that ' +
      'follows, and what else the machine does: either may come out cheaper.',
    parts: (result) => [
      { name: 'a million entries carry the tag', subjects: subjectsOf(/ at [\d,]+$/, false)(result) },
      { name: 'a thousand do', subjects: subjectsOf(/ at [\d,]+$/)(result) },
    ],
  },
  memory: {
    title: 'A million entries of a kilobyte',
    about:
      'Twenty thousand operations a second, nine reads to a write, each subject in a process of its own. What ' +
      "is in the arena is no work for V8's garbage collector; it takes, outside of V8's heap, what keys and " +
      'values have and what is said of each entry below. A read that is not among those remembered is parsed, ' +
      'which a Map need not. The delay counts what other programs keep the processor for, too.',
    aims: [
      beside('Map', 1, { aim: "a p99 of the event loop's delay that is no longer" }),
      beside('lru-cache', 1, { aim: 'a p99 that is no longer' }),
      {
        aim: `V8's heap stays flat (grows by less than ${MEGABYTES_FLAT} MB under load)`,
        figure: ({ subjects: [ours] }) => `${numbers.format(ours.peakHeapMegabytes - ours.heapMegabytes)} MB`,
        met: ({ subjects: [ours] }) => ours.peakHeapMegabytes - ours.heapMegabytes < MEGABYTES_FLAT,
      },
      {
        aim: 'less than 160 bytes an entry besides its key and its value, tables and one tag included',
        figure: ({ overheadBytes }) => `${numbers.format(overheadBytes)} bytes`,
        met: ({ overheadBytes }) => overheadBytes < 160,
      },
    ],
    short:
      'The delay at the 99th percentile is a few milliseconds of whatever else the machine does; what the ' +
      'garbage collector does to a heap of a gigabyte shows in the longest delays, which are rare.',
    parts: ({ subjects }) => [
      { name: "99th percentile of the event loop's delay", subjects },
      { name: "V8's heap at most", unit: 'MB', subjects: subjects.map(by('peakHeapMegabytes')) },
    ],
  },
  'overlay-bytes': {
    title: 'A page with three changes in flight, as bytes',
    about:
      "What an author's reload reads: a page of 20 documents and 13 KB of which three are being changed. The " +
      'changes are spliced into the bytes, and as long as nothing else changes, views that see the same share ' +
      'them; beside it, spreading the parsed page and writing it anew. The first of all views to see a change has ' +
      'to have it spliced in.',
    aims: [beside('spread + JSON.stringify', 20)],
    short:
      'Most of what is left is new memory for 13 KB, as for the page as bytes above; how long that takes ' +
      'varies with what else the machine does.',
  },
  'overlay-object': {
    title: 'A page with three changes in flight, as an object',
    about:
      'The same as an object, for a server component: read first through a new view, and again through the same. ' +
      'The first of all views to see a change has it laid over: just what is changed is parsed.',
    aims: [beside('spread', 0.5, { aim: 'at most 2 × the time (0.5 ×)' })],
  },
  'write-heavy': {
    title: 'A change from begin to commit, with both reads',
    about:
      'A mutation of three documents is begun, shown to its author, committed, and shown to everybody, by ' +
      'replay instead of a load. The peer spreads the parsed page twice, and has neither tokens nor versions, ' +
      'nor other threads to care for.',
    parts: (result) => [
      { name: 'as bytes', subjects: subjectsOf(/bytes|stringify/)(result) },
      { name: 'as objects', subjects: subjectsOf(/bytes|stringify/, false)(result) },
    ],
  },
  'page-length': {
    title: 'The same change on longer pages',
    about:
      'A mutation of three documents from begin to commit, shown to its author and then to everybody as objects, ' +
      'on pages of 13 KB, 126 KB and 1.26 MB. What is parsed is what changed; the page is copied as bytes, and ' +
      'the list of its documents as an array. Beside it, parsing the page anew, as after an invalidation, but ' +
      'without loading it; and spreading it twice, as a reducer in one thread would.',
    parts: ({ subjects }) =>
      ['2,000', '200', '20'].map((length) => ({
        name: `a page of ${length} documents`,
        subjects: subjects.filter(({ name }) => name.endsWith(` at ${length}`)),
      })),
  },
  usefulness: {
    title: 'Database statements where people write',
    about:
      "Nine reads to a change of an order's status on the order board's data, by Zipf over 50 lists and 300 " +
      'single orders, beside what `unstable_cache` with `revalidateTag` in hooks would do.',
    aims: [beside('tag invalidation', 4)],
    short:
      'What cannot be replayed exactly is loaded again: above all pages into which a document moves that the ' +
      'cache does not know.',
  },
  'rest-list': {
    title: "Payload's own REST list, answered from the cache",
    about:
      "Requests for a list of 20 orders over HTTP, of Payload's handlers behind a plain HTTP server of Node's, " +
      'with `rest: true` and without it, and with `If-None-Match`; by nobody, and by a user who is logged in, ' +
      'whom Payload looks up each time.',
    aims: [beside('payload to nobody', 4), beside('payload to a user', 4, { ours: 3 })],
    short: 'Payload looks up who is logged in, in the database, before the cache is asked.',
    parts: (result) => [
      { name: 'to nobody', subjects: subjectsOf(/to nobody/)(result) },
      { name: 'to a user', subjects: subjectsOf(/to a user/)(result) },
    ],
  },
}

/** @param {string} name */
export const shownName = (name) => name.replace(OURS, 'this package').replace(/ at [\d,]+$/, '')
