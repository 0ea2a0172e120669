/*
 * optimistic_cache.h: the C interface of payload-optimistic-cache.
 *
 * A cache is a log of operations and a set of materialised query results, both in one arena of mapped
 * memory. A result (an entry) knows the log position (version) it reflects; a read replays onto it what
 * the log gained since. A mutation is pending from oc_begin until oc_commit, oc_rollback or oc_expire; while it is
 * pending, the views that present its token and have its principal see its operations laid over what they read
 * (the overlay), and nobody else does. What cannot be replayed exactly is a miss.
 *
 * Conventions
 *   Threads    Every function may be called from any thread at any time, on the same cache, unless its comment says
 *              otherwise. A view belongs to one thread at a time.
 *   Ownership  Input is copied before a call returns. Output goes to out-parameters, which stay untouched when
 *              the call fails. An oc_buffer_t is owned by the caller, grown by the library, freed with oc_buffer_free.
 *   Errors     A negative status is an error; nothing was changed by the call. `error` may be NULL.
 *   Text       UTF-8 without a terminating NUL, as pointer and length. JSON is what JSON.stringify writes; whitespace
 *              between its tokens is accepted and kept.
 *   Units      Bytes; milliseconds, on CLOCK_REALTIME where they are absolute.
 *   Versions   Positions in the log: start at 1, never reused within one generation.
 */
#ifndef OPTIMISTIC_CACHE_H
#define OPTIMISTIC_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status ------------------------------------------------------------------------------------------------- */

typedef enum oc_status {
  OC_OK = 0,
  OC_MISS = 1,      /* no entry, or none that is known to equal what the database would answer */
  OC_UNCHANGED = 2, /* the entry is still in the state the caller knows (its stamp) */
  OC_REFUSED = 3,   /* not stored: a tag gained an operation after `since` (the lease), too large, or no room */

  OC_ERR_ARGUMENT = -1,          /* null where a value must be, or a number out of range */
  OC_ERR_MEMORY = -2,            /* malloc failed */
  OC_ERR_SYSTEM = -3,            /* mmap or a lock failed; errno says more */
  OC_ERR_KEY_SIZE = -4,          /* key empty, or longer than limits.key_bytes */
  OC_ERR_VALUE_SIZE = -5,        /* value longer than limits.value_bytes */
  OC_ERR_TAG_SIZE = -6,          /* tag empty, or longer than limits.tag_bytes */
  OC_ERR_TAG_COUNT = -7,         /* more tags than limits.tags_per_entry */
  OC_ERR_UTF8 = -8,              /* text that is not UTF-8 (overlong forms and surrogates included) */
  OC_ERR_JSON = -9,              /* text that is not JSON (RFC 8259) */
  OC_ERR_JSON_DEPTH = -10,       /* nested deeper than limits.json_depth */
  OC_ERR_JSON_NUL = -11,         /* an escaped NUL (\u0000) in a string */
  OC_ERR_JSON_SURROGATE = -12,   /* an escaped surrogate without its other half */
  OC_ERR_QUERY = -13,            /* a query description that is not one */
  OC_ERR_OPERATION = -14,        /* an operation that is not one */
  OC_ERR_SHAPES = -15,           /* shapes that are not */
  OC_ERR_TOKEN_UNKNOWN = -16,    /* no such mutation, or one of another principal */
  OC_ERR_TOKEN_SETTLED = -17,    /* the mutation is settled already, the other way */
  OC_ERR_LIMIT_MUTATIONS = -18,  /* the principal has limits.pending_per_principal pending mutations */
  OC_ERR_LIMIT_OPERATIONS = -19, /* more operations than limits.operations_per_mutation */
  OC_ERR_LIMIT_BYTES = -20,      /* operations longer than limits.mutation_bytes */
  OC_ERR_FULL = -21,             /* a table or the arena is full of what may not be evicted (pending mutations) */
  OC_ERR_FOREIGN = -22,          /* the region or file is another user's, open to others, or not a regular file */
  OC_ERR_DIFFERS = -23,          /* other processes have it open with another layout or size */
  OC_ERR_SPACE = -24,            /* /dev/shm, or the file system, has not enough room for the arena */
  OC_ERR_TOKEN_PENDING = -25     /* the mutation of this token was begun already, and is under way */
} oc_status;

/* The sentence for people: which value, why, what to do. */
typedef struct oc_error {
  oc_status status;
  char message[256];
} oc_error_t;

/* "ERR_OPTIMISTIC_…", the `code` of the JavaScript error; never NULL, static. */
const char *oc_code(oc_status status);
/* A sentence without particulars; never NULL, static. */
const char *oc_strerror(oc_status status);

/* ---- Text and buffers --------------------------------------------------------------------------------------- */

typedef struct oc_slice {
  const char *data;
  size_t len;
} oc_slice_t;

typedef struct oc_buffer {
  char *data; /* malloc'd, or NULL */
  size_t len; /* bytes in use */
  size_t cap; /* bytes allocated */
} oc_buffer_t;

/* Frees and zeroes; a zeroed buffer is an empty one and needs no init. */
void oc_buffer_free(oc_buffer_t *buffer);

/* ---- Cache -------------------------------------------------------------------------------------------------- */

typedef struct oc_cache oc_cache_t;

typedef struct oc_limits {          /* 0 means the default in brackets */
  uint32_t key_bytes;               /* [4096] */
  uint32_t value_bytes;             /* [an eighth of max_bytes, at most 16 MiB] */
  uint32_t tag_bytes;               /* [512] */
  uint32_t tags_per_entry;          /* given and derived [4096] */
  uint32_t json_depth;              /* [128] */
  uint32_t operations_per_mutation; /* [256] */
  uint32_t mutation_bytes;          /* [262144] */
  uint32_t pending_per_principal;   /* [64] */
  uint32_t view_age;                /* milliseconds for which older states are kept for a view [60000] */
  uint32_t max_share;               /* per mille of max_bytes that one entry may take, all told [250] */
} oc_limits_t;

/* Where the arena lives, and so who shares it. Only Linux has the last two; elsewhere they are a SYSTEM error. */
typedef enum oc_memory {
  OC_PRIVATE = 0, /* memory of this process, for all its threads */
  OC_SHARED = 1,  /* a named region for all processes of this user on the machine; gone when the last one closes it */
  OC_FILE = 2     /* as OC_SHARED, in a file that is kept: see oc_open */
} oc_memory;

typedef struct oc_options {
  oc_slice_t name;        /* 1 to 64 bytes of [A-Za-z0-9._-]; one name, memory and file are one cache in a process */
  oc_memory memory;       /* [OC_PRIVATE] */
  oc_slice_t file;        /* the path, for OC_FILE; on a local file system */
  uint64_t max_bytes;     /* the whole arena, tables included; 1 MiB at least [256 MiB, or what others have open] */
  oc_slice_t shapes;      /* JSON object, or empty: see README "Shapes" */
  uint32_t max_entries;   /* [max_bytes / 4096, 256 at least] */
  uint32_t max_tags;      /* [4 × max_entries] */
  uint32_t max_mutations; /* pending and remembered settled ones [1024] */
  uint32_t max_views;     /* open views that hold older states [1024] */
  uint32_t max_log;       /* operations records kept for replay [1024] */
  oc_limits_t limits;
} oc_options_t;

/*
 * Opens, or joins, the cache of that name. The options of the first to open stand, in this process and, for shared
 * memory, in all; but shapes: the last non-empty shapes given replace the earlier ones, and when they differ from
 * those, all entries are dropped. Each successful call needs an oc_close.
 *
 * A shared region and a file have mode 0600 and belong to the user of the process; all their bytes are reserved at
 * once. What a file holds is kept when its last process closed it, and it is opened again with the same layout, size
 * and tables, in the same boot of the machine; else, and for every new region, the cache begins empty: see
 * oc_stats_t.started. A file that is no cache is not overwritten, but renamed to end in ".set-aside". A child of
 * fork(2) must not use the caches that its parent had open; it may open its own. Errors: ARGUMENT, MEMORY, SYSTEM,
 * SHAPES, FOREIGN, DIFFERS, SPACE, FULL (256 processes have it open).
 */
oc_status oc_open(const oc_options_t *options, oc_cache_t **cache, oc_error_t *error);
/*
 * Gives one reference up; the last one of a process unmaps the arena, and expires the mutations that the process still
 * had pending, when others stay. No call on this reference may be under way or follow.
 */
void oc_close(oc_cache_t *cache);

/* The log's head: the version of the last committed operation; 1 when there is none. Read it before a load. */
uint64_t oc_version(const oc_cache_t *cache);
/* A random number drawn when the arena was made or reset; versions compare only within one. Never 0. */
uint64_t oc_generation(const oc_cache_t *cache);
/*
 * A counter in the arena that moves whenever the result of any read without overlay might have changed, expiry
 * by time excepted (see oc_hit_t.expires_at). Loads of it need no lock. Valid until oc_close.
 */
const volatile uint32_t *oc_changes(const oc_cache_t *cache);

/* ---- Views -------------------------------------------------------------------------------------------------- */

typedef struct oc_token {
  uint8_t bytes[16]; /* a UUIDv7, RFC 9562; its order is the order of the user's actions */
} oc_token_t;

/* Parses "0190…-…" (36 characters, any case). Errors: ARGUMENT when it is not a UUID of version 7. */
oc_status oc_token_parse(oc_slice_t text, oc_token_t *token, oc_error_t *error);
/* Writes 36 characters and a NUL. */
void oc_token_format(oc_token_t token, char text[37]);

typedef struct oc_view oc_view_t;

/*
 * What one render reads through. It sees the log up to its version, and the pending mutations among `tokens` that
 * have this principal; at most 64 tokens (more: ARGUMENT). Tokens that are not known yet (or are another
 * principal's, which looks the same) are reported by oc_view_info; a mutation that is settled is not pending and not
 * unknown. Which mutations are laid over is decided here and stands until the view is closed: one that commits
 * meanwhile stays laid over (the view's version is older than the commit), one that is rolled back or expires is no
 * longer (the view is torn by it). Close with oc_view_close before oc_close.
 *
 * All reads of a view are answered as of its version, and as of the time when it was opened, so that nothing changes or
 * expires between two of them: states of entries that are replaced meanwhile are kept for it. They go when it is
 * closed; before that only when memory is short, when their entry has had more than 60 others since, or when the view is
 * older than limits.view_age. A read that needs one that is gone is a miss, and says that the view is torn, as does
 * every read of a view past that age.
 */
oc_status oc_view_open(oc_cache_t *cache, oc_slice_t principal, const oc_token_t *tokens, size_t count,
                       oc_view_t **view, oc_error_t *error);
void oc_view_close(oc_view_t *view);

typedef struct oc_view_info {
  uint64_t version; /* the log's head when it was opened */
  bool torn;        /* some read could not be answered as of `version`, or may show a newer state */
  size_t pending;   /* presented mutations that were pending when it was opened */
  size_t unknown;   /* presented tokens that nobody began, or another principal did */
} oc_view_info_t;
void oc_view_info(oc_view_t *view, oc_view_info_t *info);
/*
 * Writes the JSON array [{"token":"…","operations":[…]}, …] of the view's mutations that were pending when it was
 * opened, in token order.
 */
oc_status oc_view_pending(oc_view_t *view, oc_buffer_t *out, oc_error_t *error);
/* Writes the JSON array ["token", …] of the view's unknown tokens. */
oc_status oc_view_unknown(oc_view_t *view, oc_buffer_t *out, oc_error_t *error);

/* ---- Entries ------------------------------------------------------------------------------------------------ */

typedef enum oc_content {
  OC_JSON = 0, /* validated; documents are found in it when there is a query */
  OC_BYTES = 1 /* opaque; any operation on one of its tags drops it */
} oc_content;

typedef struct oc_set_options {
  const oc_slice_t *tags; /* the caller's own; those a query implies are added */
  size_t tag_count;
  uint64_t since;       /* the version before the load began; 0 means now (no lease) */
  uint64_t expires_at;  /* absolute; 0 never */
  uint64_t stale_until; /* absolute; at least expires_at, or 0: reads between the two answer with hit.stale set */
  oc_slice_t query;     /* JSON: what the value is the answer to, or empty */
  oc_content content;
} oc_set_options_t;

/*
 * Stores a copy of `value`. OC_REFUSED when the lease is broken, when it is larger than limits.max_share allows (no
 * other entry is evicted for either), or when no room could be made: the value is then simply not kept, and neither is
 * an earlier one of that key, as the caller has something newer. Room is made by what expired first, then by what was
 * not read for long (SIEVE). Errors: ARGUMENT, KEY_SIZE, VALUE_SIZE, TAG_*, UTF8, JSON*,
 * QUERY, MEMORY.
 */
oc_status oc_set(oc_cache_t *cache, oc_slice_t key, oc_slice_t value, const oc_set_options_t *options,
                 oc_error_t *error);

typedef enum oc_form {
  OC_WHOLE = 0, /* the answer */
  OC_CHANGES    /* what makes it of the state that the caller knows */
} oc_form;

typedef struct oc_hit {
  uint64_t version;    /* the answer is what the database would say at this version */
  uint64_t stamp;      /* names the state of the entry; another state has another stamp. 0 when overlaid */
  uint64_t expires_at; /* as given to oc_set */
  oc_content content;
  bool stale;    /* expired, but inside its stale window */
  bool overlaid; /* a pending mutation of the view changed these bytes */
  bool beneath;  /* these bytes are the state that the overlay is laid over; ask again. False but for oc_get_changes */
  oc_form form;  /* what these bytes are: OC_WHOLE but for oc_get_changes */
} oc_hit_t;

/*
 * Reads. `view` may be NULL: the newest version, without overlay. With `base` the overlay is left out.
 * `known` is the stamp of a state that the caller still has, or 0: OC_UNCHANGED instead of bytes when that is
 * still the answer (`hit` is filled). `out` is overwritten. Errors: ARGUMENT, KEY_SIZE, MEMORY.
 */
oc_status oc_get(oc_cache_t *cache, oc_view_t *view, oc_slice_t key, bool base, uint64_t known, oc_buffer_t *out,
                 oc_hit_t *hit, oc_error_t *error);
/*
 * As oc_get, for a caller that keeps answers parsed. Where documents of a list became others since the state `known`
 * and nothing else did, or where that is all that an overlay does to the state `known`, `out` gets
 * [[index, id, member, value, …], [index, id, document, …]], which is to be done to the list's `docs` in that state:
 * the first array says which members become what, those of one document in a row, and documents of the second are
 * replaced as a whole. The caller looks whether the document at the index has that id, and uses oc_get when not. Of an
 * overlay that changes documents in another state than `known`, `out` gets this state first, as the one beneath.
 * OC_UNCHANGED: the answer is the state `known`. Errors: as oc_get.
 */
oc_status oc_get_changes(oc_cache_t *cache, oc_view_t *view, oc_slice_t key, bool base, uint64_t known,
                         oc_buffer_t *out, oc_hit_t *hit, oc_error_t *error);

/*
 * Lays the view's pending mutations over a value that is not (or no longer) in the cache: what a fill loaded at
 * version `since`, for the caller that loaded it. `hit` says whether anything changed. The view is torn by it when one
 * of the value's tags gained an operation after the view's version. Errors as oc_set.
 */
oc_status oc_overlay(oc_cache_t *cache, oc_view_t *view, oc_slice_t value, oc_slice_t query, uint64_t since,
                     oc_buffer_t *out, oc_hit_t *hit, oc_error_t *error);

/* ---- Single flight ------------------------------------------------------------------------------------------ */

/*
 * So that one caller on the machine loads what many miss at once. After OC_MISS call oc_flight_begin; its answer says
 *   leads        load with `since`, oc_set, oc_flight_end
 *   waits        after each event (oc_watch), and at `deadline`, oc_flight_look; once that is not LOADING, oc_get
 *   leads, id 0  load and oc_set: the table of flights is full, and nobody is told
 * A flight carries no value: who waited reads the entry, under the rules of every read, and begins again on a miss. No
 * call here waits for anything.
 */
enum { OC_FLIGHT_REASON_MOST = 511 };

typedef enum oc_flight_state {
  OC_FLIGHT_LOADING = 1,
  OC_FLIGHT_KEPT,     /* the value is in the cache */
  OC_FLIGHT_UNKEPT,   /* the load succeeded, but its value was not stored */
  OC_FLIGHT_FAILED,   /* the load failed, and says why */
  OC_FLIGHT_ABANDONED /* its process died or closed the cache, or its deadline passed: begin again */
} oc_flight_state;

typedef struct oc_flight {
  uint64_t id; /* 0: nobody waits for this load, and there is nothing to end */
  bool leads;
  bool present;      /* an unexpired entry of the key is there; it may have come since the caller missed it */
  uint64_t since;    /* the version before the load began */
  uint64_t deadline; /* absolute; from then on another caller may load */
} oc_flight_t;

/*
 * Joins the load of `key` under way, or begins one. A load that began before version `least` is not joined: pass
 * oc_version as it was when the value was asked for, so that no answer, nor error, is from before a change that the
 * caller may know of; or 0 to join any load. `ttl` is for how long the caller leads, 0 for 30,000 ms: a load
 * that takes longer is not disturbed, but another caller is allowed to load too. Errors: ARGUMENT, KEY_SIZE.
 */
oc_status oc_flight_begin(oc_cache_t *cache, oc_slice_t key, uint64_t least, uint64_t ttl, oc_flight_t *flight,
                          oc_error_t *error);
/*
 * By who leads: the load came to `state`, and who waits is called. `reason`, with FAILED, is cut at
 * OC_FLIGHT_REASON_MOST bytes. Does nothing for a flight that was abandoned, or is ended. A leader that ends without
 * a word must be ended as ABANDONED by whoever cleans up after it; those of a process that dies or closes the cache are
 * found within a second. Errors: ARGUMENT, UTF8.
 */
oc_status oc_flight_end(oc_cache_t *cache, uint64_t id, oc_flight_state state, oc_slice_t reason, oc_error_t *error);
/*
 * By who waits. After any answer but LOADING the caller waits no more, and must not ask again. `reason` is
 * NUL-terminated UTF-8 with FAILED, else empty.
 */
oc_flight_state oc_flight_look(oc_cache_t *cache, uint64_t id, char reason[OC_FLIGHT_REASON_MOST + 1]);
/* By who waits, instead of looking any further. */
void oc_flight_leave(oc_cache_t *cache, uint64_t id);

/* ---- Writes around the database ------------------------------------------------------------------------------ */

/*
 * Begins a mutation before the database is touched. `operations` is a JSON array; an operation is
 *   {"type":"update"|"create"|"delete","collection":…,"id":…,"data":{…},"previous":{…}}
 *   {"type":"invalidate","tags":[…]}
 * `id` may be missing (a create, or an update whose document is not known yet): then only the collection is marked as
 * being written. A begin of a pending token of the same principal replaces the operations on documents that it
 * names and adds the others. `ttl` 0 means 30,000 ms; when it has passed, the mutation expires.
 * Errors: ARGUMENT, OPERATION, JSON*, UTF8, TOKEN_UNKNOWN (another principal's), TOKEN_SETTLED, LIMIT_*, FULL, MEMORY.
 */
oc_status oc_begin(oc_cache_t *cache, oc_token_t token, oc_slice_t principal, oc_slice_t operations, uint64_t ttl,
                   oc_error_t *error);
/*
 * As oc_begin, but of a token that nobody has begun: of several calls for one token, in whatever process, one succeeds.
 * It takes over a mutation that is only announced, whose operations are then replaced by these.
 * Errors: as oc_begin; TOKEN_PENDING when it was begun before.
 */
oc_status oc_claim(oc_cache_t *cache, oc_token_t token, oc_slice_t principal, oc_slice_t operations, uint64_t ttl,
                   oc_error_t *error);
/*
 * Says what a mutation is going to do that has not come yet: its principal's views show it, and nothing else follows
 * from it. The database was not touched, so when it is not claimed in time, or expired, it is rolled back, and no entry
 * is dropped for it. Announced again, it is announced anew, with these operations only. A commit of a mutation that
 * nobody claimed is logged as an invalidation.
 * Errors: as oc_begin; TOKEN_PENDING when it was begun, or claimed, before.
 */
oc_status oc_announce(oc_cache_t *cache, oc_token_t token, oc_slice_t principal, oc_slice_t operations, uint64_t ttl,
                      oc_error_t *error);
/*
 * Settles a mutation after its transaction committed: its operations, as the database has them now (empty: as they
 * were begun), enter the log under one version. A commit of a committed token answers its version again.
 * An operation whose document another one touched since this mutation began is logged as an invalidation.
 * Errors: TOKEN_UNKNOWN, TOKEN_SETTLED (rolled back), OPERATION, LIMIT_*, JSON*, UTF8, MEMORY. On an error the
 * mutation stays pending; expire it, so that nobody reads what it may have changed. A commit of an *expired* token is
 * taken (its documents were invalidated then and are again).
 */
oc_status oc_commit(oc_cache_t *cache, oc_token_t token, oc_slice_t operations, uint64_t *version, oc_error_t *error);
/*
 * Forgets a pending mutation (which takes a version, for the leases of loads under way); `reason` (may be empty, cut at
 * 512 bytes) is kept for oc_status_of. Idempotent.
 */
oc_status oc_rollback(oc_cache_t *cache, oc_token_t token, oc_slice_t reason, oc_error_t *error);
/* Gives a pending mutation up as of unknown outcome: its documents are invalidated. Idempotent. */
oc_status oc_expire(oc_cache_t *cache, oc_token_t token, oc_slice_t reason, oc_error_t *error);
/* Logs operations that were committed without a bracket: each document is invalidated. `version` may be NULL. */
oc_status oc_record(oc_cache_t *cache, oc_slice_t operations, uint64_t *version, oc_error_t *error);
/* Logs an invalidation of tags, under one version. */
oc_status oc_invalidate(oc_cache_t *cache, const oc_slice_t *tags, size_t count, uint64_t *version, oc_error_t *error);

typedef enum oc_state { OC_PENDING = 1, OC_COMMITTED, OC_ROLLED_BACK, OC_EXPIRED } oc_state;

typedef struct oc_mutation_info {
  oc_state state;
  uint64_t version;  /* of the commit, or of the invalidation when it expired; else 0 */
  uint64_t deadline; /* absolute, while pending */
  char reason[513];  /* NUL-terminated UTF-8 */
} oc_mutation_info_t;
/* TOKEN_UNKNOWN when nobody began it, it is forgotten, or it is another principal's. */
oc_status oc_status_of(oc_cache_t *cache, oc_token_t token, oc_slice_t principal, oc_mutation_info_t *info,
                       oc_error_t *error);

/*
 * Expires the mutations whose time has passed, and those whose process died (within a second, when called at `next`,
 * which is the time of the next deadline, or sooner while another process has something pending; 0: nothing is
 * pending). A thread of the library does so by itself, too.
 */
size_t oc_sweep(oc_cache_t *cache, uint64_t *next);

/* ---- Events ------------------------------------------------------------------------------------------------- */

typedef void (*oc_watcher)(void *context);
/*
 * Calls `watcher` after begins, settlings, invalidations and ended loads, and after what there is a reader for (see
 * below), by whatever process: once for several that
 * come close together, and now and then for nothing. The call is made on a thread that the library has in each process
 * and must be short, and call nothing of this library (uv_async_send is made for it).
 * Errors: MEMORY. oc_unwatch returns when no call of it is under way any more.
 */
oc_status oc_watch(oc_cache_t *cache, oc_watcher watcher, void *context, uint64_t *id);
void oc_unwatch(oc_cache_t *cache, uint64_t id);

/* What can be told; a reader wants a set of these. */
typedef enum oc_event_type {
  OC_EVENT_COMMIT = 1,
  OC_EVENT_ROLLBACK = 2,
  OC_EVENT_EXPIRE = 4,
  OC_EVENT_INVALIDATE = 8, /* oc_invalidate, oc_record, and when everything may have changed at once */
  OC_EVENT_EVICT = 16      /* an entry went to make room, because it had expired or was not read for long */
} oc_event_type;

/* A reader of what happens in a cache, whoever does it. It belongs to one thread at a time. */
typedef struct oc_events oc_events_t;

/*
 * A reader of these types, of what happens from now on. Nothing is recorded that nobody reads. Close it with
 * oc_events_close before oc_close. Errors: ARGUMENT, MEMORY.
 */
oc_status oc_events_open(oc_cache_t *cache, uint32_t types, oc_events_t **events, oc_error_t *error);
/* Other types from now on. Read before, or what happened of the types that are given up is gone. Errors: ARGUMENT. */
oc_status oc_events_want(oc_events_t *events, uint32_t types, oc_error_t *error);
void oc_events_close(oc_events_t *events);

typedef struct oc_lost {
  uint64_t events; /* of the wanted types that the reader was too late for, or that were too long to be recorded */
  bool reset;      /* a process died while it changed the cache: it was emptied, and what was pending is forgotten */
} oc_lost_t;

/*
 * Writes a JSON array of what happened since the last read, in its order, and how much of it is lost. An event is
 *   {"type":"commit","version":…,"token":…,"principal":…,"tags":[…],"moreTags":0}
 *   {"type":"rollback"|"expire", as a commit, and "reason" when there is one}
 *   {"type":"invalidate","version":…,"everything":false,"tags":[…],"moreTags":0}, and "reason" when it is everything
 *   {"type":"evict","version":…,"key":…,"reason":"expired"|"room"}, where the version is the entry's
 * At most 64 tags are listed; `moreTags` counts the others. Nobody waits for readers: call this soon after a watcher
 * was called. Errors: ARGUMENT, MEMORY (nothing is lost by it).
 */
oc_status oc_events_read(oc_events_t *events, oc_buffer_t *out, oc_lost_t *lost, oc_error_t *error);

/* ---- Looking in --------------------------------------------------------------------------------------------- */

typedef struct oc_stats {
  uint64_t version, generation;
  uint64_t hits, misses, sets, refused, replays, inexact, overlays, evictions;
  uint64_t commits, rollbacks, expirations, invalidations;
  uint64_t entries, tags, mutations_pending, mutations, views;
  uint64_t flights; /* loads under way; that of a process which was killed counts until somebody waits for it */
  uint64_t arena_bytes, used_bytes; /* the whole mapping; what tables and allocations take of it */
  uint64_t processes;               /* that have the arena open */
  uint64_t resets;  /* times that the cache was emptied: a process died while it changed it, or it was found damaged */
  char started[96]; /* why the present content began: "kept", "fresh: …" or "reset: …"; NUL-terminated */
} oc_stats_t;
void oc_stats(oc_cache_t *cache, oc_stats_t *stats);
/* Adds hits that a caller answered from its own memory, so that oc_stats tells the truth, and keeps the entry warm. */
void oc_count_hits(oc_cache_t *cache, oc_slice_t key, uint64_t hits);
/*
 * Writes {"key","version","stamp","bytes","setAt","expiresAt","hits","tags":[…]} of the entry of that key; `stamp` as
 * decimal digits in a string, `setAt` (when it was loaded, or set) to the second. OC_MISS when there is none. An entry
 * that a read would still have to bring up to date, or drop, is told of as it is kept. Errors: ARGUMENT, MEMORY.
 */
oc_status oc_entry(oc_cache_t *cache, oc_slice_t key, oc_buffer_t *out, oc_error_t *error);

typedef enum oc_order {
  OC_ANY = 0,   /* in which a cursor goes through all of them */
  OC_LARGEST,   /* by the bytes of their values */
  OC_OLDEST,    /* by when they were set */
  OC_MOST_READ, /* by their hits */
} oc_order;

typedef struct oc_entries_options { /* zeroed: the first page of all */
  oc_slice_t tag;                   /* only those that carry it */
  oc_slice_t prefix, contains;      /* only those whose key begins with the one, and has the other in it */
  oc_order order;
  uint32_t limit;    /* entries; at most 1,000 [50] */
  oc_slice_t cursor; /* what the page before said */
} oc_entries_options_t;

/*
 * Writes a page: {"entries":[what oc_entry tells, …],"cursor":"…"|null}. To have all, ask with the same filters and the
 * cursor of the page before until that is null. Keys that have an entry from the first page to the last are told of
 * once, however often theirs and others are set, read, brought up to date and dropped meanwhile; others may be told of
 * or not. Those that a read would drop, because something happened to their tags, are left out. A reset in between (another generation) ends it.
 *
 * A call looks at about 16,000 entries at most, and takes the lock anew after every thousand: a page may have fewer
 * than `limit` entries, or none, and still not be the last. With an order it has the first `limit` *of those that it
 * looked at*, in that order: the first of all are among those of all pages together.
 * Errors: ARGUMENT, MEMORY.
 */
oc_status oc_entries(oc_cache_t *cache, const oc_entries_options_t *options, oc_buffer_t *out, oc_error_t *error);

/*
 * Writes a JSON array of the mutations that are pending, and then of those settled last, `limit` at most (0: 100; 1,000
 * at most): {"token","state","version","deadline","principal","reason"?,"documents":[{"tag","entries"}, …],
 * "moreDocuments"}. `state` is as in oc_state, or "announced"; `documents` are the tags of documents, of collections
 * where the document is not known, and of invalidations, 16 at most, each with how many entries carry it now, counted up
 * to 100. Those of a mutation that was rolled back are not kept, nor are those that the log has forgotten. A mutation
 * that is settled meanwhile is told of once. Errors: ARGUMENT, MEMORY.
 */
oc_status oc_mutations(oc_cache_t *cache, uint32_t limit, oc_buffer_t *out, oc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
