import { InspectorLink as InspectorLink_a39da608cb70d1c8847cd61fef40f632 } from 'payload-optimistic-cache/payload/inspector'
import { Inspector as Inspector_a39da608cb70d1c8847cd61fef40f632 } from 'payload-optimistic-cache/payload/inspector'
import { CollectionCards as CollectionCards_f9c02e79a4aed9a3924487c0cd4cafb1 } from '@payloadcms/next/rsc'

/** @type import('payload').ImportMap */
export const importMap = {
  "payload-optimistic-cache/payload/inspector#InspectorLink": InspectorLink_a39da608cb70d1c8847cd61fef40f632,
  "payload-optimistic-cache/payload/inspector#Inspector": Inspector_a39da608cb70d1c8847cd61fef40f632,
  "@payloadcms/next/rsc#CollectionCards": CollectionCards_f9c02e79a4aed9a3924487c0cd4cafb1
}
