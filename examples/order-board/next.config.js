import { withPayload } from '@payloadcms/next/withPayload'
import { withOptimisticCache } from 'payload-optimistic-cache/next/config'

export default withOptimisticCache(
  withPayload({
    reactStrictMode: true,
    poweredByHeader: false,
    devIndicators: false,
  }),
)
