import { changes } from '#changes'
import { covers } from './entry.js'
import { documentsOf } from './layer.js'

/** @typedef {import('./entry.js').Source} Source */
/** @typedef {import('./layer.js').Layer} Layer */
/** @typedef {import('../cache/types.js').Shapes} Shapes */

/**
 * Answers that others have replaced. From those from before a commit that still lies over some query it is known there
 * what the commit moved, and what to show of it.
 */
export class Former {
  /** The oldest first. @type {Source[]} */
  sources = []

  /**
   * Forgets all but those from before commits that lie over some query, and the last of each query that show what is
   * changed: the answer after them may have the change, which takes the document out, before that is known; or what it
   * is changed to refer to.
   * @param {Layer[]} layers
   * @param {Source[]} present
   * @param {Shapes} shapes
   */
  sweep(layers, present, shapes) {
    const named = changes?.namedIn(layers.flatMap(({ operations }) => operations), shapes) ?? []
    this.sources = this.sources.filter((former, at, all) => {
      const later = [...all.slice(at + 1), ...present].filter(({ description }) => description === former.description)
      /** @type {(sources: Source[], document: string) => boolean | undefined} */
      const show = (sources, document) => changes?.showsAny(sources, [document], shapes)
      const isLast = (/** @type {string} */ document) => show([former], document) && !show(later, document)
      return layers.some((layer) => isBefore(former, layer)) || named.some(isLast)
    })
  }

  /**
   * Does some of them show, from before this commit, what that changed?
   * @param {Layer} layer
   * @param {Shapes} shapes
   */
  know(layer, shapes) {
    const before = this.sources.filter((former) => isBefore(former, layer))
    return changes?.showsAny(before, documentsOf(layer.operations), shapes)
  }
}

/** @type {(source: Source, layer: Layer) => boolean | undefined} */
const isBefore = (source, layer) => layer.outcome && !covers(source, layer)
