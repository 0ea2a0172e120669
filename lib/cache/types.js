/**
 * One change of the database. An operation touches the document's tag (`orders:7`) and its collection's (`orders`).
 * @typedef {object} DocumentOperation
 * @property {'update' | 'create' | 'delete'} type
 * @property {string} collection
 * @property {string | number} [id] without it only the collection is marked as being written
 * @property {Record<string, unknown>} [data] the changed top-level members, as a read at depth 0 has them; an `update`
 *   without it is logged as an invalidation of the document and its collection
 * @property {Record<string, unknown>} [previous] the document before, at depth 0
 * @property {Record<string, unknown>} [doc] the whole document after, at depth 0
 * @property {string | null} [locale] that localized members of `data` are in; the default one unless given
 *
 * @typedef {object} InvalidateOperation
 * @property {'invalidate'} type
 * @property {string[]} tags
 *
 * @typedef {DocumentOperation | InvalidateOperation} Operation
 */

/**
 * What a value is the answer to. The core derives its tags from it and finds the documents in the value.
 * @typedef {object} Query
 * @property {'find' | 'findByID' | 'findGlobal' | 'count'} type
 * @property {string} [collection] of all but `findGlobal`
 * @property {string} [global] the slug, of `findGlobal`
 * @property {string | number} [id] of `findByID`
 * @property {unknown} [where] Payload's where
 * @property {string | string[]} [sort]
 * @property {number} [limit]
 * @property {number} [page]
 * @property {boolean} [pagination] false: nothing is counted that the answer does not show
 * @property {number} [depth]
 * @property {unknown} [select]
 * @property {Record<string, any> | false} [joins] by path, as Payload takes them
 * @property {string | null} [locale]
 * @property {string} [scope] whose access rights produced the answer: nothing of another scope's answer is put into it
 * @property {boolean} [unstable] does the database change the order of documents that are equal in every sort key when
 *   one of them is written?
 */

/**
 * A member that shows the documents of another collection, or of several, as `{ relationTo, value }`, whose relation
 * `on` points at its own document.
 * @typedef {object} Join
 * @property {string | string[]} collection
 * @property {string} on dotted path of a relation in its documents, to one or many, of one collection or several
 * @property {unknown} [where] Payload's where
 * @property {string | string[]} [sort]
 * @property {number} [limit] 0 for all; 10 unless given
 * @property {number} [maxDepth] the depth in it, where the query's is more; 1 unless given
 */

/**
 * Where documents of which collection occur in a document.
 * @typedef {object} Shape
 * @property {string[]} [groups] members that are merged instead of replaced, as dotted paths
 * @property {Record<string, string | string[]>} [relations] dotted path → collection, or collections
 * @property {string[]} [localized] dotted paths
 * @property {Record<string, 'rows' | 'json' | 'date'>} [kinds] dotted path → what a member is where its value does not
 *   tell: rows of a table of its own (arrays, fields with many values), JSON, a date
 * @property {string[]} [hidden] dotted paths of members that not every answer shows
 * @property {Record<string, Join>} [joins] dotted path → what the member `{ docs, hasNextPage, totalDocs? }` shows; its
 *   `docs` are among the relations: `{ relations: { 'books.docs': 'books' }, joins: { books: { … } } }`
 * @property {boolean} [trash] are documents with a `deletedAt` shown only where `trash` is asked for?
 * @property {boolean} [opaque] documents can change in ways that are not in an operation: nothing is replayed on them
 *
 * @typedef {Record<string, Shape>} Shapes by collection; one that is missing counts as opaque
 */

/**
 * All sizes in bytes; each is optional.
 * @typedef {object} Limits
 * @property {number} [keyBytes] 4,096 unless given
 * @property {number} [valueBytes] an eighth of `maxBytes` unless given, at most 16 MiB
 * @property {number} [tagBytes] 512 unless given
 * @property {number} [tagsPerEntry] given and derived; 4,096 unless given
 * @property {number} [jsonDepth] 128 unless given
 * @property {number} [operationsPerMutation] 256 unless given
 * @property {number} [mutationBytes] 262,144 unless given
 * @property {number} [pendingPerPrincipal] 64 unless given
 * @property {number} [viewAge] milliseconds for which older states are kept for a view, 60,000 unless given
 * @property {number} [maxShare] per mille of `maxBytes` that one entry may take, with its key, tags and places of
 *   documents; 250 unless given. A larger one is not stored, and nothing is evicted for it
 */

/**
 * The options of the first to open a name stand, in all processes that share it, but `shapes` (the last given replace
 * earlier ones, and drop all entries when they differ) and `maxMemo`.
 * @typedef {object} CacheOptions
 * @property {string} [name] 1 to 64 of `A-Z a-z 0-9 . _ -`; one name and memory is one cache in the whole process, and
 *   with shared memory in all processes of the user. `default` unless given
 * @property {number} [maxBytes] the whole arena; at least 1 MiB, 256 MiB (or what other processes have open) unless
 *   given
 * @property {'private' | 'shared' | { file: string }} [memory] where the arena lives, and so who shares it: memory of
 *   this process (the default), a named region for all processes of the user, or a file that is kept over restarts.
 *   README, "Memory modes"
 * @property {Shapes} [shapes]
 * @property {Limits} [limits]
 * @property {number} [maxEntries] `maxBytes` / 4,096 unless given
 * @property {number} [maxTags] 4 × `maxEntries` unless given
 * @property {number} [maxMutations] pending and remembered settled ones; 1,024 unless given
 * @property {number} [maxViews] open views that hold older states; 1,024 unless given
 * @property {number} [maxLog] operations kept for replay; 1,024 unless given
 * @property {number} [maxMemo] parsed objects that this thread keeps; 1,024 unless given, 0 for none
 */

/**
 * @typedef {object} EntryOptions
 * @property {string[]} [tags] what the value depends on, besides what `query` implies
 * @property {number} [since] `cache.version` as it was before the value was loaded: the value is refused when one of
 *   its tags gained an operation after that. Without it the value counts as true now
 * @property {number} [ttl] milliseconds until it expires; without it, never
 * @property {number} [swr] milliseconds after that in which it is still answered, as stale; needs `ttl`
 * @property {Query} [query]
 */

/**
 * @typedef {object} LoadingOptions
 * @property {number} [loadTimeout] milliseconds after which another caller may load, too, although this load has not
 *   ended; 30,000 unless given
 *
 * @typedef {Omit<EntryOptions, 'since'> & LoadingOptions} LoadOptions
 */

/** @typedef {{ base?: boolean }} ReadOptions `base`: without the overlay of the view's pending mutations */

/**
 * @typedef {object} Reading
 * @property {any} value deep-frozen
 * @property {number} version the value is what the database would say at this version
 * @property {boolean} stale expired, but inside its stale window
 * @property {boolean} overlaid a pending mutation of the view changed it
 * @property {number} [stamp] names the state of the entry; none when it is overlaid
 */

/**
 * @typedef {object} FetchedEntry
 * @property {any} value deep-frozen
 * @property {number} version the value is what the database says at this version, or later
 * @property {boolean} overlaid a pending mutation of the view changed it
 * @property {boolean} hit it came out of the cache
 */

/**
 * @typedef {object} MutationStatus
 * @property {string} token
 * @property {'pending' | 'committed' | 'rolledBack' | 'expired'} state `expired`: the outcome is unknown
 * @property {number} version of the commit, or of the invalidation when it expired; else 0
 * @property {string | undefined} error the reason given to `rollback` or `expire`
 */

/**
 * @typedef {object} MutationInfo
 * @property {string} token
 * @property {'announced' | MutationStatus['state']} state
 * @property {number} version of the commit, or of the invalidation when it expired; else 0
 * @property {number} deadline milliseconds of the epoch, when it expires if it is not settled
 * @property {string} principal
 * @property {string} [reason] given to `rollback` or `expire`
 * @property {{ tag: string, entries: number }[]} documents that it touches, 16 at most, and how many entries carry each
 *   now, counted up to 100. None when it was rolled back, or committed so long ago that the log has forgotten it
 * @property {number} moreDocuments how many others there are
 */

/**
 * @typedef {object} EntryInfo
 * @property {string} key
 * @property {number} version
 * @property {string} stamp names the state of the entry; another state has another one
 * @property {number} bytes
 * @property {string[]} tags
 * @property {number} setAt when it was loaded, or set: milliseconds of the epoch, to the second
 * @property {number} expiresAt milliseconds of the epoch; 0 for never
 * @property {number} hits
 */

/**
 * Which entries; all of what is given must hold.
 * @typedef {object} EntryFilter
 * @property {string} [tag] that they carry
 * @property {string} [prefix] of their keys
 * @property {string} [contains] a part of their keys
 */

/** @typedef {'largest' | 'oldest' | 'mostRead'} EntryOrder */

/**
 * @typedef {object} EntriesPage
 * @property {EntryInfo[]} entries
 * @property {string | undefined} cursor of the next page; undefined on the last
 */

/**
 * A mutation that was settled.
 * @typedef {object} SettledEvent
 * @property {'commit' | 'rollback' | 'expire'} type
 * @property {number} version that its settling took
 * @property {string} token
 * @property {string} principal
 * @property {string} [reason] given to `rollback` or `expire`, or why it expired by itself
 * @property {string[]} tags that it touched: documents, collections, and the user's own; 64 at most
 * @property {number} moreTags how many others there are
 */

/**
 * @typedef {object} InvalidateEvent
 * @property {'invalidate'} type
 * @property {number} version
 * @property {boolean} everything all entries were dropped, whatever their tags
 * @property {string} [reason] why everything
 * @property {string[]} tags 64 at most
 * @property {number} moreTags how many others there are
 */

/**
 * @typedef {object} EvictEvent
 * @property {'evict'} type
 * @property {number} version of the entry
 * @property {string} key
 * @property {'expired' | 'room'} reason it had expired, or it was not read for long; room was needed either way
 */

/**
 * @typedef {object} LostEvent
 * @property {'lost'} type
 * @property {number} count of the events of the types listened to that could not be told
 * @property {boolean} reset a process died while it changed the cache: it was emptied, and what was pending is
 *   forgotten
 */

/**
 * @typedef {object} CacheEvents
 * @property {SettledEvent} commit
 * @property {SettledEvent} rollback
 * @property {SettledEvent} expire
 * @property {InvalidateEvent} invalidate
 * @property {EvictEvent} evict
 * @property {LostEvent} lost
 */

export {}
