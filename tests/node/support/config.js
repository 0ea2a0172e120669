import { buildConfig } from 'payload'

const anybody = () => true

/** Access for everybody, to everything of a collection. */
export const openAccess = { create: anybody, read: anybody, update: anybody, delete: anybody }

/**
 * A Payload config that says nothing, writes no types and tells nobody.
 * @param {Omit<import('payload').Config, 'secret'>} config
 */
export const testConfig = (config) =>
  buildConfig({
    secret: 'a secret of the tests',
    logger: { options: { level: 'silent' }, destination: /** @type {any} */ ({ write() {} }) },
    telemetry: false,
    typescript: { autoGenerate: false },
    ...config,
  })
