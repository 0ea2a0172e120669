/**
 * What a view's reads take and answer, from the types that Payload generates for an app; without those any slug goes,
 * and documents have any member.
 *
 * @typedef {import('payload').CollectionSlug} CollectionSlug
 * @typedef {import('payload').GlobalSlug} GlobalSlug
 */

/**
 * As `payload.find` and so on take them.
 * @typedef {object} CommonArgs
 * @property {number} [depth]
 * @property {boolean} [disableErrors]
 * @property {boolean} [draft]
 * @property {import('payload').TypedFallbackLocale} [fallbackLocale]
 * @property {'all' | import('payload').TypedLocale} [locale]
 * @property {boolean} [overrideAccess] false unless given
 * @property {import('payload').PopulateType} [populate]
 * @property {Partial<import('payload').PayloadRequest>} [req]
 * @property {boolean} [showHiddenFields]
 * @property {boolean} [trash]
 * @property {any} [user]
 */

/**
 * @template {CollectionSlug} TSlug
 * @template {import('payload').TypedCollectionSelect[TSlug]} TSelect
 * @typedef {CommonArgs & { collection: TSlug, select?: TSelect, joins?: import('payload').JoinQuery<TSlug> }}
 *   DocumentArgs
 */

/**
 * @template {CollectionSlug} TSlug
 * @template {import('payload').TypedCollectionSelect[TSlug]} TSelect
 * @typedef {DocumentArgs<TSlug, TSelect> & { limit?: number, page?: number, pagination?: boolean,
 *   sort?: import('payload').Sort, where?: import('payload').Where }} FindArgs
 */

/**
 * @template {CollectionSlug} TSlug
 * @template {import('payload').TypedCollectionSelect[TSlug]} TSelect
 * @typedef {DocumentArgs<TSlug, TSelect> & { id: string | number }} FindByIDArgs
 */

/**
 * @template {CollectionSlug} TSlug
 * @typedef {CommonArgs & { collection: TSlug, where?: import('payload').Where }} CountArgs
 */

/**
 * @template {GlobalSlug} TSlug
 * @template {import('payload').TypedGlobalSelect[TSlug]} TSelect
 * @typedef {CommonArgs & { slug: TSlug, select?: TSelect }} FindGlobalArgs
 */

/**
 * @template {CollectionSlug} TSlug
 * @template {import('payload').TypedCollectionSelect[TSlug]} TSelect
 * @typedef {TSelect extends import('payload').SelectType
 *   ? import('payload').TransformCollectionWithSelect<TSlug, TSelect>
 *   : import('payload').DataFromCollectionSlug<TSlug>} DocumentOf
 */

/**
 * @template {GlobalSlug} TSlug
 * @template {import('payload').TypedGlobalSelect[TSlug]} TSelect
 * @typedef {TSelect extends import('payload').SelectType
 *   ? import('payload').TransformGlobalWithSelect<TSlug, TSelect>
 *   : import('payload').DataFromGlobalSlug<TSlug>} GlobalOf
 */

export {}
