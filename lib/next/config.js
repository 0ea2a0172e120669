import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const addon = fileURLToPath(new URL('../../build/Release/optimistic_cache.node', import.meta.url))

/**
 * Sets Next.js up for this package: `export default withOptimisticCache(withPayload(config))`.
 *
 * The package is made to be bundled, so that its hooks meet the same React as the app; only the addon is loaded from
 * where it lies. Next.js cannot see that load, so the addon is named to its file tracing, which `output: 'standalone'`
 * and deployments rely on. Nothing is to be put into `serverExternalPackages`.
 * @param {import('next').NextConfig} [config]
 * @returns {import('next').NextConfig}
 */
export function withOptimisticCache(config = {}) {
  const includes = config.outputFileTracingIncludes ?? {}
  const everyRoute = [...(includes['/**'] ?? []), path.relative(process.cwd(), addon)]
  return { ...config, outputFileTracingIncludes: { ...includes, '/**': everyRoute } }
}

export default withOptimisticCache
