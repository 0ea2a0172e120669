const MODULE = 'payload-optimistic-cache/payload/inspector'

/**
 * Adds the inspector to the admin panel, at `{routes.admin}/optimistic-cache`, and a link to it.
 * @param {import('payload').Config['admin']} admin
 * @returns {import('payload').Config['admin']}
 */
export const withInspector = (admin) => ({
  ...admin,
  components: {
    ...admin?.components,
    afterNavLinks: [...(admin?.components?.afterNavLinks ?? []), `${MODULE}#InspectorLink`],
    views: {
      optimisticCache: {
        Component: `${MODULE}#Inspector`,
        path: '/optimistic-cache',
        meta: { title: 'Optimistic cache' },
      },
      ...admin?.components?.views,
    },
  },
})
