import { withPayload } from '@payloadcms/next/withPayload'
import { withOptimisticCache } from 'payload-optimistic-cache/next/config'

export default withOptimisticCache(
  withPayload({
    reactStrictMode: true,
    poweredByHeader: false,
    devIndicators: false,
    // A build that is made once would write 40 s of cache that nobody reads.
    experimental: { turbopackFileSystemCacheForBuild: false },
  }),
)
